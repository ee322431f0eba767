"""States that two connections tell: tickers and candles, of which the latest wins. Pure."""

from typing import TypeAlias

from msgspec.structs import astuple

from feedtree.exchanges.public.messages import BookTicker, Kline, Ticker

State: TypeAlias = BookTicker | Ticker | Kline

_CLOCKS = 4  # the topic and the three times, which come first
_QUOTE = 8  # the end of what a quote says; the venue's id comes after it


class Newest:
    """The latest state of one topic that was told.

    What its own connection brings is told as it comes. What the other one brings is told where it is newer and says
    something else. Quotes go by the venue's id as long as the connection lasts that told the latest one: ids of two
    connections may have nothing to do with each other. Else time decides: the engine's, or the gateway's.

    Args:
        said: what consumers heard last, where that is known.
    """

    __slots__ = ("_said", "_sequence", "_source", "_time")

    def __init__(self, said: tuple[object, ...] = ()) -> None:
        self._source = 0
        self._sequence: int | None = None
        self._time = (-1, -1)
        self._said = said

    def news(self, state: State, generation: int) -> bool:
        """Note a state that an incarnation brought; return whether it is to be told."""
        sequence = state.sequence if isinstance(state, BookTicker) else None
        opened = state.open_ns if isinstance(state, Kline) else 0
        time = (opened, state.venue_ns or state.sent_ns or 0)
        said = astuple(state)[_CLOCKS:_QUOTE] if isinstance(state, BookTicker) else astuple(state)[_CLOCKS:]
        if generation != self._source:
            if sequence is not None and self._sequence is not None:
                old = sequence <= self._sequence
            else:
                old = time <= self._time
            if old or said == self._said:
                return False
        self._source, self._sequence, self._time, self._said = generation, sequence, time, said
        return True

    def ended(self, generation: int) -> None:
        """Note that an incarnation has ended: its ids say nothing of the other ones'."""
        if generation == self._source:
            self._sequence = None
