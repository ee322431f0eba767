"""However often somebody asks, and however wrongly, answers take a small share of the event loop's time."""

import trio
import trio.testing

from feedtree.ops.inspect.answers import Answers
from feedtree.ops.inspect.history import History
from feedtree.ops.inspect.pace import SHARE, Pace

COST = 0.0005  # s that the least answer counts for


async def test_answers_that_cost_nothing_are_given_at_a_bounded_rate(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """What is around them costs: to read the request, and to send the answer."""
    pace = Pace()
    began = trio.current_time()
    for _ in range(100):
        async with pace.turn():
            pass
    assert trio.current_time() - began >= 99 * COST * (1 / SHARE - 1) * 0.999


async def test_what_is_refused_waits_for_its_turn_too(autojump_clock: trio.testing.MockClock) -> None:
    """Garbage as fast as it can be sent is no way around."""
    answers = Answers("app", lambda: None, History(), control=False)
    said: list[bytes] = []

    async def send(line: bytes) -> None:
        said.append(line)

    began = trio.current_time()
    for _ in range(50):
        await answers.answer(b"x", "user 1", send)
    assert len(said) == 50
    assert trio.current_time() - began >= 49 * COST * (1 / SHARE - 1) * 0.999
