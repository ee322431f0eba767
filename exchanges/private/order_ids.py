"""Client order ids: unique over programs and runs, in the form that a venue takes."""

import re
from collections.abc import Callable
from itertools import count

from msgspec import Struct

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RUN = 9  # digits of a run's random part: 53 bits
_TIME = 8  # digits of milliseconds, enough until the year 8888


class IdForm(Struct, frozen=True):
    """What a venue takes as a client order id.

    Args:
        prefix: what it begins with.
        most: characters behind the prefix.
        characters: those that are allowed behind the prefix, as in a regular expression's brackets.
    """

    prefix: str
    most: int
    characters: str

    def fits(self, client_order_id: str) -> bool:
        """Return whether the venue takes this one."""
        pattern = f"{re.escape(self.prefix)}[{self.characters}]{{1,{self.most}}}"
        return re.fullmatch(pattern, client_order_id, re.ASCII) is not None

    def __str__(self) -> str:
        begin = f"{self.prefix!r} and " if self.prefix else ""
        return f"{begin}1 to {self.most} of [{self.characters}]"


class ClientOrderIds:
    """Makes the ids of one run.

    Args:
        form: of the venue.
        now_ns: UTC, of the run's begin: with it ids of an account sort by run.
        entropy: returns that many random bytes; two runs that begin in one millisecond differ by it.
    """

    def __init__(self, form: IdForm, now_ns: int, entropy: Callable[[int], bytes]) -> None:
        random = int.from_bytes(entropy(8)) % len(_DIGITS) ** _RUN
        run = _written(now_ns // 1_000_000, _TIME) + _written(random, _RUN)
        self._begin = form.prefix + run
        self._numbers = count(1)

    def next(self) -> str:
        """Return an id that no other call, and no other run, returns."""
        return self._begin + _written(next(self._numbers), 4)


def _written(number: int, digits: int) -> str:
    """Write a number in base 62, with at least so many digits."""
    text = ""
    while number or len(text) < digits:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text
