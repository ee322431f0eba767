"""MEXC's private side: its accounts, listen keys, and what it pushes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from feedtree.exchanges.mexc.proto import spot_pb2 as pb
from feedtree.ops.sim import frames
from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.costs import Fees
from feedtree.ops.sim.accounts.lines import PrivatePush
from feedtree.ops.sim.accounts.orders import AccountFill, BalanceTold, OrderTold, Told
from feedtree.ops.sim.accounts.side import PrivateSide
from feedtree.ops.sim.accounts.state import KeyTold, Record
from feedtree.ops.sim.mexc.account_shapes import (
    ACCOUNT,
    DEALS,
    ORDERS,
    balance_pushed,
    fill_pushed,
    order_id,
    order_pushed,
    trade_id,
)
from feedtree.ops.sim.mexc.envelope import push
from feedtree.ops.sim.mexc.identity import Identity
from feedtree.ops.sim.mexc.listen_keys import ListenKey, ListenKeys
from feedtree.ops.sim.mexc.order_desk import OrderDesk
from feedtree.ops.sim.peer import Peer

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.venue import MexcVenue

INVALID = frames.text(b"Invalid listen key")

_FEES = Fees(maker=0, taker=500, in_quote=True)
_ORDER = {
    "orders_first": (ORDERS, ACCOUNT, DEALS),
    "deals_first": (DEALS, ORDERS, ACCOUNT),
    "account_first": (ACCOUNT, DEALS, ORDERS),
}


class MexcPrivate(PrivateSide):
    """Accounts at MEXC.

    Args:
        venue: whose.

    Attributes:
        venue: the same.
        switches: of the venue.
        identity: tells whose a request is.
        desk: does what is asked for.
        keys: the listen keys.
        sockets: the connections that a listen key leads to an account.
    """

    def __init__(self, venue: "MexcVenue") -> None:
        super().__init__(venue, venue.switches, _FEES)
        self.venue = venue
        self.switches = venue.switches
        self.identity = Identity(self.accounts, venue.switches)
        self.desk = OrderDesk(self)
        self.keys = ListenKeys(venue.switches, venue.rng, self._keep)
        self.sockets: dict[Peer, ListenKey] = {}

    def records(self) -> Iterator[Record]:
        """See `PrivateSide`; listen keys, too."""
        yield from super().records()
        for key in self.keys.all():
            told = KeyTold(text=key.text, renewed_ns=key.renewed_ns)
            yield Record(venue=self.venue.name, account=key.account.name, items=[told])

    def revive(self, account: Account, item: KeyTold) -> None:
        """See `PrivateSide`."""
        self.keys.revive(item.text, account, item.renewed_ns)

    def push(self) -> None:
        """See `PrivateSide`; connections whose listen key is over hear nothing more."""
        now_ns = self.now_ns()
        for peer, key in list(self.sockets.items()):
            if self.keys.valid(key.text, now_ns) is None:
                self._cut_off(peer, self.switches.listen_key_end)
        super().push()

    def close_sockets(self, text: str) -> None:
        """Close the connections of a listen key."""
        for peer, key in list(self.sockets.items()):
            if key.text == text:
                self._cut_off(peer, "close")

    def end_keys(self, name: str) -> int:
        """End the listen keys of an account, or of all where the name is empty; return how many there were."""
        now_ns = self.now_ns()
        keys = [key for key in self.keys.all() if name in ("", key.account.name)]
        living = [key for key in keys if self.keys.valid(key.text, now_ns)]
        for key in living:
            self.keys.drop(key.text, key.account, now_ns)
        return len(living)

    def order_name(self, number: int) -> str:
        """See `PrivateSide`."""
        return order_id(number)

    def trade_name(self, fill: AccountFill) -> str:
        """See `PrivateSide`."""
        return trade_id(fill)

    def render(self, account: Account, told: list[Told]) -> list[PrivatePush]:
        """See `PrivateSide`: orders, balances, deals, where no switch says otherwise."""
        pushes = [self._push(item) for item in told]
        rank = _ORDER[self.switches.private_order].index
        return sorted(pushes, key=lambda push: rank(push.channel))

    def _push(self, item: Told) -> PrivatePush:
        now_ms = self.now_ns() // 10**6
        markets = self.venue.markets
        frame: pb.PushDataV3ApiWrapper
        if isinstance(item, OrderTold):
            market, extras = markets[item.order.ticket.wire], self.switches.order_extras
            frame = order_pushed(market, item.order, now_ms, extras=extras)
        elif isinstance(item, AccountFill):
            frame = fill_pushed(markets[item.wire], item, now_ms)
        else:
            assert isinstance(item, BalanceTold)
            frame = balance_pushed(item, now_ms)
        return PrivatePush(frame.channel, frame.symbol, push(frame))

    def _cut_off(self, peer: Peer, form: str) -> None:
        """End what a connection hears of its account; ``form`` is the switch ``listen_key_end``."""
        del self.sockets[peer]
        self.lines.leave(peer)
        self.venue.journal.counts["listen_keys_ended"] += 1
        if form == "text":
            peer.send(INVALID)
        elif form == "close":
            peer.end(1000)

    def _keep(self, account: Account, text: str, renewed_ns: int) -> None:
        self.record(account.name, [KeyTold(text=text, renewed_ns=renewed_ns)])
