"""Trialcards: holds an open chart against the eligibility criteria of open trials and answers with cards."""

from importlib.metadata import version

__version__ = version("trialcards")
