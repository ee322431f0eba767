"""What a supervisor refuses, and how a tree fails.

Exception
├── InvalidSpec (ValueError)      a spec that cannot work; names the field and the value
├── AdminRefused                  a request that does not fit the state of the tree; nothing was changed
│   ├── ChildNotFound             no child of that path
│   ├── AlreadyStarted            the id is taken by a running child
│   ├── AlreadyPresent            the id is taken by a child that does not run
│   ├── ChildRunning              asked to restart or delete a running child
│   ├── ChildRestarting           asked to restart or delete a child that is about to be started again
│   ├── NotASupervisor            asked to add a child to a worker
│   ├── NotSupported              asked for what a supervisor with, or without, a template does not do
│   ├── TooManyChildren           the supervisor is at its ``max_children``
│   ├── AccountingOff             asked what a child costs, and no accounts are kept
│   ├── SupervisorDown            the supervisor is stopping, has ended or waits for its restart
│   └── CalledDuringStart         a child, before it is ready, asked a supervisor that waits for it
├── StartFailed                   a child failed before it was ready
│   └── StartTimeout              ... by not becoming ready in time
├── TaskStopped                   a one-shot task was stopped before it came to a result
├── ChildFailed                   a child ended in a way that its supervisor cannot mend
│   └── IntensityExceeded         more counted restarts than the supervisor's intensity allows
└── TreeFailed                    the tree as a whole gave up; raised to the body of ``open_supervisor``
"""

from collections.abc import Sequence


class InvalidSpec(ValueError):
    """A spec that cannot work.

    Attributes:
        field: the field that is wrong, with the spec's id where it has one (``ChildSpec('a').shutdown``).
        value: what stands in it.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field} = {value!r}: {allowed}")
        self.field = field
        self.value = value


class AdminRefused(Exception):
    """A request that does not fit the state of the tree. Nothing was changed.

    Attributes:
        path: the child or supervisor that was asked for.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path or '(root)'}: {why}")
        self.path = path


class ChildNotFound(AdminRefused, LookupError):
    """No child of that path exists."""


class AlreadyStarted(AdminRefused):
    """The id is taken by a child that runs."""


class AlreadyPresent(AdminRefused):
    """The id is taken by a child that does not run; restart or delete that one."""


class ChildRunning(AdminRefused):
    """The child runs; terminate it first."""


class ChildRestarting(AdminRefused):
    """The child is about to be started again; terminate it to end that."""


class NotASupervisor(AdminRefused):
    """The path leads to a worker, which has no children."""


class NotSupported(AdminRefused):
    """A supervisor that makes its children from a template does not do that, or only such a one does."""


class TooManyChildren(AdminRefused):
    """The supervisor is at its ``max_children``."""


class AccountingOff(AdminRefused):
    """No accounts are kept in this tree; ``open_supervisor(..., accounting=True)`` keeps them."""


class SupervisorDown(AdminRefused):
    """The supervisor is stopping, has ended, or waits for its own restart."""


class CalledDuringStart(AdminRefused):
    """A child that is not ready yet asked a supervisor that waits for it: the two would wait for ever."""


class StartFailed(Exception):
    """A child failed before it was ready; the failure itself is the ``__cause__``.

    Attributes:
        path: the child.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path or '(root)'} did not start: {why}")
        self.path = path


class StartTimeout(StartFailed):
    """A child was not ready in time, was stopped, and is gone."""


class TaskStopped(Exception):
    """A one-shot task was stopped before it came to a result: by hand, or because its supervisor stopped.

    Attributes:
        path: the task.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: it was stopped before it came to a result")
        self.path = path


class ChildFailed(Exception):
    """A child ended in a way that its supervisor cannot mend; what it raised last is the ``__cause__``.

    Attributes:
        path: the child.
        reasons: why it ended, one line for each of its last ends, newest last.
    """

    def __init__(self, path: str, why: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{path or '(root)'}: {why}")
        self.path = path
        self.reasons = tuple(reasons)


class IntensityExceeded(ChildFailed):
    """A child's restart was one too many.

    Attributes:
        intensity: how many counted restarts are allowed ...
        period: ... within that many seconds.
    """

    def __init__(self, path: str, intensity: int, period: float, reasons: Sequence[str]) -> None:
        last = f", last: {reasons[-1]}" if reasons else ""
        super().__init__(path, f"more than {intensity} restarts within {period:g} s{last}", reasons)
        self.intensity = intensity
        self.period = period


class TreeFailed(Exception):
    """The tree as a whole gave up and has stopped in order; what it gave up on is the ``__cause__``.

    Attributes:
        path: the child on which the tree failed.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path
