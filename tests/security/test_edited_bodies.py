"""Nearly right bodies, drawn at random: none is our fault, and every answer keeps the rules of CDS Hooks."""

import random

from tests.security.edits import edited, encoded
from tests.security.targets import Target, bodies


class Drawn:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret is drawn

    def below(self, number: int) -> int:
        return self._random.randrange(number)


def test_the_bodies_that_are_edited_are_good() -> None:
    with Target() as target:
        assert [target.call(path, encoded(body)) for path, body in bodies()] == [200] * len(bodies())


def test_no_edit_is_our_fault() -> None:
    with Target() as target:
        for seed in range(1500):
            drawn = Drawn(seed)
            path, body = bodies()[drawn.below(len(bodies()))]
            target.call(path, encoded(edited(body, drawn)))
    statuses = {status for _, status in target.answers}
    assert {200, 400} <= statuses
