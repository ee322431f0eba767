"""What a venue's private protocol is: pure translation, no socket, no clock.

A codec is made anew for every connection. It turns received payloads into what an account store takes (orders, fills,
balances), and into control items.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from feedtree.exchanges.controls import Answer, Notice, Payload, Pong, Undecodable, Unknown
from feedtree.exchanges.private.balances import BalanceChange
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.private.rest import RawFill


class Confirmed(Struct, frozen=True):
    """The venue accepted these subscriptions, by its own names."""

    channels: tuple[str, ...]


class Refused(Struct, frozen=True):
    """The venue refused something without which there is no stream; the error says what, and what it means."""

    error: Exception


class UnknownSymbol(Struct, frozen=True):
    """A push names a symbol that cannot be read yet: the venue's symbols have to be fetched anew."""

    wire: str


Datum: TypeAlias = Order | RawFill | BalanceChange
Decoded: TypeAlias = (
    Datum | Confirmed | Refused | UnknownSymbol | Pong | Answer | Notice | Unknown | Undecodable
)


class PrivateCodec(Protocol):
    """One connection's private protocol."""

    @property
    def channels(self) -> frozenset[str]:
        """What has to be confirmed before the account's pushes are complete."""
        ...

    def subscribe(self, now: float) -> list[Payload]:
        """Return the frames that ask for all channels.

        Args:
            now: UTC seconds by the venue's clock.
        """
        ...

    def ping(self, now: float) -> Payload:
        """Return the venue's application ping; arguments as `subscribe`."""
        ...

    def decode(self, payloads: Sequence[Payload], received_ns: int) -> list[Decoded]:
        """Translate one burst, in order. Never raises for anything that a venue may send."""
        ...
