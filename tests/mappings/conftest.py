"""A mappings folder small enough to read whole, with one thing of each kind, and nothing wrong in it."""

from pathlib import Path

import pytest

from cds.core.vocabulary import Vocabulary
from cds.terms.tables import Tables
from tests import shipped

REAL = Path(__file__).resolve().parents[2] / "mappings"
CLAIM = "source,source_version,verified,reviewer,reviewed_on,comment"
CODE_HEADER = (
    "concept_id,system,code,display,relation,match,include,source,source_version,verified,reviewer,reviewed_on,comment"
)

FILES = {
    "concepts/measurements.yaml": """
ecog:
  kind: measurement
  display: ECOG performance status
  unit: "{score}"
  quantity: score
  answers:
    "http://loinc.org|LA9622-7": "0"
    "name|Fully  Active": "0"
karnofsky: {kind: measurement, display: Karnofsky, unit: "{score}", quantity: score}
platelets:
  kind: measurement
  display: Platelets
  unit: 10*9/L
  unit_display: × 10⁹/L
  quantity: cell-count
  freshness_days: 28
  plausible: ["0", "5000.5"]
  remediable: true
  category: laboratory
""",
    "concepts/others.yaml": """
cisplatin: {kind: ingredient, display: Cisplatin, absence: closed}
liver-metastasis: {kind: condition, display: Liver metastases, broader: [metastasis]}
lung: {kind: site, display: lung}
malignant: {kind: behaviour, display: malignant}
metastasis: {kind: condition, display: Metastases, absence: open}
platinum: {kind: drug-class, display: platinum chemotherapy, absence: closed}
""",
    "concepts/steroids.yaml": """
dexamethasone: {kind: ingredient, display: Dexamethasone, absence: closed}
prednisone: {kind: ingredient, display: Prednisone, absence: closed, reaches: systemic}
""",
    "concepts/viruses.yaml": """
hiv-viral-load:
  kind: measurement
  display: HIV viral load
  unit: "{copies}/mL"
  quantity: viral-copies
  plausible: ["0", "1000000000"]
  quantifiable_from: "200"
  answers: {"name|not detected": "0"}
""",
    "units.csv": """quantity,unit,factor,source,comment
cell-count,/uL,0.001,UCUM,
cell-count,10*9/L,1,UCUM,
cell-count,K/uL,1,UCUM,
score,,1,own,
score,{score},1,own,
viral-copies,{copies}/mL,1,UCUM,
""",
    "codes/all.csv": CODE_HEADER
    + """
cisplatin,http://www.nlm.nih.gov/research/umls/rxnorm,2555,cisplatin,exact,exact,+,a file,,yes,,,
cisplatin,name,cisplatinum,Cisplatinum,exact,exact,+,a file,,no,,,
liver-metastasis,http://hl7.org/fhir/sid/icd-10-cm,C78.7,Secondary tumour of liver,exact,prefix,+,a file,,yes,,,
lung,http://hl7.org/fhir/sid/icd-10-cm,C34,Lung,exact,prefix,+,a file,,yes,,,
malignant,http://hl7.org/fhir/sid/icd-10-cm,C34,Lung,exact,prefix,+,a file,,yes,,,
platelets,http://loinc.org,32623-1,Mean volume,exact,exact,-,a file,,yes,,,not a count
platelets,http://loinc.org,777-3,Platelets,exact,exact,+,a file,,yes,,,
""",
    "classes/drug_classes.csv": """class_id,ingredient,strength,source,verified,reviewer,reviewed_on,comment
platinum,cisplatin,,ATC L01XA,yes,,,
""",
    "systems.csv": """system,canonical,comment
urn:oid:2.16.840.1.113883.6.1,http://loinc.org,as an OID
""",
    "crosswalks.csv": """from_concept,from_low,from_high,to_concept,to_low,to_high,source,verified,comment
karnofsky,80,100,ecog,0,1,a paper,yes,
""",
    "half_lives.csv": f"""ingredient,hours_low,hours_high,{CLAIM}
cisplatin,12,36,a label,,no,,,
dexamethasone,3,4.5,a label,,yes,,,
""",
    "dose_equivalents.csv": f"""scale,ingredient,factor_low,factor_high,{CLAIM}
prednisone,dexamethasone,6.25,20/3,a paper,,yes,,,
prednisone,prednisone,1,1,own drug of the scale,,yes,,,
""",
    "reference_ranges.csv": """concept_id,sex,from_years,to_years,low,high,unit,source,comment
platelets,,,18,150,,10*9/L,the laboratory,
platelets,female,18,,150,450,K/uL,the laboratory,
platelets,male,18,60,150000,400000,/uL,the laboratory,
""",
}


class Mappings:
    """The folder, with a way to change one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in FILES.items():
            self.write(name, text.lstrip("\n"))

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} must stand once in {name}"
        self.write(name, text.replace(old, new))


@pytest.fixture
def mappings(tmp_path: Path) -> Mappings:
    return Mappings(tmp_path / "mappings")


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The tables that are shipped, as the rest of the program sees them."""
    return shipped.vocabulary()


@pytest.fixture(scope="session")
def tables() -> Tables:
    """The tables that are shipped, row by row."""
    return shipped.tables()
