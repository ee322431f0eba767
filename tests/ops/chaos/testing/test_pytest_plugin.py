"""The plugin as pytest loads it: what it costs, its fixtures, marker, seed, and what it says when it cannot work."""

from collections.abc import Callable

import pytest

PLUGIN = "feedtree.ops.chaos.testing.plugin"
WITHIN = 120.0  # seconds for a run, most of which is the start of Python
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest in a process of its own, with this plugin, with pytest-trio or without."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(
        tests: str, *arguments: str, ini: str = "trio_mode = true", trio: bool = True
    ) -> pytest.RunResult:
        pytester.makeini(f"[pytest]\n{ini}\naddopts = --strict-markers\nfilterwarnings = error\n")
        pytester.makepyfile(tests)
        plugins = ("-p", "pytest_trio.plugin") if trio else ()
        return pytester.runpytest_subprocess(*plugins, "-p", PLUGIN, *arguments, timeout=WITHIN)

    return run


def test_it_imports_nothing_of_feedtree_until_a_fixture_is_used(run: Run) -> None:
    """Every run of pytest loads it where feedtree is installed; itself and the packages above it are all."""
    result = run(
        """
        import sys
        import pytest

        def test_nothing():
            found = {name for name in sys.modules if name.split(".")[0] == "feedtree"}
            plugin = "feedtree.ops.chaos.testing.plugin"
            assert found == {plugin, *(plugin.rsplit(".", cut)[0] for cut in (1, 2, 3, 4))}
            assert "msgspec" not in sys.modules

        @pytest.mark.simulated_exchange(transport="memory")
        async def test_something(simulated_exchange):
            assert "feedtree.ops.sim.server" in sys.modules
        """
    )
    result.assert_outcomes(passed=2)


def test_transport_clock_and_options_come_from_marker_ini_and_fixture(run: Run) -> None:
    """The closest marker counts; what it says beside the transport reaches the simulators."""
    result = run(
        """
        import pytest
        import trio
        from trio.testing import MockClock

        pytestmark = pytest.mark.simulated_exchange(rate=10.0)

        def virtual():
            return isinstance(trio.lowlevel.current_clock(), MockClock)

        async def test_by_ini(simulated_exchange):
            assert simulated_exchange.transport == "memory" and virtual()
            assert simulated_exchange.sim.simulation.rate == 10
            await trio.sleep(30)

        @pytest.mark.simulated_exchange(transport="tcp", symbols=["BTC/USDT"], rate=20.0, seed=5, orders=50)
        async def test_by_marker(simulated_exchange):
            assert simulated_exchange.transport == "tcp" and not virtual()
            config = simulated_exchange.sim.simulation.config
            assert (config.rate, config.orders, config.seed, len(config.symbols)) == (20.0, 50, 5, 1)
            assert simulated_exchange.seed == 5

        async def test_by_a_clock_of_its_own(simulated_exchange, mock_clock):
            assert trio.lowlevel.current_clock() is mock_clock
            assert simulated_exchange.transport == "memory"
        """,
        ini="trio_mode = true\nsimulated_exchange_transport = memory",
    )
    result.assert_outcomes(passed=3)


def test_a_clock_alone_makes_it_memory_and_trio_mode_is_not_needed(run: Run) -> None:
    """`autojump_clock` as an argument, the mark `trio` by hand; a test without both has sockets."""
    result = run(
        """
        import pytest

        @pytest.mark.trio
        async def test_memory(autojump_clock, simulated_exchange, chaos):
            assert chaos.exchange is simulated_exchange
            assert simulated_exchange.transport == "memory"

        @pytest.mark.trio
        async def test_tcp(simulated_exchange):
            assert simulated_exchange.transport == "tcp"
            assert set(simulated_exchange.tree_options) == {"rng"}
        """,
        ini="",
    )
    result.assert_outcomes(passed=2)


FAILING = """
    import pytest
    from feedtree.ops import open_tree

    @pytest.mark.simulated_exchange(transport="memory")
    async def test_late(simulated_exchange, chaos):
        config = simulated_exchange.config(venues=["gateio.spot"])
        async with open_tree(config, **simulated_exchange.tree_options) as tree:
            async with chaos.expect_recovery(tree, "public/gateio.spot", detect=1) as recovery:
                async with chaos.black_hole("gateio.spot"):
                    await recovery.detected()

    def test_other():
        assert False
"""


