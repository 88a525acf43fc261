"""CDS Hooks 2.0.1: a call, its prefetch, and verdicts told as cards. No routes here."""
