"""Spans and moments of time as an operator reads them."""

import time


def brief(seconds: float | None) -> str:
    """Return a span in at most six characters: ``12.3s``, ``5m07s``, ``3h05m``, ``2d03h``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    minutes, whole_seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{whole_seconds:02}s"


def moment(at_ns: int) -> str:
    """Return a time of day, with the date where that is not today's; local time, to the millisecond."""
    at = time.localtime(at_ns / 1e9)
    day = "" if at[:3] == time.localtime()[:3] else time.strftime("%Y-%m-%d ", at)
    return f"{day}{time.strftime('%H:%M:%S', at)}.{at_ns // 1_000_000 % 1000:03}"


def since_ns(text: str, now_ns: int) -> int:
    """Read a moment: a span before now (``90s``, ``15m``, ``2h``, ``1d``), or a time (``2026-11-28T12:00``, local).

    Returns:
        UTC nanoseconds.

    Raises:
        ValueError: it is neither.
    """
    from datetime import datetime

    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    try:
        if text[-1:] in units and text[:-1].replace(".", "", 1).isdecimal():
            return now_ns - int(float(text[:-1]) * units[text[-1]] * 1e9)
        return int(datetime.fromisoformat(text).timestamp() * 1e9)
    except (ValueError, OverflowError):
        raise ValueError(f'"{text}" is no time: write 15m, 2h, or 2026-11-28T12:00') from None
