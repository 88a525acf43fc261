"""The pure core: charts, criteria, findings and verdicts as values, and plain functions between them.

Standard library only. Nothing here reads a clock, makes an id, opens a file, awaits, or logs.
Start reading at :mod:`cds.core.screen`.
"""
