"""One stream of bursts to any number of mailboxes."""

from collections.abc import Sequence
from typing import Any

import trio

from feedtree.actors.mailbox import Mailbox


class FanOut:
    """Offers every burst to every attached mailbox; a slow consumer hurts itself only.

    It outlives its publishers: mailboxes end when the fan-out is closed, never because a publisher died. A
    mailbox may be attached to several fan-outs, and ends with the last of them. A mailbox that its
    consumer closes detaches itself.
    """

    __slots__ = ("_closed", "_mailboxes")

    def __init__(self) -> None:
        self._mailboxes: tuple[Mailbox, ...] = ()
        self._closed = False

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """The attached mailboxes, in the order in which they came."""
        return self._mailboxes

    def attach(self, mailbox: Mailbox) -> None:
        """Offer everything published from now on to this mailbox too; a second time changes nothing.

        Raises:
            trio.ClosedResourceError: the fan-out or the mailbox is closed.
        """
        if self._closed:
            raise trio.ClosedResourceError("this fan-out is closed")
        if mailbox not in self._mailboxes:
            mailbox.join(self)
            self._mailboxes = (*self._mailboxes, mailbox)

    def detach(self, mailbox: Mailbox) -> None:
        """Offer nothing more to this mailbox, which stays open; one that is not attached is left alone."""
        self._mailboxes = tuple(other for other in self._mailboxes if other is not mailbox)
        mailbox.leave(self, ended=False)

    def publish(self, burst: Sequence[Any]) -> list[Mailbox] | None:
        """Offer a burst to every mailbox. Never waits; the burst is shared and must not be changed after it.

        Returns:
            None, or the full ``block`` mailboxes: await ``wait_space()`` of each before the next burst.
        """
        full: list[Mailbox] | None = None
        for mailbox in self._mailboxes:
            if not mailbox.offer(burst):
                full = [mailbox] if full is None else [*full, mailbox]
        return full

    def close(self) -> None:
        """End: mailboxes without another source end once they are read empty. Closing twice does nothing."""
        self._closed = True
        mailboxes, self._mailboxes = self._mailboxes, ()
        for mailbox in mailboxes:
            mailbox.leave(self, ended=True)
