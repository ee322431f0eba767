"""How a failure is seen again: fewer faults that still fail, as a test where the memory network shows it, too."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import trio
from msgspec.structs import replace

from feedtree.ops.chaos.campaign.ground import Prepared, in_memory, over_sockets
from feedtree.ops.chaos.campaign.lines import Scale
from feedtree.ops.chaos.campaign.run import Outcome, Setting, run_campaign
from feedtree.ops.chaos.campaign.shrink import shrink

TRIALS_IN_MEMORY, TRIALS_OVER_SOCKETS = 30, 4
BUDGET = 120.0  # seconds for all trials of one kind

_TEST = '''\
from feedtree.ops.chaos.campaign.ground import in_memory
from feedtree.ops.chaos.campaign.lines import Scale
from feedtree.ops.chaos.campaign.run import Setting, run_campaign
from feedtree.ops.logs import silent


async def test_chaos_seed_{seed}(autojump_clock) -> None:
    """{what}"""
    setting = {setting}
    outcome = await run_campaign(setting, in_memory, silent())
    assert outcome.invariants == []
'''


def reproduce(outcome: Outcome, log: Any, tell: Callable[[str], None]) -> str:
    """Return how to see a failure of an outcome again: a test, or a command line.

    Args:
        outcome: of a campaign whose invariants did not hold.
        log: a structlog logger for the trees.
        tell: called with a sentence about what is tried.
    """
    inflicted = sorted({seen.number for seen in outcome.observations})
    setting = replace(outcome.setting, controls=False, pick=tuple(inflicted))
    narrow = replace(setting, narrow=True)
    tell("looking whether the failure shows on the memory network, too")
    found, why = _smallest(narrow, in_memory, inflicted, TRIALS_IN_MEMORY, log)
    if found:
        what = why.replace("\\", "/").replace('"', "'")
        return _TEST.format(seed=setting.seed, what=what, setting=replace(narrow, pick=tuple(found)))
    tell("it does not; looking for fewer faults that fail over sockets")
    suspects = _suspects(outcome) or inflicted
    found, _ = _smallest(setting, over_sockets, suspects, TRIALS_OVER_SOCKETS, log)
    pick = tuple(found or inflicted)
    return command_line(replace(setting, pick=() if list(pick) == _all(setting) else pick))


def command_line(setting: Setting) -> str:
    """Return the command that runs a setting."""
    parts = [f"feedtree chaos run --seed {setting.seed} --faults {setting.faults}"]
    parts.append(f"--venue {','.join(setting.scale.venues)}")
    usual, scale = Scale(), setting.scale
    if scale.symbols != usual.symbols and scale.streams >= usual.streams:  # one that `scale_of` makes
        parts.append(f"--symbols {scale.streams * scale.symbols}")
    if setting.only:
        parts.append(f"--only {setting.only}")
    if setting.pick:
        parts.append(f"--pick {','.join(map(str, setting.pick))}")
    return " ".join(parts)


def _smallest(
    setting: Setting, ground: Prepared, numbers: Sequence[int], trials: int, log: Any
) -> tuple[list[int], str]:
    """Return as few faults as still fail there, and how; none where all of them do not."""
    until = time.monotonic() + BUDGET
    why = ""

    async def fails(pick: Sequence[int]) -> bool:
        nonlocal why
        if time.monotonic() > until:
            return False
        found = await run_campaign(replace(setting, pick=tuple(pick)), ground, log)
        why = found.invariants[0] if found.invariants else why
        return bool(found.invariants)

    async def search() -> list[int]:
        if not numbers or not await fails(numbers):
            return []
        return await shrink(numbers, fails, trials=trials)

    return trio.run(search, clock=_clock(ground)), why


def _clock(ground: Prepared) -> trio.abc.Clock | None:
    if ground is not in_memory:
        return None
    from trio.testing import MockClock

    return MockClock(autojump_threshold=0)


def _suspects(outcome: Outcome) -> list[int]:
    """Return the faults on the lines on which something was wrong."""
    lines = {seen.line for seen in outcome.observations if seen.wrong}
    return sorted({seen.number for seen in outcome.observations if seen.line in lines})


def _all(setting: Setting) -> list[int]:
    return [planned.number for planned in replace(setting, pick=()).plan()]
