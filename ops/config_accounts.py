"""Accounts in a config: where their keys are, and how their venue is reached. No key stands in a config file."""

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from feedtree.exchanges.credentials import Credentials, Secret
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.symbols import Symbol
from feedtree.ops import config_orders
from feedtree.ops import config_rules as rules
from feedtree.ops.config_error import ConfigError, judged

_SOURCES = ("key_env", "key_file", "secret_env", "secret_file")
_SOURCE_FORMS = {"env": "the name of an environment variable", "file": "the path of a file"}


@dataclass(frozen=True, slots=True, init=False)
class Account:
    """One account at one venue.

    Key and secret are read when this is made: from an environment variable or a file each, or given by an app that has
    them from elsewhere. They show in no repr, log or error.

    Args:
        key_env: the environment variable that holds the key.
        key_file: the file that holds it.
        secret_env: the environment variable that holds the secret.
        secret_file: the file that holds it; one that everybody may read is refused.
        credentials: key and secret instead of these four.
        symbols: symbols that are compared with the venue also where no order of them is known.
        orders: how its orders are handled: `OrderOptions`, or a table of the same names.
        ws_url: another websocket address than the venue's own.
        alternate_ws_url: a websocket address to go to when the first stays away for three attempts.
        rest_url: another REST address than the venue's own.
        ca_file: a PEM file to verify the venue's certificate with, instead of the system's authorities.
        local_address: the IP address to connect from.
        proxy: an HTTP CONNECT proxy, ``http://host:port``.
        enabled: False leaves the account out.

    Raises:
        ConfigError: a value is not allowed, or a key or secret is not to be had.
    """

    credentials: Credentials
    symbols: tuple[Symbol, ...]
    orders: OrderOptions
    ws_url: str | None
    alternate_ws_url: str | None
    rest_url: str | None
    ca_file: str | None
    local_address: str | None
    proxy: str | None = field(repr=False)  # may hold credentials
    enabled: bool

    def __init__(
        self,
        *,
        key_env: str | None = None,
        key_file: str | None = None,
        secret_env: str | None = None,
        secret_file: str | None = None,
        credentials: Credentials | None = None,
        symbols: Iterable[Symbol | str] = (),
        orders: OrderOptions | Mapping[str, object] = MappingProxyType({}),
        ws_url: str | None = None,
        alternate_ws_url: str | None = None,
        rest_url: str | None = None,
        ca_file: str | None = None,
        local_address: str | None = None,
        proxy: str | None = None,
        enabled: bool = True,
    ) -> None:
        given = {
            "symbols": symbols,
            "orders": orders,
            "ws_url": ws_url,
            "alternate_ws_url": alternate_ws_url,
            "rest_url": rest_url,
            "ca_file": ca_file,
            "local_address": local_address,
            "proxy": proxy,
            "enabled": enabled,
        }
        for name, value in given.items():
            unset = value is None and name in rules.REACH
            object.__setattr__(self, name, None if unset else judged(name, _RULES[name], value))
        sources = {
            "key_env": key_env,
            "key_file": key_file,
            "secret_env": secret_env,
            "secret_file": secret_file,
        }
        object.__setattr__(self, "credentials", _credentials(credentials, sources, needed=self.enabled))


def _credentials(given: Credentials | None, sources: dict[str, str | None], *, needed: bool) -> Credentials:
    if given is not None:
        named = [name for name, value in sources.items() if value is not None]
        if not isinstance(given, Credentials) or named:
            raise ConfigError(
                "credentials", "allowed: Credentials(key, secret), and none of the four sources"
            )
        return given
    if not needed:
        return Credentials("", "")
    return Credentials(_read("key", sources), _read("secret", sources))


def _read(what: str, sources: dict[str, str | None]) -> Secret:
    variable, file = sources[f"{what}_env"], sources[f"{what}_file"]
    if (variable is None) == (file is None):
        problem = "is missing" if variable is None else "stands beside the other"
        raise ConfigError(f"{what}_env", f"{problem}; allowed: one of {what}_env and {what}_file")
    kind, value = ("env", variable) if variable is not None else ("file", file)
    name = f"{what}_{kind}"
    if not isinstance(value, str | Path) or not str(value):
        raise ConfigError(name, f"{rules.shown(value)} is no name; allowed: {_SOURCE_FORMS[kind]}")
    text = _of_variable(name, str(value)) if kind == "env" else _of_file(name, Path(value))
    return Secret(_clean(name, text))


def _of_variable(name: str, variable: str) -> str:
    text = os.environ.get(variable)
    if text is None:
        raise ConfigError(name, f"the environment has no {rules.shown(variable)}; export it before the start")
    return text


def _of_file(name: str, file: Path) -> str:
    """Return what a file holds; errors are not chained, whose texts may repeat a key that stands for the path."""
    if "\0" in str(file):
        raise ConfigError(name, f"{rules.shown(str(file))} is no path; allowed: {_SOURCE_FORMS['file']}")
    try:
        if name == "secret_file" and file.stat().st_mode & stat.S_IROTH:
            raise ConfigError(
                name, f"{rules.shown(str(file))} may be read by everybody; allowed: a private file: chmod 600"
            )
        return file.read_text(encoding="ascii")
    except OSError as error:
        raise ConfigError(name, f"{rules.shown(str(file))} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(name, f"{rules.shown(str(file))} holds no plain text") from None


def _clean(name: str, text: str) -> str:
    """Return a key without the line end behind it; what is no key at all is told without showing it."""
    text = text.strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError(name, "what is there is no key; allowed: one word of plain text")
    return text


def _symbols(value: object) -> tuple[Symbol, ...]:
    return rules.symbols(value) if value else ()


_RULES: dict[str, Callable[[object], object]] = {
    "symbols": _symbols,
    "orders": config_orders.options,
    **rules.REACH,
    "enabled": rules.flag,
}
KEYS = (*_SOURCES, *_RULES)
"""What may stand in an account's table."""
FILES = ("ca_file", "key_file", "secret_file")
"""Those of them that are files, looked for beside the config file."""


def account_name(value: object) -> str:
    """Accept the name of an account: part of a path in the tree."""
    if not isinstance(value, str) or not value or "/" in value:
        raise rules.Wrong(f"{rules.shown(value)} is no name of an account; allowed: a word without '/'")
    return value
