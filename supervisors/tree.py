"""The handle of a running tree: look at it, listen to it, steer it."""

from collections.abc import Callable
from contextlib import suppress

import trio

from feedtree.supervisors import admin, view
from feedtree.supervisors.children import Child
from feedtree.supervisors.control import Control
from feedtree.supervisors.errors import (
    AccountingOff,
    CalledDuringStart,
    ChildNotFound,
    NotASupervisor,
    SupervisorDown,
)
from feedtree.supervisors.events import EventStream
from feedtree.supervisors.incarnation import refuse_during_start, runs_below
from feedtree.supervisors.requests import Request
from feedtree.supervisors.snapshot import ChildState, Node
from feedtree.supervisors.specs import ChildSpec, Spec, check_spec
from feedtree.supervisors.surroundings import Surroundings
from feedtree.supervisors.usage import Usage
from feedtree.supervisors.view import Counts


class Supervisor:
    """A running tree, from its root. Made by `open_supervisor`.

    A path is the ids from below the root down to a child, joined by ``/``; the root's own path is empty. Looking
    never waits. A request that does not fit the state of the tree raises a subclass of `AdminRefused` and
    changes nothing; a request in progress goes on when its caller is cancelled, except `start_child`, which
    takes the child away again.
    """

    def __init__(self, control: Control, around: Surroundings) -> None:
        self._control = control
        self._around = around

    def snapshot(self) -> Node:
        """Return how the whole tree looks now; all its parts belong to the same instant."""
        return view.root_node(self._control)

    def node(self, path: str) -> Node:
        """Return how one branch looks now.

        Raises:
            ChildNotFound: no such child.
        """
        if not path:
            return self.snapshot()
        home, child = self._find(path)
        return view.child_node(home, child, trio.current_time())

    def info(self, path: str) -> object:
        """Return what the present incarnation of a worker gave to ``context.started``, None where it gave nothing.

        Raises:
            ChildNotFound: no such child.
        """
        _, child = self._find(path)
        incarnation = child.incarnation
        return None if incarnation is None or incarnation.context is None else incarnation.context.info

    def usage(self, path: str = "") -> Usage:
        """Return what a child has cost in all its generations, or a supervisor's children together.

        What a child cost that was removed is not in its supervisor's sum any more.

        Raises:
            AccountingOff: the tree was opened without ``accounting=True``.
            ChildNotFound: no such child.
        """
        usage_of = self._around.usage_of
        if usage_of is None:
            raise AccountingOff(path, "no accounts are kept; open the tree with accounting=True")
        return usage_of(self._find(path)[1].lineage if path else self._control.lineage)

    def count_children(self, path: str = "") -> Counts:
        """Return a supervisor's children in figures.

        Raises:
            ChildNotFound: no such child.
            NotASupervisor: it is a worker.
            SupervisorDown: it does not run.
        """
        return view.count_children(self._supervisor(path))

    def events(self, path: str = "", *, capacity: int = 1000) -> EventStream:
        """Listen to what happens from now on, at or below a path.

        Args:
            path: the branch; it need not exist yet.
            capacity: how many events may wait; when full, the oldest is dropped and counted as ``missed``.

        Returns:
            An async context manager and iterator. Iteration ends with the tree.
        """
        return self._around.bus.listen(path, capacity)

    async def start_child(self, parent: str, spec: Spec) -> str | None:
        """Add a child to a supervisor and start it.

        When the caller is cancelled before the child is ready, the child is stopped and removed, and gone when
        the cancellation leaves this call.

        Args:
            parent: the supervisor's path.
            spec: the child.

        Returns:
            The child's path when it is ready; None where it said that there is nothing to run.

        Raises:
            InvalidSpec: not a spec.
            StartFailed: it failed before it was ready; its spec is discarded.
            AlreadyStarted, AlreadyPresent: the id is taken.
            TooManyChildren: the supervisor is at its ``max_children``.
            SupervisorDown: the supervisor is stopping or does not run.
        """
        spec = check_spec("start_child", spec)
        control = self._supervisor(parent)
        refuse_during_start(control, parent)
        request = Request(control, spec.id, spec)
        control.post(admin.add, request)
        try:
            return await request.answer()
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await _take_back(request)
            raise

    async def terminate_child(self, path: str) -> None:
        """Stop a child and wait until it has ended; also ends its restarting.

        Its spec is kept, but not in a dynamic supervisor. A child that does not run is left as it is.

        Raises:
            ChildNotFound: no such child.
            SupervisorDown: its supervisor does not run.
        """
        await self._ask(admin.terminate, path)

    async def restart(self, path: str) -> None:
        """Start a child that does not run (parked, terminated or ended), and wait until it is ready.

        Siblings that were held because of it are started after it, in order.

        Raises:
            ChildNotFound: no such child.
            ChildRunning: it runs; terminate it first.
            ChildRestarting: it is about to be started again anyway.
            StartFailed: it failed before it was ready, and is parked as failed.
            SupervisorDown: its supervisor does not run.
        """
        await self._ask(admin.restart, path)

    async def delete_child(self, path: str) -> None:
        """Forget a child that does not run.

        Raises:
            ChildNotFound: no such child.
            ChildRunning: it runs; terminate it first.
            ChildRestarting: it is about to be started again; terminate it first.
            SupervisorDown: its supervisor does not run.
        """
        await self._ask(admin.delete, path)

    async def remove(self, path: str) -> None:
        """Stop a child, wait until it has ended, and forget it.

        Raises:
            ChildNotFound: no such child.
            SupervisorDown: its supervisor does not run.
        """
        await self._ask(admin.remove, path)

    async def failed(self, path: str) -> str:
        """Wait until a child is parked as failed; returns at once where it is.

        Returns:
            Why it failed, in one line.

        Raises:
            SupervisorDown: the tree ended first.
        """
        while not self._around.over.is_set():
            event = self._around.when_parked(path)
            try:
                _, child = self._find(path)
            except ChildNotFound:
                pass
            else:
                if child.state is ChildState.FAILED:
                    return child.last_reason or ""
            await event.wait()
        raise SupervisorDown(path, "the tree has ended")

    async def stop(self, within: float = float("inf")) -> None:
        """Stop the whole tree in order, and wait until it has ended. Can be called again, to hurry.

        Args:
            within: seconds after which everything that still runs is asked at once, with no grace left.

        Raises:
            CalledDuringStart: the caller is a child of this tree, which would wait for itself.
        """
        if runs_below(self._control):
            raise CalledDuringStart("", "a child cannot wait for the end of its own tree")
        self._control.post(self._control.begin_stop, within)
        await self._around.over.wait()

    async def _ask(self, action: Callable[[Request], None], path: str) -> None:
        parent, _, child_id = path.rpartition("/")
        control = self._supervisor(parent)
        refuse_during_start(control, path)
        request = Request(control, child_id)
        control.post(action, request)
        await request.answer()

    def _find(self, path: str) -> tuple[Control, Child]:
        control: Control | None = self._control
        child: Child | None = None
        home = self._control
        for child_id in path.split("/"):
            child = None if control is None else control.children.get(child_id)
            if child is None or control is None:
                raise ChildNotFound(path, "no such child")
            home, control = control, child.last_control
        assert child is not None
        return home, child

    def _supervisor(self, path: str) -> Control:
        control = self._control
        if path:
            _, child = self._find(path)
            if isinstance(child.spec, ChildSpec):
                raise NotASupervisor(path, "it is a worker, and has no children")
            if child.incarnation is None or child.incarnation.control is None:
                raise SupervisorDown(path, f"it is {child.state}")
            control = child.incarnation.control
        if not control.accepting:
            raise SupervisorDown(path, "it is stopping or has ended")
        return control


async def _take_back(request: Request) -> None:
    control = request.home
    if control.ended:
        return
    gone = Request(control, request.child_id, undoes=request)
    control.post(admin.abandon, gone)
    with suppress(SupervisorDown):
        await gone.answer()
