"""What all tests share: how hard Hypothesis tries, the event loop, and where real data lie if they are at hand."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.conformance.watch import watching

REPOSITORY = Path(__file__).resolve().parent.parent

# A timing limit per example would make the tests depend on how busy the machine is.
settings.register_profile("dev", max_examples=50, derandomize=True, deadline=None, database=None)
# A mutant is to be found, and need not be found by the smallest example.
_FOUND = (Phase.explicit, Phase.generate)
settings.register_profile(
    "mutants",
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    phases=_FOUND,
    report_multiple_bugs=False,
)
settings.register_profile("nightly", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays, as the service does: tables, trials and the tests themselves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


@pytest.fixture(autouse=True)
def every_hook_answer_conforms() -> Iterator[None]:
    """Hold every answer of the CDS Hooks routes, whatever test called them, against two oracles of conformance."""
    with watching() as faults:
        yield
    assert not faults, faults[:5]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The service runs on asyncio, so the tests do."""
    return "asyncio"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real charts and terminologies (CDS_SHARED, else `../shared`); the test is skipped without it."""
    folder = Path(os.environ.get("CDS_SHARED") or REPOSITORY.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared data: {folder.name}/ is not beside the checkout and CDS_SHARED names no folder")
    return folder


@pytest.fixture(scope="session")
def rewrite() -> bool:
    """Whether expected files are to be written anew (`make golden`, `make openapi`) instead of compared."""
    return os.environ.get("REWRITE") == "1"
