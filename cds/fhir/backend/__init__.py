"""SMART Backend Services: how this site proves who it is to a FHIR server that no EHR call leads to."""
