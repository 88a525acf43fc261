"""Diagnoses: every neoplasm code says what it says, with and without its dot, and the usual comorbidities are known."""

import csv
from functools import cache
from pathlib import Path

import pytest

from cds.core.codes import ICD9CM, ICD10CM, ICDO3, SNOMED, Code, Coded
from cds.core.vocabulary import Absence, ConceptKind, Vocabulary
from cds.terms import load_vocabulary

REAL = Path(__file__).resolve().parents[2] / "mappings"
BLOOD = ("C81", "C82", "C83", "C84", "C85", "C86", "C88", "C9", "D45", "D46", "D47")
SECONDARY = ("C77", "C78", "C79", "C7B")
# Their names tell no organ, or several, so that no site may stand for them.
WITHOUT_SITE = (
    *("C45", "C46", "C7A", "C76", "C80", "D00", "D02", "D09", "D14", "D17", "D18", "D19", "D36", "D3A"),
    *("D37", "D38", "D48", "D49"),
)
WORDS = ("carcinoma", "sarcoma", "lymphoma", "leukemia", "melanoma", "carcinoid", "myeloma", "blastoma", "mesothelioma")


@cache
def real() -> Vocabulary:
    return load_vocabulary(REAL)


def parts(system: str, code: str) -> dict[ConceptKind, set[str]]:
    """Give what a code counts for, by kind."""
    found: dict[ConceptKind, set[str]] = {}
    for meaning in real().meanings(Coded((Code(system, code),))):
        found.setdefault(real().concepts[meaning.concept].kind, set()).add(meaning.concept)
    return found


@pytest.fixture
def neoplasms(shared: Path) -> list[tuple[str, str]]:
    path = shared / "terms" / "raw" / "icd10cm_2026apr_neoplasms_C00-D49.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return [(row["code"], row["desc"]) for row in csv.DictReader(lines)]


def test_every_icd_10_cm_neoplasm_tells_behaviour_site_and_histology(neoplasms: list[tuple[str, str]]) -> None:
    assert len(neoplasms) > 2000
    missing = []
    for code, name in neoplasms:
        found = parts(ICD10CM, code)
        if ConceptKind.BEHAVIOUR not in found:
            missing.append((code, "behaviour"))
        if ConceptKind.SITE not in found and not code.startswith(BLOOD + SECONDARY + WITHOUT_SITE):
            missing.append((code, "site"))
        if code.startswith(SECONDARY) and (ConceptKind.CONDITION not in found or ConceptKind.SITE in found):
            missing.append((code, "metastasis"))
        if any(word in name.lower() for word in WORDS) and ConceptKind.HISTOLOGY not in found:
            missing.append((code, "histology"))
    assert missing == []


def test_every_icd_10_cm_neoplasm_means_the_same_without_its_dot(neoplasms: list[tuple[str, str]]) -> None:
    assert [code for code, _ in neoplasms if parts(ICD10CM, code) != parts(ICD10CM, code.replace(".", ""))] == []


@pytest.mark.parametrize(
    ("system", "code", "undotted"),
    [(ICD10CM, "C34.12", "C3412"), (ICD10CM, "C7A.1", "C7A1"), (ICD9CM, "197.7", "1977"), (ICD9CM, "250.01", "25001")],
)
def test_icd_is_read_with_and_without_its_dot(system: str, code: str, undotted: str) -> None:
    assert parts(system, code) == parts(system, undotted) != {}


@pytest.mark.parametrize(
    ("system", "code", "kind", "concept"),
    [
        (ICD10CM, "C83.390", ConceptKind.SITE, "central-nervous-system"),
        (ICD10CM, "C84.A0", ConceptKind.SITE, "skin"),
        (ICD10CM, "D17.71", ConceptKind.SITE, "kidney"),
        (ICDO3, "C44.5", ConceptKind.SITE, "skin"),
        (ICDO3, "C77.1", ConceptKind.SITE, "lymph-node"),
        (ICDO3, "8850/3", ConceptKind.HISTOLOGY, "liposarcoma"),
        (ICDO3, "8070/2", ConceptKind.BEHAVIOUR, "in-situ"),
    ],
)
def test_what_was_missing_is_there(system: str, code: str, kind: ConceptKind, concept: str) -> None:
    assert parts(system, code)[kind] == {concept}


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        (SNOMED, "59621000", "hypertension"),
        (SNOMED, "44054006", "type-2-diabetes"),
        (ICD10CM, "E11.9", "type-2-diabetes"),
        (ICD9CM, "250.00", "diabetes"),
        (ICD10CM, "J44.9", "chronic-obstructive-pulmonary-disease"),
        (ICD10CM, "I26.99", "pulmonary-embolism"),
        (ICD9CM, "453.40", "deep-vein-thrombosis"),
        (ICD10CM, "I11.0", "hypertensive-heart-failure"),
        (ICD10CM, "I25.10", "coronary-artery-disease"),
        (ICD10CM, "I25.5", "ischaemic-cardiomyopathy"),
        (ICD10CM, "N18.6", "end-stage-renal-disease"),
    ],
)
def test_common_comorbidities_are_known(system: str, code: str, concept: str) -> None:
    assert parts(system, code)[ConceptKind.CONDITION] == {concept}


@pytest.mark.parametrize(
    ("code", "never"),
    [
        ("I82.811", "deep-vein-thrombosis"),
        ("I81", "venous-thromboembolism"),
        ("R03.0", "hypertension"),
        ("R56.00", "seizure"),
        ("G61.0", "peripheral-neuropathy"),
        ("K74.00", "cirrhosis"),
    ],
)
def test_a_neighbour_is_no_comorbidity(code: str, never: str) -> None:
    assert never not in real().narrower(parts(ICD10CM, code).get(ConceptKind.CONDITION, set()))


def test_a_clot_of_the_past_without_a_day_is_too_general() -> None:
    (meaning,) = real().meanings(Coded((Code(ICD10CM, "Z86.711"),)))
    assert (meaning.concept, meaning.counts) == ("pulmonary-embolism", False)


@pytest.mark.parametrize(
    ("concept", "absence"),
    [
        ("hypertension", Absence.CLOSED),
        ("diabetes", Absence.CLOSED),
        ("cirrhosis", Absence.CLOSED),
        ("venous-thromboembolism", Absence.CLOSED),
        ("chronic-kidney-disease", Absence.OPEN),
        ("peripheral-neuropathy", Absence.OPEN),
        ("acute-pancreatitis", Absence.OPEN),
        ("seizure", Absence.OPEN),
        ("myocarditis", Absence.OPEN),
        ("cholangitis", Absence.OPEN),
    ],
)
def test_silence_stands_for_absence_only_of_what_lasts(concept: str, absence: Absence) -> None:
    assert real().concepts[concept].absence is absence
