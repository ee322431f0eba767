"""The hub: every account of a tree, and the mailboxes that listen to them."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import trio

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.routes import Policy, Route
from feedtree.exchanges.gaps import Gap, PastGaps
from feedtree.exchanges.host import Host
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
from feedtree.supervisors import AdminRefused, ChildNotFound, SupervisorSpec

if TYPE_CHECKING:  # an app without accounts does not pay for them
    from feedtree.exchanges.private.branch import Branch
    from feedtree.exchanges.private.desk import OrderDesk
    from feedtree.exchanges.private.store import AccountStore

PARENT = "private"
CAPACITY = 10_000  # messages that a mailbox holds before its policy acts
VENUE_INTENSITY = (3, 300.0)
KINDS: tuple[type, ...] = (
    AccountSnapshot,
    OrderUpdate,
    Fill,
    BalanceUpdate,
    AccountReconciled,
    OrderResolved,
    AccountStreamLost,
    AccountStreamUp,
    AccountStreamFailed,
)


class PrivateHub:
    """All accounts of a tree."""

    def __init__(self) -> None:
        self._stores: dict[str, AccountStore] = {}
        self._desks: dict[str, OrderDesk] = {}
        self._branches: dict[str, Branch] = {}
        self._listeners: dict[Mailbox, Collection[str] | None] = {}
        self._past = PastGaps()
        self._starting = trio.Lock()

    @property
    def stores(self) -> "Mapping[str, AccountStore]":
        """What is known of each account, by ``gateio.spot/main``."""
        return self._stores

    @property
    def desks(self) -> "Mapping[str, OrderDesk]":
        """The order desk of each account that has one, by ``gateio.spot/main``."""
        return self._desks

    def claim(self, key: str) -> None:
        """Make sure that no other object has this account.

        Raises:
            ValueError: one has; two of them would count its fills twice.
        """
        if key in self._stores:
            raise ValueError(f"account {key} is open already: close the other object, or use it")

    def add(self, key: str, store: "AccountStore", desk: "OrderDesk | None" = None) -> None:
        """Take an account in; open mailboxes that want it hear it from now on."""
        self.claim(key)
        self._stores[key] = store
        if desk is not None:
            self._desks[key] = desk
        for mailbox, wanted in self._open().items():
            if wanted is None or key in wanted:
                store.attach(mailbox)

    async def start(self, key: str, branch: "Branch", host: Host) -> None:
        """Start an account's branch, and its venue's supervisor where it is the first account there."""
        venue = key.partition("/")[0]
        async with self._starting:
            self._branches[key] = branch
            try:
                host.supervisor.node(f"{PARENT}/{venue}")
            except ChildNotFound:
                await host.supervisor.start_child(PARENT, self._venue(venue))
            else:
                await host.supervisor.start_child(f"{PARENT}/{venue}", branch.account())

    async def stop(self, key: str, host: Host) -> None:
        """Stop an account's branch, and its venue's supervisor with the last account there."""
        venue = key.partition("/")[0]
        async with self._starting:
            self._branches.pop(key, None)
            last = not any(other.startswith(f"{venue}/") for other in self._branches)
            try:
                await host.supervisor.remove(f"{PARENT}/{venue}" if last else f"{PARENT}/{key}")
            except AdminRefused as error:  # it is gone already, or going with the tree
                host.log.info("branch_gone", path=f"{PARENT}/{key}", reason=str(error))

    def branches(self) -> list[SupervisorSpec]:
        """Return the specs of all venues with an open account: what a new start of their supervisor brings back."""
        return [
            self._venue(venue) for venue in dict.fromkeys(key.partition("/")[0] for key in self._branches)
        ]

    def _venue(self, venue: str) -> SupervisorSpec:
        intensity, period = VENUE_INTENSITY
        return SupervisorSpec(
            id=venue,
            children=lambda: [
                branch.account() for key, branch in self._branches.items() if key.startswith(f"{venue}/")
            ],
            dynamic=True,
            intensity=intensity,
            period=period,
            bulkhead=True,
        )

    def remove(self, key: str) -> None:
        """Close an account and forget it."""
        self._desks.pop(key, None)
        store = self._stores.pop(key, None)
        if store is not None:
            store.close()
            self._past.take(store.coverage.ledger)

    def gaps(self) -> list[Gap]:
        """Return the gaps of every account, in no order; also of those that are closed."""
        return self._past.gaps(store.coverage.ledger for store in self._stores.values())

    @property
    def gaps_dropped(self) -> int:
        """How many gaps were forgotten for newer ones."""
        return self._past.dropped(store.coverage.ledger for store in self._stores.values())

    def mailbox(
        self,
        *kinds: type,
        accounts: Iterable[str] | None = None,
        policy: Policy = Policy.FAIL,
        capacity: int = CAPACITY,
        name: str = "",
    ) -> Mailbox:
        """Open a mailbox over accounts, also those that are added later.

        Each account's messages begin with its `AccountSnapshot`, and their sequence goes on from there. A mailbox that
        is too slow raises `MailboxOverflow` and is closed: open a new one, which begins with a snapshot.

        Args:
            kinds: message classes, for example ``Fill, OrderUpdate``; none means all.
            accounts: ``gateio.spot/main``; None is all.
            policy: what happens when it is full: ``fail`` or ``drop_oldest``.
            capacity: messages.
            name: shown in statistics.

        Raises:
            ValueError: a class that is none of these messages, or a policy that would merge them or wait.
        """
        mailbox = Mailbox(routes(kinds or KINDS, policy), capacity=capacity, name=name)
        wanted = None if accounts is None else frozenset(accounts)
        self._open()[mailbox] = wanted
        for key, store in self._stores.items():
            if wanted is None or key in wanted:
                store.attach(mailbox)
        return mailbox

    def mailboxes(self) -> list[Mailbox]:
        """Return the open mailboxes, whether they listen to several accounts or to one."""
        attached = (mailbox for store in self._stores.values() for mailbox in store.mailboxes)
        return list(dict.fromkeys((*self._open(), *attached)))

    def _open(self) -> dict[Mailbox, Collection[str] | None]:
        self._listeners = {
            mailbox: wanted for mailbox, wanted in self._listeners.items() if not mailbox.statistics().closed
        }
        return self._listeners

    def stopping(self) -> None:
        """Note that every account is about to be stopped for good."""
        for store in self._stores.values():
            store.coverage.stopping()

    def close(self) -> None:
        """Close every account, and end the mailboxes that waited for one."""
        for key in list(self._stores):
            self.remove(key)
        for mailbox in self._open():
            mailbox.end()


def routes(kinds: Iterable[type] = KINDS, policy: Policy = Policy.FAIL) -> list[Route]:
    """Return how a mailbox treats private messages: all kinds alike, events too, so that nothing leaves the order.

    Raises:
        ValueError: an unknown kind, or a policy that would merge messages, or wait.
    """
    if policy is Policy.CONFLATE:
        raise ValueError("private messages are not conflated: each one counts")
    if policy is Policy.BLOCK:
        raise ValueError("an account waits for no consumer: a mailbox that is full would grow without end")
    wanted = tuple(kinds)
    for kind in wanted:
        if kind not in KINDS:
            known = ", ".join(each.__name__ for each in KINDS)
            raise ValueError(f"{kind!r} is no private message; choose from {known}")
    return [Route(kind, policy) for kind in wanted]
