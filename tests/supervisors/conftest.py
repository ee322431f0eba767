"""One scripted child, which plays every part that a supervisor has to cope with, in virtual time."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, NoReturn

import pytest
import structlog
import trio
import trio.testing
from structlog.testing import CapturingLogger

from feedtree.actors.context import Context
from feedtree.supervisors import (
    ChildSpec,
    LifecycleEvent,
    Restart,
    Supervisor,
    SupervisorSpec,
    open_supervisor,
)

Step = Callable[["Actor", Context], Awaitable[None]]


class _Leave(Exception):
    """Lets a scripted child return."""


class Actor:
    """A child that plays one script per generation, the last one again and again, then obeys orders."""

    def __init__(self, cast: "Cast", scripts: tuple[list[Step], ...]) -> None:
        self.cast = cast
        self.scripts = scripts
        self.contexts: list[Context] = []
        self._orders, self._inbox = trio.open_memory_channel[Step](100)

    async def __call__(self, context: Context) -> None:
        name = f"{context.path}{context.generation}"
        self.contexts.append(context)
        self.cast.note(f"+{name}")
        try:
            await self._play(context)
        except _Leave:
            pass
        finally:
            self.cast.note(f"-{name}")

    async def _play(self, context: Context) -> None:
        if self.scripts:
            for step in self.scripts[min(len(self.contexts), len(self.scripts)) - 1]:
                await step(self, context)
        if not context.ready_event.is_set():
            context.started()
        while True:
            order = await self._inbox.receive()
            await order(self, context)

    def order(self, step: Step) -> None:
        self._orders.send_nowait(step)


class Cast:
    """The scripted children of a test, their diary, and the steps that they can play."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.diary: list[str] = []  # "+a1": generation 1 of a began; "-a1": it ended
        self.times: dict[str, float] = {}
        self.logger = CapturingLogger()
        self.release = trio.Event()

    def note(self, entry: str) -> None:
        self.diary.append(entry)
        self.times[entry] = trio.current_time()

    def take_diary(self) -> list[str]:
        diary, self.diary = self.diary, []
        return diary

    def child(self, child_id: str, *scripts: list[Step], **options: Any) -> ChildSpec:
        actor = self.actors[child_id] = Actor(self, scripts)
        return ChildSpec(child_id, actor, **options)

    def order(self, child_id: str, step: Step) -> None:
        self.actors[child_id].order(step)

    def open(
        self, *children: Any, rng: Any = None, supervisor: Mapping[str, Any] | None = None, **options: Any
    ) -> AbstractAsyncContextManager[Supervisor]:
        """Open a tree over these children: `options` are of the root's spec, `supervisor` of the opening.

        A body that is to be cancelled sleeps long, not for ever: where nothing cancels it, its test fails.
        """
        spec = SupervisorSpec("root", children, **options)
        log = structlog.wrap_logger(self.logger, processors=[lambda _log, _method, event: event])
        return open_supervisor(
            spec, rng=rng or Random(7), log=log, wall_ns=lambda: 1_000, **(supervisor or {})
        )

    def logged(self) -> list[dict[str, Any]]:
        return [call.kwargs for call in self.logger.calls]

    # Steps

    @staticmethod
    async def ready(_: Actor, context: Context) -> None:
        context.started()

    @staticmethod
    async def useful(_: Actor, context: Context) -> None:
        context.mark_connected()
        context.mark_useful()

    @staticmethod
    async def connected(_: Actor, context: Context) -> None:
        context.mark_connected()

    @staticmethod
    async def ignore(_: Actor, context: Context) -> None:
        context.ignore()

    @staticmethod
    async def leave(_: Actor, __: Context) -> NoReturn:
        raise _Leave

    @staticmethod
    def crash(error: BaseException | None = None) -> Step:
        async def step(_: Actor, __: Context) -> None:
            # Without the traceback of the last time: that would grow with every restart.
            raise ValueError("scripted") if error is None else error.with_traceback(None)

        return step

    @staticmethod
    def sleep(seconds: float) -> Step:
        async def step(_: Actor, __: Context) -> None:
            await trio.sleep(seconds)

        return step

    @staticmethod
    async def swallow_cancel(_: Actor, __: Context) -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            raise _Leave from None

    @staticmethod
    def crash_on_cancel(error: BaseException) -> Step:
        async def step(_: Actor, __: Context) -> None:
            try:
                await trio.sleep_forever()
            finally:
                raise error

        return step

    @staticmethod
    def slow_cleanup(seconds: float) -> Step:
        async def step(_: Actor, __: Context) -> None:
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(seconds)

        return step

    async def shield_forever(self, _: Actor, __: Context) -> None:
        with trio.move_on_after(1e6, shield=True):  # a test that fails is not to hang
            await self.release.wait()


@pytest.fixture
def cast() -> Cast:
    """The scripted children; a test of theirs asks for `autojump_clock` too, so that time is virtual."""
    return Cast()


@pytest.fixture
def heard() -> Callable[..., AbstractAsyncContextManager[list[LifecycleEvent]]]:
    """Collect the events of a branch while the body runs."""

    @asynccontextmanager
    async def listening(tree: Supervisor, path: str = "") -> AsyncIterator[list[LifecycleEvent]]:
        events: list[LifecycleEvent] = []

        async def collect() -> None:
            async for event in stream:
                events.append(event)

        async with tree.events(path) as stream, trio.open_nursery() as nursery:
            nursery.start_soon(collect)
            yield events
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    return listening


@pytest.fixture
def temporary() -> dict[str, Any]:
    """The option of a child that is never restarted."""
    return {"restart": Restart.TEMPORARY}


@pytest.fixture(scope="session")
def tree_model() -> ModuleType:
    """The package beside this file: tell a random tree's story, check it against the rules."""
    folder = Path(__file__).with_name("tree_model")
    spec = spec_from_file_location(
        "tree_model", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(package)
    return package
