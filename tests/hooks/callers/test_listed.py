"""A site's list of callers, and the profiles that came with the package: what they say, and how faults are told."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cds.cli import main
from cds.cli.exits import Exit
from cds.errors import BadSetting
from cds.files import parse_yaml
from cds.hooks.callers.caller import GENERIC, Profile
from cds.hooks.callers.listed import ListedCaller, load_callers
from cds.hooks.callers.profiles import load_profile, profiles, profiles_in
from tests.security.tokens import jwk, jwks

ROOT = Path(__file__).resolve().parents[3]
MANUAL = ROOT / "docs" / "callers.md"
ONE = """\
callers:
  - id: north
    issuer: https://north.example.org
    jku: [https://north.example.org/jwks]
"""


SECOND = ONE.removeprefix("callers:\n").replace("id: north", "id: south")
AT = "callers.yaml:2: "
"""Where the first caller stands."""


def listed(text: str, folder: Path, *, allow_http: bool = False) -> tuple[ListedCaller, ...]:
    path = folder / "callers.yaml"
    path.write_text(text, "utf-8")
    return load_callers(path, allow_http=allow_http)


# -------------------------------------------------------------------------------------------------------- the list


def test_what_is_left_out_comes_from_the_profile(tmp_path: Path) -> None:
    (caller,) = listed(ONE, tmp_path)
    assert (caller.id, caller.profile) == ("north", GENERIC)
    assert (caller.algorithms, caller.audiences) == (("ES384", "RS384"), ())
    proved = caller.as_caller(None)
    assert (proved.id, proved.issuer, proved.fhir_servers, proved.rate_per_s) == ("north", caller.issuer, (), None)


FAULTS = {
    "nothing": ("", "must hold a mapping"),
    "no callers": ("callers: []\n", "callers.yaml:1: callers: must be a list"),
    "a word for a caller": ("callers: [north]\n", "callers.yaml:1: callers: must be a list"),
    "a stray field at the top": (ONE + "more: x\n", "callers.yaml:1: more: there is no such field"),
    "a misspelt field": (
        ONE + "    fhir_server: [https://a.example]\n",
        AT + "fhir_server: there is no such field",
    ),
    "no id": (ONE.replace("  - id: north\n    ", "  - "), AT + "id: must be a text"),
    "an id that cannot be logged": (ONE.replace("north\n", "Ward 7\n"), AT + "id: must be words"),
    "an id with a figure": (ONE.replace("north\n", "ward-7\n"), AT + "id: must be words"),
    "an id that stands for others": (ONE.replace("north\n", "nobody\n"), AT + "id: stands for those"),
    "no issuer": (ONE.replace("    issuer: https://north.example.org\n", ""), AT + "issuer: must be a text"),
    "no keys": (
        ONE.replace("    jku: [https://north.example.org/jwks]\n", ""),
        AT + "jku: a caller is known by",
    ),
    "keys in the clear": (ONE.replace("[https", "[http"), AT + "jku: must be absolute https"),
    "keys with a user": (ONE.replace("[https://", "[https://me@"), AT + "jku: must be absolute https"),
    "a server in the clear": (
        ONE + "    fhir_servers: [http://a.example]\n",
        AT + "fhir_servers: must be absolute",
    ),
    "alg none": (ONE + "    algorithms: [none]\n", AT + "algorithms: must be out of ES256"),
    "a shared secret": (ONE + "    algorithms: [HS256]\n", AT + "algorithms: must be out of ES256"),
    "a word for a list": (ONE + "    tenants: ward\n", AT + "tenants: must be a list"),
    "a tenant twice": (ONE + "    tenants: [a, a]\n", AT + "tenants: names something twice"),
    "an unknown profile": (ONE + "    profile: epic\n", AT + "profile: must be one of epic-shaped"),
    "a rate of nought": (ONE + "    rate: 0\n", AT + "rate: must be a number"),
    "a rate that is none": (ONE + "    rate: nan\n", AT + "rate: must be a number"),
    "no such file of keys": (ONE + "    keys: none.json\n", AT + "keys: there is no such file"),
    "a file that holds no keys": (ONE + "    keys: callers.yaml\n", AT + "keys: is not a JSON Web Key Set"),
    "a field twice": (ONE + "    id: south\n", "callers.yaml:5: the key 'id' stands twice"),
    "a caller twice": (ONE + ONE.removeprefix("callers:\n"), "the id north stands twice"),
    "a server in the clear that begins like this machine": (
        ONE + "    fhir_servers: [http://127.0.0.1.example.org]\n",
        AT + "fhir_servers: must be absolute",
    ),
    "two that could sign as each other": (
        ONE + SECOND.replace("issuer: https://north", "issuer: https://south"),
        "south: its keys are those of north",
    ),
    "two that cannot be told apart": (
        ONE + SECOND,
        "south: another caller has the same issuer",
    ),
    "two with one tenant in common": (
        ONE + "    tenants: [a, b]\n" + SECOND + "    tenants: [b]\n",
        "south: another caller has the same issuer",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    text, said = FAULTS[name]
    with pytest.raises(BadSetting, match=re.escape(said)):
        listed(text, tmp_path)


def test_every_faulty_caller_is_told_at_once(tmp_path: Path) -> None:
    text = ONE.replace("north\n", "Ward 7\n") + "  - id: south\n    issuer: x\n    rate: 0\n"
    with pytest.raises(BadSetting) as caught:
        listed(text, tmp_path)
    assert [part.partition(" ")[0] for part in str(caught.value).split("; ")] == ["callers.yaml:2:", "callers.yaml:5:"]


def test_http_is_for_this_machine_or_where_the_site_says_so(tmp_path: Path) -> None:
    here = ONE + "    fhir_servers: [http://127.0.0.1:8080/fhir]\n"
    there = ONE + "    fhir_servers: [http://hapi:8080/fhir]\n"
    assert listed(here, tmp_path)
    assert listed(there, tmp_path, allow_http=True)
    with pytest.raises(BadSetting, match="jku"):
        listed(ONE.replace("[https", "[http"), tmp_path, allow_http=True)


def test_one_issuer_may_stand_for_several_tenants(tmp_path: Path) -> None:
    text = ONE + "    tenants: [a]\n" + SECOND + "    tenants: [b]\n"
    assert [each.tenants for each in listed(text, tmp_path)] == [("a",), ("b",)]


def test_the_command_line_shows_whom_the_list_lets_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(ONE + "    profile: epic-shaped\n    rate: 2.5\n", tmp_path)
    monkeypatch.setenv("CDS_CALLERS", str(tmp_path / "callers.yaml"))
    assert main(["callers"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["north", "  profile: epic-shaped (untested)"]
    assert told[-2:] == ["  calls a second: 2.5", "callers.yaml: 1 caller, 0 faults"]
    (tmp_path / "other.yaml").write_text(ONE.replace("north\n", "Ward 7\n"), "utf-8")
    assert main(["callers", str(tmp_path / "other.yaml")]) == Exit.DEFINITIONS
    assert "other.yaml:2: id: must be words" in capsys.readouterr().err
    monkeypatch.delenv("CDS_CALLERS")
    assert main(["callers"]) == Exit.DEFINITIONS


# ------------------------------------------------------------------------------------------------------ the profiles


def test_the_profiles_that_are_promised_are_there() -> None:
    assert set(profiles()) == {"generic-2.0", "sandbox", "epic-shaped", "oracle-shaped", "strict-1.0"}
    assert profiles()["generic-2.0"] == GENERIC


def test_vendors_profiles_say_that_they_are_untested_and_where_they_are_from() -> None:
    for name in ("epic-shaped", "oracle-shaped"):
        assert not profiles()[name].tested
        assert "public description" in profiles()[name].source.lower()
    assert all("http" in each.source or "ublic description" in each.source for each in profiles().values())


def test_a_profile_says_every_field_that_it_can(tmp_path: Path) -> None:
    given = {
        "about": "Everything other than usual.",
        "source": "https://example.org",
        "tested": "true",
        "algorithms": "[PS384]",
        "audiences": "[https://a.example]",
        "max_lifetime_s": "60",
        "leeway_s": "0",
        "max_cards": "2",
        "selection_behavior": "none",
        "max_actions": "3",
        "topic": "none",
        "html": "true",
        "app_context": "false",
        "smart_links": "false",
        "override_reasons": "false",
        "card_uuid": "false",
        "extension": "false",
    }
    (tmp_path / "other.yaml").write_text("".join(f"{name}: {value}\n" for name, value in given.items()), "utf-8")
    profile = profiles_in(tmp_path)["other"]
    usual = Profile("other", "", "", tested=False)
    assert {each.name for each in fields(Profile)} == {*given, "name"}
    assert all(getattr(profile, name) != getattr(usual, name) for name in given)


FAULTY_LINES = [
    "tested: yes",
    "leeway_s: 301",
    "leeway_s: -1",
    "max_cards: 0",
    "selection_behavior: all",
    "source: ''",
    "topic: x",
    "more: x",
    "algorithms: [HS256]",
]


@pytest.mark.parametrize("line", FAULTY_LINES)
def test_a_faulty_profile_is_told_with_its_place(line: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    given = {"about": "about: x", "source": "source: x"} | {line.partition(":")[0]: line}
    path.write_text("\n".join(given.values()), "utf-8")
    with pytest.raises(BadSetting, match=rf"^x\.yaml:1: {line.partition(':')[0]}: "):
        load_profile(path)


# -------------------------------------------------------------------------------------------------------- the manual


def test_the_example_in_the_manual_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.+?)^```", MANUAL.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "south.json").write_bytes(jwks(jwk("p384-a")))
    (tmp_path / "callers.yaml").write_text(example, "utf-8")
    callers = load_callers(tmp_path / "callers.yaml")
    assert {each.profile.name for each in callers} >= {"epic-shaped", "generic-2.0"}
    used = {name for each in parse_yaml(example, "x", BadSetting)["callers"] for name in each}  # type: ignore[attr-defined]
    table = MANUAL.read_text("utf-8").partition("| Field |")[2].partition("\n\n")[0]
    told = set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))
    assert used == told


def test_the_manual_tells_every_profile_and_every_word_of_the_log() -> None:
    manual = MANUAL.read_text("utf-8")
    assert all(f"`{name}`" in manual for name in profiles())
    sources = [*(ROOT / "cds" / "hooks" / "callers").glob("*.py"), ROOT / "cds" / "api" / "door.py"]
    code = "\n".join(each.read_text("utf-8") for each in sources)
    reasons = set(re.findall(r"(?:refuse|NotAuthenticated)\(\s*\"([a-z-]+)\"", code))
    reasons |= set(re.findall(r"\"((?:bad|lives|unlisted)-[a-z-]+)\"", code))
    assert len(reasons) > 15
    assert {each for each in reasons if f"`{each}`" not in manual} == set()
