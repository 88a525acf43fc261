"""Keyed hashes: what they tell apart, how keys are replaced, and which keys are refused."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.errors import BadSetting
from cds.hooks.pseudonyms import Pseudonyms


def encoded(seed: str, length: int = 32) -> str:
    return base64.b64encode(hashlib.shake_256(seed.encode()).digest(length)).decode()


OLD = f"k1:{encoded('old')}"
NEW = f"k2:{encoded('new')}"
KEYS = Pseudonyms.read(f"{NEW}, {OLD}")


def test_the_hash_is_hmac_sha256_under_the_first_key() -> None:
    key = hashlib.shake_256(b"new").digest(32)
    expected = hmac.new(key, b'["patient", "https://ehr.example.org", "pat-1"]', "sha256").hexdigest()
    assert KEYS.current("patient", "https://ehr.example.org", "pat-1") == f"k2:{expected}"


def test_a_retired_key_still_finds_what_was_kept_under_it() -> None:
    before = Pseudonyms.read(OLD).current("patient", "pat-1")
    assert before in KEYS.every("patient", "pat-1")
    assert KEYS.every("patient", "pat-1")[0] == KEYS.current("patient", "pat-1")
    assert KEYS.same(before, "patient", "pat-1")
    assert not KEYS.same(before, "patient", "pat-2")
    assert before not in Pseudonyms.read(NEW).every("patient", "pat-1")


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_two_lists_of_parts_have_one_hash_only_if_they_are_one(one: list[str], other: list[str]) -> None:
    assert (KEYS.current("patient", *one) == KEYS.current("patient", *other)) is (one == other)


def test_a_purpose_keeps_hashes_apart() -> None:
    assert KEYS.current("patient", "7") != KEYS.current("viewer", "7")


def test_keys_are_not_shown() -> None:
    assert encoded("new") not in repr(KEYS)
    assert "bytes" not in repr(KEYS)
    assert "b'" not in repr(KEYS)


WEAK = {
    "no id": encoded("x"),
    "an id with a space": f"k 1:{encoded('x')}",
    "an id in capitals": f"K1:{encoded('x')}",
    "no base64": "k1:not base64!",
    "nothing": "k1:",
    "31 bytes": f"k1:{encoded('x', 31)}",
    "zeros": f"k1:{base64.b64encode(bytes(32)).decode()}",
    "a word over and over": f"k1:{base64.b64encode(b'changeme' * 8).decode()}",
    "one id twice": f"{NEW},k2:{encoded('x')}",
    "one key twice": f"{NEW},k3:{encoded('new')}",
    "an empty part": f"{NEW},",
}


@pytest.mark.parametrize("text", WEAK.values(), ids=WEAK)
def test_keys_that_are_none_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(BadSetting, match=r"^CDS_PSEUDONYM_KEYS: ") as refused:
        Pseudonyms.read(text)
    said = str(refused.value)
    secrets = [part.partition(":")[2] for part in text.split(",")]
    assert not any(secret in said for secret in secrets if len(secret) > 4)
