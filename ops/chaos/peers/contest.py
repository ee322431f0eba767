"""All clients side by side: every fault meets all of them, and what it did to each is found out."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path

import trio
import trustme
from msgspec import Struct
from msgspec.structs import replace

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.chaos.peers.contestant import Contestant, Start, open_contestant
from feedtree.ops.chaos.peers.diary import TRADES, Diary
from feedtree.ops.chaos.peers.findings import COUNTED_S, Trial, detection, difference, losses, recovery, told
from feedtree.ops.chaos.peers.ordeals import Ordeal
from feedtree.ops.chaos.peers.strangers import Strangers
from feedtree.ops.sim.markets import DEFAULT_SYMBOLS
from feedtree.ops.sim_control import ControlFailed, SimControl, open_control
from feedtree.ops.sim_process import open_simulators

VENUE = "gateio.spot"
SYMBOLS: tuple[Symbol, ...] = DEFAULT_SYMBOLS  # all that are listed: trade ids have no holes then
REST_IS_CURRENT = f"{VENUE}:snapshot_lag_s=0"  # with any lag cryptofeed's books never join their updates

_FRESH_S = 1.0  # a client whose last datum is older is not live
_STABLE_S = 10.5  # all are live for so long before a fault: what befell a client earlier is forgotten then
_BEYOND_S = 1.0  # by so much a muted exchange outlasts the cap, so that its end is no return
_STAGGER_S = (
    0.25  # between two clients that meet a fault of the proxy, so that they do not wait for each other
)
_READY_S = 60.0  # patience with a client that is to become live
_SETTLE_S = 2 * COUNTED_S  # between a client's return and the look at its books
_ANSWER_S = 5.0  # patience with its answer


class Rules(Struct, frozen=True):
    """How a contest is held.

    Args:
        cap: seconds after which what has not come is called never.
        each: processes of each client.
        ordeals: the faults, in order.
    """

    cap: float
    each: int
    ordeals: tuple[Ordeal, ...]

    @property
    def longest_s(self) -> float:
        """How long it may take without patience for clients that are not live, about."""
        quick = [ordeal for ordeal in self.ordeals if ordeal.passes > 1]
        spell = _STABLE_S + _SETTLE_S + 3.0
        return sum(ordeal.passes * (spell + ordeal.seconds) for ordeal in quick) + (self.cap + spell) * (
            len(self.ordeals) - len(quick)
        )


class Contest:
    """Puts clients through faults.

    Args:
        contestants: the clients.
        control: of the simulated exchange.
        cap: seconds after which what has not come is called never.
        trials: gets what is found, as soon as it is.
        tell: gets a line about what happens.
    """

    def __init__(
        self,
        contestants: Sequence[Contestant],
        control: SimControl,
        cap: float,
        trials: list[Trial],
        tell: Callable[[str], None],
    ) -> None:
        self._contestants = contestants
        self._control = control
        self._cap = cap
        self._trials = trials
        self._tell = tell

    async def hold(self, ordeals: Sequence[Ordeal], strangers: Strangers) -> None:
        """Put all clients through all faults, each as often as it says."""
        for ordeal in ordeals:
            for number in range(ordeal.passes):
                self._tell(f"{ordeal.title}, {number + 1} of {ordeal.passes}")
                first = len(self._trials)
                ready = await self._ready()
                strangers.begin()
                await self._pass(ordeal, ready)
                if strangers.were_here():
                    self._trials[first:] = [replace(trial, disturbed=True) for trial in self._trials[first:]]

    async def _ready(self) -> list[Contestant]:
        """Wait until all clients have been live for a while; return those that are."""
        with trio.move_on_after(_READY_S):
            for contestant in self._contestants:
                await self._until(contestant, _live)
        await trio.sleep(_STABLE_S)
        ready = [contestant for contestant in self._contestants if _live(contestant)]
        for contestant in self._contestants:
            if contestant not in ready:
                self._tell(
                    f"{contestant.client} is not live and left out: {contestant.last_end or 'no data'}"
                )
        return ready

    async def _pass(self, ordeal: Ordeal, ready: Sequence[Contestant]) -> None:
        if not ordeal.fault:
            for contestant in ready:
                contestant.diary.mark()
            await self._control.fault(VENUE, "mute", self._cap + _BEYOND_S)
        async with trio.open_nursery() as nursery:
            for number, contestant in enumerate(ready):
                delay = number * _STAGGER_S if ordeal.fault else 0.0
                nursery.start_soon(self._endure, contestant, ordeal, delay)

    async def _endure(self, contestant: Contestant, ordeal: Ordeal, delay: float) -> None:
        await trio.sleep(delay)
        diary = contestant.diary
        if ordeal.fault:
            diary.mark()
        began, at = time.monotonic(), trio.current_time()
        fault = contestant.under(ordeal) if ordeal.fault else nullcontext()
        async with fault:
            if ordeal.seconds:
                await trio.sleep(ordeal.seconds)
            else:
                await self._returned(contestant, diary, began, at + self._cap)
        await self._returned(contestant, diary, began, at + self._cap)
        found = self._found(contestant, diary, began)
        if found is None:
            with trio.move_on_after(_READY_S):
                await self._until(contestant, _live)
        await trio.sleep(_SETTLE_S)
        detected = detection(contestant.sightings, began)
        trial = Trial(
            client=contestant.client,
            ordeal=ordeal.name,
            detected=None if detected is None or detected > began + self._cap else detected - began,
            recovered=None if found is None else found - began,
            lost=losses(diary, found or diary.heard_at - COUNTED_S),
            told=told(diary, began + self._cap if found is None else found),
            wrong=await self._wrong(contestant, diary),
        )
        self._trials.append(trial)
        self._tell(line(trial))

    async def _returned(self, contestant: Contestant, diary: Diary, began: float, deadline: float) -> None:
        """Wait until a client is back, at most until a time of trio's, or until it has ended."""
        with trio.CancelScope(deadline=deadline):
            await self._until(
                contestant,
                lambda each: each.diary is not diary or self._found(each, diary, began) is not None,
            )

    def _found(self, contestant: Contestant, diary: Diary, began: float) -> float | None:
        found = recovery(contestant.sightings, diary.since, diary.before, began)
        return None if found is None or found > began + self._cap else found

    async def _until(self, contestant: Contestant, holds: Callable[[Contestant], bool]) -> None:
        while not holds(contestant):
            await contestant.changed()

    async def _wrong(self, contestant: Contestant, diary: Diary) -> list[str]:
        if contestant.diary is not diary:
            return [contestant.last_end]
        await contestant.ask()
        with trio.move_on_after(_ANSWER_S):
            await self._until(contestant, lambda each: each.diary.books is not None)
        if diary.books is None:
            return ["it did not tell its books"]
        return [
            f"{symbol}: {found}"
            for symbol in map(str, SYMBOLS)
            if (found := await self._difference(symbol, diary.books.get(symbol)))
        ]

    async def _difference(
        self, symbol: str, held: tuple[int, list[tuple[float, float]], list[tuple[float, float]]] | None
    ) -> str:
        if held is None:
            return "no book"
        number, *sides = held
        try:
            truth = await self._control.book(VENUE, symbol, number)
        except ControlFailed as error:
            return f"the exchange did not tell the truth: {error}"
        return difference(number, sides, truth)


