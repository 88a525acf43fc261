"""The EHR's side of CDS Hooks, played for a rehearsal: who asks, with what of a chart, and whether the answer conforms.

It can be held against any CDS service, and takes nothing for granted: what a service sends is checked against the
specification, asked of the FHIR server only where it concerns the patient, and shown without anything that would steer
a terminal.
"""
