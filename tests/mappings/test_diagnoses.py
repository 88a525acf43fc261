"""Diagnoses: every neoplasm code says what it says, with and without its dot, and the usual comorbidities are known."""

import csv
from pathlib import Path

import pytest

from cds.core.codes import ICD9CM, ICD10CM, ICDO3, SNOMED, Code, Coded
from cds.core.vocabulary import Absence, ConceptKind
from tests.shipped import vocabulary as real

BLOOD = ("C81", "C82", "C83", "C84", "C85", "C86", "C88", "C9", "D45", "D46", "D47")
SECONDARY = ("C77", "C78", "C79", "C7B")
# Their names tell no organ, or several, so that no site may stand for them.
WITHOUT_SITE = (
    *("C45", "C46", "C7A", "C76", "C80", "D00", "D02", "D09", "D14", "D17", "D18", "D19", "D36", "D3A"),
    *("D37", "D38", "D48", "D49"),
)
WORDS = ("carcinoma", "sarcoma", "lymphoma", "leukemia", "melanoma", "carcinoid", "myeloma", "blastoma", "mesothelioma")


def parts(system: str, code: str) -> dict[ConceptKind, set[str]]:
    """Give what a code counts for, by kind."""
    found: dict[ConceptKind, set[str]] = {}
    for meaning in real().meanings(Coded((Code(system, code),))):
        found.setdefault(real().concepts[meaning.concept].kind, set()).add(meaning.concept)
    return found


def settled(system: str, code: str) -> set[str]:
    """Give the concepts that a code settles."""
    return {meaning.concept for meaning in real().meanings(Coded((Code(system, code),))) if meaning.counts}


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


EVENTS_THAT_LAST = {"chronic-pancreatitis", "end-stage-renal-disease", "epilepsy"}
"""Lasting forms of what is open otherwise: a chart that was read names them."""


def test_silence_says_no_more_of_a_form_than_of_the_whole() -> None:
    concepts = real().concepts
    closed = {
        each.id
        for each in concepts.values()
        if each.kind is ConceptKind.CONDITION and each.absence is Absence.CLOSED
        if any(concepts[parent].absence is Absence.OPEN for parent in each.broader)
    }
    assert closed == EVENTS_THAT_LAST


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        pytest.param(ICD10CM, "K56.41", "gastrointestinal-obstruction", id="faecal impaction"),
        pytest.param(ICD9CM, "56032", "gastrointestinal-obstruction", id="faecal impaction, ICD-9"),
        pytest.param(ICD10CM, "I24.9", "unstable-angina", id="acute ischaemia of no kind"),
        pytest.param(ICD10CM, "G70.89", "autoimmune-disease", id="other myoneural disorder"),
        pytest.param(ICD10CM, "K83.01", "autoimmune-disease", id="sclerosing cholangitis"),
        pytest.param(ICD10CM, "M06.4", "rheumatoid-arthritis", id="polyarthropathy"),
        pytest.param(ICD9CM, "436", "stroke", id="ill-defined vascular disease of the brain"),
    ],
)
def test_a_diagnosis_that_may_be_another_leaves_it_open(system: str, code: str, concept: str) -> None:
    counts = {each.concept: each.counts for each in real().meanings(Coded((Code(system, code),)))}
    assert counts[concept] is False


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        pytest.param(ICD10CM, "L12.0", "autoimmune-disease", id="pemphigoid"),
        pytest.param(ICD10CM, "G36.0", "autoimmune-disease", id="neuromyelitis optica"),
        pytest.param(ICD10CM, "M08.00", "autoimmune-disease", id="juvenile arthritis"),
        pytest.param(ICD10CM, "I09.81", "heart-failure", id="rheumatic heart failure"),
        pytest.param(ICD9CM, "40491", "heart-failure", id="heart failure of hypertension with kidney disease"),
        pytest.param(ICD9CM, "40491", "hypertension", id="the hypertension of it"),
        pytest.param(ICD9CM, "40490", "hypertension", id="hypertension of heart and kidney"),
        pytest.param(ICD9CM, "43311", "stroke", id="infarction beyond the carotid artery"),
        pytest.param(ICD9CM, "4111", "unstable-angina", id="intermediate coronary syndrome"),
    ],
)
def test_a_lasting_disease_is_found_under_its_rarer_codes(system: str, code: str, concept: str) -> None:
    """A closed concept whose codes are missed would be taken for absent."""
    told = [each.concept for each in real().meanings(Coded((Code(system, code),))) if each.counts]
    assert any(concept == each or concept in real().broader(each) for each in told)


@pytest.mark.parametrize("code", ["C78.6", "C79.4", "C79.49", "C79.5", "C80.0", "C78.89", "C79.9", "C7B.01", "C79.51"])
def test_spread_is_spread_however_wide_its_place(code: str) -> None:
    """A place that is too wide for one concept must not hide that the disease is metastatic."""
    assert settled(ICD10CM, code) & real().narrower(("metastatic-disease",))


