"""``feedtree run``: a tree over simulated or real venues; shown, checked against the truth, and reported."""

import logging
import math
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from feedtree.exchanges.credentials import Credentials, Secret
from feedtree.exchanges.public.codec import ChannelNotOffered
from feedtree.exchanges.public.feed import Feed
from feedtree.ops.account_watch import account_report
from feedtree.ops.app import Tree, open_tree
from feedtree.ops.beside import beside
from feedtree.ops.config import Config, Venue
from feedtree.ops.config_rules import REACH
from feedtree.ops.display import Display, LiveDisplay, PlainDisplay, stamped
from feedtree.ops.logs import configure_logs, is_terminal, log_lifecycle
from feedtree.ops.operations import EVENTS
from feedtree.ops.outcome import failures, refusals
from feedtree.ops.output import Output, OutputClosed
from feedtree.ops.report import Books, make_report, write_report
from feedtree.ops.run_plan import RunPlan
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET
from feedtree.ops.sim_control import control_url, open_control
from feedtree.ops.sim_process import (
    SimAddresses,
    SimProcess,
    SimulatorFailed,
    VenueAddresses,
    open_simulators,
)
from feedtree.ops.terminal import has_terminal
from feedtree.ops.trading import PaperAccounts
from feedtree.ops.truth import TruthChecks
from feedtree.ops.watch import Watch, status_line
from feedtree.supervisors import EventBus, EventStream, TreeFailed

APP = "feedtree"
SEARCH_PERIOD = 1.0  # s between two looks for a simulator's control paths
LAST_WORDS = 0.5  # s that the end waits for an output that nobody reads


class Run:
    """One run, from start to report."""

    def __init__(self, plan: RunPlan, display: Display) -> None:
        self._plan = plan
        self._display = display
        self._truth = TruthChecks(display.tell)
        self._simulators: SimProcess | None = None
        self._time_is_over = False
        self._fills_at_venue: Mapping[str, int] = {}
        self.failures: list[str] = []
        self.summary = ""

    async def run(self) -> None:
        """Run the tree for its time, or until cancelled; then report."""
        events = EventBus()
        async with (
            self._venues() as config,
            _logging(events.listen("", EVENTS)),
            open_tree(config, app=APP, inspect=True, control=self._plan.control, events=events) as tree,
        ):
            papers = PaperAccounts(tree)
            watch = Watch(
                tree.public, tree.private, "simulated" if self._plan.simulated else "live", self._epoch
            )
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(watch.follow, self._display.tell)
                    nursery.start_soon(watch.follow_accounts, self._display.tell)
                    nursery.start_soon(self._display.run, watch, self._simulators)
                    for name, venue in config.venues.items():
                        nursery.start_soon(self._check_books, tree.public.feeds.get(name), venue, watch)
                    if self._plan.trade:
                        await papers.open_all(config.venues)
                    await self._let_time_pass()
                    await papers.wind_up()
                    self._fills_at_venue = await papers.fills_at_venue()
                    nursery.cancel_scope.cancel()
            finally:
                self._conclude(tree, watch, papers)

    @asynccontextmanager
    async def _venues(self) -> AsyncIterator[Config]:
        """Yield the config with the addresses to connect to; simulators live as long as the block."""
        if not self._plan.simulated:
            yield self._plan.config
            return
        with TemporaryDirectory(prefix="feedtree-") as folder:
            # Accounts outlive a kill of the exchanges, as they would at a real one.
            arguments = [*sim_arguments(self._plan.config), "--state", str(Path(folder) / "accounts")]
            async with open_simulators(arguments, self._display.tell) as simulators:
                self._simulators = simulators
                yield simulated(self._plan.config, simulators.addresses)

    async def _let_time_pass(self) -> None:
        with trio.move_on_after(math.inf if self._plan.duration is None else self._plan.duration):
            await trio.sleep_forever()
        self._time_is_over = True

    async def _check_books(self, feed: Feed | None, venue: Venue, watch: Watch) -> None:
        """Compare a venue's books with the truth, where what serves them is a simulator."""
        url = control_url(venue)
        if feed is None or url is None:
            return
        async with open_control(url, ca_file=venue.ca_file) as control:
            while True:
                if await control.answers():
                    break
                await trio.sleep(SEARCH_PERIOD)
            watch.checks = self._truth
            await self._truth.run(feed, control)

    def _epoch(self) -> int:
        return self._simulators.starts if self._simulators else 0

    def _conclude(self, tree: Tree, watch: Watch, papers: PaperAccounts) -> None:
        books = Books(self._truth.checked, self._truth.diverged)
        snapshot = tree.snapshot()
        accounts = [
            account_report(key, store, at_venue=self._fills_at_venue.get(key), unknown=papers.unknown(key))
            for key, store in tree.private.stores.items()
        ]
        report = make_report(
            watch.elapsed, watch.streams(), books, snapshot, accounts, tree.gaps(), tree.gaps_dropped
        )
        self.failures += failures(report, snapshot, time_is_over=self._time_is_over)
        for name, feed in tree.public.feeds.items():
            self.failures += refusals(name, feed.topics())
        if self._simulators and self._simulators.gone and not any(s.state == "live" for s in report.streams):
            self.failures.append("the simulated exchanges are gone")
        if self._plan.report is not None:
            try:
                write_report(report, self._plan.report)
            except OSError as error:
                self.failures.append(f"the report was not written: {error}")
        self.summary = status_line(watch.look())


