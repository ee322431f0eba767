"""What a campaign came to, in words."""

from collections.abc import Iterator

from feedtree.ops.chaos.campaign.allowance import allowances_told
from feedtree.ops.chaos.campaign.observation import Observation
from feedtree.ops.chaos.campaign.reproduction import command_line
from feedtree.ops.chaos.campaign.run import Outcome
from feedtree.ops.chaos.campaign.table import render, render_controls

SHOWN = 20  # sentences of what does not hold


def line_of(seen: Observation) -> str:
    """Return a line about one fault on one line."""
    shown = [f"{name} {seen.measures[name]:.3f} s" for name in ("found", "live") if name in seen.measures]
    wrong = "".join(f"; {sentence}" for sentence in seen.wrong)
    return f"{seen.at:6.1f} s  {seen.kind} on {seen.line}: {', '.join(shown) or 'nothing lost'}{wrong}"


def told(outcome: Outcome) -> str:
    """Return all of it: table, control arm, what was compared, what does not hold, and how to see it again."""
    return "\n\n".join(_parts(outcome))


def _parts(outcome: Outcome) -> Iterator[str]:
    if outcome.rows:
        yield render(outcome.rows)
    if told := allowances_told(outcome.observations):
        yield "\n".join(told)
    if outcome.controls:
        yield render_controls(outcome.controls)
    if outcome.books is not None:
        yield _compared(outcome)
    if outcome.late is not None:
        yield f"our event loop was late by {_ms(outcome.late.p50)} in the median, {_ms(outcome.late.max)} at most"
    if outcome.bare is not None:
        middle, most = _ms(outcome.bare.p50), _ms(outcome.bare.max)
        yield f"a bare client beside it had its first datum after {middle} in the median, {most} at most"
    if outcome.broken:
        more = len(outcome.broken) - SHOWN
        yield "\n".join(
            [*outcome.broken[:SHOWN], *([f"and {more} more; a report has all"] if more > 0 else [])]
        )
    yield _verdict(outcome)


def _compared(outcome: Outcome) -> str:
    books = outcome.books
    assert books is not None
    lost, doubled = sum(books.lost.values()), sum(books.doubled.values())
    diverged = sum(row.diverged for row in outcome.rows)
    return (
        f"{books.trades:,} trades told, {books.passed:,} passed in gaps of the ledger; "
        f"{books.fills:,} fills\n{lost} lost, {doubled} doubled; {diverged} books diverged"
    )


def _verdict(outcome: Outcome) -> str:
    met = len({seen.number for seen in outcome.observations})
    ends = f"broken off after {met} of {outcome.planned} faults" if outcome.interrupted else f"{met} faults"
    verdict = "all figures reached" if outcome.held else "NOT all is as it has to be"
    if outcome.interrupted:
        verdict = f"so far {verdict}" if met else "nothing was judged"
    return f"{ends} in {outcome.took_s:.0f} s: {verdict}; again: {command_line(outcome.setting)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"
