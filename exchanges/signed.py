"""Signed reads over REST: paced by the account's own budget, and a refusal is a typed error. Knows no venue."""

from collections.abc import Callable
from typing import TypeAlias

import trio

from feedtree.exchanges.answers import Explain, RestAnswer, refusal
from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.limits import WeightBudget
from feedtree.supervisors.verdicts import Fatal

Judge: TypeAlias = Callable[[str, str, str], Fatal | None]  # of (code, text, call)


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
        return found or refusal(self._host, call, answer, (code, text), self._now())


async def paced(budget: WeightBudget, cost: float = 1.0) -> None:
    """Wait until a call of this cost may go."""
    await trio.sleep(budget.take(trio.current_time(), cost))
