"""Who may call: proof of identity (JWT), what each caller may reach, and how each kind of EHR wants to be answered."""
