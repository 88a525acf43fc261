"""Findings in words: each row is a chart, a rule, and the sentence a clinician reads."""

import pytest
from hypothesis import given

from cds.core.chart import Chart, ExposureStatus, Sex
from cds.core.criteria import (
    AnyOf,
    Asked,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Measured,
    Not,
    PerformanceStatus,
    Rule,
    SexIs,
)
from cds.core.explain import describe, explain, kind_of
from tests.core.builders import VOCABULARY, chart, drug, find, lab, limit, problem
from tests.core.strategies import charts, rules

PLATELETS = Measured(("platelets",), low=limit("100 10*9/L"))
AST = IfThen(
    HasCondition(("liver-metastasis",)),
    Measured(("ast",), high=limit("5 ULN")),
    Measured(("ast",), high=limit("3 ULN")),
)
NO_INHIBITOR = Not(Exposed(("cyp3a-inhibitor",), within_days=7))
NEC = Diagnosis(("neuroendocrine-carcinoma",), except_sites=("lung",))


@pytest.mark.parametrize(
    ("rule", "the_chart", "sentence"),
    [
        (
            PLATELETS,
            chart(lab("platelets", "210 K/uL", normal="150-400")),
            "Platelets 210 K/uL (range 150-400) on 2026-06-10; the trial asks for at least 100 10*9/L.",
        ),
        (PLATELETS, chart(), "No platelets on record; the trial asks for at least 100 10*9/L."),
        (
            PLATELETS,
            chart(lab("platelets", "210 K/uL", "2025-06-10")),
            (
                "Platelets 210 K/uL on 2025-06-10 is too old: it counts for 28 days; "
                "the trial asks for at least 100 10*9/L."
            ),
        ),
        (
            AST,
            chart(lab("ast", "160 U/L", normal="-40")),
            (
                "Depends on liver metastasis, which is not known: "
                "Ast 160 U/L (range <= 40) on 2026-06-10; the trial asks for at most 5 × ULN. "
                "Ast 160 U/L (range <= 40) on 2026-06-10; the trial asks for at most 3 × ULN."
            ),
        ),
        (
            AST,
            chart(lab("ast", "40 U/L", normal="-40")),
            "Ast 40 U/L (range <= 40) on 2026-06-10; the trial asks for at most 3 × ULN. The same by either limit.",
        ),
        (
            AST,
            chart(lab("ast", "160 U/L", normal="-40"), problem("liver-metastasis")),
            (
                "With liver metastasis (liver-metastasis (active) on 2025-01-01): "
                "Ast 160 U/L (range <= 40) on 2026-06-10; the trial asks for at most 5 × ULN."
            ),
        ),
        (
            AnyOf((SexIs(Sex.FEMALE), Asked("Will he use contraception?"))),
            chart(),
            "Does not apply: sex female.",
        ),
        (
            AnyOf((SexIs(Sex.MALE), Asked("Will she use contraception?"))),
            chart(),
            "Will she use contraception?",
        ),
        (
            NO_INHIBITOR,
            chart(drug("itraconazole", "2026-06-01", "2026-06-13")),
            "Itraconazole (ended) on 2026-06-13; 7 days must pass.",
        ),
        (NO_INHIBITOR, chart(), "No record of cyp3a inhibitor in the last 7 days."),
        (
            NO_INHIBITOR,
            chart(drug("??", "2026-06-01", None, ExposureStatus.ACTIVE)),
            "No record of cyp3a inhibitor in the last 7 days. 1 other entry of this kind could not be recognised.",
        ),
        (NEC, chart(problem("nec-of-pancreas")), "nec-of-pancreas (active) on 2025-01-01."),
        (
            NEC,
            chart(problem("cancer-of-prostate")),
            (
                "cancer-of-prostate (active) on 2025-01-01: what is recorded is too general to tell "
                "neuroendocrine carcinoma not of lung."
            ),
        ),
        (
            AnyOf((NEC, Diagnosis(sites=("lung",)))),
            chart(problem("adenocarcinoma-of-colon")),
            "adenocarcinoma-of-colon (active) on 2025-01-01: not what this trial is about.",
        ),
        (
            PerformanceStatus(at_most=1),
            chart(lab("karnofsky", "80")),
            "Karnofsky 80 on 2026-06-10; the trial asks for ECOG 0 to 1. Converted by convention, not measured.",
        ),
        (Asked("Has the patient consented?"), chart(), "Has the patient consented?"),
    ],
)
def test_the_sentence(rule: Rule, the_chart: Chart, sentence: str) -> None:
    assert explain(find(rule, the_chart), VOCABULARY) == sentence


@given(rules, charts())
def test_every_finding_has_a_sentence_and_every_rule_a_description(rule: Rule, the_chart: Chart) -> None:
    said = explain(find(rule, the_chart), VOCABULARY)
    assert said.strip()
    assert "None" not in said
    assert said[-1] in ".?"
    assert describe(rule, VOCABULARY).strip()
    assert kind_of(rule)
