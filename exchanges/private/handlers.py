"""Handler objects: one optional async callable per kind of message, run as one consumer task."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.private.messages import (
    AccountReconciled,
    AccountSnapshot,
    AccountStreamFailed,
    AccountStreamLost,
    AccountStreamUp,
    BalanceUpdate,
    Fill,
    OrderResolved,
    OrderUpdate,
)

Handler: TypeAlias = Callable[[Any], Awaitable[object]]


class PrivateWebsocketHandlers:
    """What is called for each kind of message.

    Args:
        order: gets each `OrderUpdate` and `OrderResolved`.
        fill: gets each `Fill`.
        balance: gets each `BalanceUpdate`.
        account: gets the `AccountSnapshot` that comes first, and each `AccountReconciled`.
        stream: gets `AccountStreamLost`, `AccountStreamUp`, `AccountStreamFailed`.
    """

    def __init__(
        self,
        *,
        order: Handler | None = None,
        fill: Handler | None = None,
        balance: Handler | None = None,
        account: Handler | None = None,
        stream: Handler | None = None,
    ) -> None:
        given = {
            OrderUpdate: order,
            OrderResolved: order,
            Fill: fill,
            BalanceUpdate: balance,
            AccountSnapshot: account,
            AccountReconciled: account,
            AccountStreamLost: stream,
            AccountStreamUp: stream,
            AccountStreamFailed: stream,
        }
        self._by_kind: dict[type, Handler] = {
            kind: handler for kind, handler in given.items() if handler is not None
        }

    @property
    def kinds(self) -> tuple[type, ...]:
        """The message classes that are handled."""
        return tuple(self._by_kind)

    async def consume(self, mailbox: Mailbox) -> None:
        """Call the handlers until the mailbox is closed; an exception of one ends this, and no stream.

        Raises:
            MailboxOverflow: the handlers were too slow, and messages were lost: begin again.
        """
        async for message in mailbox:
            await self._by_kind[message.__class__](message)
