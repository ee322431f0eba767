"""What the benchmark runs on, and whether somebody else ran on it too. Linux says most, other systems less."""

import os
import platform
import ssl
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100

_MEASURED = ("trio", "msgspec", "picows", "uvloop", "aiofastnet", "trio-websocket", "websockets")


class Cores(Struct, frozen=True):
    """Where to pin processes; None leaves it to the system."""

    server: int | None
    client: int | None


class CpuTimes(Struct, frozen=True):
    """What one core did so far, in seconds."""

    busy: float = 0.0
    stolen: float = 0.0


def cores() -> Cores:
    """Choose two different cores where there are two."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[-1])


def pin(core: int | None) -> None:
    """Keep this process on one core."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def cpu_times(core: int | None) -> CpuTimes | None:
    """Return what a core (None: all of them together) did so far; None where the system does not say."""
    name = "cpu" if core is None else f"cpu{core}"
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        label, *fields = line.split()
        if label == name:
            user, nice, system, _, _, irq, softirq, steal = (int(field) for field in fields[:8])
            return CpuTimes((user + nice + system + irq + softirq) / _TICKS_PER_S, steal / _TICKS_PER_S)
    return None


def process_cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used; 0 where it has ended, or the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def peak_rss_mib() -> float | None:
    """Return the most memory that this process has held, in MiB; None where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def rss_kib() -> float | None:
    """Return the memory that this process holds now, in KiB; None where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1024


def describe(packages: Sequence[str] = _MEASURED) -> dict[str, object]:
    """Name the machine, for the record, with the versions of packages."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": _system(),
        "python": sys.version.split()[0],
        "openssl": ssl.OPENSSL_VERSION,
        **{name: version(name) for name in packages},
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }


def _system() -> str:
    """Name the system and its release, without what those who built it call themselves."""
    release = ".".join(platform.release().split("-")[0].split(".")[:2])
    return f"{platform.system()} {release}"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
