"""One module for each kind of statement that eligibility text makes; ``READERS`` are all of them."""

from __future__ import annotations

from collections.abc import Sequence

from cds.trials.text.readers.age import read_age
from cds.trials.text.readers.allergies import read_allergy
from cds.trials.text.readers.conditions import read_conditions
from cds.trials.text.readers.disease import read_disease
from cds.trials.text.readers.elapsed import read_washed_out
from cds.trials.text.readers.judgement import read_judgement
from cds.trials.text.readers.lines import read_lines, read_progressed
from cds.trials.text.readers.measures import read_measures
from cds.trials.text.readers.other_cancer import read_other_cancer
from cds.trials.text.readers.performance import read_performance
from cds.trials.text.readers.person import read_sex
from cds.trials.text.readers.pregnancy import read_pregnancy
from cds.trials.text.readers.pregnancy_tests import read_pregnancy_test
from cds.trials.text.readers.treatments import read_treatment
from cds.trials.text.readers.viral_tests import read_viral_tests
from cds.trials.text.reading import Reader

__all__ = ["READERS"]

READERS: Sequence[Reader] = (
    read_age,
    read_performance,
    read_sex,
    read_measures,
    read_viral_tests,
    read_treatment,
    read_washed_out,
    read_lines,
    read_progressed,
    read_allergy,
    read_pregnancy,
    read_pregnancy_test,
    read_other_cancer,
    read_disease,
    read_conditions,
    read_judgement,
)
