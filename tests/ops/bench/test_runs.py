from collections.abc import Callable

import msgspec
import pytest

from feedtree.ops.bench import latency, messages, promises
from feedtree.ops.bench.parts import Figure
from feedtree.ops.bench.profiles import missed
from feedtree.ops.bench.progress import interleaved
from feedtree.ops.bench.ready import Ready
from feedtree.ops.bench.runs import Case, Run, faults, line, paired, plain, us_per_message

Made = Callable[..., Run]

OURS, RIVAL = Case("feedtree whole"), Case("picows whole")


def test_every_case_has_its_turn_every_other_round_backwards() -> None:
    """Nobody is always the first of a pair."""
    assert list(interleaved("ab", 3)) == [(0, "a"), (0, "b"), (1, "b"), (1, "a"), (2, "a"), (2, "b")]


def test_a_ratio_is_the_median_over_the_pairs_of_a_round(made: Made) -> None:
    """A machine that changes its pace between rounds changes both of a pair, and no ratio."""
    runs = [
        made(case, us * pace, number=number)
        for number, pace in enumerate((1.0, 3.0, 2.0))
        for case, us in ((OURS, 6.0), (RIVAL, 5.0))
    ]
    found = paired(runs, OURS, RIVAL, us_per_message)
    assert found is not None
    assert (found.value, found.note) == (pytest.approx(1.2), "")
    assert paired(runs[:1], OURS, RIVAL, us_per_message) is None


@pytest.mark.parametrize(
    ("calm", "value", "note"),
    [(3, 1.2, "4 of 7 pairs disturbed, left out"), (2, 2.0, "5 of 7 pairs disturbed")],
)
def test_disturbed_pairs_are_left_out_where_enough_others_remain(
    made: Made, calm: int, value: float, note: str
) -> None:
    """And a reader is told of them either way."""
    runs = [
        made(case, us, number=number, foreign=0.0 if number < calm else 0.5)
        for number in range(7)
        for case, us in ((OURS, 6.0 if number < calm else 10.0), (RIVAL, 5.0))
    ]
    found = paired(runs, OURS, RIVAL, us_per_message)
    assert found is not None
    assert (found.value, found.note) == (pytest.approx(value), note)


def test_a_run_that_does_not_count_is_in_no_figure(made: Made) -> None:
    """Only a fault says that there was one."""
    runs = [
        made(OURS, 6.0),
        made(RIVAL, 5.0),
        made(OURS, 99.0, number=1, fault="no book"),
        made(RIVAL, number=1),
    ]
    found = paired(runs, OURS, RIVAL, us_per_message)
    assert found is not None
    assert found.value == pytest.approx(1.2)
    assert faults(runs) == ["tls 10 symbols feedtree whole, round 1: no book"]
    assert "WRONG: no book" in line(runs[2])
    (row, _) = messages.table(runs, 261.0).rows
    assert row[-1] == "1, 1 WRONG"


@pytest.mark.parametrize(
    ("stolen", "foreign", "late", "disturbed"),
    [(0.0, 0.0, 0.0, False), (0.02, 0.0, 0.0, True), (0.0, 0.05, 0.0, True), (0.0, 0.0, 0.01, True)],
)
def test_a_disturbed_run_is_marked(
    made: Made, stolen: float, foreign: float, late: float, *, disturbed: bool
) -> None:
    """By steal, by others on the core, and by a server that was held up."""
    run = msgspec.structs.replace(made(OURS, stolen=stolen, foreign=foreign), late=late)
    assert run.disturbed == disturbed
    assert line(run).endswith("disturbed") == disturbed


def test_a_run_as_data_has_no_books(made: Made) -> None:
    """They are long, and equal to the truth."""
    found = plain(made(OURS, p50=50.0))
    assert "books" not in found["sample"]
    assert found["counts"]
    msgspec.json.encode(found)


