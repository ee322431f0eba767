"""What tests of all folders share: taking what waits in a mailbox."""

from contextlib import suppress
from typing import Any

import trio

from feedtree.actors.mailbox import Mailbox


def taken(mailbox: Mailbox) -> list[Any]:
    """Return everything that waits in a mailbox."""
    messages: list[Any] = []
    with suppress(trio.WouldBlock):
        while True:
            messages += mailbox.take_nowait()
    return messages