@asynccontextmanager
async def _logging(events: EventStream) -> AsyncIterator[None]:
    """Log the events of the tree that runs in the block, also those of its end."""
    logged = trio.Event()

    async def log() -> None:
        try:
            await log_lifecycle(events)
        finally:
            logged.set()  # a log that fails is not waited for

    async with beside() as nursery:
        nursery.start_soon(log)
        try:
            yield
        finally:
            with trio.move_on_after(LAST_WORDS, shield=True):
                await logged.wait()


def sim_arguments(config: Config) -> list[str]:
    """Return the options with which the simulators list every symbol of a config."""
    symbols = {str(symbol): None for venue in config.venues.values() for symbol in venue.symbols}
    return ["--symbols", ",".join(symbols)]


def simulated(config: Config, addresses: SimAddresses) -> Config:
    """Return a config whose venues and accounts are the simulators'; proxies and certificates are not for them."""
    demo = Credentials(DEMO_KEY, DEMO_SECRET)
    venues = {name: replace(venue, **_reach(addresses.venues[name])) for name, venue in config.venues.items()}
    accounts = {
        name: {
            each: replace(account, credentials=demo, **_reach(addresses.venues[name]))
            for each, account in named.items()
        }
        for name, named in config.accounts.items()
    }
    return replace(config, venues=venues, accounts=accounts)


def _reach(at: VenueAddresses) -> dict[str, Any]:
    return {**dict.fromkeys(REACH), "ws_url": at.ws, "rest_url": at.rest}


async def run(plan: RunPlan) -> list[str]:
    """Run a plan to its end, or until Ctrl-C, SIGTERM, the view's ``q``, or the end of who reads the output.

    Returns:
        What failed, a sentence each.

    Raises:
        SimulatorFailed: the simulators did not start.
        ChannelNotOffered: a venue lacks a channel that the config names.
        TreeFailed: the tree gave up.
    """
    stdout, stderr = Output(1), Output(2)
    scope = trio.CancelScope()
    display: Display = PlainDisplay(stdout)
    if not plan.plain and has_terminal():
        display = LiveDisplay(stdout, scope.cancel)
    _configure(display, stderr, secrets_of(plan.config))
    session = Run(plan, display)
    failed: Exception | None = None
    async with trio.open_nursery() as nursery:
        for output in (stdout, stderr):
            nursery.start_soon(_write, output, scope)
        await nursery.start(_stop_on_signal, scope)
        try:
            with scope:
                await session.run()
        except (SimulatorFailed, ChannelNotOffered, TreeFailed) as error:
            failed = error
        nursery.cancel_scope.cancel()
    if session.summary:
        stdout.line(stamped(session.summary))
    for output in (stdout, stderr):
        await output.drain(LAST_WORDS)
    if failed is not None:
        raise failed
    return session.failures


def secrets_of(config: Config) -> list[Secret]:
    """Return what no output may show."""
    credentials = [account.credentials for named in config.accounts.values() for account in named.values()]
    return [secret for each in credentials for secret in (each.key, each.secret)]


def _configure(display: Display, stderr: Output, secrets: list[Secret]) -> None:
    """Send logs where they do not disturb: beside the view only what matters is shown, in the view."""
    if isinstance(display, LiveDisplay) and is_terminal():
        configure_logs(
            lambda line: display.tell(line.partition(" ")[2]),
            human=True,
            level=logging.ERROR,
            secrets=secrets,
        )
    else:
        configure_logs(stderr.line, human=is_terminal(), secrets=secrets)


async def _write(output: Output, scope: trio.CancelScope) -> None:
    try:
        await output.run()
    except OutputClosed:
        scope.cancel()


async def _stop_on_signal(
    scope: trio.CancelScope, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Stop in order at the first signal; at the second, at once."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            if scope.cancel_called:
                os._exit(1)
            scope.cancel()
