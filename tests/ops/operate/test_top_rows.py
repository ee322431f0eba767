"""The table of `feedtree top`: its rows, their order, what a filter leaves of them, and the columns that have room."""

import pytest
from msgspec.structs import replace

from feedtree.exchanges.phases import PhaseFigures
from feedtree.ops.operate.top.columns import (
    COLUMNS,
    GAP,
    arranged,
    badness,
    count,
    fitting,
    matches,
    milliseconds,
    share,
    with_content,
)
from feedtree.ops.operate.top.rows import Row, table_rows
from feedtree.supervisors import ChildState
from tests.ops.operate.overviews import cost, grow, mailbox, node, overview, stream

GATE = "public/gateio.spot"


def text(row: Row) -> list[str]:
    return [column.text(row) for column in COLUMNS]


def test_a_row_for_each_stream_and_for_each_actor_of_none() -> None:
    """Connections are parts of their stream; what is no stream has a row of its own, after them."""
    rows = table_rows(None, overview(stream(f"{GATE}/shard-1"), stream("private/mexc.spot/main")))
    assert [row.path for row in rows] == [f"{GATE}/shard-1", "private/mexc.spot/main", "ops/inspect"]
    assert [row.stream for row in rows] == [True, True, False]
    assert [row.state for row in rows] == ["live", "live", "serving"]


def test_only_a_branch() -> None:
    """What is not below the branch that is looked at has no row."""
    look = overview(stream(f"{GATE}/shard-1"), stream("public/mexc.spot/shard-1"))
    assert [row.path for row in table_rows(None, look, GATE)] == [f"{GATE}/shard-1"]
    assert [row.path for row in table_rows(None, look, "ops")] == ["ops/inspect"]
    assert table_rows(None, look, "public/nothing") == []


def test_rates_come_from_two_looks() -> None:
    """Messages per second are those since the look before, and unknown without one, or of a new stream."""
    path = f"{GATE}/shard-1"
    before = overview(stream(path, messages=1_000), at=10.0)
    now = overview(stream(path, messages=1_050), stream(f"{GATE}/shard-2"), at=12.0)
    first, second, _ = table_rows(before, now)
    assert first.rate == 25.0
    assert second.rate is None
    assert table_rows(None, now)[0].rate is None


def test_latency_is_the_venues_or_else_that_of_processing() -> None:
    """A venue that stamps nothing still shows how long its messages take inside."""
    stamped, bare, none = (
        stream(f"{GATE}/shard-1"),
        stream(f"{GATE}/shard-2", latency=None, processing=PhaseFigures(1, 0.02, 0.04, 0.1)),
        stream(f"{GATE}/shard-3", latency=None),
    )
    rows = table_rows(None, overview(stamped, bare, none))
    assert [(row.p50, row.p99) for row in rows[:3]] == [(0.5, 1.8), (0.02, 0.04), (None, None)]


def test_the_mailboxes_of_a_stream_are_those_that_listen_to_its_venue() -> None:
    """The queue is that of the fullest, the drops are all of theirs; an account's own listen to it alone."""
    boxes = (
        mailbox("one", GATE, "public/mexc.spot", depth=7, dropped={"full": 3}),
        mailbox("two", GATE, depth=40, dropped={"full": 1, "closed": 1}),
        mailbox("mine", "private/gateio.spot/main", side="private", depth=1),
    )
    streams = (
        stream(f"{GATE}/shard-1"),
        stream("public/mexc.spot/shard-1"),
        stream("private/gateio.spot/main"),
    )
    rows = table_rows(None, overview(*streams, stream("private/mexc.spot/main"), mailboxes=boxes))
    assert [(row.depth, row.drops) for row in rows[:4]] == [(40, 5), (7, 3), (1, 0), (None, None)]


def test_cpu_shares_where_accounts_are_kept() -> None:
    """The share of a processor since the look before; nothing where the app keeps no accounts."""

    def look(at: float, spent: float) -> object:
        path = f"{GATE}/shard-1"
        shard = node(path, node(f"{path}/a", usage=cost(spent)), usage=cost(spent))
        tree = node("", node("public", node(GATE, shard)), usage=cost(spent))
        return overview(stream(path), tree=tree, at=at)

    before, now = look(10.0, 1.0), look(12.0, 1.5)
    assert table_rows(before, now)[0].cpu == pytest.approx(0.25)  # type: ignore[arg-type]
    assert table_rows(None, now)[0].cpu is None  # type: ignore[arg-type]
    plain = overview(stream(f"{GATE}/shard-1"), at=11.0)
    assert table_rows(plain, replace(plain, at=12.0))[0].cpu is None


def test_a_supervisors_word_comes_before_the_streams() -> None:
    """A shard that is stopped is stopped, whatever its stream said last; one without a node has its own word."""
    path = f"{GATE}/shard-1"
    tree = node("", node("public", node(GATE, node(path, state=ChildState.STOPPED, kind="supervisor"))))
    look = overview(stream(path, state="down"), stream(f"{GATE}/shard-9", state="syncing"), tree=tree)
    assert [row.state for row in table_rows(None, look)] == ["stopped", "syncing"]


