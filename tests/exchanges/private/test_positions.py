"""A position is written as its fills stood when it was taken, whatever was told since; and it costs little."""

import copy
import pickle
import tracemalloc
from collections import deque
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from feedtree.exchanges.private.messages import Fill, Role
from feedtree.exchanges.private.positions import PIECE, Log, Position
from tests.fills import told_fill


class Told(Struct):
    """A fill that is known by a number."""

    venue_ns: int

    def written(self) -> str:
        """Return the number."""
        return str(self.venue_ns)


def position(*numbers: int) -> Position:
    log = Log()
    for number in numbers:
        log.append(Told(number))
    return log.position("head")


def fill(position: object) -> Fill:
    return told_fill(
        received_ns=2,
        trade_id="3",
        order_id="4",
        quantity=Decimal("0.5"),
        role=Role.TAKER,
        venue_ns=5,
        position=position,
    )


@given(st.lists(st.one_of(st.just("pop"), st.just("look"), st.integers(1, 2 * PIECE + 1)), max_size=30))
def test_a_position_names_what_there_was(steps: list[str | int]) -> None:
    """The log is a queue; each position is a copy of it, made without copying."""
    log, queue = Log(), deque[int]()
    taken: list[tuple[Position, str]] = []
    told = 0
    for step in steps:
        if isinstance(step, int):
            for _ in range(step):
                told += 1
                log.append(Told(told))
                queue.append(told)
        elif step == "look":
            taken.append((log.position("head"), ",".join(["head", *map(str, queue)])))
        elif queue:
            assert log.first.venue_ns == queue[0]
            assert log.popleft().venue_ns == queue.popleft()
        assert len(log) == len(queue)
    assert [str(each) for each, _ in taken] == [text for _, text in taken]


def test_positions_are_equal_by_their_text() -> None:
    """To each other, and to text."""
    assert position(1, 2) == position(1, 2) == "head,1,2"
    assert hash(position(1, 2)) == hash("head,1,2")
    assert position(1, 2) != position(1)
    assert position(1) != 1
    assert fill(position(7)) == fill("head,7")


def test_a_position_is_shown_short() -> None:
    """A fill is printed often, and may name thousands of others."""
    assert repr(position(1, 2)) == "Position('head', 2 fills)"


def test_pickled_and_copied_a_fill_has_the_text() -> None:
    """As it has encoded and decoded."""
    told = fill(position(7, 8))
    assert told.cursor == "head,7,8"
    for other in (
        pickle.loads(pickle.dumps(told)),
        copy.deepcopy(told),
        msgspec.json.decode(msgspec.json.encode(told, enc_hook=str), type=Fill),
    ):
        assert other == told
        assert other.position == other.cursor == "head,7,8"
    assert b'"cursor":"head,7,8"' in msgspec.json.encode(told, enc_hook=str)


def test_thousands_of_positions_share_what_they_name() -> None:
    """Written out they would be tens of megabytes."""
    log = Log()
    for number in range(2_000):
        log.append(Told(number))
    tracemalloc.start()
    try:
        taken = []
        for number in range(2_000):
            log.append(Told(number))
            log.popleft()
            taken.append(log.position("head"))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(taken) == 2_000
    assert size < 2**20
