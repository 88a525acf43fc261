"""Trial definitions: the YAML in ``trials/`` into trials, its linter, and the registry's records they stand on."""

from cds.trials.load import load_trials

__all__ = ["load_trials"]
