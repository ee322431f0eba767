"""Asking an actor, without a supervisor."""

import gc
import math
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
import trio
import trio.testing

from feedtree.actors.ask import AskTimeout, Inbox, InboxStatistics, Request, Stage, TargetEnded
from feedtree.actors.context import Context

settled = trio.testing.wait_all_tasks_blocked


def inbox_of(path: str = "a", *, capacity: int = 10) -> Inbox[Any, Any]:
    return Context(path, 1).inbox(capacity=capacity)


def outcome_of(ask: Callable[[], Awaitable[Any]], outcomes: list[Any]) -> Callable[[], Awaitable[None]]:
    """Return a task that puts what comes of a question into a list, with the time."""

    async def task() -> None:
        outcome: Any
        try:
            outcome = await ask()
        except (AskTimeout, TargetEnded, ValueError) as error:
            outcome = error
        outcomes.append((trio.current_time(), outcome))

    return task


def is_empty(inbox: Inbox[Any, Any]) -> bool:
    figures = inbox.statistics()
    return (figures.waiting, figures.queued, figures.taken) == (0, 0, 0)


async def double(inbox: Inbox[int, int]) -> None:
    async for request in inbox:
        request.reply(2 * request.question)


async def test_an_answer_reaches_its_asker(autojump_clock: object) -> None:
    """Each asker gets the answer to its own question."""
    inbox: Inbox[int, int] = Context("a", 1).inbox(capacity=10)
    answers: dict[int, int] = {}

    async def ask(question: int) -> None:
        answers[question] = await inbox.ask(question, timeout=1.0)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(double, inbox)
        async with trio.open_nursery() as askers:
            for question in range(5):
                askers.start_soon(ask, question)
        nursery.cancel_scope.cancel()
    assert answers == {0: 0, 1: 2, 2: 4, 3: 6, 4: 8}
    assert is_empty(inbox)


async def test_questions_are_taken_in_the_order_of_asking(autojump_clock: object) -> None:
    """Those that waited for room too."""
    inbox = inbox_of(capacity=2)
    async with trio.open_nursery() as nursery:
        for question in range(6):
            nursery.start_soon(outcome_of(lambda question=question: inbox.ask(question, timeout=1), []))
            await settled()
        assert inbox.statistics() == InboxStatistics(waiting=4, queued=2, taken=0, capacity=2)
        taken = [await anext(inbox) for _ in range(6)]
        assert inbox.statistics() == InboxStatistics(waiting=0, queued=0, taken=6, capacity=2)
        assert [request.question for request in taken] == list(range(6))
        for request in reversed(taken):
            request.reply(None)


async def test_an_error_given_as_the_answer_is_raised_to_the_asker(autojump_clock: object) -> None:
    """It is the target's own exception, as it is."""
    inbox, refusal = inbox_of(), ValueError("no such order")

    async def refuse() -> None:
        (await anext(inbox)).fail(refusal)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(refuse)
        outcomes: list[Any] = []
        await outcome_of(lambda: inbox.ask("?", timeout=1), outcomes)()
    assert outcomes == [(0.0, refusal)]


async def test_a_question_can_be_none_and_so_can_its_answer(autojump_clock: object) -> None:
    """Neither is mistaken for a missing one."""
    inbox = inbox_of()

    async def answer() -> None:
        request = await anext(inbox)
        assert request.question is None
        request.reply(None)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        assert await inbox.ask(None, timeout=1) is None


@pytest.mark.parametrize(
    "second", [lambda request: request.reply(2), lambda request: request.fail(ValueError())]
)
async def test_answering_twice_is_a_bug(autojump_clock: object, second: Callable[[Any], None]) -> None:
    """Whether or not somebody still waits; the first answer stands."""
    inbox = inbox_of()
    outcomes: list[Any] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome_of(lambda: inbox.ask("?", timeout=1), outcomes))
        request = await anext(inbox)
        assert repr(request) == "<Request to a open>"
        request.reply(1)
        assert repr(request) == "<Request to a answered>"
        with pytest.raises(RuntimeError, match="answered before"):
            second(request)
    with pytest.raises(RuntimeError, match="answered before"):
        second(request)
    assert outcomes == [(0.0, 1)]


