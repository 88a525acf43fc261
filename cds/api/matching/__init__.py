"""The mCODE clinical trial matching service: ``POST /getClinicalTrial``, as the public matching app calls it.

The same assessment as behind ``/api/assessments``, told as a searchset of ResearchStudy. What the app sends and reads
is in docs/matching-service.md. Begin with :mod:`cds.api.matching.routes`.
"""
