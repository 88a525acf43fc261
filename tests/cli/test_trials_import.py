"""``trialcards trials import`` and ``sync``: from a made-up registry and from files into a store, told in one line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from cds.catalogue.trials import Drafts
from cds.cli import records
from cds.core.trial import Trial
from cds.errors import BadSetting
from cds.network import GuardedTransport
from cds.settings import Settings
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.drafting import Drafting
from cds.trials.study import Study
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers import READERS
from tests.cli.conftest import Ran
from tests.core.builders import VOCABULARY
from tests.registry.fake import FakeRegistry, nct, record
from tests.registry.served import served


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    address = f"sqlite:///{tmp_path / 'trials.sqlite3'}"
    monkeypatch.setenv("CDS_STORE_URL", address)
    monkeypatch.setattr(records, "_drafter", lambda settings: None if settings else settings)
    return address


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, url: str) -> FakeRegistry:
    del url
    made = FakeRegistry(
        [
            record(1, updated="2026-04-01"),
            record(2, status="NOT_YET_RECRUITING", updated="2026-04-02"),
            record(3, status="COMPLETED", updated="2026-05-03"),
            record(4, condition="lymphoma", updated="2026-05-04"),
        ]
    )
    monkeypatch.setenv("CDS_REGISTRY_URL", "https://registry.example.org/api/v2")
    monkeypatch.setattr(records, "_client", lambda settings: made.client() if settings else None)
    return made


def held(url: str) -> list[str]:
    store = Store.open(url)
    found = list(Studies(store).heads())
    store.close()
    return found


def test_a_condition_brings_the_trials_that_take_patients(
    run: Callable[..., Ran], fake: FakeRegistry, url: str
) -> None:
    ran = run("trials", "import", "--query", "glioma")
    assert (ran.code, ran.out, ran.err) == (0, "2 records: 2 new, 0 changed, 0 same, 0 bad\n", "")
    assert held(url) == [nct(1), nct(2)]
    assert fake.asked[0]["filter.overallStatus"] == "NOT_YET_RECRUITING|RECRUITING"


def drafts(kind: type[Drafting] = Drafting) -> Drafts:
    return Drafts("m1", lambda: kind(READERS, Lexicon.of(VOCABULARY), frozenset()))


@pytest.mark.usefixtures("fake")
def test_how_many_drafts_were_made_is_told(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_drafter", lambda settings: drafts() if settings else None)
    assert run("trials", "import", "--query", "glioma").out.splitlines()[1:] == ["2 drafts"]
    assert run("trials", "import", "--query", "glioma").out.splitlines()[1:] == []


class Failing(Drafting):
    def trial(self, study: Study) -> Trial:
        if study.nct_id == nct(1):
            raise ZeroDivisionError
        return super().trial(study)


def test_one_that_cannot_be_drafted_is_told_and_counted_once(
    run: Callable[..., Ran], fake: FakeRegistry, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del fake
    monkeypatch.setattr(records, "_drafter", lambda settings: drafts(Failing) if settings else None)
    ran = run("trials", "import", "--query", "glioma")
    assert (ran.code, ran.out.splitlines()) == (
        1,
        [
            "NCT00000001: could not be drafted (ZeroDivisionError)",
            "2 records: 2 new, 0 changed, 0 same, 0 bad, 1 undrafted",
            "1 draft",
        ],
    )
    assert held(url) == [nct(1), nct(2)]


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize("arguments", [("sync",), ("searches",), ("landscape",), ("changes", "--since", "2026-01-01")])
def test_looking_for_what_was_imported_makes_no_store(
    run: Callable[..., Ran], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ran = run("trials", *arguments)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "trialcards: no trial was imported yet: see trialcards trials import --help\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("fake")
def test_with_demo_charts_nothing_is_imported_as_nothing_would_be_kept(
    run: Callable[..., Ran], golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CDS_STORE_URL")
    monkeypatch.setenv("CDS_DEMO_CHARTS", str(golden))
    ran = run("trials", "import", "--query", "glioma")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == "trialcards: CDS_STORE_URL: must name a database: with demo charts nothing is kept\n"


def test_other_statuses_by_setting_and_by_option(
    run: Callable[..., Ran], fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDS_STATUSES", "RECRUITING")
    run("trials", "import", "--query", "glioma")
    run("trials", "import", "--query", "glioma", "--status", "any", "--term", "nilumab")
    run("trials", "import", "--query", "glioma", "--status", "completed, Not yet recruiting")
    assert [asked.get("filter.overallStatus") for asked in fake.asked] == [
        "RECRUITING",
        None,
        "COMPLETED|NOT_YET_RECRUITING",
    ]
    assert fake.asked[1]["query.term"] == "nilumab"


def test_numbers_in_any_writing(run: Callable[..., Ran], fake: FakeRegistry, url: str) -> None:
    ran = run("trials", "import", "nct00000004", "NCT00000099")
    assert (ran.code, ran.out.splitlines()) == (
        1,
        ["NCT00000099: the registry has no such study", "2 records: 1 new, 0 changed, 0 same, 1 bad"],
    )
    assert (held(url), fake.asked) == ([nct(4)], [])


def test_files_with_something_bad_in_them(run: Callable[..., Ran], url: str, tmp_path: Path) -> None:
    lines = [json.dumps(record(1)), json.dumps(record(2))[:90], json.dumps(record(3))]
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    withdrawn = record(4, status="WITHDRAWN")
    del withdrawn["protocolSection"]["eligibilityModule"]
    withdrawn["newSection"] = {"unheard": ["of", None]}
    (tmp_path / "b.json").write_text(json.dumps([withdrawn, {"protocolSection": {}}]), encoding="utf-8")

    ran = run("trials", "import", "--file", tmp_path / "a.jsonl.gz", "--file", tmp_path / "b.json")

    assert ran.code == 1
    assert ran.out.splitlines() == [
        "a.jsonl.gz: line 2: breaks off in the middle",
        "b.json: record 2: a record: protocolSection.identificationModule.nctId: there is no NCT number",
        "5 records: 3 new, 0 changed, 0 same, 2 bad",
    ]
    assert held(url) == [nct(1), nct(3), nct(4)]


def test_where_somebody_looks_on_there_is_a_bar(
    run: Callable[..., Ran], fake: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    fake.studies.append("no record")
    ran = run("trials", "import", "--query", "glioma")
    assert "importing" in ran.err
    assert "3/3" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 3, "nothing was named"),
        (("NCT1",), 3, "NCT1: is no NCT number"),
        (("--file", "none.jsonl"), 3, "none.jsonl: there is no such file"),
        (("--query", " "), 3, "--query: must name a condition"),
        (("--query", "glioma", "--status", "open"), 3, "--status: must be any, or out of RECRUITING"),
        (("--status", "any"), 3, "--query: must name a condition"),
    ],
)
@pytest.mark.usefixtures("fake")
def test_what_cannot_be_done(run: Callable[..., Ran], arguments: tuple[str, ...], code: int, told: str) -> None:
    ran = run("trials", "import", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err


def test_a_registry_that_does_not_answer(run: Callable[..., Ran], fake: FakeRegistry, url: str) -> None:
    fake.page_size = 1
    fake.before = lambda request: httpx.Response(403) if "pageToken" in request.url.params else None
    ran = run("trials", "import", "--query", "glioma")
    assert (ran.code, ran.out) == (6, "kept before it stopped: 1 record: 1 new, 0 changed, 0 same, 0 bad\n")
    assert ran.err == "trialcards: the registry does not answer this machine (403)\n"
    assert held(url) == [nct(1)]

    fake.before = lambda request: None  # noqa: ARG005 - it answers again
    assert run("trials", "import", "--query", "glioma").out == "1 record: 1 new, 0 changed, 0 same, 0 bad\n"


def test_sync_says_what_changed_and_what_is_gone(run: Callable[..., Ran], fake: FakeRegistry) -> None:
    run("trials", "import", "--query", "glioma")
    fake.put(record(1, status="COMPLETED", updated="2026-05-20"), record(7, updated="2026-05-20"))
    fake.drop(2)

    ran = run("trials", "sync")

    assert (ran.code, ran.out.splitlines()) == (
        0,
        ["NCT00000002: the registry has this trial no more", "2 records: 1 new, 1 changed, 0 same, 0 bad, 1 gone"],
    )
    assert run("trials", "sync").out == "1 record: 0 new, 0 changed, 1 same, 0 bad\n"


@pytest.mark.usefixtures("fake")
def test_searches_are_listed_and_let_go(run: Callable[..., Ran], url: str) -> None:
    assert held(url) == []
    assert run("trials", "searches").out == "No search was imported.\n"
    run("trials", "import", "--query", "glioma")
    run("trials", "import", "--query", "lymphoma", "--status", "any")
    listed = run("trials", "searches").out.splitlines()
    assert [line.partition(", asked 20")[0] for line in listed] == [
        "1  glioma (not yet recruiting, recruiting): 2 trials",
        "2  lymphoma (any status): 1 trial",
    ]
    assert run("trials", "searches", "--forget", "3").code == 3
    assert len(run("trials", "searches", "--forget", "1").out.splitlines()) == 1
    assert run("trials", "searches").out.startswith("1  lymphoma")
    assert len(held(url)) == 3


def test_where_nothing_is_held_sync_asks_nothing(run: Callable[..., Ran], url: str) -> None:
    assert held(url) == []
    assert run("trials", "sync").out == "0 records: 0 new, 0 changed, 0 same, 0 bad\n"


def test_the_client_of_the_registry_may_reach_what_the_setting_names() -> None:
    client = records._client(Settings(registry_url="http://localhost:9/api/v2"))  # noqa: SLF001 - what is plugged in
    assert isinstance(client._transport, GuardedTransport)  # noqa: SLF001 - there is no other way to see it
    assert "localhost" in client._transport._outright  # noqa: SLF001


def test_over_a_real_connection(run: Callable[..., Ran], url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRegistry([record(number) for number in range(1, 8)], page_size=3)
    with served(fake) as base:
        monkeypatch.setenv("CDS_REGISTRY_URL", base)
        assert run("trials", "import", "--query", "glioma").out == "7 records: 7 new, 0 changed, 0 same, 0 bad\n"
        fake.drop(7)
        assert run("trials", "sync").out.splitlines()[0] == "NCT00000007: the registry has this trial no more"
    assert len(held(url)) == 7


def test_over_http_only_this_machine_is_asked_unless_the_site_says_so() -> None:
    with pytest.raises(BadSetting, match="CDS_REGISTRY_URL"):
        records._client(Settings(registry_url="http://registry.example.org"))  # noqa: SLF001 - as above
    chosen = Settings(registry_url="http://registry.example.org", allow_http=True)
    assert not records._client(chosen).is_closed  # noqa: SLF001 - as above


@pytest.mark.usefixtures("url")
def test_the_registrys_own_records_come_in(shared: Path, run: Callable[..., Ran]) -> None:
    ran = run("trials", "import", "--file", shared / "data" / "oncology-trials.dev.jsonl.gz")
    assert (ran.code, ran.out) == (0, "886 records: 886 new, 0 changed, 0 same, 0 bad\n")
