"""One HAPI server for all live tests, and what they load into it, each once a run."""

from collections.abc import Iterator

import pytest

from tests.golden.cases import case
from tests.live import terminology
from tests.live.hapi import Hapi, Json, build, missing, running


@pytest.fixture(scope="session")
def hapi() -> Iterator[Hapi]:
    """The running server; without a JDK and Maven every live test is skipped and says so."""
    lacking = missing()
    if lacking:
        pytest.skip(lacking)
    build()
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def code_systems(hapi: Hapi) -> Hapi:
    """The server with code systems of ours, since none may be shipped: the codes of the tables, and made-up ones."""
    assert set(hapi.put(terminology.code_systems())) == {"201 Created"}
    return hapi


@pytest.fixture(scope="session")
def exported(code_systems: Hapi) -> dict[str, str]:
    """What the server said to each resource of the export, by its place: they are stored now."""
    resources = terminology.exported()
    # ValueSets name others, and ConceptMaps the CodeSystem: first what is named.
    statuses = code_systems.put(resources)
    return {place(each): status for each, status in zip(resources, statuses, strict=True)}


def place(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


@pytest.fixture(scope="session")
def charts(hapi: Hapi) -> Hapi:
    """The server with the golden charts in it, each loaded in one transaction under the ids it has."""
    for slug in terminology.STORABLE:
        assert set(hapi.put(case(slug).resources)) == {"201 Created"}
    return hapi
