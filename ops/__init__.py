"""The composition root and all around a running tree.

``Config, Venue, Account, Watch, Metrics, load_config, open_tree, run_tree`` are resolved when they are first used, so
that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedtree.ops.app import Tree, open_tree, run_tree
    from feedtree.ops.config import Account, Config, ConfigError, Metrics, Venue, Watch
    from feedtree.ops.config_file import load_config

__all__ = [
    "Account",
    "Config",
    "ConfigError",
    "Metrics",
    "Tree",
    "Venue",
    "Watch",
    "load_config",
    "open_tree",
    "run_tree",
]

_HOME = {
    "Account": "config",
    "Config": "config",
    "ConfigError": "config",
    "Metrics": "config",
    "Venue": "config",
    "Watch": "config",
    "load_config": "config_file",
    "Tree": "app",
    "open_tree": "app",
    "run_tree": "app",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
