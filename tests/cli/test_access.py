"""``trialcards keys``, and how a command that calls a FHIR server shows who it is."""

from __future__ import annotations

import argparse
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cds.app import SystemClock
from cds.cli.access import access_addresses, add_access, long_access, token_for
from cds.cli.exits import Exit
from cds.errors import BadSetting, NoAccess
from cds.fhir.backend.keys import private_jwk, public_set
from tests.cli.conftest import Ran
from tests.fhir.backend.authority import BASE, CLIENT, ES, RS, TOKEN_URL, Clock, World

Run = Callable[..., Ran]


def chosen(*arguments: str | Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_access(parser)
    return parser.parse_args([str(each) for each in arguments])


@pytest.fixture
def key(tmp_path: Path) -> Path:
    made = tmp_path / "key.json"
    made.write_text(private_jwk(ES))
    return made


@pytest.fixture
def world() -> World:
    """An EHR at the time that it is."""
    return World(Clock(SystemClock().now()))


# ---------------------------------------------------------------------------------------------------------------- keys
@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_new_key_is_its_owner_s_alone_and_its_public_half_is_told(run: Run, tmp_path: Path, algorithm: str) -> None:
    file = tmp_path / "new.json"
    made = run("keys", "new", "--out", file, "--algorithm", algorithm)
    assert made.code == Exit.OK
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    private = json.loads(file.read_text())
    assert (private["alg"], private["kid"] in made.out, private["d"] in made.out) == (algorithm, True, False)
    (told,) = json.loads(run("keys", "public", file).out)["keys"]
    assert told["kid"] == private["kid"]
    assert {"d", "p", "q", "dp", "dq", "qi"}.isdisjoint(told)


def test_a_key_is_never_written_over(run: Run, key: Path) -> None:
    before = key.read_bytes()
    ended = run("keys", "new", "--out", key)
    assert (ended.code, key.read_bytes()) == (Exit.INPUT, before)
    assert "key.json: is there already" in ended.err
    assert run("keys", "new", "--out", key.parent / "none" / "new.json").code == Exit.INPUT


def test_keys_of_several_files_are_one_set(
    run: Run, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.json"
    other.write_text(private_jwk(RS))
    assert json.loads(run("keys", "public", key, other).out) == public_set([ES, RS])
    assert run("keys", "public").code == Exit.DEFINITIONS
    monkeypatch.setenv("CDS_CLIENT_KEYS", f"{other},{key}")
    assert json.loads(run("keys", "public").out) == public_set([RS, ES])


# -------------------------------------------------------------------------------------------------------------- access
@pytest.mark.anyio
async def test_an_open_server_is_asked_without_a_token(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await token_for(chosen(), world.client, BASE) is None
    monkeypatch.setenv("CDS_CLIENT_ID", CLIENT)
    assert await token_for(chosen("--open"), world.client, BASE) is None
    assert world.asked == []


@pytest.mark.anyio
async def test_a_token_is_had_by_options_and_by_settings(
    world: World, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await token_for(chosen("--client-id", CLIENT, "--key", key), world.client, BASE) == "secret.1"
    monkeypatch.setenv("CDS_CLIENT_ID", CLIENT)
    monkeypatch.setenv("CDS_CLIENT_KEYS", str(key))
    monkeypatch.setenv("CDS_READ_CONSENT", "true")
    assert await token_for(chosen(), world.client, BASE) == "secret.2"
    named = chosen("--scope", "system/*.read", "--token-url", TOKEN_URL)
    assert access_addresses(named) == (TOKEN_URL,)
    assert await token_for(named, world.client, BASE) == "secret.3"
    asked = [form["scope"].split() for form in world.authority.forms]
    assert ["system/Consent.rs" in each for each in asked] == [False, True, False]
    assert asked[2] == ["system/*.read"]
    assert world.authority.refusals == []


@pytest.mark.anyio
async def test_what_was_not_granted_is_told_beside_the_result(
    world: World, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.authority.scope = "system/Patient.rs"
    await token_for(
        chosen("--client-id", CLIENT, "--key", key, "--scope", "system/Patient.rs system/Observation.rs"),
        world.client,
        BASE,
    )
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "trialcards: not granted: system/Observation.rs\n")


@pytest.mark.anyio
async def test_long_work_has_tokens_anew_when_they_end_or_are_taken_no_more(world: World, key: Path) -> None:
    access = long_access(chosen("--client-id", CLIENT, "--key", key), world.client, BASE, ("Patient",))
    told = [await access.token(), await access.token()]
    access.forget()
    told += [await access.token(), await access.token()]
    assert told == ["secret.1", "secret.1", "secret.2", "secret.2"]
    assert [form["scope"] for form in world.authority.forms] == ["system/Patient.rs"] * 2


@pytest.mark.anyio
async def test_long_work_knows_which_types_are_granted(world: World, key: Path) -> None:
    access = long_access(chosen("--client-id", CLIENT, "--key", key), world.client, BASE, ("Flag", "Patient"))
    assert await access.not_granted(("Flag", "Patient")) == ()
    access.forget()
    world.authority.scope = "system/Patient.read system/Flag.r"
    assert await access.not_granted(("Flag", "Patient")) == ("Flag",)
    access.forget()
    world.authority.scope = "system/*.*"
    assert await access.not_granted(("Flag", "Patient")) == ()


@pytest.mark.anyio
async def test_long_work_reads_a_token_file_each_time(world: World, tmp_path: Path) -> None:
    file = tmp_path / "token"
    access = long_access(chosen("--token-file", file), world.client, BASE, ("Patient",))
    for token in ("first", "second"):
        file.write_text(token)
        assert await access.token() == token
    access.forget()
    assert await access.not_granted(("Patient",)) == ()
    nobody = long_access(chosen("--open"), world.client, BASE, ("Patient",))
    assert (await nobody.token(), await nobody.not_granted(("Patient",)), world.asked) == (None, (), [])


@pytest.mark.anyio
async def test_a_token_may_come_in_a_file(world: World, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc.def\n")
    assert await token_for(chosen("--token-file", file), world.client, BASE) == "abc.def"
    for text in ("", "secret one", "secret\nsecret", "sécret"):
        file.write_text(text)
        with pytest.raises(BadSetting) as caught:
            await token_for(chosen("--token-file", file), world.client, BASE)
        assert str(caught.value) == "token: cannot be read, or holds no bearer token"
    with pytest.raises(BadSetting):
        await token_for(chosen("--token-file", tmp_path / "none"), world.client, BASE)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--client-id", "a"], "--key, CDS_CLIENT_KEYS: neither names a private key"),
        (["--key", "a"], "--client-id, CDS_CLIENT_ID: neither says"),
        (["--scope", "a"], "--client-id, CDS_CLIENT_ID: neither says"),
        (["--open", "--token-file", "a"], "only one of these ways"),
        (["--open", "--client-id", "a"], "only one of these ways"),
        (["--token-file", "a", "--key", "a"], "only one of these ways"),
        (["--client-id", "a", "--key", "KEY", "--token-url", "ftp://secret"], "--token-url: must be an absolute http"),
        (["--client-id", "a", "--key", "none"], "none: there is no such file"),
    ],
)
async def test_options_that_do_not_belong_together(world: World, key: Path, arguments: list[str], says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        await token_for(chosen(*(key if each == "KEY" else each for each in arguments)), world.client, BASE)
    assert "secret" not in str(caught.value)
    assert world.asked == []


@pytest.mark.anyio
async def test_a_refusal_is_told(world: World, key: Path) -> None:
    with pytest.raises(NoAccess, match="invalid_client"):
        await token_for(chosen("--client-id", "other", "--key", key), world.client, BASE)
