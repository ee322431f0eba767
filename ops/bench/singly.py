"""What a client does with one message at a time, where the library gives it so: the same decoder and book as ours."""

import time
from abc import ABC, abstractmethod
from typing import Any

import msgspec

from feedtree.exchanges.gateio.messages import DataFrame
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.gateio.spot_pushes import builders
from feedtree.exchanges.public.book_sync import BookSync, Outcome
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot
from feedtree.exchanges.symbols import SymbolMap
from feedtree.ops.bench.errand import CHANNELS, Errand, books_after, ladder, new_sync
from feedtree.ops.bench.measure import Sample, Stopwatch
from feedtree.ops.bench.truth import Books

_decode = msgspec.json.Decoder(DataFrame, strict=False).decode


class Taker(ABC):
    """Takes payloads and reads the clock; acks and snapshots come before the first message that counts.

    Args:
        errand: the task.
    """

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self.build = builders(errand.named())
        self.tail: list[Any] = []  # messages from the last timed one on
        self._watch = Stopwatch(errand)
        self._received = -len(errand.pairs)

    def requests(self, now: float) -> list[str]:
        """Return what to send first."""
        codec = GateioSpotCodec(SymbolMap(spell))
        return [str(request.frame) for request in codec.subscribe(self.errand.topics(), now)]

    def take(self, payload: str | bytes) -> bool:
        """Take one payload; True when it was the last."""
        try:
            message = self.made(_decode(payload))
        except msgspec.ValidationError:
            return False  # an ack
        received = self._received = self._received + 1
        if received == 1:
            self._watch.start()
        elif received >= self.errand.timed:
            if received == self.errand.timed:
                self._watch.stop()
            self.tail.append(message)
            return received == self.errand.total
        return False

    def sample(self) -> Sample:
        """Return what was found."""
        return self._watch.sample(self.errand.timed - 1, self._received, self.books())

    @abstractmethod
    def made(self, push: Any) -> Any:
        """Return what the client makes of a decoded push."""

    @abstractmethod
    def books(self) -> Books:
        """Return the books at the end."""


class Structs(Taker):
    """Decodes, nothing else."""

    def made(self, push: Any) -> Any:
        return push

    def books(self) -> Books:
        return books_after(self.errand.middle, [self.build[type(push)](push, 0) for push in self.tail])


class Whole(Taker):
    """Makes typed messages, and keeps books."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand)
        self.syncs: dict[Topic, BookSync] = {
            wire.topic: new_sync() for wire in errand.topics() if wire.topic.channel == CHANNELS[0]
        }

    def made(self, push: Any) -> Any:
        message: Any = self.build[push.__class__](push, time.time_ns())
        if message.__class__ is BookDelta:
            sync = self.syncs[message.topic]
            if sync.delta(message) is not Outcome.APPLIED:
                raise ValueError(f"{message.topic}: {sync.reason}")
        elif message.__class__ is BookSnapshot:
            self.syncs[message.topic].whole(message)
        return message

    def books(self) -> Books:
        return {str(topic.symbol): ladder(sync.book) for topic, sync in self.syncs.items()}