async def test_several_tasks_share_the_questions(autojump_clock: object) -> None:
    """Each question goes to one of them."""
    inbox = inbox_of(capacity=1)
    taken: dict[int, list[int]] = {0: [], 1: []}

    async def work(number: int) -> None:
        async for request in inbox:
            taken[number].append(request.question)
            await trio.sleep(1)
            request.reply(None)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, 0)
        nursery.start_soon(work, 1)
        async with trio.open_nursery() as askers:
            for question in range(6):
                askers.start_soon(outcome_of(lambda question=question: inbox.ask(question, timeout=9), []))
        assert trio.current_time() == 3.0
        inbox.close()
    assert sorted(taken[0] + taken[1]) == list(range(6))
    assert len(taken[0]) == len(taken[1]) == 3


# Timeout and cancellation


async def test_a_question_that_nobody_takes_times_out_and_is_out_of_the_queue(autojump_clock: object) -> None:
    """The target never sees it, and the error says so."""
    inbox = inbox_of()
    with pytest.raises(AskTimeout, match=r"a gave no answer within 2 s: .*not taken") as caught:
        await inbox.ask("?", timeout=2.0)
    assert trio.current_time() == 2.0
    assert isinstance(caught.value, trio.TooSlowError)
    assert (caught.value.path, caught.value.stage) == ("a", Stage.QUEUED)
    assert is_empty(inbox)
    with trio.move_on_after(1):
        await anext(inbox)
    assert trio.current_time() == 3.0


async def test_the_wait_for_room_counts_into_the_timeout(autojump_clock: object) -> None:
    """When the inbox is full the asker waits, no longer than it said."""
    inbox = inbox_of(capacity=1)
    outcomes: list[Any] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome_of(lambda: inbox.ask(1, timeout=5), outcomes))
        await settled()
        with pytest.raises(AskTimeout, match="full") as caught:
            await inbox.ask(2, timeout=2)
        assert (trio.current_time(), caught.value.stage) == (2.0, Stage.WAITING)
        assert inbox.statistics().waiting == 0
        (await anext(inbox)).reply("one")
    assert outcomes == [(2.0, "one")]


async def test_an_asker_that_leaves_makes_room_for_the_next(autojump_clock: object) -> None:
    """Also for a taker that waits already."""
    inbox = inbox_of(capacity=1)
    outcomes: list[Any] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome_of(lambda: inbox.ask(1, timeout=1), outcomes))
        await settled()
        nursery.start_soon(outcome_of(lambda: inbox.ask(2, timeout=9), outcomes))
        await trio.sleep(3)
        assert inbox.statistics() == InboxStatistics(waiting=0, queued=1, taken=0, capacity=1)
        request = await anext(inbox)
        request.reply(request.question)
    assert [type(outcome) for _, outcome in outcomes] == [AskTimeout, int]
    assert outcomes[1] == (3.0, 2)


@pytest.mark.parametrize(
    "answer", [lambda request: request.reply(1), lambda request: request.fail(ValueError())]
)
async def test_a_late_answer_is_dropped_silently(
    autojump_clock: object, answer: Callable[[Any], None]
) -> None:
    """It disturbs neither the target nor the asker's next question."""
    inbox = inbox_of()

    async def slow() -> None:
        late = await anext(inbox)
        await trio.sleep(2)
        answer(late)
        (await anext(inbox)).reply("second")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        with pytest.raises(AskTimeout) as caught:
            await inbox.ask("first", timeout=1.0)
        assert caught.value.stage is Stage.TAKEN
        assert is_empty(inbox)
        assert await inbox.ask("second", timeout=5.0) == "second"
    assert is_empty(inbox)


async def test_a_question_dropped_by_a_living_target_runs_into_its_timeout(autojump_clock: object) -> None:
    """Nothing tells that it was forgotten."""
    inbox = inbox_of()

    async def drop() -> None:
        await anext(inbox)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drop)
        with pytest.raises(AskTimeout):
            await inbox.ask("?", timeout=3.0)
    assert trio.current_time() == 3.0
    assert is_empty(inbox)