ROWS = [
    Row(path="public/a/shard-10", state="live", stream=True, rate=5.0, restarts=1),
    Row(path="public/a/shard-2", state="syncing", stream=True, rate=50.0),
    Row(path="public/b/shard-1", state="down", stream=True, rate=None, restarts=7),
    Row(path="ops/inspect", state="serving"),
]


@pytest.mark.parametrize(
    ("key", "reverse", "order"),
    [
        ("state", False, ["public/b/shard-1", "public/a/shard-2", "public/a/shard-10", "ops/inspect"]),
        ("state", True, ["public/a/shard-10", "ops/inspect", "public/a/shard-2", "public/b/shard-1"]),
        ("path", False, ["ops/inspect", "public/a/shard-2", "public/a/shard-10", "public/b/shard-1"]),
        ("rate", False, ["public/a/shard-2", "public/a/shard-10", "public/b/shard-1", "ops/inspect"]),
        ("rate", True, ["public/a/shard-10", "public/a/shard-2", "public/b/shard-1", "ops/inspect"]),
        ("restarts", False, ["public/b/shard-1", "public/a/shard-10", "public/a/shard-2", "ops/inspect"]),
    ],
)
def test_the_order_of_a_column(key: str, reverse: bool, order: list[str]) -> None:
    """The worst and the greatest first, numbers in paths as numbers, what is not known last in both directions."""
    assert [row.path for row in arranged(ROWS, key, reverse=reverse)] == order


def test_what_needs_an_eye() -> None:
    """A failure is worse than an outage, that worse than catching up, and what is well is all the same."""
    assert (
        badness("failed") > badness("down") > badness("syncing") > badness("live") == badness("serving") == 0
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", True),
        ("GATE", True),
        ("gate down", True),
        ("shard-1 live", False),
        ("mexc", False),
        ("  down ", True),
    ],
)
def test_a_filter_is_words_that_all_stand_somewhere(wanted: str, found: bool) -> None:
    """Each word stands in the path or in the state, whatever its case."""
    assert matches(wanted, "public/gateio.spot/shard-1", "down") is found


@pytest.mark.parametrize("width", [200, 88, 70, 60, 54, 40, 10, 1])
def test_columns_never_take_more_than_there_is(width: int) -> None:
    """Columns go until the rest has room; path, state and rate are the last to stay."""
    columns = fitting(width)
    assert [column.key for column, _ in columns][:3] == ["path", "state", "rate"]
    taken = sum(room for _, room in columns) + GAP * (len(columns) - 1)
    assert taken == width or (len(columns) == 3 and columns[0][1] == 1)


def test_the_first_columns_to_go() -> None:
    """A median tells the least, restarts the most."""
    assert len(fitting(200)) == len(COLUMNS)
    kept = [column.key for column, _ in fitting(55)]
    assert kept == ["path", "state", "rate", "p99", "restarts"]


def test_no_column_for_cpu_where_no_accounts_are_kept() -> None:
    """It would be empty."""
    assert "cpu" not in [column.key for column in with_content(ROWS)]
    assert "cpu" in [column.key for column in with_content([Row(path="a", state="live", cpu=0.0)])]


def test_cells_are_short() -> None:
    """No number grows out of its column, however great it is."""
    row = Row(
        path="a",
        state="live",
        rate=1234567.0,
        p50=0.0123,
        p99=123456.0,
        depth=4096,
        drops=12_345_678_901,
        restarts=0,
        cpu=1.5,
    )
    assert text(row) == ["a", "live", "1.2M", "0.01", ">99999", "4,096", "12.3G", "0", "150%"]
    assert text(Row(path="a", state="live"))[2:] == ["", "", "", "", "", "0", ""]
    assert [milliseconds(value) for value in (9.994, 9.996, 99.94, 99.96, 12345.0)] == [
        "9.99",
        "10.0",
        "99.9",
        "100",
        "12345",
    ]
    assert [share(value) for value in (None, 0.0004, 0.0994, 0.0996, 64.0)] == [
        "",
        "0.0%",
        "9.9%",
        "10%",
        "6400%",
    ]


@pytest.mark.parametrize(
    ("value", "room", "shown"),
    [
        (9_999, 5, "9,999"),
        (10_000, 5, "10.0k"),
        (123_456, 5, "123k"),
        (123_456, 6, "123.5k"),
        (999_960, 6, "1.0M"),
        (5e12, 6, ">999G"),
    ],
)
def test_counts_fit(value: float, room: int, shown: str) -> None:
    """A count that is too long for its column is rounded, never cut."""
    assert count(value, room) == shown


def test_the_tree_of_the_tests_fits() -> None:
    """Each stream has its node."""
    tree = grow(stream(f"{GATE}/shard-1"))
    assert tree.find(f"{GATE}/shard-1/a") is not None
