"""The HTTP routes: CDS Hooks, assessments, trials, health. Every error is an OperationOutcome.

Start at :func:`cds.api.build.build`.
"""