def test_a_missed_deadline_fails_with_its_story_and_the_seed(run: Run) -> None:
    """Whatever nurseries are around it; a test without these fixtures says nothing of a seed."""
    result = run(FAILING, "--chaos-seed=11", "-rN")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "chaos seed: 11",
            "*Overdue: public/gateio.spot/shard-1 did not notice within 1 s that nothing comes*",
            "*black_hole from 0.000 s on",
            "*public/gateio.spot/shard-1/a: running, live, generation 1",
            "*seed 11: pytest --chaos-seed=11 repeats it",
            "*- chaos seed -*",
            "11: pytest --chaos-seed=11 'test_a_missed_deadline_fails_with_its_story_and_the_seed.py::test_late' *",
        ]
    )
    assert result.stdout.str().count("- chaos seed -") == 1


def test_without_a_seed_each_run_draws_one_and_tells_it_of_what_failed(run: Run) -> None:
    """Nothing is said of it at the top."""
    text = run(FAILING, "-k", "late").stdout.str()
    assert "chaos seed: " not in text
    assert "--chaos-seed=" in text


def test_without_pytest_trio_it_says_what_is_to_be_installed(run: Run) -> None:
    """One line, no traceback; tests that use neither fixture are none the wiser."""
    result = run("async def test_it(simulated_exchange): ...\ndef test_other(): ...", ini="", trio=False)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "the fixture simulated_exchange needs pytest-trio, which is not there: "
            "pip install 'feedtree[[]pytest[]]'"
        ]
    )


def test_a_test_that_is_not_run_by_trio_says_what_is_to_be_done(run: Run) -> None:
    """The mode is off, and no mark is there."""
    result = run("async def test_it(chaos): ...", ini="")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "the fixture chaos or simulated_exchange is for async tests under pytest-trio: make it an async "
            "function, and mark it with @pytest.mark.trio or set trio_mode = true in the ini file"
        ]
    )


def test_what_is_set_up_wrongly_is_answered_with_what_there_is(run: Run) -> None:
    """A test that is not async; an option, a transport, a clock that does not fit, a fault."""
    result = run(
        """
        import pytest

        def test_sync(chaos): ...

        @pytest.mark.simulated_exchange("memory", speed=3)
        async def test_option(chaos): ...

        @pytest.mark.simulated_exchange(transport="udp")
        async def test_transport(chaos): ...

        @pytest.mark.simulated_exchange(transport="tcp")
        async def test_clock(chaos, autojump_clock): ...

        @pytest.mark.simulated_exchange(transport="memory")
        async def test_fault(chaos):
            chaos.black_whole("gateio.spot")
        """
    )
    result.assert_outcomes(errors=2, failed=3)
    result.stdout.fnmatch_lines(
        [
            "the fixture chaos or simulated_exchange is for async tests under pytest-trio: make it an async*",
            "simulated_exchange: memory, speed is unknown; allowed: transport=..., rate=..., orders=..., *",
            '*transport "udp" is unknown*allowed: tcp, memory*',
            "*sockets do not wait for a virtual clock*",
            '*AttributeError: fault "black_whole" is unknown (did you mean "black_hole"?)*allowed: refuse, away, *',
        ]
    )


CUT_OFF = """
    from feedtree.ops import open_tree

    async def test_it(simulated_exchange, chaos):
        config = simulated_exchange.config(symbols=["BTC/USDT"], accounts=["main"])
        async with open_tree(config, **simulated_exchange.tree_options) as tree:
            async with chaos.expect_recovery(tree, "private/gateio.spot/main", detect=2, recover=3) as recovery:
                async with chaos.black_hole("gateio.spot", side="private"):
                    await recovery.detected()
            assert simulated_exchange.orders_received(during=recovery.outage) == []
            assert recovery.lost == [] and recovery.doubled == []
"""


def test_orders_that_could_not_arrive_are_warned_of(run: Run) -> None:
    """The test passes; where warnings are errors it fails, with what is to be done."""
    memory = "trio_mode = true\nsimulated_exchange_transport = memory"
    result = run(CUT_OFF, "-W", "default", ini=memory)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["*OrdersCutOff: no order arrived at gateio.spot, but for 1.* s of that time black_hole *"]
    )
    result = run(CUT_OFF, ini=memory)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['*OrdersCutOff: *chaos.black_hole(*side="private", direction="down")*'])


def test_a_runner_of_its_own_keeps_running_the_test(run: Run) -> None:
    """The mark's runner is called, with the virtual clock."""
    result = run(
        """
        import pytest
        import trio

        def runner(function, *args, **options):
            print("clock:", type(options["clock"]).__name__)
            return trio.run(function, *args, **options)

        @pytest.mark.trio(run=runner)
        @pytest.mark.simulated_exchange(transport="memory")
        async def test_it(simulated_exchange): ...
        """,
        "-rP",
        ini="",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["clock: MockClock"])
