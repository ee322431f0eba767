"""Handler objects: one optional async callable per kind of message, run as one consumer task."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.public.messages import (
    BookTicker,
    BookUpdate,
    Kline,
    Ticker,
    Trade,
)

Handler: TypeAlias = Callable[[Any], Awaitable[object]]


class PublicWebsocketHandlers:
    """What is called for each kind of message.

    Args:
        book: gets each `BookUpdate`.
        trade: gets each `Trade`.
        book_ticker: gets each `BookTicker`.
        ticker: gets each `Ticker`.
        kline: gets each `Kline`.
        stream: gets everything else: `StreamLost`, `StreamUp`, `BookResynced`, `SubscriptionRejected`,
            `StreamFailed`, `DecodeFailed`, `Overflow`.
    """

    def __init__(
        self,
        *,
        book: Handler | None = None,
        trade: Handler | None = None,
        book_ticker: Handler | None = None,
        ticker: Handler | None = None,
        kline: Handler | None = None,
        stream: Handler | None = None,
    ) -> None:
        given = {BookUpdate: book, Trade: trade, BookTicker: book_ticker, Ticker: ticker, Kline: kline}
        self._by_kind: dict[type, Handler] = {
            kind: handler for kind, handler in given.items() if handler is not None
        }
        self._stream = stream

    @property
    def kinds(self) -> tuple[type, ...]:
        """The message classes that are handled."""
        return tuple(self._by_kind)

    async def consume(self, mailbox: Mailbox) -> None:
        """Call the handlers until the mailbox is closed; an exception of one ends this, and no stream."""
        by_kind = self._by_kind
        async for message in mailbox:
            handler = by_kind.get(message.__class__, self._stream)
            if handler is not None:
                await handler(message)
