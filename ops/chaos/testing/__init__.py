"""For tests of users' own apps: simulated exchanges behind proxies, faults by name, and recovery that is looked after.

Its names are resolved when they are first used, so that the
pytest plugin, which stands beside them, costs nothing where no test uses it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedtree.ops.chaos.testing.chaos import Chaos
    from feedtree.ops.chaos.testing.exchange import OrdersCutOff, SimulatedExchange, open_simulated_exchange
    from feedtree.ops.chaos.testing.recovery import Overdue, Recovery

__all__ = ["Chaos", "OrdersCutOff", "Overdue", "Recovery", "SimulatedExchange", "open_simulated_exchange"]

_HOME = {
    "Chaos": "chaos",
    "OrdersCutOff": "exchange",
    "SimulatedExchange": "exchange",
    "open_simulated_exchange": "exchange",
    "Overdue": "recovery",
    "Recovery": "recovery",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
