"""What is typed becomes faults at their times, or an error that says what there is."""

from pathlib import Path

import pytest
import trio

from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.script import Timing, load_script, make_step, parse_script
from feedtree.ops.chaos.spelling import WrongFault, parse, schema_of


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("blackhole", 'fault "blackhole" is unknown (did you mean "black_hole"?); allowed: refuse, away,'),
        ("", 'fault "" is unknown; allowed: refuse'),
        (
            "latency:dellay=1",
            'latency: parameter "dellay" is unknown (did you mean "delay"?); '
            "allowed: delay, jitter, direction, at, for, on, count",
        ),
        ("latency:delay", '"delay" is no parameter; allowed: NAME or NAME:key=value,key=value'),
        ("latency:", '"" is no parameter'),
        ("latency:delay=1,delay=2", "latency: delay is given twice"),
        ("latency:delay=soon", 'latency: delay = "soon" is not allowed; allowed: a number of s, 0 or more'),
        ("latency:delay=-1", "allowed: a number of s, 0 or more"),
        ("latency:delay=nan", "allowed: a number of s, 0 or more"),
        ("latency:delay=inf", "allowed: a number of s, 0 or more"),
        ("latency:for=nan", "latency: for ="),
        ("latency:direction=sideways", "allowed: both, down, up"),
        ("reset:direction=both", "allowed: down, up"),
        ("slow_loris:interval=0", "allowed: a number of s, more than 0"),
        ("drop:length=0", "allowed: a whole number of bytes, 1 or more"),
        ("drop:length=1.5", "allowed: a whole number of bytes, 1 or more"),
        ("reset:on=some", "allowed: all, default, new, open"),
        ("reset:count=x", "allowed: a whole number, 0 or more"),
        ("tls_expired:certificate=/no/such.pem", "/no/such.pem"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(text: str, problem: str) -> None:
    """Names, parameters and values; the closest match is offered."""
    with pytest.raises(WrongFault) as caught:
        parse_script([text])
    assert problem in str(caught.value)


def test_texts_become_steps() -> None:
    """Values have their types; what is not said is as it was said for all."""
    script = parse_script(
        ["black_hole:direction=down,at=2,for=5,count=1", "latency: delay = 0.2 , jitter=1"],
        otherwise=Timing(at=1.0, lasting=3.0),
    )
    first, second = script.steps
    assert (first.name, first.fault.direction, first.timing) == (
        "black_hole",
        "down",
        Timing(at=2.0, lasting=5.0, count=1),
    )
    assert (second.fault.delay, second.fault.jitter, second.timing) == (0.2, 1.0, Timing(at=1.0, lasting=3.0))
    assert (first.seconds, first.on) == (5.0, None)
    assert make_step("reset", {"on": "new"}).on == "new"
    assert make_step("reset", {}).seconds == float("inf")
    assert parse("reset") == ("reset", {})


def test_no_fault_has_a_parameter_of_the_timing() -> None:
    """Both are written in one place."""
    for kind in PROXY_FAULTS.values():
        assert not set(schema_of(kind)) & set(schema_of(Timing))


def test_every_fault_says_what_it_does() -> None:
    """A line for each kind and each parameter, and a default for each parameter."""
    for kind in PROXY_FAULTS.values():
        assert kind.__doc__
        for schema in schema_of(kind).values():
            assert schema["description"]
            assert "default" in schema
        assert kind() == kind()


def test_a_file_holds_a_script(tmp_path: Path) -> None:
    """A table for each step."""
    path = tmp_path / "night.toml"
    path.write_text('[[fault]]\nname = "stall"\nat = 1\nfor = 1.2\n\n[[fault]]\nname = "drop"\nlength = 3\n')
    first, second = load_script(path).steps
    assert (first.name, first.timing.at, first.seconds) == ("stall", 1.0, 1.2)
    assert second.fault.length == 3
    first, second = load_script(path, otherwise=Timing(at=5.0, lasting=9.0)).steps
    assert [first.timing, second.timing] == [Timing(at=1.0, lasting=1.2), Timing(at=5.0, lasting=9.0)]
    path.write_text("")
    assert load_script(path).steps == ()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[[fualt]]", 'table "fualt" is unknown (did you mean "fault"?)'),
        ("fault = 3", "allowed: [[fault]]"),
        ("fault = [1, 2]", "fault is no list of tables; allowed: [[fault]]"),
        ('fault = ["away"]', "fault is no list of tables; allowed: [[fault]]"),
        ('[[fault]]\nname = "aw\xe4y"', "line 2 is not UTF-8; allowed: TOML"),
        ("[[fault]]\nat = 1", "fault[0]: name is missing; allowed: refuse"),
        ('[[fault]]\nname = "stall"\n[[fault]]\nname = "resett"', 'fault[1]: fault "resett" is unknown'),
        ('[[fault]]\nname = "stall"\nat = "x"', "fault[0]: stall: at ="),
        ("[[", "end of document"),
        (None, "No such file"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str | None, problem: str) -> None:
    """File, table and key."""
    path = tmp_path / "night.toml"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    with pytest.raises(WrongFault) as caught:
        load_script(path)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)


def test_a_script_is_played_in_time(medium) -> None:
    """Each step at its time and for its length; the script ends with its last step."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        began = trio.current_time()
        script = parse_script(["stall:at=0.1,for=0.2", "latency:delay=0.05,direction=up,for=0.4"])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(line.proxy.play, script)
            await trio.sleep(0.15)
            await server.send(b"x")
            await client.hear(1)
            assert medium.took(began, 0.3)
        assert medium.took(began, 0.4)
        assert line.proxy.running == []
        lasted = {each.name: each.ended - each.began for each in line.proxy.history}
        assert lasted["stall"] == pytest.approx(0.2, abs=medium.slack)

    medium.run(scenario)


def test_steps_of_one_time_begin_as_they_are_written(medium) -> None:
    """So that a seed gives the same again, and what combines does so in one order."""

    async def scenario(line) -> None:
        texts = ["drop", "latency:at=0.02", "duplicate", "stall:at=0.01", "corrupt", "truncate"]
        with trio.move_on_after(0.1):
            await line.proxy.play(parse_script(texts))
        begun = [(running.number, running.name) for running in line.proxy.history]
        names = ["drop", "duplicate", "corrupt", "truncate", "stall", "latency"]
        assert begun == list(enumerate(names, start=1))

    medium.run(scenario)


def test_a_script_that_is_cancelled_ends_its_faults(medium) -> None:
    """Also those without an end."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        with trio.move_on_after(0.1):
            await line.proxy.play(parse_script(["stall", "refuse"]))
        await client.send(b"x")
        assert await server.hear(1) == b"x"
        await trio.sleep(0.02)
        await line.pair()

    medium.run(scenario)
