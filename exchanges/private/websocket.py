"""The private websocket classes: they hold almost no code, and are composed of a venue, an account and a branch."""

from abc import ABC
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar, Protocol

import trio

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.access import Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import StreamNotLive
from feedtree.exchanges.host import Host
from feedtree.exchanges.parking import watch_parked
from feedtree.exchanges.private.account import Account
from feedtree.exchanges.private.branch import STREAM, Branch
from feedtree.exchanges.private.handlers import PrivateWebsocketHandlers
from feedtree.exchanges.private.hub import PARENT, PrivateHub
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.private.order_venue import OrderVenue
from feedtree.exchanges.private.orders_branch import open_orders
from feedtree.exchanges.private.venue import PrivateVenue
from feedtree.exchanges.private.view import AccountView
from feedtree.exchanges.symbols import Symbol
from feedtree.supervisors import AdminRefused, Spec

STOPS_WITHIN = 2.0  # seconds; a part of the branch that takes longer is stuck, and its supervisor tells of it
TAKES_OVER_WITHIN = 60.0  # seconds for the second slot to become live


class Hosted(Protocol):
    """A running tree, as far as a private websocket needs it."""

    @property
    def host(self) -> Host:
        """What the tree lends."""
        ...

    @property
    def private(self) -> PrivateHub:
        """The tree's accounts."""
        ...


