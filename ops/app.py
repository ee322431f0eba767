"""The composition root: a config becomes a running tree."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import trio

from feedtree.actors.context import default_log
from feedtree.exchanges.gaps import Gap, by_begin
from feedtree.exchanges.host import Host
from feedtree.exchanges.private import hub as private_hub
from feedtree.exchanges.private.hub import PrivateHub
from feedtree.exchanges.public.hub import PARENT, PublicHub
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Network
from feedtree.ops.beside import beside
from feedtree.ops.config import Account, Config, Metrics, Venue
from feedtree.ops.config_rules import REACH
from feedtree.ops.operations import EVENTS, Operation, take_events
from feedtree.ops.redaction import redacted_reason
from feedtree.supervisors import (
    ChildSpec,
    EventBus,
    EventStream,
    Node,
    Supervisor,
    SupervisorSpec,
    TreeFailed,
    open_supervisor,
)

if TYPE_CHECKING:  # what a tree does not run, and what it runs until it runs it, is not paid for
    from feedtree.exchanges.private.websocket import BasePrivateWebsocket
    from feedtree.exchanges.public.source import StreamOptions
    from feedtree.exchanges.public.websocket import BasePublicWebsocket

ROOT = "feedtree"

WEBSOCKETS = {
    "gateio.spot": ("feedtree.exchanges.gateio.websocket", "GateioPublicSpotWebsocket"),
    "mexc.spot": ("feedtree.exchanges.mexc.websocket", "MexcPublicSpotWebsocket"),
}


PRIVATE_WEBSOCKETS = {
    "gateio.spot": ("feedtree.exchanges.gateio.private_websocket", "GateioPrivateSpotWebsocket"),
    "mexc.spot": ("feedtree.exchanges.mexc.private_websocket", "MexcPrivateSpotWebsocket"),
}


def websocket_class(venue: str) -> "type[BasePublicWebsocket]":
    """Return a venue's websocket class; a venue that no config names is never imported."""
    module, name = WEBSOCKETS[venue]
    found: type[BasePublicWebsocket] = getattr(import_module(module), name)
    return found


def private_websocket_class(venue: str) -> "type[BasePrivateWebsocket]":
    """Return a venue's private websocket class; a venue that no config names is never imported."""
    module, name = PRIVATE_WEBSOCKETS[venue]
    found: type[BasePrivateWebsocket] = getattr(import_module(module), name)
    return found


class Tree:
    """A running tree.

    Attributes:
        host: what websocket objects of this tree are made with.
        public: every public feed; open mailboxes here.
        private: every account; open mailboxes over several of them here.
        websockets: the websocket objects that the config asked for, by venue.
        accounts: the private websocket objects that the config asked for, by ``gateio.spot/main``.
        opened_ns: when it was opened, UTC nanoseconds.
    """

    def __init__(self, host: Host, public: PublicHub, private: PrivateHub) -> None:
        self.host = host
        self.public = public
        self.private = private
        self.opened_ns = host.wall_ns()
        self.websockets: dict[str, BasePublicWebsocket] = {}
        self.accounts: dict[str, BasePrivateWebsocket] = {}

    @property
    def supervisor(self) -> Supervisor:
        """The root supervisor."""
        return self.host.supervisor

    def snapshot(self) -> Node:
        """Return the whole tree as it is now, consistent; its reasons hold no secrets."""
        return self.supervisor.snapshot().reworded(redacted_reason)

    def node(self, path: str) -> Node:
        """Return the branch at a path, as `snapshot` has it.

        Raises:
            ChildNotFound: no such child.
        """
        return self.supervisor.node(path).reworded(redacted_reason)

    def gaps(self) -> list[Gap]:
        """Return every interval in which a topic or an account was not covered by live data, oldest first.

        Those of websocket objects that were closed are among them. Each feed and account remembers its newest
        10,000; `gaps_dropped` tells how many were forgotten.
        """
        return by_begin((*self.public.gaps(), *self.private.gaps()))

    @property
    def gaps_dropped(self) -> int:
        """How many gaps were forgotten for newer ones."""
        return self.public.gaps_dropped + self.private.gaps_dropped

    def events(self, path: str = "") -> AbstractAsyncContextManager[EventStream]:
        """Open the stream of lifecycle events at and below a path."""
        return self.supervisor.events(path)

    async def restart(self, path: str) -> None:
        """Start a parked or stopped branch again."""
        await self.supervisor.restart(path)

    async def failed(self, path: str) -> None:
        """Wait until this path is parked as failed."""
        await self.supervisor.failed(path)


