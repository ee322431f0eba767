"""How long connecting took, phase by phase."""

from feedtree.actors.meters import Meters
from feedtree.exchanges.phases import PhaseFigures, Phases, figures


def test_each_phase_is_measured_and_told_in_order() -> None:
    """Over all connections; what never was is left out."""
    kept = Meters()
    for seconds in (0.001, 0.003):
        phases = Phases(kept)
        phases.took("tls", seconds)
        phases.took("tcp", 0.0)
    assert kept.histograms["tls_ns"].count == 2
    found = figures(kept)
    assert list(found) == ["tcp", "tls"]
    assert found["tcp"] == PhaseFigures(2, 0.0, 0.0, 0.0)
    assert (found["tls"].count, found["tls"].highest_ms) == (2, 3.0)
    assert found["tls"].p50_ms <= found["tls"].p95_ms <= found["tls"].p99_ms
    assert found["tls"].p95_ms == 3.0
    assert str(phases) == "tls 3.0, tcp 0.0 ms"


def test_only_the_first_settling_of_a_connection_is_a_phase() -> None:
    """A book that is resynced later says nothing of connecting; without books there is no first data to wait for."""
    kept = Meters()
    phases = Phases(kept)
    phases.settled(1.0, 1.0, books=True)
    phases.opened(10.0)
    phases.settled(13.0, 12.5, books=True)
    phases.settled(20.0, 19.0, books=True)
    assert {name: each.highest_ms for name, each in figures(kept).items()} == {
        "subscribe": 2500.0,
        "first_data": 500.0,
    }
    phases.opened(30.0)
    phases.settled(31.0, 31.0, books=False)
    assert figures(kept)["subscribe"].count == 2
    assert figures(kept)["first_data"].count == 1
