"""The registry's eligibility text into draft criteria: each line understood in full, in part, or left to a person.

``source`` undoes the registry's escapes, ``outline`` finds sections and bullets, ``statements`` what each line states,
``lexicon`` the names in it; the readers each know one kind of statement; ``draft`` makes criteria of what they read.
"""