FindTree = Callable[[], Tree | None]
"""Returns the running tree; None while there is none yet."""


@asynccontextmanager
async def open_tree(
    config: Config,
    *,
    app: str = "app",
    inspect: bool = False,
    control: bool = False,
    on_failure: Literal["park", "raise"] = "park",
    resume: Mapping[str, str] = MappingProxyType({}),
    network: Network | None = None,
    events: EventBus | None = None,
    wall_ns: Callable[[], int] = time.time_ns,
    rng: Random | None = None,
    log: Any = None,
) -> AsyncIterator[Tree]:
    """Run a tree beside a body.

    The body begins when everything is wired and trying; streams connect meanwhile. When it ends, the tree is
    stopped in order.

    Args:
        config: the venues to stream, how the tree watches over its actors, and where it serves metrics.
        app: the name under which ``feedtree tree`` finds this tree.
        inspect: whether to serve the tree on a Unix socket, for the same user only: ``feedtree tree``, ``top`` and
            their like attach to it.
        control: whether who attaches may restart and stop what runs there; else it is to be looked at only.
        on_failure: ``park`` keeps a failure inside its venue; ``raise`` gives it to the body's caller.
        resume: of accounts, ``gateio.spot/main``: the cursor of the last fill that an earlier process handled.
        network: TCP by default; a memory network for tests.
        events: where what happens in the tree is told, by a clock of its own, for who is to hear the very first of it:
            listen to it before.
        wall_ns: UTC nanoseconds.
        rng: where jitter comes from.
        log: a structlog logger.

    Yields:
        The running tree.

    Raises:
        TreeFailed: the tree gave up; the body was cancelled.
        ChannelNotOffered: a venue lacks a channel that the config names.
        BadCursor: ``resume`` holds something that is no cursor.
        ValueError: ``resume`` names an account that is not in the config.
    """
    _check(resume, config)
    log = default_log() if log is None else log
    rng = Random() if rng is None else rng
    opened: list[Tree] = []
    operations: list[Operation] = []
    events = EventBus(wall_ns) if events is None else events

    def find() -> Tree | None:
        return opened[0] if opened else None

    if inspect:
        operations.append(_inspect(app, find, events.listen("", EVENTS), control, log))
    if config.metrics is not None:
        operations.append(_metrics(config.metrics, find, events.listen("", EVENTS), network))
    try:
        async with (
            open_supervisor(
                _root([operation.spec for operation in operations], find),
                rng=rng,
                events=events,
                log=log,
                stall_after=config.watch.stall_after or None,
                accounting=config.watch.accounting,
                on_stuck=config.watch.on_stuck,
            ) as supervisor,
            beside(_tending()) as nursery,
        ):
            for operation in operations:
                nursery.start_soon(take_events, operation, log)
            host = Host(
                supervisor,
                network or TcpNetwork(),
                nursery,
                wall_ns=wall_ns,
                rng=rng,
                log=log,
                park=on_failure == "park",
            )
            tree = Tree(host, PublicHub(wall_ns), PrivateHub())
            opened.append(tree)
            try:
                await _start(tree, config, resume)
                yield tree
            finally:
                tree.public.stopping()
                tree.private.stopping()
    finally:
        # After the tree, whose connections use them to their end, and however it ended.
        for ended in opened:
            await ended.host.aclose()
            ended.public.close()
            ended.private.close()


@asynccontextmanager
async def _tending() -> AsyncIterator[trio.Nursery]:
    """Open the nursery of what tends the tree and is no actor: its failure is the tree's."""
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        _, defects = group.split(trio.Cancelled)
        if not isinstance(defects, ExceptionGroup):
            raise
        raise TreeFailed("", f"a defect beside the tree: {defects.exceptions[0]!r}") from defects


