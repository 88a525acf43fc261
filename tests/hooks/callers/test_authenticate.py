"""Used tokens between processes, and over time: a token is good once, wherever it is shown."""

from pathlib import Path

import pytest

from cds.api.limits import Gate
from cds.errors import StoreDown
from cds.hooks.callers.authenticate import Authenticator
from cds.hooks.callers.listed import load_callers
from cds.hooks.callers.replays import MemoryReplays, SharedReplays
from tests.security.tokens import HOOK, LIST, NOW, PUBLIC, Clock, jwk, jwks, make_site, token

pytestmark = pytest.mark.anyio


def authenticator(folder: Path, shared: MemoryReplays | None, clock: Clock) -> Authenticator:
    (folder / "callers.yaml").write_text(LIST, "utf-8")
    (folder / "static.json").write_bytes(jwks(jwk("p384-static")))

    async def fetch(url: str) -> bytes:
        del url
        return jwks(jwk("p384-sandbox"))

    own = MemoryReplays(clock.now)
    replays = SharedReplays(own, shared or Down(), clock.now)
    return Authenticator(load_callers(folder / "callers.yaml"), fetch=fetch, replays=replays, now=clock.now)


class Down:
    async def first_use(self, issuer: str, jti: str, until: object) -> bool:
        del issuer, jti, until
        raise StoreDown("the store does not answer")


async def test_processes_share_what_they_remember(tmp_path: Path) -> None:
    clock = Clock()
    shared = MemoryReplays(clock.now)
    one, other = authenticator(tmp_path, shared, clock), authenticator(tmp_path, shared, clock)
    made = f"Bearer {token()}"
    assert (await one.caller(made, PUBLIC + HOOK)).id == "sandbox"
    for each in (one, other):
        with pytest.raises(Exception, match="replayed"):
            await each.caller(made, PUBLIC + HOOK)


async def test_with_the_store_down_each_process_remembers_for_itself(tmp_path: Path) -> None:
    alone = authenticator(tmp_path, None, Clock())
    made = f"Bearer {token()}"
    assert (await alone.caller(made, PUBLIC + HOOK)).id == "sandbox"
    with pytest.raises(Exception, match="replayed"):
        await alone.caller(made, PUBLIC + HOOK)


async def test_a_used_token_is_remembered_as_long_as_it_could_be_let_in(tmp_path: Path) -> None:
    clock = Clock()
    alone = authenticator(tmp_path, None, clock)
    made = f"Bearer {token(exp=NOW + 300)}"
    await alone.caller(made, PUBLIC + HOOK)
    for seconds, reason in ((300, "replayed"), (29.9, "replayed"), (0.1, "expired"), (3600, "expired")):
        clock.wait(seconds)
        with pytest.raises(Exception, match=reason):
            await alone.caller(made, PUBLIC + HOOK)


async def test_where_there_are_several_callers_none_may_have_every_place(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    (gate,) = [each for each in site.app.user_middleware if getattr(each.cls, "__name__", "") == Gate.__name__]
    assert (gate.kwargs["most"], gate.kwargs["share"]) == (64, 48)
    alone = make_site(tmp_path, callers=LIST.partition("  - id: north")[0])
    (gate,) = [each for each in alone.app.user_middleware if getattr(each.cls, "__name__", "") == Gate.__name__]
    assert gate.kwargs["share"] is None
