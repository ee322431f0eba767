"""The error of a config, and how a rule's verdict becomes one."""

from collections.abc import Callable

from feedtree.ops import config_rules as rules


class ConfigError(ValueError):
    """A config is wrong; the message names file, key path, the wrong value, and what is allowed.

    Attributes:
        key: the path of the wrong key, ``venues."gateio.spot".symbols[0]``; empty for the file as a whole.
        problem: the wrong value, and what is allowed.
        file: the file; empty for a config that was made in code.
    """

    def __init__(self, key: str, problem: str, *, file: str = "") -> None:
        super().__init__(": ".join(part for part in (file, key, problem) if part))
        self.key = key
        self.problem = problem
        self.file = file


def judged(key: str, rule: Callable[[object], object], value: object) -> object:
    """Return a value as its rule accepts it.

    Raises:
        ConfigError: it does not.
    """
    try:
        return rule(value)
    except rules.Wrong as error:
        raise ConfigError(f"{key}{error.key}", error.problem) from error
