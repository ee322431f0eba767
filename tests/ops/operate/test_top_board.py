"""What the screen of `feedtree top` is about: looks, events, and what the user chose."""

import pytest
from msgspec.structs import replace

from feedtree.ops.operate.top.board import EVENTS_KEPT, Board
from feedtree.supervisors import LoopFacts
from tests.ops.operate.overviews import happening, mailbox, node, overview, stream

PATH = "public/gateio.spot/shard-1"
MINE = "private/gateio.spot/main"


def look(at: float, messages: int = 0, **changes: object) -> object:
    return overview(stream(PATH, messages=messages), at=at, **changes)  # type: ignore[arg-type]


def seen(*looks: object, branch: str = "") -> Board:
    board = Board(branch)
    for each in looks:
        board.look(each)  # type: ignore[arg-type]
    return board


def test_rates_from_the_second_look_on() -> None:
    """Of one look there are none."""
    board = seen(look(10.0, 100))
    assert board.table()[0].rate is None
    assert board.cpu is None
    board.look(look(12.0, 300, cpu_s=1.5))  # type: ignore[arg-type]
    assert board.table()[0].rate == 100.0
    assert board.series.last(PATH) == 100.0
    assert board.cpu == 0.25


def test_another_process_begins_anew() -> None:
    """Its counts have nothing to do with those before; the series have a hole there."""
    board = seen(look(10.0, 100), look(11.0, 200), look(12.0, 5, pid=8))
    assert board.table()[0].rate is None
    assert board.series.last("") is None
    board.look(look(13.0, 9, pid=8))  # type: ignore[arg-type]
    assert board.table()[0].rate == 4.0
    assert board.series.binned("", 240)[-3:] == [100.0, None, 4.0]


def test_after_an_interruption_there_are_no_rates_at_first() -> None:
    """A mean over a pause would be told as if it were of now."""
    board = seen(look(10.0, 100), look(11.0, 200))
    board.interrupt()
    board.look(look(100.0, 900))  # type: ignore[arg-type]
    assert board.table()[0].rate is None
    board.look(look(101.0, 950))  # type: ignore[arg-type]
    assert board.table()[0].rate == 50.0


def test_how_busy_the_loop_was() -> None:
    """Of the time between two looks; not known where nothing watches the loop."""
    before = look(10.0, loop=LoopFacts(100, 5.0, 10.0))
    now = look(12.0, loop=LoopFacts(200, 6.5, 12.0))
    assert seen(before, now).busy == 0.25
    assert seen(look(10.0), now).busy is None


def test_events_are_bounded_and_missing_ones_counted() -> None:
    """A storm does not fill the memory, and what was not told is not passed over in silence."""
    board = Board()
    board.hear([happening(number) for number in range(5, 5 + EVENTS_KEPT + 10)])
    assert len(board.events) == EVENTS_KEPT
    assert board.events[0].number == 15
    assert board.missed == 0
    board.hear([happening(218), happening(219)])
    assert board.missed == 3
    board.hear([happening(1)], anew=True)
    assert [event.number for event in board.events] == [1]
    assert board.missed == 0


def test_of_a_branch_missing_events_are_those_of_others() -> None:
    """Numbers are counted over the whole tree."""
    board = Board("public")
    board.hear([happening(1), happening(9)])
    assert board.missed == 0


def test_a_word_that_is_said_again_is_passed_over() -> None:
    """An actor that tells new facts every second does not push everything else out of view."""
    board = Board()
    board.hear(
        [
            happening(1, "reported", reason="live"),
            happening(2, "reported", "ops/inspect", reason="serving"),
            happening(3, "reported", reason="live"),
            happening(4, "stalled"),
            happening(5, "reported", reason="down"),
            happening(6, "reported", reason="live"),
        ]
    )
    assert [event.number for event in board.events] == [1, 2, 4, 5, 6]
    assert board.missed == 0
    assert not board.hear([happening(7, "reported", reason="live")])
    assert board.hear([happening(8, "reported", reason="down")])
    assert board.hear([], anew=True)


def test_sorting_by_the_same_column_turns_it_round() -> None:
    """By another one it is as that one wants to be."""
    board = Board()
    assert (board.sort, board.falling) == ("state", True)
    board.sort_by("state")
    assert board.falling is False
    board.sort_by("path")
    assert board.falling is False
    board.sort_by("path")
    assert board.falling is True


def test_the_filter_holds_for_tree_and_table() -> None:
    """Both show what is looked for."""
    board = seen(overview(stream(PATH), stream(MINE)))
    board.wanted = "private"
    assert [row.path for row in board.table()] == [MINE]
    assert [line.path for line in board.tree()] == ["", "private", "private/gateio.spot", MINE, f"{MINE}/a"]


def test_what_is_selected() -> None:
    """The stream of a connection is the one it is part of; details of another path are not kept."""
    board = seen(overview(stream(PATH), stream(MINE), mailboxes=(mailbox("m", "public/gateio.spot"),)))
    board.details = object()  # type: ignore[assignment]
    board.select(board.selected)
    assert board.details is not None
    board.select(f"{PATH}/a")
    assert board.details is None
    assert board.node is not None
    assert board.stream is not None
    assert board.stream.path == PATH
    board.select("public")
    assert board.stream is None
    board.select("public/gone")
    assert board.node is None


def test_mailboxes_of_what_is_selected() -> None:
    """Those of the venue, of what is above and below it, the fullest first; not those of others."""
    gate, mexc = "public/gateio.spot", "public/mexc.spot"
    boxes = (mailbox("one", gate, depth=1), mailbox("two", gate, mexc, depth=9), mailbox("three", mexc))
    board = seen(overview(stream(PATH), mailboxes=boxes))

    def names(path: str) -> list[str]:
        board.select(path)
        return [box.name for box in board.mailboxes()]

    assert names(PATH) == ["two", "one"]
    assert names("public") == ["two", "three", "one"]
    assert names("public/gateio.spot2") == []
    assert names("ops/inspect") == names("") == []


def test_before_the_first_look_there_is_nothing() -> None:
    """Nothing is shown, and nothing fails."""
    board = Board("public")
    assert (board.table(), board.tree(), board.node, board.stream, board.mailboxes()) == (
        [],
        [],
        None,
        None,
        [],
    )


def test_a_branch_that_is_gone() -> None:
    """It may come back: there is only nothing to show."""
    board = seen(look(10.0), branch="public/mexc.spot")
    assert board.top is None
    assert board.tree() == board.table() == []


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"messages": 5_000, "age_s": 9.0, "bytes_in": 1}, False),
        ({"state": "syncing"}, True),
        ({"confirmed": 2}, True),
        ({"errors": {"undecodable": 1, "gaps": 0}}, True),
        ({"outages": 1}, True),
    ],
)
def test_details_are_asked_for_anew_where_something_changed(change: dict[str, object], asked: bool) -> None:
    """What changes with every message is in every look anyway."""
    board = seen(overview(stream(PATH)))
    board.select(PATH)
    before = board.marks()
    board.look(overview(replace(stream(PATH), **change), at=101.0))
    assert (board.marks() != before) is asked


def test_details_are_asked_for_anew_where_a_child_changed() -> None:
    """Also of what is no stream."""
    board = seen(overview(stream(PATH)))
    board.select("ops/inspect")
    before = board.marks()
    other = node("", node("ops", node("ops/inspect", generation=2)))
    board.look(overview(stream(PATH), tree=other, at=101.0))
    assert board.marks() != before
    board.look(overview(stream(PATH), tree=node("", node("ops", kind="supervisor")), at=102.0))
    assert board.marks() == ("ops/inspect",)
