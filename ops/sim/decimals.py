"""Exact decimals: an integer count of steps and the number of decimals that one step has."""


def text(steps: int, decimals: int) -> str:
    """Write ``steps`` as the venues do: no exponent, no trailing zeros."""
    if not decimals:
        return str(steps)
    padded = fixed(steps, decimals)
    return padded.rstrip("0").rstrip(".")


def fixed(steps: int, decimals: int) -> str:
    """Write ``steps`` with exactly ``decimals`` decimals."""
    if not decimals:
        return str(steps)
    sign, digits = ("-", -steps) if steps < 0 else ("", steps)
    whole = str(digits).rjust(decimals + 1, "0")
    return f"{sign}{whole[:-decimals]}.{whole[-decimals:]}"


def parse(number: str, decimals: int) -> int:
    """Read a decimal into steps of ``10 ** -decimals``.

    Raises:
        ValueError: not a decimal, or one with more decimals than a step has.
    """
    whole, _, fraction = number.partition(".")
    if len(fraction.rstrip("0")) > decimals:
        raise ValueError(f"{number!r} has more than {decimals} decimals")
    return int(whole + fraction[:decimals].ljust(decimals, "0"))


class DecimalText:
    """`text` with a memory: order books name the same few thousand prices again and again.

    Args:
        decimals: of the quantity that is written.
        remembered: after that many different numbers the memory is emptied.
    """

    __slots__ = ("_known", "_remembered", "decimals")

    def __init__(self, decimals: int, remembered: int = 50_000) -> None:
        self.decimals = decimals
        self._known: dict[int, str] = {}
        self._remembered = remembered

    def __call__(self, steps: int) -> str:
        """Write ``steps`` without trailing zeros."""
        known = self._known.get(steps)
        if known is None:
            if len(self._known) >= self._remembered:
                self._known.clear()
            known = self._known[steps] = text(steps, self.decimals)
        return known
