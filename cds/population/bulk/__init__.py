"""FHIR Bulk Data Access: an export is asked for, waited for, and brought into a folder, with an account of it."""
