"""A site's list of launch servers: what it says, how faults are told, and that the manual tells it all."""

import re
from pathlib import Path

import pytest

from cds.cli import main
from cds.cli.exits import Exit
from cds.errors import BadSetting
from cds.files import parse_yaml
from cds.hooks.callers.launch import LaunchServer, load_launch_servers
from tests.security.id_tokens import FORGED, LAUNCH

ROOT = Path(__file__).resolve().parents[3]
MANUAL = (ROOT / "docs" / "launch.md").read_text("utf-8")
ONE = """\
servers:
  - id: north
    fhir: https://north.example.org/fhir
    client_id: page
    issuer: https://north.example.org
    jwks: https://north.example.org/keys
"""
SECOND = (
    ONE.removeprefix("servers:\n")
    .replace("id: north", "id: south", 1)
    .replace("north.example.org", "south.example.org")
)
AT = "launch.yaml:2: "
"""Where the first server stands."""


def listed(text: str, folder: Path, *, by_token: bool = True, allow_http: bool = False) -> tuple[LaunchServer, ...]:
    path = folder / "launch.yaml"
    path.write_text(text, "utf-8")
    return load_launch_servers(path, by_token=by_token, allow_http=allow_http)


def test_what_is_left_out_has_a_careful_default(tmp_path: Path) -> None:
    (server,) = listed(ONE, tmp_path)
    assert server == LaunchServer(
        id="north",
        fhir="https://north.example.org/fhir",
        client_id="page",
        issuer="https://north.example.org",
        jwks="https://north.example.org/keys",
        origins=(),
        audiences=(),
        algorithms=("RS256", "RS384", "ES256", "ES384"),
        max_lifetime_s=3600,
        leeway_s=30,
        rate_per_s=50.0,
        standalone=False,
        save_observations=False,
    )
    assert server.caller_id == "north-page"