async def run_tree(
    config: Config,
    *,
    app: str = "app",
    inspect: bool = False,
    control: bool = False,
    on_failure: Literal["park", "raise"] = "park",
    resume: Mapping[str, str] = MappingProxyType({}),
    network: Network | None = None,
    events: EventBus | None = None,
    wall_ns: Callable[[], int] = time.time_ns,
    rng: Random | None = None,
    log: Any = None,
    task_status: trio.TaskStatus[Tree] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run a tree in a nursery of the app: ``tree = await nursery.start(run_tree, config)``.

    Arguments and errors are those of `open_tree`. Cancel it to stop the tree in order.
    """
    async with open_tree(
        config,
        app=app,
        inspect=inspect,
        control=control,
        on_failure=on_failure,
        resume=resume,
        network=network,
        events=events,
        wall_ns=wall_ns,
        rng=rng,
        log=log,
    ) as tree:
        task_status.started(tree)
        await trio.sleep_forever()


def _inspect(app: str, tree: FindTree, events: EventStream, control: bool, log: Any) -> Operation:
    """Return the inspect server; an app without one does not load it."""
    operation: Operation = import_module("feedtree.ops.inspect.server").inspect_operation(
        app, tree, events, control=control, log=log
    )
    return operation


def _metrics(options: Metrics, tree: FindTree, events: EventStream, network: Network | None) -> Operation:
    """Return the metrics server; an app without one does not need prometheus_client."""
    operation: Operation = import_module("feedtree.ops.metrics.server").metrics_operation(
        options, tree, events, network
    )
    return operation


def _root(operations: list[ChildSpec], tree: FindTree) -> SupervisorSpec:
    """Return the spec of the tree: a new start of a dynamic branch brings back what is open in it then."""

    def public() -> list[SupervisorSpec]:
        found = tree()
        return [] if found is None else found.public.branches()

    def private() -> list[SupervisorSpec]:
        found = tree()
        return [] if found is None else found.private.branches()

    return SupervisorSpec(
        id=ROOT,
        children=[
            SupervisorSpec(id=PARENT, children=public, dynamic=True),
            SupervisorSpec(id=private_hub.PARENT, children=private, dynamic=True),
            SupervisorSpec(id="ops", children=operations, bulkhead=True),
        ],
    )


def _check(resume: Mapping[str, str], config: Config) -> None:
    """Make sure that each cursor has its account: under a wrong name it would lose fills in silence."""
    known = [f"{venue}/{name}" for venue, accounts in config.accounts.items() for name in accounts]
    for key in resume:
        if key not in known:
            raise ValueError(f"resume names {key!r}, which is no account of the config: {', '.join(known)}")


async def _start(tree: Tree, config: Config, resume: Mapping[str, str]) -> None:
    for name, venue in config.venues.items():
        if venue.enabled:
            websocket = websocket_class(name)(tree, options_of(venue))
            tree.websockets[name] = websocket
            await websocket.initialize(venue.symbols, venue.channels)
    for name, accounts in config.accounts.items():
        for each, account in accounts.items():
            if account.enabled:
                private = _private(tree, name, each, account)
                tree.accounts[private.key] = private
                await private.initialize(resume=resume.get(private.key))


def _private(tree: Tree, venue: str, name: str, account: Account) -> "BasePrivateWebsocket":
    from feedtree.exchanges.access import Reach

    return private_websocket_class(venue)(
        tree,
        account.credentials,
        name=name,
        options=Reach(**_reach(account)),
        orders=account.orders,
        symbols=account.symbols,
    )


def options_of(venue: Venue) -> "StreamOptions":
    """Return what a venue's config says of its connections."""
    from feedtree.exchanges.public.source import StreamOptions
    from feedtree.exchanges.wire.connection import ReadMode

    return StreamOptions(
        **_reach(venue),
        read=ReadMode(venue.read_mode, venue.coalesce_s),
        delivery=venue.delivery,
        topics_per_connection=venue.topics_per_connection,
        redundancy=venue.redundancy,
    )


def _reach(what: Venue | Account) -> dict[str, Any]:
    """Return how a config says that a venue is reached."""
    return {key: getattr(what, key) for key in REACH}