def _live(contestant: Contestant) -> bool:
    """Whether a client gets data of every stream now."""
    diary = contestant.diary
    wanted = {TRADES, *map(str, SYMBOLS)}
    return wanted <= diary.last.keys() and time.monotonic() - diary.heard_at < _FRESH_S


def line(trial: Trial) -> str:
    """Return one trial in a line, to be read while others run."""
    detected, recovered = (
        "never" if value is None else f"{value:.3f} s" for value in (trial.detected, trial.recovered)
    )
    wrong = f"  WRONG {'; '.join(trial.wrong)}" if trial.wrong else ""
    return (
        f"  {trial.client:<12} found out {detected:>10}  back {recovered:>10}  {trial.lost:>5} trades lost"
        f"  {f'told: {trial.told}' if trial.told else 'told nothing'}{wrong}"
    )


class Entrant(Struct, frozen=True):
    """A client that can be started.

    Args:
        client: its name.
        command: to be followed by its task.
        environ: its environment variables, by the certificate that it is to trust.
    """

    client: str
    command: Sequence[str]
    environ: Callable[[str], dict[str, str]]


async def run_contest(
    entrants: Sequence[Entrant],
    rules: Rules,
    folder: Path,
    trials: list[Trial],
    versions: dict[str, str],
    tell: Callable[[str], None],
) -> None:
    """Start the simulated exchange and all clients, and put them through the faults.

    Args:
        entrants: the clients.
        rules: how.
        folder: for the certificate.
        trials: gets what is found, as soon as it is.
        versions: gets the version of each client.
        tell: gets a line about what happens.

    Raises:
        SimulatorFailed: the simulated exchange did not start.
    """
    ca_file, certificate = _certify(folder)
    symbols = ",".join(map(str, SYMBOLS))
    options = ["--tls", str(certificate), str(certificate), "--symbols", symbols, "--switch", REST_IS_CURRENT]
    async with open_simulators(options, tell) as simulators, AsyncExitStack() as stack:
        addresses = simulators.addresses.venues[VENUE]
        control = await stack.enter_async_context(
            open_control(simulators.addresses.control, ca_file=str(ca_file))
        )
        contestants = [
            await stack.enter_async_context(
                open_contestant(
                    Start(
                        client=entrant.client,
                        command=entrant.command,
                        environ=entrant.environ(str(ca_file)),
                        ws_url=addresses.ws,
                        rest_url=addresses.rest.partition("/api/")[0],
                        ca_file=str(ca_file),
                        symbols=tuple(map(str, SYMBOLS)),
                    )
                )
            )
            for _ in range(rules.each)
            for entrant in entrants
        ]
        contest = Contest(contestants, control, rules.cap, trials, tell)
        strangers = Strangers(lambda: [simulators.pid, *(contestant.pid for contestant in contestants)])
        async with _versions(contestants, versions):
            await contest.hold(rules.ordeals, strangers)


@asynccontextmanager
async def _versions(contestants: Sequence[Contestant], versions: dict[str, str]) -> AsyncIterator[None]:
    """Take the versions down at the end, however it ends."""
    try:
        yield
    finally:
        for contestant in contestants:
            if contestant.diary.version:
                name, _, number = contestant.diary.version.partition(" ")
                versions[name] = number


def _certify(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of this machine; return the authority to trust, and the certificate with its key."""
    ca_file, certificate = folder / "ca.pem", folder / "server.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    return ca_file, certificate
