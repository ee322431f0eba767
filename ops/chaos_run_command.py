"""``feedtree chaos run``: a campaign from the command line, its table, and how a failure is seen again."""

from functools import partial
from pathlib import Path

import msgspec
import trio
from msgspec import Struct

from feedtree.ops.chaos.campaign.classes import CLASSES, FaultClass
from feedtree.ops.chaos.campaign.ground import over_sockets
from feedtree.ops.chaos.campaign.lines import scale_of
from feedtree.ops.chaos.campaign.observation import Observation
from feedtree.ops.chaos.campaign.reproduction import reproduce
from feedtree.ops.chaos.campaign.run import Outcome, Setting, run_campaign
from feedtree.ops.chaos.campaign.telling import line_of, told
from feedtree.ops.chaos.spelling import WrongFault, known, parse
from feedtree.ops.chaos_long_run import FAILED, FINE, long_run, say
from feedtree.ops.config import VENUES, ConfigError
from feedtree.ops.config_rules import shown
from feedtree.ops.logs import silent

FEWEST, MOST = 20, 1_200  # symbols at each venue: one for each stream, and what MEXC's connections carry
_LONGEST = 600.0  # seconds that a fault may work
_FULL = {"maintenance": 60.0, "long_way": 60.0}


class RunOptions(Struct, frozen=True):
    """The options of ``feedtree chaos run`` as they were typed; see the command's help."""

    seed: int
    faults: int
    venue: str | None
    only: str | None
    pick: str | None
    report: Path | None
    full: bool
    shrink: bool
    symbols: int


def run(options: RunOptions) -> int:
    """Run a campaign, and print its table.

    Returns:
        The exit code: 1 where a figure was missed, something does not hold, or it was broken off.

    Raises:
        ConfigError: an option is wrong.
    """
    setting = _setting(options)
    outcome = long_run("campaign", partial(_run, setting), told, options.report)
    if outcome is None:
        return FAILED
    if outcome.invariants and not outcome.interrupted and options.shrink:
        _reproduce(outcome)
    return FINE if outcome.held and not outcome.interrupted else FAILED


def _reproduce(outcome: Outcome) -> None:
    try:
        print(f"\nto see it again:\n\n{reproduce(outcome, silent(), say)}", flush=True)
    except* KeyboardInterrupt:
        say("the search for fewer faults was broken off; --no-shrink leaves it out")


async def _run(setting: Setting, scope: trio.CancelScope) -> Outcome:
    say(f"{len(setting.plan())} faults by seed {setting.seed} on {len(setting.lines())} streams")
    return await run_campaign(setting, over_sockets, silent(), tell=_tell, scope=scope)


def _setting(options: RunOptions) -> Setting:
    if options.faults < 1:
        raise ConfigError("--faults", f"{options.faults} is not allowed; allowed: 1 or more")
    if not FEWEST <= options.symbols <= MOST:
        raise ConfigError("--symbols", f"{options.symbols} is not allowed; allowed: {FEWEST} to {MOST}")
    venues = VENUES if options.venue is None else tuple(part.strip() for part in options.venue.split(","))
    try:
        for venue in venues:
            known(venue, VENUES, "venue")
    except WrongFault as error:
        raise ConfigError("--venue", str(error)) from error
    only, seconds = _only(options.only, venues)
    scale = scale_of(options.symbols, tuple(dict.fromkeys(venues)))
    setting = Setting(
        seed=options.seed,
        faults=options.faults,
        only=only,
        pick=(),
        scale=scale,
        seconds={**(_FULL if options.full else {}), **seconds},
        controls=not only and options.pick is None and not scale.large,
        full=options.full,
    )
    return msgspec.structs.replace(setting, pick=_pick(options.pick, options.faults))


def _only(text: str | None, venues: tuple[str, ...]) -> tuple[str, dict[str, float]]:
    """Read ``NAME`` or ``NAME:seconds=20``."""
    if text is None:
        return "", {}
    try:
        name, values = parse(text)
        kind: FaultClass = CLASSES[known(name, CLASSES, "fault")]
        for key in values:
            known(key, ["seconds"], f"{name}: parameter")
    except WrongFault as error:
        raise ConfigError("--only", str(error)) from error
    if not set(kind.venues) & set(venues):
        raise ConfigError(
            "--only", f"{name} meets {', '.join(kind.venues)} alone; allowed: one of them as --venue"
        )
    if not values:
        return name, {}
    return name, {name: _seconds(name, values["seconds"])}


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST:
        raise ConfigError(
            "--only", f"{name}: seconds = {shown(text)} is not allowed; allowed: a number, 0 to {_LONGEST:g}"
        )
    return seconds


def _pick(text: str | None, faults: int) -> tuple[int, ...]:
    if text is None:
        return ()
    numbers = [part.strip() for part in text.split(",")]
    for number in numbers:
        if not number.isdecimal() or not 1 <= int(number) <= faults:
            raise ConfigError(
                "--pick", f"{shown(number)} is no fault of the plan; allowed: numbers from 1 to {faults}"
            )
    return tuple(sorted({int(number) for number in numbers}))


def _tell(seen: Observation) -> None:
    say(line_of(seen))
