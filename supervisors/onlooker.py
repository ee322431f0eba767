"""What can be seen of a running tree: how it looks, where its tasks wait, what happens in it. Changes nothing."""

from collections.abc import Iterator
from textwrap import indent

import trio

from feedtree.actors.names import Registration
from feedtree.supervisors import view
from feedtree.supervisors.children import Child, Incarnation
from feedtree.supervisors.control import Control
from feedtree.supervisors.errors import AccountingOff, ChildNotFound, NotASupervisor, SupervisorDown
from feedtree.supervisors.events import EventStream
from feedtree.supervisors.handles import Handle, Target
from feedtree.supervisors.loop_facts import LoopFacts
from feedtree.supervisors.outside import Outside, workers_at, workers_of
from feedtree.supervisors.reports import CrashReport
from feedtree.supervisors.snapshot import Node
from feedtree.supervisors.specs import ChildSpec, Spec
from feedtree.supervisors.surroundings import Surroundings
from feedtree.supervisors.usage import Usage
from feedtree.supervisors.view import Counts


class Onlooker:
    """A running tree, to look at. What it returns is of the moment; nothing waits.

    Args:
        control: of the root.
        around: what the whole tree shares.
    """

    def __init__(self, control: Control, around: Surroundings) -> None:
        self._control = control
        self._around = around
        self._outside = Outside(control)

    def snapshot(self) -> Node:
        """Return how the whole tree looks now; all its parts belong to the same instant."""
        return view.root_node(self._control, trio.current_time())

    def node(self, path: Target) -> Node:
        """Return how one branch looks now.

        Raises:
            ChildNotFound: no such child.
        """
        if not str(path):
            return self.snapshot()
        home, child = self._find(path)
        return view.child_node(home, child, trio.current_time())

    def spec(self, path: Target) -> Spec:
        """Return the spec of a child, as it was given, with every default filled in.

        Raises:
            ChildNotFound: no such child.
        """
        _, child = self._find(path)
        return child.spec

    def crash_reports(self, path: Target) -> tuple[CrashReport, ...]:
        """Return what is known of the last crashes of a child, oldest first.

        They outlive a restart of its supervisor, and are gone with the child when it is removed; the events
        `CRASHED`, `EXITED` and `STOPPED` carry each of them when it is made.

        Raises:
            ChildNotFound: no such child.
        """
        _, child = self._find(path)
        return child.lineage.reports

    def info(self, path: Target) -> object:
        """Return what the present incarnation of a worker gave to ``context.started``, None where it gave nothing.

        Raises:
            ChildNotFound: no such child.
        """
        _, child = self._find(path)
        incarnation = child.incarnation
        return None if incarnation is None or incarnation.context is None else incarnation.context.info

    def whereis(self, name: str) -> Registration:
        """Return which incarnation holds a name now, and what the name stands for (``.value``).

        Raises:
            NameNotFound: nobody holds it: not yet, not any more, or its holder waits for its restart.
        """
        return self._around.names.whereis(name)

    def usage(self, path: Target = "") -> Usage:
        """Return what a child has cost in all its generations, or a supervisor's children together.

        What a child cost that was removed is not in its supervisor's sum any more.

        Raises:
            AccountingOff: the tree was opened without ``accounting=True``.
            ChildNotFound: no such child.
        """
        usage_of = self._around.usage_of
        if usage_of is None:
            raise AccountingOff(str(path), "no accounts are kept; open the tree with accounting=True")
        return usage_of(self._find(path)[1].lineage if str(path) else self._control.lineage)

    def loop(self) -> LoopFacts | None:
        """Return what the loop that this tree runs on has done; None where nothing watches it.

        It is watched where the tree was opened with a ``stall_after``, and time is not virtual.
        """
        facts = self._around.loop_facts
        return None if facts is None else facts()

    def count_children(self, path: Target = "") -> Counts:
        """Return a supervisor's children in figures.

        Raises:
            ChildNotFound: no such child.
            NotASupervisor: it is a worker.
            SupervisorDown: it does not run.
        """
        return view.count_children(self._supervisor(path))

    def stack(self, path: Target) -> str:
        """Return where the tasks of a worker wait now: at most 10 tasks, the innermost 12 frames of each.

        Returns:
            Lines, each task headed by its name; empty where it does not run. Of a supervisor the stacks of all workers
            below it, each headed by its path.

        Raises:
            ChildNotFound: no such child.
        """
        if not str(path):
            return _headed(self.stacks())
        _, child = self._find(path)
        stacks = self._stacks(workers_at(child))
        return stacks.get(child.path, "") if isinstance(child.spec, ChildSpec) else _headed(stacks)

    def stacks(self) -> dict[str, str]:
        """Return where the tasks of each worker that runs wait now, by its path, in start order; see `stack`."""
        return self._stacks(workers_of(self._control))

    def look_from_outside(self, now: float | None = None) -> Node:
        """Return how the whole tree looks, to a thread that is not trio's; also while its loop is stuck.

        The loop may move meanwhile, so the parts need not belong to one instant. It raises nothing: where the tree
        moves too much for any look, the root alone is shown, with ``moved while it was looked at`` as its last reason.

        Args:
            now: trio time in seconds; None for what the tree's clock shows.
        """
        return self._outside.look(now)

    def stacks_from_outside(self) -> dict[str, str]:
        """Return `stacks` to a thread that is not trio's; also while the loop is stuck.

        The task that the loop is running is shown by what its thread does: under its worker's path, or under the empty
        path where it works for none. A stack that moves too much is ``moved while it was looked at``.
        """
        return self._outside.stacks()

    def events(self, path: str = "", *, capacity: int = 1000) -> EventStream:
        """Listen to what happens from now on, at or below a path.

        Args:
            path: the branch; it need not exist yet.
            capacity: how many events may wait, 1 or more; when full, the oldest is dropped and counted as
                ``missed``.

        Returns:
            An async context manager and iterator. Iteration ends with the tree.

        Raises:
            InvalidSpec: a capacity below 1.
        """
        return self._around.bus.listen(path, capacity)

    def _stacks(self, incarnations: Iterator[Incarnation]) -> dict[str, str]:
        return {each.child.path: self._outside.stack(each) for each in incarnations}

    def _find(self, target: Target) -> tuple[Control, Child]:
        path = str(target)
        control: Control | None = self._control
        child: Child | None = None
        home = self._control
        for child_id in path.split("/"):
            child = None if control is None else control.children.get(child_id)
            if child is None or control is None:
                raise ChildNotFound(path, "no such child")
            home, control = control, child.last_control
        assert child is not None
        if isinstance(target, Handle) and not target.names(child.lineage):
            raise ChildNotFound(path, "that child is gone, and another one has its id")
        return home, child

    def _supervisor(self, target: Target) -> Control:
        control = self._control
        path = str(target)
        if path:
            _, child = self._find(target)
            if isinstance(child.spec, ChildSpec):
                raise NotASupervisor(path, "it is a worker, and has no children")
            if child.incarnation is None or child.incarnation.control is None:
                raise SupervisorDown(path, f"it is {child.state}")
            control = child.incarnation.control
        if not control.accepting:
            raise SupervisorDown(path, "it is stopping or has ended")
        return control


def _headed(stacks: dict[str, str]) -> str:
    return "\n".join(f"{path}:\n{indent(stack, '  ')}" for path, stack in stacks.items())
