"""What a venue answers to a REST call: in its shape, or as the error that a refusal is. Pure."""

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.pauses import THROTTLED, retry_after

T = TypeVar("T")
Explain: TypeAlias = Callable[[bytes], tuple[str, str]]  # a refusal's body -> the venue's code and text

_SHOWN = 200  # bytes of a body that explains nothing


class RestAnswer(Struct, frozen=True):
    """What a venue answered, whatever it is.

    Args:
        status: the HTTP status.
        headers: case does not matter.
        body: whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def success(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300


def refusal(
    host: str, call: str, answer: RestAnswer, told: tuple[str, str], now: float
) -> RestFailed | VenueThrottled:
    """Return the error that an answer other than a success is.

    Args:
        host: whose it is.
        call: what was refused.
        answer: the refusal.
        told: the venue's code and text; both empty where the body explains nothing.
        now: UTC seconds.
    """
    code, text = told
    words = f"{code} {text}".strip() or answer.body[:_SHOWN].decode(errors="replace")
    if answer.status in THROTTLED:
        return VenueThrottled(host, answer.status, words, retry_after=retry_after(answer.headers, now))
    return RestFailed(call, f"HTTP {answer.status} {words}", status=answer.status, code=code)


def decoded(call: str, body: bytes, shape: type[T], *, strict: bool = True) -> T:
    """Return a body in its shape.

    Args:
        call: what it answers.
        body: JSON.
        shape: what it is.
        strict: False reads numbers in text as numbers.

    Raises:
        RestFailed: it has another shape.
    """
    try:
        return msgspec.json.decode(body, type=shape, strict=strict)
    except (ValueError, RecursionError) as error:
        raise RestFailed(call, f"the body does not decode: {error}") from error
