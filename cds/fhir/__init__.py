"""Reading patients' records: FHIR resources into charts, needs into searches, and the client that runs them.

Start at :mod:`cds.fhir.reading.read` for what becomes of a resource, at :mod:`cds.fhir.searches` for what a server is
asked, at :mod:`cds.fhir.asking.client` for how.
"""
