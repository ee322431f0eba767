"""The clients and the environments that they run in: one for each client of other hands, beside the project."""

import os
import subprocess
import sys
import venv
from pathlib import Path

from msgspec import Struct

from feedtree.ops.chaos import peers as package

_FOLDER = Path(str(package.__file__)).parent
_CLIENTS = f"{package.__name__}.clients"
PATIENCE = 600.0  # seconds for an installation


class Client(Struct, frozen=True):
    """One client.

    Args:
        name: as in the table.
        program: its module.
        requirements: a file below ``requirements/``; empty: it is ours.
        is_run_as: how, in a line.
    """

    name: str
    program: str
    requirements: str
    is_run_as: str

    @property
    def package(self) -> str:
        """Its package."""
        return self.requirements or "feedtree"


CLIENTS = (
    Client("feedtree", "feedtree_client", "", "a whole tree, its mailbox with every change and every trade"),
    Client(
        "websockets",
        "websockets_client",
        "websockets",
        "`async for websocket in connect(url)`, as its documents show it, all options as they are",
    ),
    Client(
        "cryptofeed", "cryptofeed_client", "cryptofeed", "its Gateio feed, callbacks for books and trades"
    ),
    Client("ccxt.pro", "ccxt_client", "ccxt", "its gate, `watch_...` in loops that go on after an error"),
)


class CannotInstall(Exception):
    """A client's environment cannot be had; the message says why."""


def prepare(client: Client, folder: Path = Path()) -> list[str]:
    """Return the command that starts a client, to be followed by its task; its environment is made where there is none.

    Args:
        client: which.
        folder: where environments stand.

    Raises:
        CannotInstall: what it needs cannot be installed.
    """
    python = sys.executable
    if client.requirements:
        python = str(_installed(folder / f".venv-chaos-{client.requirements}", client.requirements))
    return [python, "-m", f"{_CLIENTS}.{client.program}"]


def surroundings(ca_file: str) -> dict[str, str]:
    """Return the environment variables of a client: it finds our modules, and trusts the simulated exchange."""
    importable = str(_FOLDER.parents[3])  # the folder in which `feedtree` stands
    return {**os.environ, "PYTHONPATH": importable, "SSL_CERT_FILE": ca_file, "REQUESTS_CA_BUNDLE": ca_file}


def _installed(folder: Path, name: str) -> Path:
    python = folder / "bin" / "python"
    requirements = _FOLDER / "requirements" / f"{name}.txt"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        if not python.exists():
            venv.create(folder, with_pip=True)
        subprocess.run(
            [*pip, "-r", str(requirements)], check=True, capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.CalledProcessError as error:
        raise CannotInstall(_last_line(error.stderr) or str(error)) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(str(error)) from error
    return python


def _last_line(text: str | bytes | None) -> str:
    told = text.decode(errors="replace") if isinstance(text, bytes) else text or ""
    lines = [line for line in told.splitlines() if line.startswith("ERROR")] or told.split("\n")
    return lines[-1].strip()
