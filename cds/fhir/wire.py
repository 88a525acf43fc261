"""Bytes into JSON values: numbers as exact decimals, and bodies that would hurt refused with a sentence."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

from cds.errors import BadCall

_EXACT = msgspec.json.Decoder(float_hook=Decimal)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_AS_BRACES = bytes.maketrans(b"[]", b"{}")
_STRIDE = 48
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some servers put it before JSON; receivers may pass it over (RFC 8259, section 8.1)."""
MOST_PARTS = 2_000_000
"""Commas and opening brackets of one body. Written as small as can be, values take thirty times the room of their text;
written as FHIR is, so many stand in some 40 megabytes."""


def decode(body: bytes, *, max_depth: int = 64) -> object:
    """Read a JSON body; every number with a point or exponent becomes a ``Decimal`` with the digits that were sent.

    Raises :class:`BadCall` for what is not JSON (``NaN`` is not), for more values than are taken and for nesting deeper
    than ``max_depth``; the message names the fault and its place, never what stood there.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if len(body) > MOST_PARTS and sum(map(body.count, (b",", b"[", b"{"))) > MOST_PARTS:
        raise BadCall(f"the body holds more than {MOST_PARTS} values")
    try:
        value: object = _EXACT.decode(body)
    except InvalidOperation:
        value = _decoded_leniently(body)
    except RecursionError:
        raise BadCall(_too_deep(max_depth)) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise BadCall(f"the body is not JSON: {_fault_words(fault)}") from None
    if _may_be_deeper(body, max_depth) and _is_deeper(value, max_depth):
        raise BadCall(_too_deep(max_depth))
    return value


def _decoded_leniently(body: bytes) -> object:
    """Decode a body with a number beyond any decimal: that number stays text, so that only its own entry is lost."""
    return msgspec.json.Decoder(float_hook=_decimal_or_text).decode(body)


def _decimal_or_text(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except InvalidOperation:
        return "a number beyond reading"


def _too_deep(max_depth: int) -> str:
    return f"the body is nested deeper than {max_depth} levels"


def _fault_words(fault: Exception) -> str:
    if isinstance(fault, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(fault).removeprefix("JSON is malformed: ")


def _may_be_deeper(body: bytes, max_depth: int) -> bool:
    """Rule deep nesting out quickly, by counting the brackets in strides, those in texts among them.

    Texts of closing brackets can hide nesting from it; what the decoder itself bears (its recursion limit) bounds that.
    """
    braces = body.translate(_AS_BRACES, _NOT_BRACKETS)
    depth = 0
    for start in range(0, len(braces), _STRIDE):
        stride = braces[start : start + _STRIDE]
        opened = stride.count(b"{")
        if depth < 0 or depth + opened > max_depth:
            return True
        depth += 2 * opened - len(stride)
    return depth != 0


def _is_deeper(value: object, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth + 1):
        inner = [each for each in level if isinstance(each, (dict, list))]
        if not inner:
            return False
        level = [part for each in inner for part in (each.values() if isinstance(each, dict) else each)]
    return True
