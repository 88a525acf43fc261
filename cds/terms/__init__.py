"""The tables in ``mappings/``, read into a :class:`~cds.core.vocabulary.Vocabulary` and linted."""

from cds.terms.load import load_vocabulary

__all__ = ["load_vocabulary"]
