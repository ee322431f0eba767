"""What ``feedtree run`` is asked for: options and config become a plan, or an error that says what is allowed."""

import math
from dataclasses import replace
from pathlib import Path

from msgspec import Struct

from feedtree.ops.config import VENUES, Config, ConfigError, Metrics, Venue
from feedtree.ops.config_file import load_config

DEFAULT_SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")


class RunPlan(Struct, frozen=True):
    """What to run.

    Args:
        config: the venues; simulated ones get the simulators' addresses instead of their own.
        simulated: whether to start simulators.
        duration: seconds; None runs until it is stopped.
        report: where to write the report; None writes none.
        plain: lines, also on a terminal.
        trade: whether a paper trader trades an account at each simulated venue.
        control: whether who attaches may restart and stop what runs.
    """

    config: Config
    simulated: bool
    duration: float | None = None
    report: Path | None = None
    plain: bool = False
    trade: bool = False
    control: bool = False


def make_plan(
    config: Path | None = None,
    *,
    simulated: bool = False,
    live: str | None = None,
    symbols: str | None = None,
    duration: float | None = None,
    report: Path | None = None,
    plain: bool = False,
    trade: bool = False,
    control: bool = False,
    metrics_port: int | None = None,
) -> RunPlan:
    """Turn the options of ``feedtree run`` into a plan; without config and `live` the venues are simulated.

    Raises:
        ConfigError: an option or the config is wrong, or they exclude each other.
    """
    _refuse_contradictions(config, simulated=simulated, live=live)
    simulated = simulated or (config is None and live is None)
    if trade and not simulated:
        raise ConfigError("--trade", "trades with play money only; allowed: with --simulated")
    if duration is not None and not 0 < duration < math.inf:
        raise ConfigError("--duration", f"{duration:g} is not allowed; allowed: seconds, more than 0")
    if report is not None and (report.is_dir() or not report.parent.is_dir()):
        raise ConfigError(
            "--report", f'"{report}" cannot be written; allowed: a file in a folder that exists'
        )
    return RunPlan(
        _measured(_venues(config, live, symbols), metrics_port),
        simulated=simulated,
        duration=duration,
        report=report,
        plain=plain,
        trade=trade,
        control=control,
    )


def _refuse_contradictions(config: Path | None, *, simulated: bool, live: str | None) -> None:
    if live is not None and simulated:
        raise ConfigError("--live", "cannot go with --simulated; allowed: one of them")
    if live is not None and config is not None:
        raise ConfigError("--live", f"cannot go with a config; allowed: --live, or {config} with its venues")


def _venues(config: Path | None, live: str | None, symbols: str | None) -> Config:
    wanted = None if symbols is None else _listed(symbols)
    if config is None:
        names = VENUES if live is None else _listed(live)
        return _named("--live", names, _venue("--symbols", DEFAULT_SYMBOLS if wanted is None else wanted))
    loaded = load_config(config)
    accounts = (account for named in loaded.accounts.values() for account in named.values())
    venues_on = any(venue.enabled for venue in loaded.venues.values())
    if not venues_on and not any(account.enabled for account in accounts):
        raise ConfigError(
            "venues",
            'none is enabled, and no account; allowed: a table like [venues."gateio.spot"]',
            file=str(config),
        )
    if wanted is None:
        return loaded
    chosen = _venue("--symbols", wanted).symbols
    venues = {name: replace(venue, symbols=chosen) for name, venue in loaded.venues.items()}
    return replace(loaded, venues=venues)


def _measured(config: Config, port: int | None) -> Config:
    """Return a config that serves its metrics at this port, where one is given."""
    if port is None:
        return config
    try:
        given = Metrics(port=port) if config.metrics is None else Metrics(port=port, host=config.metrics.host)
    except ConfigError as error:
        raise ConfigError("--metrics-port", error.problem) from error
    return replace(config, metrics=given)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _venue(option: str, symbols: "list[str] | tuple[str, ...]") -> Venue:
    try:
        return Venue(symbols)
    except ConfigError as error:
        raise ConfigError(f"{option}{error.key.removeprefix('symbols')}", error.problem) from error


def _named(option: str, names: "list[str] | tuple[str, ...]", venue: Venue) -> Config:
    try:
        return Config(dict.fromkeys(names, venue))
    except ConfigError as error:
        raise ConfigError(option, error.problem) from error