FAULTS = {
    "nothing": ("", "must hold a mapping"),
    "no servers": ("servers: []\n", "launch.yaml:1: servers: must be a list"),
    "a word for a server": ("servers: [north]\n", "launch.yaml:1: servers: must be a list"),
    "a stray field at the top": (ONE + "more: x\n", "launch.yaml:1: more: there is no such field"),
    "a misspelt field": (ONE + "    origin: [https://a.example]\n", AT + "origin: there is no such field"),
    "no id": (ONE.replace("  - id: north\n    ", "  - "), AT + "id: must be a text"),
    "an id that cannot be logged": (ONE.replace("id: north\n", "id: Ward 7\n"), AT + "id: must be words"),
    "no fhir": (ONE.replace("    fhir: https://north.example.org/fhir\n", ""), AT + "fhir: must be a text"),
    "a fhir in the clear": (ONE.replace("fhir: https", "fhir: http"), AT + "fhir: must be an absolute https"),
    "a fhir with a query": (ONE.replace("org/fhir\n", "org/fhir?x=1\n"), AT + "fhir: must be an absolute https"),
    "a fhir that would part a header": (
        ONE.replace("fhir: https://north.example.org", 'fhir: "https://north.example.org; script-src *"'),
        "launch.yaml:",
    ),
    "a host that would part a header": (
        ONE.replace("https://north.example.org/fhir", '"https://north.example.org;script-src/fhir"'),
        AT + "fhir: must be an absolute https",
    ),
    "a host for any": (ONE.replace("//north.example.org/fhir", "//*.example.org/fhir"), AT + "fhir: must be"),
    "no client id": (ONE.replace("    client_id: page\n", ""), AT + "client_id: must be a text"),
    "a client id with a line break": (ONE.replace("page", '"pa\\nge"'), AT + "client_id: must be up to"),
    "an endless client id": (ONE.replace("page", "p" * 257), AT + "client_id: must be up to"),
    "no issuer": (ONE.replace("    issuer: https://north.example.org\n", ""), AT + "issuer: must be a text"),
    "no keys": (ONE.replace("    jwks: https://north.example.org/keys\n", ""), AT + "jwks: must be a text"),
    "keys in the clear": (ONE.replace("jwks: https", "jwks: http"), AT + "jwks: must be an absolute https"),
    "an origin with a path": (
        ONE + "    origins: [https://north.example.org/login]\n",
        AT + "origins: must be https origins",
    ),
    "an origin in the clear": (
        ONE + "    origins: [http://north.example.org]\n",
        AT + "origins: must be https origins",
    ),
    "any origin": (ONE + '    origins: ["*"]\n', AT + "origins: must be https origins"),
    "an origin that would part a header": (
        ONE + '    origins: ["https://a.example; script-src"]\n',
        AT + "origins: must be https origins",
    ),
    "an origin twice": (ONE + "    origins: [https://a.example, https://a.example]\n", AT + "origins: names something"),
    "a shared secret": (ONE + "    algorithms: [HS256]\n", AT + "algorithms: must be out of"),
    "alg none": (ONE + "    algorithms: [none]\n", AT + "algorithms: must be out of"),
    "a lifetime of a week": (ONE + "    max_lifetime_s: 604800\n", AT + "max_lifetime_s: must be a whole number"),
    "a rate of nothing": (ONE + "    rate: 0\n", AT + "rate: must be a number"),
    "perhaps standalone": (ONE + "    standalone: maybe\n", AT + "standalone: must be true or false"),
    "perhaps saved": (ONE + "    save_observations: yes\n", AT + "save_observations: must be true or false"),
    "an id twice": (ONE + SECOND.replace("south\n", "north\n", 1), "launch.yaml: the id north stands twice"),
    "a FHIR server twice": (
        ONE + SECOND.replace("https://south.example.org/fhir", "https://north.example.org/fhir/"),
        "launch.yaml: south: its fhir is that of north",
    ),
    "an issuer and client twice": (
        ONE + SECOND.replace("issuer: https://south", "issuer: https://north"),
        "launch.yaml: south: north has the same issuer and client_id",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    text, reason = FAULTS[name]
    with pytest.raises(BadSetting, match=re.escape(reason)):
        listed(text, tmp_path)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as caught:
        listed(ONE.replace("fhir: https", "fhir: http") + SECOND + "    rate: 0\n", tmp_path)
    assert str(caught.value).split("; ")[0].startswith("launch.yaml:2: fhir:")
    assert str(caught.value).split("; ")[1].startswith("launch.yaml:7: rate:")


def test_two_clients_of_one_issuer_are_two(tmp_path: Path) -> None:
    text = SECOND.replace("issuer: https://south", "issuer: https://north").replace("client_id: page", "client_id: two")
    assert [each.id for each in listed(ONE + text, tmp_path)] == ["north", "south"]


def test_where_callers_are_proved_otherwise_keys_may_be_left_out(tmp_path: Path) -> None:
    short = ONE.partition("    issuer")[0]
    servers = listed(short + SECOND.partition("    issuer")[0], tmp_path, by_token=False)
    assert [(each.issuer, each.jwks) for each in servers] == [("", ""), ("", "")]


def test_this_machine_may_be_asked_in_the_clear_and_others_where_the_site_says_so(tmp_path: Path) -> None:
    local = ONE.replace("https://north.example.org", "http://localhost:9000")
    assert listed(local + "    origins: [http://127.0.0.1:9000]\n", tmp_path)[0].fhir == "http://localhost:9000/fhir"
    near = ONE.replace("fhir: https", "fhir: http") + "    origins: [http://north.example.org]\n"
    assert listed(near, tmp_path, allow_http=True)[0].origins == ("http://north.example.org",)
    with pytest.raises(BadSetting, match="jwks: must be an absolute https"):
        listed(ONE.replace("jwks: https", "jwks: http"), tmp_path, allow_http=True)


# ------------------------------------------------------------------------------------------------------- the command


def test_the_command_tells_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "launch.yaml"
    path.write_text(LAUNCH, "utf-8")
    assert main(["callers", "--launch", str(path)]) == Exit.OK
    said = capsys.readouterr().out
    assert "east-hospital\n  FHIR server: https://fhir.east.example.org/r4\n  client id: page-at-east\n" in said
    assert "  calls itself: west-clinic-page\n  calls a second: 0.1\n  may: save observations\n" in said
    assert said.endswith("launch.yaml: 3 launch servers, 0 faults\n")
    monkeypatch.setenv("CDS_LAUNCH_SERVERS", str(path))
    assert main(["callers"]) == Exit.OK
    assert capsys.readouterr().out == said


def test_the_command_tells_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "launch.yaml"
    path.write_text(ONE + "    more: x\n", "utf-8")
    assert main(["callers", "--launch", str(path)]) != Exit.OK
    assert "launch.yaml:2: more: there is no such field" in capsys.readouterr().err


# -------------------------------------------------------------------------------------------------------- the manual


def test_the_example_in_the_manual_loads_and_shows_every_field(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.+?)^```", MANUAL, re.MULTILINE | re.DOTALL)
    assert len(listed(example, tmp_path)) == 2
    used = {name for each in parse_yaml(example, "x", BadSetting)["servers"] for name in each}  # type: ignore[attr-defined]
    table = MANUAL.partition("| Field |")[2].partition("\n\n")[0]
    assert used == set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))


def test_the_manual_tells_why_a_token_of_the_page_is_refused() -> None:
    told = set(re.findall(r"`([a-z-]+)`", MANUAL.partition("| `refused` |")[2]))
    reasons = {reason for _, reason in FORGED.values()} | {"not-for-the-page", "no-token", "no-keys"}
    about_any = {"not-a-token", "not-understood", "brings-its-key"}
    assert reasons - about_any <= told
