"""``trialcards trials review``: a stored trial's draft as YAML beside its source lines, for a coordinator to edit."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, remark, write

if TYPE_CHECKING:
    import argparse

    from cds.catalogue.trials import StoredTrials
    from cds.core.trial import Trial
    from cds.settings import Settings
    from cds.trials.definition import Definition
    from cds.trials.study import Study

_ABOUT = (
    "Writes what was drafted from the registry's text of a trial that was imported: every criterion below the lines it "
    "was made from, with how it was read. Edited, and put into the folder of trial definitions, it takes the place of "
    "the draft. Of a trial that has a definition there already, the definition is written, with drafts of lines that "
    "are new in the registry's record, and what should be looked at is said first. Where the site has named a language "
    "model (CDS_EXTRACTOR_LLM_URL), it is asked about lines that were left to review; what it proposes stands beside "
    "them, marked so."
)


def add_to(trials: Commands) -> None:
    """Add the command to those of ``trialcards trials``."""
    review = command(trials, "review", _review, "write a trial's draft for a person to review", _ABOUT)
    review.add_argument("numbers", metavar="NCT", nargs="+", help="NCT numbers of imported trials")
    review.add_argument(
        "--folder", metavar="FOLDER", type=Path, help="write NCT….yaml there (never over a file) in place of printing"
    )


def _review(chosen: argparse.Namespace) -> int:
    from cds.catalogue.loading import stored_trials
    from cds.cli.imported import there
    from cds.plugs import store_url
    from cds.registry.queries import numbers
    from cds.settings import Settings
    from cds.terms import load_vocabulary

    settings = Settings.read(os.environ)
    nct_ids = numbers(chosen.numbers)
    _check(chosen.folder, nct_ids)
    vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
    with stored_trials(store_url(settings), settings, vocabulary, remark) as held:
        stored = there(held)
        for nct_id in nct_ids:
            _write(chosen.folder, nct_id, _text(nct_id, stored, settings))
    return Exit.OK


def _check(folder: Path | None, nct_ids: tuple[str, ...]) -> None:
    from cds.errors import BadCall

    if folder is not None and not folder.is_dir():
        raise BadCall(f"{folder.name}: there is no such folder")
    for nct_id in nct_ids:
        if folder is not None and (folder / f"{nct_id}.yaml").exists():
            raise BadCall(f"{nct_id}.yaml: is there already, and is not written over")


def _text(nct_id: str, stored: StoredTrials, settings: Settings) -> str:
    from cds.errors import BadCall
    from cds.trials.review import review_text
    from cds.trials.study import study_of

    record = next(stored.studies.current([nct_id]), None)
    if record is None:
        raise BadCall(f"{nct_id}: was not imported: trialcards trials import {nct_id}")
    study = study_of(record.record())
    definition = _definition(nct_id, stored, settings)
    if definition is None:
        return review_text(_read_again(stored.drafts.drafting.trial(study), study, stored, settings), study)
    brought = stored.layered(definition, record)
    trial = _read_again(brought.trial, study, stored, settings)
    return review_text(trial, study, brought.headings, brought.flags)


def _read_again(trial: Trial, study: Study, stored: StoredTrials, settings: Settings) -> Trial:
    """Have the second reader propose something for the lines that are open, where the site has named one."""
    from cds.catalogue.second import second_read
    from cds.plugs import second_reader
    from cds.trials.codebook import Codebook

    if settings.extractor_llm_url is None:
        return trial

    async def read() -> Trial:
        async with second_reader(settings) as model:
            if model is None:
                return trial
            codebook = Codebook.of(stored.vocabulary)
            found = await second_read(trial, study, codebook, model, settings.extractor_llm_deadline_s)
        remark(f"{trial.nct_id}: {found}")
        return found.trial

    return asyncio.run(read())


def _definition(nct_id: str, stored: StoredTrials, settings: Settings) -> Definition | None:
    from cds.trials.load import load_definition

    path = settings.trials / f"{nct_id}.yaml"
    return load_definition(path, stored.vocabulary) if path.exists() else None


def _write(folder: Path | None, nct_id: str, text: str) -> None:
    if folder is None:
        write(text.rstrip("\n"))
        return
    path = folder / f"{nct_id}.yaml"
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    write(f"{path.name}: written")
