"""Questions that an actor answers: a typed inbox, whose askers never wait for an actor that has ended.

Exception
├── AskTimeout (trio.TooSlowError)    no answer in time; the actor lives
└── TargetEnded                       the actor, or its inbox, ended before it answered
"""

from collections import OrderedDict
from enum import Enum
from typing import Any, Generic, Self, TypeVar

import trio
from msgspec import Struct

Q = TypeVar("Q")
A = TypeVar("A")


class Stage(Enum):
    """How far a request had come when its asker gave up."""

    WAITING = "the inbox was full"
    QUEUED = "the question was queued, and not taken"
    TAKEN = "the question was taken, and not answered"


class AskTimeout(trio.TooSlowError):
    """No answer came in time, from an actor that has not ended.

    Attributes:
        path: the actor that was asked.
        stage: how far the question had come. Unless it was taken, the actor has not seen it and never will; where
            it was taken, the actor may still act on it.
    """

    def __init__(self, path: str, timeout: float, stage: Stage) -> None:
        super().__init__(f"{path} gave no answer within {timeout:g} s: {stage.value}")
        self.path = path
        self.stage = stage


class TargetEnded(Exception):
    """The actor that was asked has ended, or closed its inbox, without an answer; what ended it is the ``__cause__``.

    The actor may have acted on the question before it ended. Its next incarnation has an inbox of its own.

    Attributes:
        path: the actor that was asked.
        reason: why it ended, in one line.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} ended: {reason}")
        self.path = path
        self.reason = reason


class InboxStatistics(Struct, frozen=True):
    """An inbox at one moment. All figures are 0 once it has ended.

    Args:
        waiting: askers that wait for room in the queue.
        queued: questions that wait to be taken.
        taken: questions that were taken, are not answered, and whose askers still wait.
        capacity: how many questions the queue holds.
    """

    waiting: int
    queued: int
    taken: int
    capacity: int


class Request(Generic[Q, A]):
    """One question, as the actor that is to answer it sees it. `Inbox.ask` makes it.

    It is answered once, by `reply` or `fail`, from any task of the same trio run. Where nobody waits for the
    answer any more (the asker timed out or was cancelled, or the inbox has ended), it is dropped silently.
    """

    __slots__ = ("_answered", "_error", "_inbox", "_result", "_settled", "question")

    def __init__(self, question: Q, inbox: "Inbox[Q, A]") -> None:
        self.question = question
        self._inbox = inbox
        self._answered = False
        self._settled = trio.Event()
        self._result: Any = None
        self._error: Exception | None = None

    def reply(self, answer: A) -> None:
        """Answer the question. Never waits.

        Raises:
            RuntimeError: it was answered before.
        """
        if self._answer():
            self._result = answer
            self._settled.set()

    def fail(self, error: Exception) -> None:
        """Answer with an error, which `Inbox.ask` raises as it is. Never waits.

        Raises:
            RuntimeError: it was answered before.
        """
        if self._answer():
            self._error = error
            self._settled.set()

    def _answer(self) -> bool:
        """Note that it is answered now; return whether somebody waits for that."""
        if self._answered:
            raise RuntimeError(f"this question to {self._inbox.path} was answered before")
        self._answered = True
        return self._inbox._remove(self) is not None

    def _end(self, error: TargetEnded) -> None:
        self._error = error
        self._settled.set()

    def _outcome(self) -> A:
        """Return the answer, or raise the error and let go of it: its traceback holds this request."""
        error, self._error = self._error, None
        if error is None:
            answer: A = self._result
            return answer
        try:
            raise error
        finally:
            del error

    def __repr__(self) -> str:
        return f"<Request to {self._inbox.path} {'answered' if self._answered else 'open'}>"


class Inbox(Generic[Q, A]):
    """Questions of type ``Q`` to one incarnation of an actor, which answers each with an ``A``.

    The actor iterates: ``async for request in inbox``; several of its tasks may share the work. Others call
    `ask`. Questions are taken in the order in which they were asked.

    Bounded: when `capacity` questions wait to be taken, further askers wait for room, in order and within their
    timeout; nothing is dropped. Questions that were taken do not count.

    It ends with its incarnation (the `Context` that made it sees to that), or when the actor closes it: every
    ask in flight fails at once with `TargetEnded`, as does every later one, and iteration ends.

    Args:
        path: the actor that answers.
        capacity: questions.

    Raises:
        ValueError: capacity is below 1.
    """

    __slots__ = ("_ending", "_queue", "_taken", "_takers", "_waiting", "capacity", "path")

    def __init__(self, path: str, *, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"an inbox holds at least one question, not {capacity}")
        self.path = path
        self.capacity = capacity
        # A request stands in one of these, from the oldest to the newest, until it is settled or its asker leaves.
        self._waiting: OrderedDict[Request[Q, A], None] = OrderedDict()  # for room
        self._queue: OrderedDict[Request[Q, A], None] = OrderedDict()
        self._taken: OrderedDict[Request[Q, A], None] = OrderedDict()
        self._takers = trio.lowlevel.ParkingLot()
        self._ending: tuple[str, BaseException | None] | None = None  # the reason, and what it came from

    # The askers' side

    async def ask(self, question: Q, *, timeout: float) -> A:
        """Put a question to the actor, and wait for its answer.

        Cancelled or timed out, it leaves nothing behind: a question that was not taken is out of the queue, and
        the answer to one that was is dropped. An answer that came in the last moment goes before the timeout.
        A supervised asker that lets one of these errors pass crashes with it.

        Args:
            question: anything; it is handed over as it is.
            timeout: seconds for all of it, the wait for room included; ``math.inf`` waits as long as the actor lives.

        Raises:
            TargetEnded: the actor ended, or has ended, without an answer. Look its next incarnation up.
            AskTimeout: no answer in time; its ``stage`` tells whether the actor saw the question.
            Exception: what the actor gave to `Request.fail`.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        within = trio.move_on_after(timeout)
        if self._ending is not None:
            await trio.lowlevel.cancel_shielded_checkpoint()
            raise self._obituary(*self._ending)
        request = Request(question, self)
        self._put(request)
        try:
            with within:
                await request._settled.wait()
        finally:
            stage = self._remove(request)
        if stage is not None:
            raise AskTimeout(self.path, timeout, stage)
        return request._outcome()

    # The actor's side

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Request[Q, A]:
        """Wait for the next question; the end of the inbox is the end of iteration. Cancelled, it takes none."""
        await trio.lowlevel.checkpoint()
        while not self._queue:
            if self._ending is not None:
                raise StopAsyncIteration
            await self._takers.park()
        request, _ = self._queue.popitem(last=False)
        self._taken[request] = None
        self._refill()
        return request

    def close(self) -> None:
        """Take no more questions and answer none that is open. Calling it again does nothing."""
        self.end("it closed its inbox")

    def end(self, reason: str, error: BaseException | None = None) -> None:
        """Fail all that was asked and will be; only the first call counts. Never waits.

        Args:
            reason: why, in one line.
            error: what it came from, for the ``__cause__`` of every `TargetEnded`.
        """
        if self._ending is not None:
            return
        self._ending = (reason, error)
        for requests in (self._taken, self._queue, self._waiting):
            for request in requests:
                request._end(self._obituary(reason, error))
            requests.clear()
        self._takers.unpark_all()

    @property
    def ended(self) -> bool:
        """Whether it takes no more questions."""
        return self._ending is not None

    def statistics(self) -> InboxStatistics:
        """Return how many requests are open now."""
        return InboxStatistics(len(self._waiting), len(self._queue), len(self._taken), self.capacity)

    def __repr__(self) -> str:
        state = "open" if self._ending is None else "ended"
        return f"<Inbox of {self.path} {state} {len(self._queue)}/{self.capacity}>"

    def _put(self, request: Request[Q, A]) -> None:
        self._waiting[request] = None
        self._refill()

    def _refill(self) -> None:
        """Let those that wait for room into the queue, and tell one taker for each."""
        while self._waiting and len(self._queue) < self.capacity:
            request, _ = self._waiting.popitem(last=False)
            self._queue[request] = None
            self._takers.unpark()

    def _remove(self, request: Request[Q, A]) -> Stage | None:
        """Forget a request; return how far it had come, None where it is settled or its asker has left."""
        if request in self._taken:
            del self._taken[request]
            return Stage.TAKEN
        if request in self._queue:
            del self._queue[request]
            self._refill()
            return Stage.QUEUED
        if request in self._waiting:
            del self._waiting[request]
            return Stage.WAITING
        return None

    def _obituary(self, reason: str, error: BaseException | None) -> TargetEnded:
        ended = TargetEnded(self.path, reason)
        ended.__cause__ = error
        return ended
