"""What all tests share: how hard Hypothesis tries, the event loop, and where real data lie if they are at hand."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

# A timing limit per example would make the tests depend on how busy the machine is.
settings.register_profile("dev", max_examples=50, derandomize=True, deadline=None, database=None)
settings.register_profile("mutants", max_examples=100, derandomize=True, deadline=None, database=None)
settings.register_profile("nightly", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


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
