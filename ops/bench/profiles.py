"""Where a client's time goes, in a few lines: shown beside a target that is missed."""

from collections.abc import Callable, Iterable

from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.parts import Figure
from feedtree.ops.bench.runs import Case, Run, label

SHOWN = 8  # functions


def described(sample: Sample, shown: int = SHOWN) -> str:
    """Return the functions that took the most of a profiled run."""
    lines = [
        f"{spent.share:4.0%} {spent.calls:6.2f} calls/message  {spent.function}" for spent in sample.profile
    ]
    return "\n".join(lines[:shown])


def missed(figures: Iterable[Figure], cases: dict[str, Case], run: Callable[[Case], Run]) -> dict[str, str]:
    """Return a profile for each figure whose target is missed.

    Args:
        figures: all of a part.
        cases: by the figure's name, what to look into; a figure without a case has no profile.
        run: runs a case under the profiler.
    """
    found: dict[str, str] = {}
    profiled: dict[Case, str] = {}
    for figure in figures:
        case = cases.get(figure.name)
        if figure.held is not False or case is None:
            continue
        if case not in profiled:
            sample = run(case).sample
            profiled[case] = "" if sample is None else f"{label(case)}, profiled:\n{described(sample)}"
        found[figure.name] = profiled[case]
    return found
