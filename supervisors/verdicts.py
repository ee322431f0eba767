"""What a supervisor does with an exception is written in the exception's class.

Exception
├── Retryable            lost, refused, timed out, stalled: restart with backoff, not counted
│   └── Throttled        the venue asked for a pause: no immediate retry
├── Fatal                no retry can help: parked as failed until a person acts
├── Shutdown             the child ended itself on purpose (OTP's ``shutdown``)
└── anything else        a bug: restarted with the same backoff, and counted

Whoever subclasses one of them need not call its ``__init__``: what it would have set has a default in the class.
"""

import math

from feedtree.supervisors.checks import is_number


class Retryable(Exception):
    """A fault of the outside world that a fresh incarnation may not meet again."""


class Throttled(Retryable):
    """The venue refuses for now (403, 418, 429): wait before any further attempt.

    Attributes:
        retry_after: seconds that the venue stated, or None where it stated nothing.

    Raises:
        ValueError: `retry_after` is no finite number of seconds, 0 or more: the text of a header, for instance.
    """

    retry_after: float | None = None

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        if retry_after is not None:
            self.retry_after = _seconds(retry_after)


class Fatal(Exception):
    """A fault that stays until a person acts (a refused key, a missing permission).

    Attributes:
        remedy: what the person can do, in one sentence.
    """

    remedy: str = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class Shutdown(Exception):
    """A child's own, orderly end. Permanent children are restarted after it, transient ones are not.

    Attributes:
        payload: anything that the child wants its end to say.
    """

    payload: object = None

    def __init__(self, payload: object = None) -> None:
        super().__init__(payload)
        self.payload = payload


def _seconds(value: object) -> float:
    if is_number(value) and 0 <= value < math.inf:
        return float(value)
    raise ValueError(f"retry_after = {value!r}: a finite number of seconds, 0 or more, or None")
