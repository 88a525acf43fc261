"""``make security``: bodies edited under the guidance of coverage (Atheris, libFuzzer), for a number of seconds.

Each run of bytes is read as choices: which body, which edits; one in eight is sent as it is. An answer of 5xx, an
exception that gets out, or an answer that breaks a rule of CDS Hooks stops the run, and the bytes are kept in a file.
Needs Atheris (requirements-fuzz.lock), which there is for Linux only.
"""

from __future__ import annotations

import argparse
import sys
import types
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Fuzz for so many seconds."""
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: PLC0415 - an extra

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, default=_ROOT / "build" / "fuzz")
    chosen = parser.parse_args()
    chosen.corpus.mkdir(parents=True, exist_ok=True)
    _know_the_tests()
    with atheris.instrument_imports(include=["cds"]):
        from tests.security.targets import Target, bodies  # noqa: PLC0415 - only now, as it is to be instrumented
    from tests.security.edits import edited, encoded  # noqa: PLC0415 - known from here on

    target, good = Target(), bodies()

    class Bytes:
        """Choices out of the fuzzer's bytes."""

        def __init__(self, data: bytes) -> None:
            self.provider = atheris.FuzzedDataProvider(data)

        def below(self, number: int) -> int:
            return int(self.provider.ConsumeIntInRange(0, number - 1))

    def once(data: bytes) -> None:
        choices = Bytes(data)
        path, body = good[choices.below(len(good))]
        if choices.below(8) == 0:
            target.call(path, choices.provider.ConsumeBytes(10_000))
        else:
            target.call(path, encoded(edited(body, choices)))
        _tell(target.answers)

    options = [f"-max_total_time={chosen.seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=4096"]
    quiet = [f"-artifact_prefix={chosen.corpus.parent}/", "-verbosity=0", "-print_final_stats=0"]
    atheris.Setup([sys.argv[0], *options, *quiet, str(chosen.corpus)], once)
    atheris.Fuzz()


def _tell(answers: dict[tuple[str, int], int]) -> None:
    """Say now and then how far it is; the last line stands at the end, as the fuzzer ends the process itself."""
    total = sum(answers.values())
    if total % 500 == 0:
        by_status: dict[int, int] = {}
        for (_, status), count in answers.items():
            by_status[status] = by_status.get(status, 0) + count
        print(f"{total} bodies: " + ", ".join(f"{by_status[each]} × {each}" for each in sorted(by_status)), flush=True)


def _know_the_tests() -> None:
    """Make our own folder of tests the package `tests`: another distribution brings one of the same name."""
    package = types.ModuleType("tests")
    package.__path__ = [str(_ROOT / "tests")]
    sys.modules["tests"] = package
    sys.path.insert(0, str(_ROOT))


if __name__ == "__main__":
    main()