@pytest.mark.parametrize(
    ("system", "code", "places"),
    [
        (ICD10CM, "C79.5", {"bone-metastasis", "bone-marrow-metastasis"}),
        (ICD9CM, "198.5", {"bone-metastasis", "bone-marrow-metastasis"}),
        (ICD10CM, "C79.49", {"cns-metastasis", "brain-metastasis", "leptomeningeal-disease"}),
        (ICD9CM, "198.4", {"cns-metastasis", "brain-metastasis", "leptomeningeal-disease"}),
        (ICD10CM, "C78.6", {"peritoneal-metastasis"}),
        (ICD9CM, "197.6", {"peritoneal-metastasis"}),
        (ICD10CM, "C7B.09", {"liver-metastasis", "bone-metastasis", "distant-lymph-node-metastasis"}),
    ],
)
def test_a_wide_place_is_too_general_for_its_parts_alone(system: str, code: str, places: set[str]) -> None:
    told = settled(system, code)
    assert not told & places
    for place in places:
        assert told & real().broader(place)


@pytest.mark.parametrize("code", ["C79.5", "C78.6", "C79.51", "C77.5", "C7B.01"])
def test_a_metastasis_elsewhere_says_nothing_of_the_brain(code: str) -> None:
    told = {each.concept for each in real().meanings(Coded((Code(ICD10CM, code),)))}
    assert not told & (real().broader("brain-metastasis") | real().narrower(("cns-metastasis",)))


def test_distant_nodes_are_nodes_and_distant_spread() -> None:
    for system, code in ((ICD10CM, "C7B.01"), (ICD9CM, "209.71")):
        (told,) = settled(system, code) & real().narrower(("lymph-node-metastasis",))
        assert "metastatic-disease" in real().broader(told)


def test_every_metastasis_of_icd_means_metastatic_disease_or_nodes(neoplasms: list[tuple[str, str]]) -> None:
    spread = real().narrower(("metastatic-disease",))
    secondary = [code for code, _ in neoplasms if code.startswith(SECONDARY)]
    regional = {code for code in secondary if not settled(ICD10CM, code) & spread}
    assert regional == {code for code in secondary if code.startswith("C77")}


@pytest.mark.parametrize(
    ("code", "histology", "behaviour"),
    [
        ("8170/3", "hepatocellular-carcinoma", "malignant"),
        ("8500/2", "ductal-carcinoma", "in-situ"),
        ("8520/3", "lobular-carcinoma", "malignant"),
        ("8522/3", "ductal-and-lobular-carcinoma", "malignant"),
        ("8130/3", "urothelial-carcinoma", "malignant"),
        ("8312/3", "renal-cell-carcinoma", "malignant"),
        ("8461/3", "serous-carcinoma", "malignant"),
        ("8370/3", "adrenocortical-carcinoma", "malignant"),
        ("8742/2", "lentigo-maligna", "in-situ"),
        ("9732/3", "multiple-myeloma", "malignant"),
        ("9835/3", "acute-lymphoblastic-leukaemia", "malignant"),
        ("8140/6", "adenocarcinoma", "secondary"),
        ("8140/0", "adenoma", "benign"),
        ("8581/1", "thymoma", "uncertain"),
    ],
)
def test_a_morphology_tells_histology_and_behaviour(code: str, histology: str, behaviour: str) -> None:
    assert parts(ICDO3, code) == {ConceptKind.HISTOLOGY: {histology}, ConceptKind.BEHAVIOUR: {behaviour}}


@pytest.mark.parametrize("code", ["8002/3", "8077/2", "8130/1", "8000/3", "8803/3"])
def test_a_morphology_that_sounds_like_a_carcinoma_is_none(code: str) -> None:
    found = parts(ICDO3, code)
    assert ConceptKind.BEHAVIOUR in found
    assert not found.get(ConceptKind.HISTOLOGY, set()) & real().narrower(("carcinoma",))


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("8310/3", "renal-cell-carcinoma"),
        ("8260/3", "papillary-thyroid-carcinoma"),
        ("8180/3", "hepatocellular-carcinoma"),
        ("9811/3", "acute-lymphoblastic-leukaemia"),
        ("9670/3", "follicular-lymphoma"),
        ("8151/3", "neuroendocrine-carcinoma"),
    ],
)
def test_a_morphology_may_leave_open_what_is_asked(code: str, asked: str) -> None:
    (said,) = parts(ICDO3, code)[ConceptKind.HISTOLOGY]
    assert said in real().broader(asked)


def test_every_morphology_tells_its_behaviour_by_its_digit() -> None:
    digits = {"0": "benign", "1": "uncertain", "2": "in-situ", "3": "malignant", "6": "secondary", "9": "malignant"}
    codes = [code.value for code in real().exact if code.system == ICDO3 and "/" in code.value]
    assert len(codes) > 400
    wrong = [code for code in codes if parts(ICDO3, code)[ConceptKind.BEHAVIOUR] != {digits[code[-1]]}]
    assert wrong == []
