"""What this process holds, as far as the system tells."""

import sys
from pathlib import Path

import pytest

from feedtree.ops import footprint


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is resident now")
def test_memory_and_descriptors_are_told() -> None:
    """What is resident now is not over what was at most; an open file is a descriptor more."""
    resident = footprint.resident_bytes()
    assert resident is not None
    assert 1_000_000 < resident <= footprint.peak_bytes() * 1.1
    before = footprint.descriptors()
    assert before is not None
    with open(__file__, encoding="utf-8"):
        assert footprint.descriptors() == before + 1


def test_what_the_system_does_not_tell_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No number is made up."""
    monkeypatch.setattr(footprint, "_DESCRIPTORS", str(tmp_path / "none"))
    monkeypatch.setattr(footprint, "_PAGES", str(tmp_path / "none"))
    assert footprint.descriptors() is None
    assert footprint.resident_bytes() is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert footprint.resident_bytes() is None


def test_the_peak_is_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Darwin counts bytes, others KiB; where there is no such call it is 0."""
    monkeypatch.setattr(sys, "platform", "linux")
    kib = footprint.peak_bytes()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert kib >= 1000 * footprint.peak_bytes() > 0
    monkeypatch.setitem(sys.modules, "resource", None)
    assert footprint.peak_bytes() == 0
