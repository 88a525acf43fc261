"""FHIR resources into a chart: each kind of entry in a module of its own, each resource read on its own."""
