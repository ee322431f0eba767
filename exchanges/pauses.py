"""When a venue wants to be asked again, read from the headers of its refusal. Pure."""

from collections.abc import Mapping

from feedtree.exchanges.errors import LONGEST_PAUSE

THROTTLED = frozenset({403, 418, 429})
"""HTTP statuses with which a venue asks for a pause."""

_RESET_AT = "X-Gate-RateLimit-Reset-Timestamp"  # unix seconds; Gate.io's websocket gives milliseconds
_MILLISECONDS = 1e11  # as seconds that is the year 5138


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a venue asks to wait, at most an hour; None where it does not say.

    Args:
        headers: ``Retry-After`` (seconds or an HTTP date), or Gate.io's reset time; case does not matter if the
            mapping's does not.
        now: UTC seconds.
    """
    pause = _stated(headers.get("Retry-After", ""), now)
    if pause is None:
        reset = _number(headers.get(_RESET_AT, ""))
        if reset is not None:
            pause = (reset / 1000 if reset > _MILLISECONDS else reset) - now
    return None if pause is None else min(max(pause, 0.0), LONGEST_PAUSE)


def _stated(value: str, now: float) -> float | None:
    seconds = _number(value)
    if seconds is not None:
        return seconds
    from email.utils import parsedate_to_datetime  # late: 15 ms, and dates are rare

    try:
        return parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _number(value: str) -> float | None:
    return float(value) if value.isascii() and value.isdigit() else None
