"""Asking a FHIR server for a patient's record: in the way it takes, page by page, within a deadline."""