class BasePrivateWebsocket(ABC):
    """One account at one venue: its orders, fills and balances, over a supervised connection.

    Args:
        tree: the running tree that it lives in.
        credentials: the account's key and secret.
        name: the account's; it names the branch, and stands in every message.
        options: other addresses, certificates, proxy.
        orders: how its orders are handled.
        symbols: symbols that are compared with the venue also where no order of them is known here. A venue that cannot
            be asked for the orders and fills of all symbols (MEXC) tells of no others after a reconnect.

    Attributes:
        account: the parts of the account.
        orders: places and cancels orders.
        beside: specs of what is to stand beside the stream in the account's branch; add to it before `initialize`.
        path: where the branch stands in the tree.

    Raises:
        TypeError: the class is abstract: it names no venue.
        ValueError: this account is open already, or its name cannot stand in a path.
        NotSupported: the options ask for something that the venue does not have.
    """

    VENUE: ClassVar[PrivateVenue]
    ORDERS: ClassVar[OrderVenue]

    def __init__(
        self,
        tree: Hosted,
        credentials: Credentials,
        *,
        name: str = "main",
        options: Reach | None = None,
        orders: OrderOptions | None = None,
        symbols: Iterable[Symbol | str] = (),
    ) -> None:
        if not hasattr(self, "VENUE"):
            raise TypeError(
                f"{type(self).__name__} is abstract: use a venue's class, GateioPrivateSpotWebsocket"
            )
        if not name or "/" in name:
            raise ValueError(f"an account's name is not empty and has no '/', got {name!r}")
        self.key = f"{self.VENUE.name}/{name}"
        tree.private.claim(self.key)
        known = [Symbol.parse(symbol) if isinstance(symbol, str) else symbol for symbol in symbols]
        self._tree = tree
        self._host = tree.host
        self.path = f"{PARENT}/{self.key}"
        self.account = Account(self.VENUE, name, credentials, tree.host, options or Reach(), known)
        working = open_orders(self.account, self.ORDERS, orders or OrderOptions())
        self.orders = working.desk
        self.beside: list[Spec] = [working.spec]
        self._branch = Branch(self.account, self.beside, park=tree.host.park)
        self._scope = trio.CancelScope()
        self._started = False
        self._closed = False

    async def initialize(self, *, resume: str | None = None) -> None:
        """Begin: returns when things are wired and trying, not when they are connected.

        Args:
            resume: the cursor of the last `Fill` that an earlier process handled: fills go on behind it.

        Raises:
            BadCursor: ``resume`` is no cursor.
            ValueError: this account is open already.
            RuntimeError: it was initialized before.
        """
        if self._started:
            raise RuntimeError(f"{self.path} is initialized already")
        if resume:
            self.account.store.resume(resume)
        self._tree.private.add(self.key, self.account.store, self.orders)
        self._started = True
        await self._tree.private.start(self.key, self._branch, self._host)
        self._host.start_soon(self._attend)

    # What is known

    @property
    def view(self) -> AccountView:
        """A look at the account: balances, open orders, recent fills, age and consistency."""
        return self.account.store.view

    @property
    def consistent(self) -> bool:
        """Whether the stream is live, and all that is known here is known to equal the venue's."""
        return self.account.store.consistent

    def when_consistent(self) -> AbstractAsyncContextManager[None]:
        """Wait until the account is consistent, then run the body, which is not cancelled when it is no more."""
        return self.account.store.when_consistent()

    def acknowledge(self) -> None:
        """Take for explained what nothing explains; see `AccountStore.acknowledge`."""
        self.account.store.acknowledge()

    async def wait_live(self, timeout: float) -> None:
        """Return when the stream is live.

        Args:
            timeout: seconds.

        Raises:
            StreamNotLive: not within that time.
            trio.ClosedResourceError: it was closed.
        """
        streams = self.account.store.streams
        with trio.move_on_after(timeout):
            await self.account.store.wait(lambda: streams.live)
        if not streams.live:
            raise StreamNotLive(f"{self.path} is {streams.state}, not live, after {timeout:g} s")

    # Who listens

    def mailbox(self, *kinds: type, **options: Any) -> Mailbox:
        """Open a mailbox over this account alone; arguments as `PrivateHub.mailbox`.

        Raises:
            RuntimeError: it is not initialized.
        """
        if not self._started:
            raise RuntimeError(f"{self.path} is not initialized: there is nothing to listen to yet")
        return self._tree.private.mailbox(*kinds, accounts=[self.key], **options)

    async def serve(self, handlers: PrivateWebsocketHandlers) -> None:
        """Run handlers as one consumer task with a mailbox of its own, until cancelled or the account ends.

        Raises:
            MailboxOverflow: the handlers were too slow, and messages were lost: serve again, from a snapshot.
        """
        async with self.mailbox(*handlers.kinds) as mailbox:
            await handlers.consume(mailbox)

    # Its end

    async def aclose(self) -> None:
        """Stop the branch and end the account's messages, also where this is cancelled. A second call does nothing."""
        self._scope.cancel()
        self.account.store.coverage.stopping()
        try:
            if self._started and not self._closed:
                with trio.move_on_after(STOPS_WITHIN, shield=True):
                    await self._tree.private.stop(self.key, self._host)
        finally:
            if not self._closed:
                self._closed = True
                self.orders.close()
                if self._started:
                    self._tree.private.remove(self.key)
                await self.account.access.aclose()

    # Beside the tree

    async def _attend(self) -> None:
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._relieve)
                nursery.start_soon(watch_parked, self._host.supervisor, self.path, self._parked)

    async def _relieve(self) -> None:
        """Let the other slot take over whenever one is due: it starts, becomes live, and the first one ends."""
        slots = self.account.slots
        while True:
            old, new = await slots.due()
            try:
                async with self._second(old, new) as taken_over:
                    await self._host.supervisor.remove(f"{self.path}/{STREAM}/{old if taken_over else new}")
            except AdminRefused as error:
                # The branch is parked, restarting or stopping: its next start has one slot.
                self._host.log.info("relief_waits", path=self.path, reason=str(error))

    @asynccontextmanager
    async def _second(self, old: str, new: str) -> AsyncIterator[bool]:
        """Start a second slot; yields whether it became live. Only one of them is wanted after that."""
        slots, store = self.account.slots, self.account.store
        slots.wanted = (old, new)
        taken_over = False
        try:
            await self._host.supervisor.start_child(f"{self.path}/{STREAM}", self._branch.slot(new))
            with trio.move_on_after(TAKES_OVER_WITHIN):
                await store.wait(lambda: slots.live(new))
                taken_over = True
        finally:
            slots.wanted = (new if taken_over else old,)
        yield taken_over

    def _parked(self, below: str, reason: str) -> None:
        """Tell consumers that the account, or its stream, is parked."""
        if below in ("", STREAM):
            self.account.store.failed(reason)


class PrivateSpotWebsocket(BasePrivateWebsocket):
    """One account at a spot venue."""
