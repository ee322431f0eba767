"""How many examples a property test takes that says so itself."""

import os
from typing import Any

from hypothesis import settings

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
_TIMES = 10


def examples(gate: int, **options: Any) -> settings:
    """Return settings with so many examples in the gate, and ten times as many under the profile ``deep``."""
    return settings(max_examples=gate * (_TIMES if DEEP else 1), **options)