async def test_an_answer_at_the_deadline_goes_before_the_timeout(mock_clock: trio.testing.MockClock) -> None:
    """It is there, so it is not thrown away."""
    inbox = inbox_of()
    outcomes: list[Any] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome_of(lambda: inbox.ask("?", timeout=1.0), outcomes))
        request = await anext(inbox)
        mock_clock.jump(1.0)
        request.reply("in time")
    assert outcomes == [(1.0, "in time")]


@pytest.mark.parametrize("taken", [False, True])
async def test_a_cancelled_asker_leaves_nothing_behind(autojump_clock: object, taken: bool) -> None:
    """Neither its question nor a place for the answer."""
    inbox = inbox_of()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome_of(lambda: inbox.ask("?", timeout=math.inf), []))
        await settled()
        request = await anext(inbox) if taken else None
        nursery.cancel_scope.cancel()
    assert is_empty(inbox)
    if request is not None:
        request.reply("too late")


async def test_an_asker_that_is_cancelled_already_asks_nothing(autojump_clock: object) -> None:
    """The target is not even woken."""
    inbox = inbox_of()
    with trio.CancelScope() as scope:
        scope.cancel()
        await inbox.ask("?", timeout=1)
    assert scope.cancelled_caught
    assert is_empty(inbox)


async def test_a_cancelled_taker_takes_none(autojump_clock: object) -> None:
    """The question waits for the next one."""
    inbox = inbox_of()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome_of(lambda: inbox.ask("?", timeout=1), []))
        await settled()
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(inbox)
        assert inbox.statistics().queued == 1
        (await anext(inbox)).reply(None)


async def test_a_timeout_is_in_seconds_and_not_negative(autojump_clock: object) -> None:
    """A wrong one asks nothing."""
    inbox = inbox_of()
    with pytest.raises(ValueError, match="must be non-negative"):
        await inbox.ask("?", timeout=-1)
    assert is_empty(inbox)


# The end of the target


async def test_the_end_fails_every_ask_in_flight_at_once(autojump_clock: object) -> None:
    """Taken, queued or waiting for room; with the reason, and the exception as the cause."""
    context = Context("x/y", 1)
    inbox: Inbox[int, int] = context.inbox(capacity=1)
    crash, outcomes = KeyError("bug"), []
    async with trio.open_nursery() as nursery:
        for question in range(3):
            nursery.start_soon(
                outcome_of(lambda question=question: inbox.ask(question, timeout=60), outcomes)
            )
        await settled()
        request = await anext(inbox)
        assert inbox.statistics() == InboxStatistics(waiting=1, queued=1, taken=1, capacity=1)
        await trio.sleep(1)
        context.end("KeyError: 'bug'", crash)
    assert [at for at, _ in outcomes] == [1.0] * 3
    for _, error in outcomes:
        assert isinstance(error, TargetEnded)
        assert (error.path, error.reason, error.__cause__) == ("x/y", "KeyError: 'bug'", crash)
        assert str(error) == "x/y ended: KeyError: 'bug'"
    assert is_empty(inbox)
    request.reply(1)


async def test_asking_after_the_end_fails_at_once_the_same_way(autojump_clock: object) -> None:
    """With the reason of the first end; it is a checkpoint all the same."""
    context = Context("a", 1)
    inbox: Inbox[int, int] = context.inbox(capacity=1)
    crash = KeyError("bug")
    context.end("first", crash)
    context.end("second")
    with trio.testing.assert_checkpoints(), pytest.raises(TargetEnded, match="a ended: first") as caught:
        await inbox.ask(1, timeout=60)
    assert caught.value.__cause__ is crash
    assert trio.current_time() == 0.0
    assert "ended" in repr(inbox)


async def test_the_end_ends_the_iteration_of_all_takers(autojump_clock: object) -> None:
    """Tasks of the actor that wait for questions are let go."""
    inbox = inbox_of()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(double, inbox)
        nursery.start_soon(double, inbox)
        await settled()
        inbox.end("stopped")
    assert [request async for request in inbox] == []


