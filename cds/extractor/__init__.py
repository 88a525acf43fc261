"""The language model that a site may name as a second reader of eligibility text. Nothing of a patient goes there."""
