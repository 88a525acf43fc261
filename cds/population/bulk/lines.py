"""NDJSON as it streams by: unpacked, counted, weighed, and seen to end where a line ends."""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

import msgspec

__all__ = ["Lines", "Unpacked"]

_LONGEST_LINE: Final = 100_000_000
_GZIP: Final = 16 + zlib.MAX_WBITS


class Unpacked:
    """Undoes gzip piece by piece; ``whole`` says at the end whether the packing came to its end."""

    def __init__(self, encoding: str) -> None:
        """Take the answer's ``Content-Encoding``."""
        self._packed = encoding.strip().lower() in {"gzip", "x-gzip"}
        self._inner = zlib.decompressobj(_GZIP)
        self._begun = False

    def take(self, piece: bytes) -> bytes:
        """Give what a piece unpacks to. Raises ``ValueError`` for what is not packed so."""
        if not self._packed:
            return piece
        given = []
        try:
            while piece:
                if self._inner.eof:  # several packings, one behind the other
                    self._inner = zlib.decompressobj(_GZIP)
                self._begun = True
                given.append(self._inner.decompress(piece))
                piece = self._inner.unused_data
        except zlib.error:
            raise ValueError("this is not gzip") from None
        return b"".join(given)

    @property
    def whole(self) -> bool:
        """Whether nothing is lacking at its end."""
        return not self._packed or not self._begun or self._inner.eof


class Lines:
    """Counts the lines that are not blank, and the bytes, and takes their SHA-256; ``first`` is the first such line."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.bytes = 0
        self._ended = 0
        self._hash = hashlib.sha256()
        self._last: list[bytes] = []
        self._last_bytes = 0
        self._filled = False
        self.first = b""

    def take(self, piece: bytes) -> None:
        """Look at the next piece."""
        self.bytes += len(piece)
        self._hash.update(piece)
        first, *others = piece.split(b"\n")
        self._more(first)
        for each in others:
            self._keep_first()
            self._ended += self._filled
            self._last, self._last_bytes, self._filled = [], 0, False
            self._more(each)

    def _more(self, text: bytes) -> None:
        self._filled = self._filled or bool(text.strip())
        self._last_bytes += len(text)
        if self._last_bytes <= _LONGEST_LINE:
            self._last.append(text)

    def _keep_first(self) -> None:
        if not self._ended and self._filled:
            self.first = b"".join(self._last)

    def end(self) -> None:
        """Take it that nothing more comes."""
        self._keep_first()

    @property
    def sha256(self) -> str:
        """The SHA-256 of all of it, in hexadecimal figures."""
        return self._hash.hexdigest()

    @property
    def count(self) -> int:
        """The lines that are not blank, the last one included."""
        return self._ended + self._filled

    @property
    def whole(self) -> bool:
        """Whether its end is the end of a line: a last line without a break must at least be JSON."""
        if not self._filled:
            return True
        if self._last_bytes > _LONGEST_LINE:
            return False
        try:
            msgspec.json.decode(b"".join(self._last), type=dict)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        return True
