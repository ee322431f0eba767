"""Signed calls about one account, but for orders: each may be made again, since it changes nothing that counts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import trio

from feedtree.exchanges.answers import RestAnswer, decoded
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import VenueThrottled
from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.mexc.messages import TimeBody
from feedtree.exchanges.mexc.refusals import CLOCK, explain, fatal, skewed
from feedtree.exchanges.mexc.signing import RECV_WINDOW, headers, signed_query
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.signed import Refusals, paced

T = TypeVar("T")

WEIGHT = 250
"""What an account's calls may cost together in `PERIOD`: the venue counts 500 to each of them, and by account."""

PERIOD = 10.0  # seconds

_NOTHING: Mapping[str, str] = MappingProxyType({})
_TIME = "/api/v3/time"
_MS = 1_000_000
_PROMPT = RECV_WINDOW / 1000 / 2  # seconds in which a call has certainly arrived within its window


class SignedCalls:
    """What an account asks of MEXC, paced by a budget of its own.

    Args:
        rest: does the calls.
        credentials: sign them.
        clock: the venue's; its time goes into every signature.
    """

    def __init__(self, rest: RestClient, credentials: Credentials, clock: VenueClock) -> None:
        self._rest = rest
        self._credentials = credentials
        self._clock = clock
        self._budget = WeightBudget(WEIGHT, PERIOD)
        self._refusals = Refusals(rest.host, explain, fatal, lambda: clock.now_ns() / 1e9)

    def __repr__(self) -> str:
        return f"SignedCalls({self._rest.host})"

    async def time_ns(self) -> int:
        """Fetch the venue's clock, UTC nanoseconds in steps of a millisecond; weight 1, no signature."""
        return (await self._rest.fetch(_TIME, {}, TimeBody, explain=explain)).server_time * _MS

    async def ask(
        self,
        path: str,
        shape: type[T],
        *,
        weight: float,
        parameters: Mapping[str, str] = _NOTHING,
        method: str = "GET",
    ) -> T:
        """Do a call once the budget has room, and return the body in its shape.

        Where the venue refuses the time of the signature its clock is asked again, and the call made once more.

        Args:
            path: after the base URL.
            shape: what the body is.
            weight: what the call costs.
            parameters: unescaped; no error shows them.
            method: in upper case.

        Raises:
            RestFailed: no answer, one of another shape, or a refusal, with its code.
            VenueThrottled: the venue asks for a pause, which the budget keeps, too.
            Fatal: what is wrong with the account's key, or with the clocks.
        """
        call = f"{method} {path}"
        answer, took = await self._send(method, path, parameters, weight)
        if _clock_refused(answer):
            reading = await self._clock.measure(self.time_ns)
            answer, took = await self._send(method, path, parameters, weight)
            if _clock_refused(answer) and took < _PROMPT:
                raise skewed(call, answer, reading.offset_ns)
        if answer.success:
            return decoded(call, answer.body, shape)
        error = self._refusals.error(call, answer)
        if isinstance(error, VenueThrottled):
            self._budget.pause(trio.current_time() + (error.retry_after or PERIOD))
        raise error

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, str], weight: float
    ) -> tuple[RestAnswer, float]:
        await paced(self._budget, weight)
        began = trio.current_time()
        query = signed_query(self._credentials.secret, parameters, self._clock.now_ns() // _MS)
        answer = await self._rest.send(method, path, query=query, headers=headers(self._credentials))
        return answer, trio.current_time() - began


def _clock_refused(answer: RestAnswer) -> bool:
    return not answer.success and explain(answer.body)[0] in CLOCK