async def test_an_actor_can_close_its_inbox_and_go_on(autojump_clock: object) -> None:
    """Open asks fail at once; another inbox of the same actor is not concerned."""
    context = Context("a", 1)
    one: Inbox[int, int] = context.inbox(capacity=1)
    other: Inbox[int, int] = context.inbox(capacity=1)
    outcomes: list[Any] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outcome_of(lambda: one.ask(1, timeout=60), outcomes))
        nursery.start_soon(double, other)
        await settled()
        one.close()
        one.close()
        assert await other.ask(4, timeout=1) == 8
        context.end("returned")
    assert [str(error) for _, error in outcomes] == ["a ended: it closed its inbox"]
    assert other.ended


def test_closed_inboxes_are_not_kept() -> None:
    """An actor may open and close as many as it likes."""

    class Mark(Exception):
        pass

    context, mark = Context("a", 1), Mark()
    inbox: Inbox[int, int] = context.inbox(capacity=1)
    inbox.end("closed", mark)
    gone = weakref.ref(mark)
    inbox, mark = context.inbox(capacity=1), Mark()
    assert gone() is None
    context.end("returned")
    assert inbox.ended


def test_an_incarnation_that_has_ended_opens_no_inbox() -> None:
    """Nobody would ever end it."""
    context = Context("a", 1)
    context.end("stopped")
    with pytest.raises(RuntimeError, match="has ended"):
        context.inbox(capacity=1)


def test_an_inbox_holds_at_least_one_question() -> None:
    """A capacity below 1 is refused."""
    with pytest.raises(ValueError, match="at least one question, not 0"):
        inbox_of(capacity=0)


async def test_nothing_of_a_settled_question_stays_in_memory(autojump_clock: object) -> None:
    """Neither after an answer, an error, a timeout nor a late reply; without the garbage collector."""

    class Question:
        pass

    inbox = inbox_of()
    seen: list[weakref.ref[Question]] = []

    async def serve() -> None:
        async for request in inbox:
            await trio.sleep(1)
            if len(seen) % 2:
                request.reply(None)
            else:
                request.fail(ValueError())
            del request

    async def ask(timeout: float) -> None:
        question = Question()
        seen.append(weakref.ref(question))
        with suppress(ValueError, AskTimeout):
            await inbox.ask(question, timeout=timeout)

    gc.collect()
    gc.disable()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            for timeout in (5, 5, 0.5, 0.5, 5):
                await ask(timeout)
            await trio.sleep(5)
            assert [each() for each in seen] == [None] * 5
            nursery.cancel_scope.cancel()
    finally:
        gc.enable()


@pytest.mark.parametrize("seed", range(20))
async def test_every_asker_gets_one_outcome_whatever_happens(autojump_clock: object, seed: int) -> None:
    """Answers, timeouts and cancellations in any mixture, then an end: each is settled, and nothing is left."""
    rng = Random(seed)
    context = Context("a", 1)
    inbox: Inbox[int, int] = context.inbox(capacity=rng.randint(1, 3))
    outcomes: dict[int, Any] = {}
    seen: list[Request[int, int]] = []

    async def ask(question: int) -> None:
        await trio.sleep(rng.random() * 10)
        with trio.move_on_after(rng.choice([0.3, math.inf])):
            try:
                outcomes[question] = await inbox.ask(question, timeout=rng.choice([0.0, 0.5, 2.0, math.inf]))
            except (AskTimeout, TargetEnded) as error:
                outcomes[question] = error
            return
        outcomes[question] = "cancelled"

    async def serve() -> None:
        async for request in inbox:
            assert request.question not in outcomes
            seen.append(request)
            await trio.sleep(rng.random() / 2)
            if rng.random() < 0.8:
                request.reply(request.question)

    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(serve)
        for question in range(60):
            nursery.start_soon(ask, question)
        await trio.sleep(9)
        context.end("crashed")
    assert set(outcomes) == set(range(60))
    assert all(outcomes[question] == question for question in outcomes if isinstance(outcomes[question], int))
    assert len({request.question for request in seen}) == len(seen)
    assert {type(outcome) for outcome in outcomes.values()} >= {int, AskTimeout, TargetEnded, str}
    assert is_empty(inbox)
