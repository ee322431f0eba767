"""Showing some of the messages of a stream as they pass, without the stream noticing."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from feedtree.actors.routes import Policy
from feedtree.exchanges.private.messages import AccountMessage
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import PublicMessage
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.beside import beside
from feedtree.ops.inspect.details import shard_of, store_of
from feedtree.ops.inspect.protocol import FASTEST_TRACE, MOST_TRACED, Trace, Traced, TraceEnd

if TYPE_CHECKING:
    from feedtree.exchanges.public.feed import Feed
    from feedtree.ops.app import Tree

LEVELS_SHOWN = 5  # of each side of a book
WAITING = 200  # messages that may wait for a client; more are skipped
MAILBOX = 1_000


class NothingPasses(Exception):
    """No messages pass at that path; the text says where they do."""


class Sample:
    """Takes at most so many messages a second, and counts the others.

    Args:
        rate: messages a second.
        accept: which messages it is about.
    """

    def __init__(self, rate: float, accept: Callable[[Any], bool]) -> None:
        self._rate = rate
        self._accept = accept
        self._allowance = 1.0
        self._looked_at = trio.current_time()
        self._waiting: deque[Any] = deque()
        self._some = trio.Event()
        self.skipped = 0

    def step(self, burst: Iterable[Any]) -> None:
        """Look at a burst: a tap's function."""
        now = trio.current_time()
        most = max(self._rate, 1.0)
        self._allowance = min(self._allowance + (now - self._looked_at) * self._rate, most)
        self._looked_at = now
        for message in burst:
            if not self._accept(message):
                continue
            if self._allowance < 1.0 or len(self._waiting) >= WAITING:
                self.skipped += 1
                continue
            self._allowance -= 1.0
            self._waiting.append(message)
            self._some.set()

    async def next(self) -> Any:
        """Wait for the next message that was taken."""
        while not self._waiting:
            self._some = trio.Event()
            await self._some.wait()
        return self._waiting.popleft()


async def trace(tree: "Tree", wanted: Trace, show: Callable[[Traced], Awaitable[None]]) -> TraceEnd:
    """Show messages as they pass; return what was shown and what was not.

    Args:
        tree: whose.
        wanted: which, how many, and how fast.
        show: gets each; may take its time.

    Raises:
        NothingPasses: a path at which there are none, or a symbol that is none.
    """
    accept = _accept(tree, wanted)
    left = min(wanted.count, MOST_TRACED)
    sample = Sample(min(wanted.rate, FASTEST_TRACE), accept)
    shown = 0
    async with _flow(tree, wanted.path, sample):
        while shown < left:
            await show(traced(await sample.next()))
            shown += 1
    return TraceEnd(shown, sample.skipped)


def traced(message: Any) -> Traced:
    """Return a message as a client sees it."""
    about = str(message.topic) if isinstance(message, PublicMessage) else f"{message.venue}/{message.account}"
    told = msgspec.to_builtins(message, enc_hook=str)
    told.pop("type", None)
    for side in ("bids", "asks"):
        if isinstance(told.get(side), list | tuple):
            told[side] = told[side][:LEVELS_SHOWN]
    received = getattr(message, "received_ns", 0)
    return Traced(type=type(message).__name__, topic=about, received_ns=received, message=told)


def _accept(tree: "Tree", wanted: Trace) -> Callable[[Any], bool]:
    symbol = _symbol(wanted.symbol)
    shard = shard_of(tree, wanted.path)

    def accept(message: Any) -> bool:
        topic: Topic | None = getattr(message, "topic", None)
        if symbol is not None and symbol != getattr(message, "symbol", None):
            return False
        return shard is None or topic in shard.records

    return accept


def _symbol(text: str) -> Symbol | None:
    if not text:
        return None
    try:
        return Symbol.parse(text)
    except ValueError as error:
        raise NothingPasses(f"{error}") from error


@asynccontextmanager
async def _flow(tree: "Tree", path: str, sample: Sample) -> AsyncIterator[None]:
    store = store_of(tree, path)
    if store is not None:
        async with _account_flow(tree, f"{store.venue}/{store.name}", sample):
            yield
        return
    feeds = _feeds(tree, path)
    if not feeds:
        raise NothingPasses(
            f"no messages pass at {path or 'the root'}; trace a stream, a venue or an account"
        )
    taps = [feed.tap(sample.step, "trace") for feed in feeds]
    try:
        yield
    finally:
        for tap in taps:
            tap.close()


@asynccontextmanager
async def _account_flow(tree: "Tree", key: str, sample: Sample) -> AsyncIterator[None]:
    mailbox = tree.private.mailbox(accounts=[key], policy=Policy.DROP_OLDEST, capacity=MAILBOX, name="trace")
    async with mailbox, beside() as nursery:  # what a client that went away raises is in no group

        async def follow() -> None:
            async for burst in mailbox.bursts():
                sample.step([each for each in burst if isinstance(each, AccountMessage)])

        nursery.start_soon(follow)
        yield


def _feeds(tree: "Tree", path: str) -> "list[Feed]":
    branch, *parts = path.split("/")
    if branch != "public":
        return []
    if not parts:
        return list(tree.public.feeds.values())
    if len(parts) > 1 and shard_of(tree, path) is None:
        return []
    return [feed for key, feed in tree.public.feeds.items() if key == parts[0]]
