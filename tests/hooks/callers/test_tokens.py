"""Taking tokens apart: whatever comes, it is a token with all its claims or a refusal in one word."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.errors import NotAuthenticated
from cds.hooks.callers.tokens import Token, bearer, read_token
from tests.security.tokens import NOW, Json, b64, claims, header, token

WORD = re.compile(r"[a-z]+(-[a-z]+)*")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
HEADER = st.dictionaries(st.sampled_from([*header(), "crit", "jwk", "x"]), values, max_size=2)
CLAIMS = st.dictionaries(st.sampled_from([*claims(), "nbf", "tenant", "x"]), values, max_size=2)


def tried(text: str) -> Token | None:
    """Take a text apart; a refusal must be a word that the log lets through."""
    try:
        return read_token(bearer(text))
    except NotAuthenticated as problem:
        said = str(problem)
    assert WORD.fullmatch(said)
    return None


@given(st.text() | st.text(alphabet="AaZz09-_.=+/ ").map(lambda text: f"Bearer {text}"))
def test_no_text_is_an_error(text: str) -> None:
    assert tried(text) is None


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=10))
def test_no_bytes_are_an_error(head: bytes, body: bytes, signature: bytes) -> None:
    assert tried(f"Bearer {b64(head)}.{b64(body)}.{b64(signature)}") is None


@given(HEADER, CLAIMS)
def test_what_is_taken_is_what_it_says(head_changes: Json, body_changes: Json) -> None:
    head, body = header() | head_changes, claims() | body_changes
    taken = tried(f"Bearer {b64(json.dumps(head).encode())}.{b64(json.dumps(body).encode())}.AAAA")
    if taken is not None:
        said = taken.header
        assert (said.algorithm, said.kid, said.jku) == (head["alg"], head["kid"], head.get("jku"))
        assert (taken.claims.issuer, taken.claims.id) == (body["iss"], body["jti"])
        assert (taken.claims.expires, taken.claims.issued) == (body["exp"], body["iat"])
        assert "crit" not in head
        assert "jwk" not in head


def test_a_good_token_is_taken_whole() -> None:
    taken = read_token(bearer(f"Bearer {token(aud='https://a.example', nbf=NOW, tenant='t')}"))
    assert taken.claims.audiences == ("https://a.example",)
    assert (taken.claims.not_before, taken.claims.tenant) == (NOW, "t")
    assert len(taken.signature) == 96
    assert "signature" not in repr(taken)


@pytest.mark.parametrize("sent", [None, "", "Bearer", "Bearer ", "bearer", "Token x", "x"])
def test_no_token_is_no_token(sent: str | None) -> None:
    with pytest.raises(NotAuthenticated, match="no-token"):
        bearer(sent)
