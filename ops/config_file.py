"""A config as a TOML file: read strictly, an unknown key is an error, as is a wrong value."""

import tomllib
from pathlib import Path
from typing import Any

from feedtree.ops import config_accounts as accounts
from feedtree.ops import config_metrics
from feedtree.ops import config_rules as rules
from feedtree.ops.config import (
    VENUE_KEYS,
    VENUES,
    WATCH_KEYS,
    Account,
    Config,
    Metrics,
    Venue,
    Watch,
    venue_name,
)
from feedtree.ops.config_error import ConfigError, judged


def load_config(path: str | Path) -> Config:
    """Read a TOML file strictly: an unknown key is an error, as is a wrong value.

    A relative ``ca_file`` is looked for beside the config file.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or holds something that is not allowed.
    """
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            document = tomllib.load(stream)
        return _config(document, Path(path).parent)
    except OSError as error:
        raise ConfigError("", f"cannot be read: {error.strerror}", file=file) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("", f"is not TOML: {error}", file=file) from error
    except ConfigError as error:
        raise ConfigError(error.key, error.problem, file=file) from error


def _config(document: dict[str, Any], folder: Path) -> Config:
    _known_keys("", document, ("venues", "accounts", "watch", "metrics"))
    tables = _table("venues", document.get("venues", {}))
    for name, table in tables.items():
        _refuse_bare_name("venues", name, table)
        judged(f'venues."{name}"', venue_name, name)
    venues = {name: _venue(f'venues."{name}"', table, folder) for name, table in tables.items()}
    return Config(
        venues,
        accounts=_accounts(document.get("accounts", {}), folder),
        watch=_watch(document.get("watch", {})),
        metrics=_metrics(document["metrics"]) if "metrics" in document else None,
    )


def _accounts(raw: object, folder: Path) -> dict[str, dict[str, Account]]:
    found: dict[str, dict[str, Account]] = {}
    for venue, named in _table("accounts", raw).items():
        _refuse_bare_name("accounts", venue, named)
        key = f'accounts."{venue}"'
        judged(key, venue_name, venue)
        found[venue] = {
            name: _account(f"{key}.{name}", table, folder) for name, table in _table(key, named).items()
        }
    return found


def _account(key: str, raw: object, folder: Path) -> Account:
    table = dict(_table(key, raw))
    _known_keys(key, table, accounts.KEYS)
    for file in accounts.FILES:
        if isinstance(table.get(file), str):
            table[file] = str(folder / table[file])
    try:
        return Account(**table)
    except ConfigError as error:
        raise ConfigError(f"{key}.{error.key}", error.problem) from error


def _watch(raw: object) -> Watch:
    table = _table("watch", raw)
    _known_keys("watch", table, WATCH_KEYS)
    try:
        return Watch(**table)
    except ConfigError as error:
        raise ConfigError(f"watch.{error.key}", error.problem) from error


def _metrics(raw: object) -> Metrics:
    table = _table("metrics", raw)
    _known_keys("metrics", table, config_metrics.KEYS)
    try:
        return Metrics(**table)
    except ConfigError as error:
        raise ConfigError(f"metrics.{error.key}", error.problem) from error


def _refuse_bare_name(section: str, name: str, table: object) -> None:
    """Say what is meant to one who wrote ``[venues.gateio.spot]``, which TOML reads as a table in a table."""
    for inner in table if isinstance(table, dict) else ():
        if (venue := f"{name}.{inner}") in VENUES:
            raise ConfigError(
                f"{section}.{venue}", f'a dotted name needs quotes; allowed: [{section}."{venue}"]'
            )


def _venue(key: str, raw: object, folder: Path) -> Venue:
    table = dict(_table(key, raw))
    _known_keys(key, table, VENUE_KEYS)
    if "symbols" not in table:
        raise ConfigError(f"{key}.symbols", 'is missing; allowed: a list like ["BTC/USDT"]')
    if isinstance(table.get("ca_file"), str):
        table["ca_file"] = str(folder / table["ca_file"])
    try:
        return Venue(**table)
    except ConfigError as error:
        raise ConfigError(f"{key}.{error.key}", error.problem) from error


def _table(key: str, raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ConfigError(key, f"{rules.shown(raw)} is not a table; allowed: [{key}] and its keys below it")
    return raw


def _known_keys(prefix: str, table: dict[str, Any], allowed: tuple[str, ...]) -> None:
    for key in table:
        if key not in allowed:
            at = f"{prefix}.{key}" if prefix else key
            raise ConfigError(at, f"unknown key{rules.guess(key, allowed)}; allowed: {', '.join(allowed)}")
