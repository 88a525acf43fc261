"""What outlives a call: told cards, what clinicians said to them, used-up token ids. No identifiers of anyone."""
