"""Which disease a trial is about, told by at least two places of its record that agree.

The registry's conditions, the titles and the eligibility text each name diseases; what a place names that is not
understood is asked beside the rest. A patient's disease must be found in all of them to be the trial's, and in none of
them to be another one; a single place, or places that differ, leave a question. So no one reading of a text puts a
trial aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cds.core.criteria import AnyOf, Asked, Criterion, Diagnosis, Readings, Reason, Rule, Section, leaves
from cds.trials.text.reading import ReadingKind

if TYPE_CHECKING:
    from cds.trials.study import Study
    from cds.trials.text.draft import Drafted
    from cds.trials.text.lexicon import Lexicon

__all__ = ["disease_of"]

_ENOUGH = 2
_LONGEST = 2000
"""Characters of a title; none of the registry's is nearly so long."""
_NO_DISEASE = re.compile(
    r"\b(?:mutations?|genes?|HER2|KRAS|NRAS|EGFR|BRAF|BRCA\d?|PALB2|MSI|PD-?L1|performance status|oncology|"
    r"expression|amplification|"
    r"fusion|biomarkers?|positive|negative|chemotherapy|radiotherapy|surgery|toxicity|quality of life|survivorship)\b",
    re.IGNORECASE,
)
"""Conditions of a record that name no disease: markers of a tumour, treatments, topics."""

_OF_OTHERS = re.compile(
    r"\b(?:prevent\w*|chemoprevent\w*|screening|early detection|risk (?:reduction|reducing|assessment)|"
    r"(?:at|high|average|increased|elevated|genetic|familial|inherited|lifetime)[ -]"
    r"(?:high[ -]|increased |average )?risk|"
    r"hereditary|familial|"
    r"predispos\w*|carriers?|healthy|volunteers?|caregivers?|famil(?:y|ies)|relatives|donors?|survivors?|precancer\w*|"
    r"history of|detect\w*|identify|identification|suspected|diagnostics?)\b",
    re.IGNORECASE,
)
"""Words of a record that may be for people who do not have the disease, or have it no more."""


def disease_of(study: Study, lexicon: Lexicon, drafted: Iterable[Drafted]) -> Criterion:
    """Give the criterion that says which disease the trial is about; a question where too little is understood."""
    places = list(_sources(study, lexicon, drafted))
    sources = list(dict.fromkeys(places))
    names = " ".join(("; ".join(study.conditions) or study.title or study.nct_id).split())
    question = Asked(f"Is the patient's disease one that the trial is about: {names}?", Reason.NOT_COMPUTABLE)
    rule: Rule = question
    told = "No place of the record names the disease in words that are understood."
    if sources and _OF_OTHERS.search(f"{study.title} {study.official_title} {' '.join(study.conditions)}"):
        told = "The record speaks of people who may not have the disease, so it is asked."
    elif len(sources) >= _ENOUGH:
        rule = Readings(tuple(sources))
        told = "Read from the record's conditions, titles and text; settled only where they agree."
    elif len(places) >= _ENOUGH:
        rule, told = sources[0], "Read alike from several places of the record."
    elif sources:
        rule, told = AnyOf((sources[0], question)), "Read from one place of the record alone, so it is asked as well."
    return Criterion("disease", _label(names), rule, Section.INCLUSION, disease=True, note=told)


def _label(names: str) -> str:
    most = 100
    label = f"Disease: {names}"
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _sources(study: Study, lexicon: Lexicon, drafted: Iterable[Drafted]) -> Iterator[Rule]:
    """Give what each place of the record names; what of it is not understood is asked beside."""
    for found in (_conditions(study, lexicon), _titles(study, lexicon), _text(drafted)):
        if found is not None:
            yield found


def _conditions(study: Study, lexicon: Lexicon) -> Rule | None:
    names = [each for each in study.conditions if not (_NO_DISEASE.search(each) and lexicon.diseases.names_none(each))]
    return _any([lexicon.diseases.whole(each) for each in names], "; ".join(study.conditions))


def _titles(study: Study, lexicon: Lexicon) -> Rule | None:
    titles = [each for each in (study.title, study.official_title) if each]
    if any(len(each) > _LONGEST for each in titles):
        return None
    return _any(
        [lexicon.diseases.all_in(each) for each in titles if not lexicon.diseases.names_none(each)], "; ".join(titles)
    )


def _text(drafted: Iterable[Drafted]) -> Rule | None:
    """Give the diseases of the text's own inclusion lines that name one as confirmed."""
    told = [
        leaf
        for each in drafted
        if ReadingKind.DISEASE in each.kinds and each.criterion.section is Section.INCLUSION
        for leaf in leaves(each.criterion.rule)
        if isinstance(leaf, Diagnosis)
    ]
    return _any(told) if told else None


def _any(rules: Iterable[Rule | None], words: str = "") -> Rule | None:
    """Give any of the diseases that a place names; one that is not understood is asked about beside the others.

    So a place that is understood in part puts nobody aside.
    """
    every = list(dict.fromkeys(rules))
    told = [each for each in every if each is not None]
    if not every:
        return None
    if len(told) < len(every):
        told.append(Asked(f"Is the patient's disease among these: {words}?", Reason.NOT_COMPUTABLE))
    return told[0] if len(told) == 1 else AnyOf(tuple(told))
