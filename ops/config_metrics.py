"""Where a tree serves its metrics, as the config says it."""

from collections.abc import Callable
from dataclasses import dataclass

from feedtree.ops import config_rules as rules
from feedtree.ops.config_error import judged


@dataclass(frozen=True, slots=True, init=False)
class Metrics:
    """Where Prometheus, and probes, find the tree.

    Args:
        port: the TCP port; 0 takes a free one, which the actor ``ops/metrics`` tells.
        host: a loopback address: there is no password.

    Raises:
        ConfigError: a value is not allowed.
    """

    port: int
    host: str

    def __init__(self, *, port: int = 9464, host: str = "127.0.0.1") -> None:
        given = {"port": port, "host": host}
        for key, value in given.items():
            object.__setattr__(self, key, judged(key, _RULES[key], value))


_RULES: dict[str, Callable[[object], object]] = {"port": rules.port, "host": rules.loopback}
KEYS = tuple(_RULES)
"""What may stand in the table ``metrics``."""