def test_messages_have_targets_over_tls_with_ten_symbols_alone(made: Made) -> None:
    """Plain TCP and a hundred symbols are shown beside it."""
    cases = [Case(client, transport) for transport in ("tls", "tcp") for client in messages.WHOLE]
    cases += [Case(client, symbols=100) for client in messages.WHOLE]
    runs = [made(case, us) for case, us in zip(cases, (6.0, 5.0) * 3, strict=True)]
    found = {figure.name: figure for figure in messages.figures_of(runs)}
    assert found["tls whole pipeline: CPU / picows"].held
    assert found["tcp whole pipeline: CPU / picows"].held is None
    assert found["tls 100 symbols whole pipeline: CPU / picows"].value == pytest.approx(1.2)
    assert found["tls whole pipeline: peak memory"].value == 40.0


def test_throughput_is_compared_by_the_clock_on_the_wall(made: Made) -> None:
    """More is better there."""
    runs = [made(Case("feedtree structs"), 5.0), made(Case("trio-websocket structs"), 50.0)]
    (figure,) = messages.figures_of(runs)
    assert (figure.name, figure.value) == (
        "tls decode only: messages/s / trio-websocket",
        pytest.approx(10.0),
    )
    assert figure.held is False


def test_latencies_are_compared_at_each_pace(made: Made) -> None:
    """By the median from send to consumer."""
    runs = [
        made(Case(client, per_s=per_s), p50=p50)
        for per_s in latency.RATES
        for client, p50 in (("picows", 50.0), ("spin tap", 39.0), ("wait tap", 75.0))
    ]
    found = {figure.name: figure for figure in latency.figures_of(runs)}
    assert found["tls 1,000/s p50 spin+tap / picows"].held is True
    assert found["tls 5,000/s p50 wait+tap / picows"].held is False
    assert latency.table(runs).rows[1][:5] == ("spin tap", "tls", "1,000", 39.0, 78.0)


def test_a_missed_target_is_looked_into_once_for_each_case(made: Made) -> None:
    """Those that are held, and those of which there is no case, are not."""
    figures = [
        Figure("one", 2.0, "x", "cpu", 1.0),
        Figure("two", 2.0, "x", "cpu", 1.0),
        Figure("held", 1.0, "x", "cpu", 1.0),
        Figure("elsewhere", 2.0, "x", "cpu", 1.0),
    ]
    asked: list[Case] = []

    def profiled(case: Case) -> Run:
        asked.append(case)
        return made(case, profile=[{"function": "book.apply", "share": 0.2, "calls": 1.0}])

    cases = dict.fromkeys(("one", "two", "held"), OURS)
    looked = missed(figures, cases, lambda case: msgspec.convert(msgspec.to_builtins(profiled(case)), Run))
    assert asked == [OURS]
    assert set(looked) == {"one", "two"}
    assert "20%   1.00 calls/message  book.apply" in looked["one"]


def promised(made: Made, ours: Run, rival: Run) -> dict[str, Figure]:
    ready = Ready(20.0, 60.0, 500.0, 3, 0.2)
    found = promises.part([ready], [made(OURS, 10.0)], [ours, rival], 30.0)
    return {figure.name: figure for figure in found.figures}


def test_promises_are_in_the_users_units(made: Made) -> None:
    """Each is a figure of its own with yes or no."""
    found = promised(made, made(promises.OURS, p50=100.0), made(promises.RIVAL, p50=50.0))
    assert all(figure.held for figure in found.values())
    assert found["messages on one connection"].value == pytest.approx(100_000)
    assert found["lost in 30 s at 5,000/s"].value == 0


@pytest.mark.parametrize(("rival_p50", "whose"), [(50.0, "ours"), (1_500.0, "the machine's")])
def test_an_outlier_that_picows_shares_is_the_machines(made: Made, rival_p50: float, whose: str) -> None:
    """It is named so, and still a miss."""
    found = promised(made, made(promises.OURS, p50=2_000.0), made(promises.RIVAL, p50=rival_p50))
    assert found["processing, slowest"].held is False
    assert found["processing, slowest"].note.startswith(whose)


def test_a_lost_message_is_counted(made: Made) -> None:
    """A run with a wrong book has lost one at least."""
    rival = made(promises.RIVAL, p50=50.0)
    lost = promised(made, made(promises.OURS, fault="2 are missing", received=998), rival)
    assert lost["lost in 30 s at 5,000/s"].value == 2
    wrong = promised(made, made(promises.OURS, fault="no book"), rival)
    assert wrong["lost in 30 s at 5,000/s"].value == 1
