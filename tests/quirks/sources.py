"""Where quirks were seen: public pages, issues and files; what has no such record is marked as supposed."""


def _issue(repository: str, number: int) -> str:
    return f"[{repository}#{number}](https://github.com/{repository}/issues/{number})"


def issue(*named: tuple[str, int]) -> str:
    """Name issues or pull requests of public repositories."""
    return ", ".join(_issue(*each) for each in named)


def fhir(page: str, words: str) -> str:
    """Name a page of FHIR R4."""
    return f"[R4 {words}](https://hl7.org/fhir/R4/{page})"


_ORACLE = "https://github.com/cerner/fhir.cerner.com/blob/3d33831ae6573752ecf7b5c5c29a28c6707f5744/"
ORACLE_RESULTS = f"[Oracle Health examples]({_ORACLE}lib/resources/example_json/r4_examples_observation.rb)"
ORACLE_ORDERS = f"[Oracle Health examples]({_ORACLE}lib/resources/example_json/r4_examples_medication_request.rb)"
ORACLE_CONDITIONS = f"[Oracle Health examples]({_ORACLE}lib/resources/example_json/r4_examples_condition.rb)"
ORACLE_SEARCH = f"[Oracle Health documentation]({_ORACLE}content/millennium/r4/clinical/diagnostics/observation.md)"

SUPPOSED = "supposed: no public record at hand"
