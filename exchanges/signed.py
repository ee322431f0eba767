"""Signed reads over REST: paced by the account's own budget, and a refusal is a typed error. Knows no venue."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import msgspec
import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.pauses import retry_after
from feedtree.exchanges.rest import RestAnswer
from feedtree.supervisors.verdicts import Fatal

T = TypeVar("T")

THROTTLED = (403, 418, 429)
Explain: TypeAlias = Callable[[bytes], tuple[str, str]]  # a refusal's body -> the venue's code and text
Judge: TypeAlias = Callable[[str, str, str], Fatal | None]  # of (code, text, call)

_SHOWN = 200  # characters of a body that explains nothing


class Refusals:
    """What a venue's refusals of signed calls mean.

    Args:
        host: whose they are.
        explain: reads code and text.
        judge: tells what is wrong with the account, where a refusal says so.
        now: UTC seconds.
    """

    def __init__(self, host: str, explain: Explain, judge: Judge, now: Callable[[], float]) -> None:
        self._host = host
        self._explain = explain
        self._judge = judge
        self._now = now

    def error(self, call: str, answer: RestAnswer) -> Fatal | RestFailed | VenueThrottled:
        """Return the error that an answer other than a success is."""
        code, text = self._explain(answer.body)
        found = self._judge(code, text, call)
        if found is not None:
            return found
        words = f"{code} {text}".strip() or answer.body[:_SHOWN].decode(errors="replace")
        if answer.status in THROTTLED:
            pause = retry_after(answer.headers, self._now())
            return VenueThrottled(self._host, answer.status, words, retry_after=pause)
        return RestFailed(call, f"HTTP {answer.status} {words}", status=answer.status, code=code)


def decoded(call: str, body: bytes, shape: type[T]) -> T:
    """Return a body in its shape.

    Raises:
        RestFailed: it has another one.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (ValueError, RecursionError) as error:
        raise RestFailed(call, f"the body does not decode: {error}") from error


async def paced(budget: WeightBudget, cost: float = 1.0) -> None:
    """Wait until a call of this cost may go."""
    await trio.sleep(budget.take(trio.current_time(), cost))
