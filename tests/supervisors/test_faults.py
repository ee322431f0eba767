"""Pictures of exceptions."""

import gc
import weakref

import pytest
import trio

from feedtree.supervisors.faults import Fault, picture


def caught(function, *args) -> BaseException:
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError


def raise_it(error: BaseException) -> None:
    raise error


def inner() -> None:
    raise KeyError("inner")


def outer() -> None:
    try:
        inner()
    except KeyError as error:
        raise ValueError("outer") from error


def test_a_picture_shows_where_an_exception_passed_and_what_it_came_from() -> None:
    """Outermost frame first, and the chain of causes."""
    fault = picture(caught(outer))
    assert (fault.type, fault.text) == ("ValueError", "outer")
    assert [each.function for each in fault.frames] == ["caught", "outer"]
    assert fault.cause is not None
    assert [each.function for each in fault.cause.frames] == ["outer", "inner"]
    lines = fault.render().splitlines()
    assert lines[0] == "KeyError: 'inner'"
    assert lines.index("which led to") < lines.index("ValueError: outer")
    assert f"at {__file__}:" in lines[1]


@pytest.mark.parametrize("suppress", [False, True])
def test_a_context_counts_as_a_cause_unless_it_was_suppressed(suppress: bool) -> None:
    """As in a traceback."""

    def handle() -> None:
        try:
            inner()
        except KeyError:
            error = ValueError("while handling")
            if suppress:
                raise error from None
            raise error  # noqa: B904 - the context is what is tested

    assert (picture(caught(handle)).cause is None) == suppress


@pytest.mark.row("SUP-110")
def test_a_picture_is_bounded() -> None:
    """In text, frames, parts, chain and lines; what was left out is counted."""
    wide = ExceptionGroup("g", [ExceptionGroup("h", [ValueError("x" * 5000) for _ in range(40)])] * 3)
    fault = picture(wide)
    assert len(fault.parts[0].parts[0].text) == 1000
    assert sum(each.left_out for each in fault.parts) + fault.left_out > 0
    assert "parts left out" in fault.render()

    def dive(depth: int) -> None:
        if depth == 0:
            raise ValueError("\n".join("line" for _ in range(900)))
        dive(depth - 1)

    deep = picture(caught(dive, 200))
    assert len(deep.frames) == 16
    error: BaseException = ValueError("0")
    for number in range(500):
        above = ValueError(str(number))
        above.__cause__ = error
        error = above
    chain = picture(error).render().splitlines()
    assert len(chain) == 99  # 50 exceptions, and what joins them
    many = ExceptionGroup("g", [ValueError("\n" * 900 + "end") for _ in range(40)])
    lines = picture(many).render().splitlines()
    assert len(lines) == 400
    assert lines[-1].endswith("more lines)")


def test_a_chain_of_causes_that_bites_its_tail_ends() -> None:
    """Nothing loops for ever."""
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    fault = picture(first)
    assert fault.cause is not None
    assert fault.cause.cause is None


async def test_cancellations_are_left_out(autojump_clock) -> None:
    """They are never a cause."""
    cancelled = []
    with trio.move_on_after(1):
        try:
            await trio.sleep_forever()
        except trio.Cancelled as error:
            cancelled.append(error)
            raise
    fault = picture(BaseExceptionGroup("g", [*cancelled, ValueError("x")]))
    assert [each.type for each in fault.parts] == ["ValueError"]


def test_a_picture_keeps_nothing_alive() -> None:
    """Neither the exception nor what its frames held."""

    class Secret:
        pass

    def leak() -> None:
        secret = Secret()
        kept.append(weakref.ref(secret))
        raise ValueError("x")

    kept: list[weakref.ref[Secret]] = []
    fault = picture(caught(leak))
    gc.collect()
    assert kept[0]() is None
    assert fault.frames[-1].function == "leak"


def test_a_broken_text_does_not_matter() -> None:
    """Whatever a child raises can be shown."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert picture(Broken()) == Fault("Broken", "(its text raised RuntimeError)")
    assert picture(caught(raise_it, Broken())).render().startswith("Broken: (its text")
