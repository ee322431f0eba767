"""What counts as a number where somebody gives one: True and False do not."""

from typing import TypeGuard


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether it is an int or a float; NaN and infinity are."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: object) -> TypeGuard[int]:
    """Tell whether it is an int."""
    return isinstance(value, int) and not isinstance(value, bool)
