from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from feedtree.ops.bench.guard import guard_lines, uncompared, worse
from feedtree.ops.bench.parts import Figure, Kind
from feedtree.ops.bench.record import Record, read_record
from feedtree.ops.bench.record_file import UnreadableRecord, write_record

Make = Callable[..., Record]


def figure(value: float, kind: Kind = "cpu", unit: str = "x", **bounds: float) -> Figure:
    return Figure("the figure", value, unit, kind, **bounds)


@pytest.mark.parametrize(
    ("now", "base", "found"),
    [
        (figure(1.09), figure(1.0), False),
        (figure(1.11), figure(1.0), True),
        (figure(0.5), figure(1.0), False),
        (figure(1.11, "latency"), figure(1.0, "latency"), True),
        (figure(8.0, "rate"), figure(10.0, "rate"), True),
        (figure(12.0, "rate"), figure(10.0, "rate"), False),
        (figure(40.5, "memory", "MiB"), figure(40.0, "memory", "MiB"), False),
        (figure(41.0, "memory", "MiB"), figure(40.0, "memory", "MiB"), True),
        (figure(9.0, "latency", "µs"), figure(1.0, "latency", "µs"), False),
        (figure(9.0, "time"), figure(1.0, "time"), False),
        (figure(1.0), figure(0.0), False),
    ],
)
def test_a_figure_may_be_so_much_worse(record: Make, now: Figure, base: Figure, *, found: bool) -> None:
    """CPU, latency and rates by 10 % as ratios, memory by its noise; absolute times belong to a machine."""
    assert bool(worse(record(now), record(base))) == found


def test_what_got_worse_is_named(record: Make) -> None:
    """With both values, and what is allowed."""
    now, base = record(figure(1.2)), record(figure(1.0))
    lines = list(guard_lines(now, base, worse(now, base)))
    assert lines[0].endswith("1 figures are worse")
    assert lines[1] == "WORSE the figure: 1.20 x, was 1.00 x: 20% worse, 10% is allowed"


def test_what_was_not_measured_is_named(record: Make) -> None:
    """It is no failure, for a part may have been left out."""
    now, base = record(), record(figure(1.0))
    assert worse(now, base) == []
    assert uncompared(now, base) == ["the figure"]
    assert list(guard_lines(now, base, []))[-1].endswith("the figure")


def test_a_record_is_read_as_it_was_written(record: Make, tmp_path: Path) -> None:
    """With all its parts."""
    file = tmp_path / "bench.json"
    written = record(figure(1.0, most=2.0), machine={"cores": 2})
    write_record(written, file)
    assert read_record(file) == written


def test_another_file_is_refused_with_a_reason(record: Make, tmp_path: Path) -> None:
    """An absent one, one that is no record, and one of another schema."""
    file = tmp_path / "bench.json"
    with pytest.raises(UnreadableRecord, match="No such file"):
        read_record(file)
    file.write_text("{}")
    with pytest.raises(UnreadableRecord, match="missing required field"):
        read_record(file)
    write_record(msgspec.structs.replace(record(), schema=1), file)
    with pytest.raises(UnreadableRecord, match="schema 1, not 2"):
        read_record(file)
