"""The pytest plugin: the fixtures ``simulated_exchange`` and ``chaos``, for tests that run under pytest-trio.

It is loaded in every run of pytest where feedtree is installed. So it imports nothing else of feedtree until a test
asks for a fixture.
"""

import random
from collections.abc import AsyncIterator, Callable, Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from feedtree.ops.chaos.testing.chaos import Chaos
    from feedtree.ops.chaos.testing.exchange import SimulatedExchange

FIXTURES: Final = frozenset({"simulated_exchange", "chaos"})
MARKER: Final = "simulated_exchange"
OPTIONS: Final = ("transport", "rate", "orders", "symbols", "seed")
_INI: Final = "simulated_exchange_transport"
_SEED = pytest.StashKey[int]()  # of a run
_CHOSEN = pytest.StashKey[dict[str, Any]]()  # of a test: what its exchanges are opened with


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what is typed, and what stands in the ini file."""
    parser.getgroup("feedtree").addoption(
        "--chaos-seed",
        type=int,
        metavar="N",
        help="decides all chance of simulated exchanges and faults; a new one for each run by default",
    )
    parser.addini(
        _INI,
        "what tests with simulated_exchange run over, where they do not say it: tcp, or memory",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell of the marker, and choose the seed."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}({', '.join(f'{name}=...' for name in OPTIONS)}): how the simulated exchanges of this test are; "
        'transport="memory" runs it under the virtual clock',
    )
    given: int | None = config.getoption("--chaos-seed")
    config.stash[_SEED] = random.SystemRandom().randrange(1 << 32) if given is None else given


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Repeat the seed that was typed."""
    typed = config.getoption("--chaos-seed") is not None
    return [f"chaos seed: {config.stash[_SEED]}"] if typed else []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Make sure that a test with these fixtures can have them, and give it its clock."""
    if not _concerned(item):
        return
    if not _has_pytest_trio(item.config):
        pytest.fail(
            f"{_named(item)} needs pytest-trio, which is not there: pip install 'feedtree[pytest]'",
            pytrace=False,
        )
    if item.get_closest_marker("trio") is None:
        pytest.fail(
            f"{_named(item)} is for async tests under pytest-trio: make it an async function, and mark it with "
            "@pytest.mark.trio or set trio_mode = true in the ini file",
            pytrace=False,
        )
    chosen = item.stash[_CHOSEN] = {"seed": item.config.stash[_SEED], **_options(item)}
    if chosen.get("transport") == "memory":
        given = (marker.kwargs["run"] for marker in item.iter_markers("trio") if "run" in marker.kwargs)
        item.add_marker(pytest.mark.trio(run=_virtually(next(given, None))), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the seed of a test that failed."""
    report = yield
    if report.failed and _CHOSEN in item.stash:
        seed = item.stash[_CHOSEN]["seed"]
        report.sections.append(
            ("chaos seed", f"{seed}: pytest --chaos-seed={seed} '{item.nodeid}' repeats it")
        )
    return report


@pytest.fixture
async def simulated_exchange(request: pytest.FixtureRequest) -> "AsyncIterator[SimulatedExchange]":
    """Simulated Gate.io and MEXC in this process, a proxy before each side of each: see docs/chaos.md."""
    from feedtree.ops.chaos.testing.exchange import open_simulated_exchange

    async with open_simulated_exchange(**request.node.stash[_CHOSEN]) as exchange:
        yield exchange


@pytest.fixture
def chaos(simulated_exchange: "SimulatedExchange") -> "Chaos":
    """Breaks what leads to the simulated exchanges, and them: see docs/chaos.md."""
    from feedtree.ops.chaos.testing.chaos import Chaos

    return Chaos(simulated_exchange)


def _concerned(item: pytest.Item) -> bool:
    return not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def _named(item: pytest.Item) -> str:
    return f"the fixture {' or '.join(sorted(FIXTURES.intersection(getattr(item, 'fixturenames', ()))))}"


def _has_pytest_trio(config: pytest.Config) -> bool:
    plugins = config.pluginmanager.get_plugins()
    return any(getattr(plugin, "__name__", "") == "pytest_trio.plugin" for plugin in plugins)


def _options(item: pytest.Item) -> dict[str, Any]:
    """Return what the markers of a test, its class and its module say; the closest counts."""
    options: dict[str, Any] = {}
    if in_file := item.config.getini(_INI):
        options["transport"] = in_file
    for marker in reversed(list(item.iter_markers(MARKER))):
        unknown = [str(argument) for argument in marker.args] + [
            key for key in marker.kwargs if key not in OPTIONS
        ]
        if unknown:
            pytest.fail(
                f"{MARKER}: {', '.join(unknown)} is unknown; allowed: {', '.join(f'{name}=...' for name in OPTIONS)}",
                pytrace=False,
            )
        options.update(marker.kwargs)
    return options


def _virtually(run: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a runner that has a virtual clock, which jumps on when all wait; a clock that is given is taken."""
    import trio
    from trio.testing import MockClock

    runner = trio.run if run is None else run

    def virtual(function: Callable[..., Any], *args: Any, clock: Any = None, **options: Any) -> Any:
        return runner(function, *args, clock=clock or MockClock(autojump_threshold=0), **options)

    return virtual
