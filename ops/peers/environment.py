"""The environment of the clients that nobody here wrote: `.venv-peers`, beside the project."""

import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
_PEERS = HERE.parent.parent / ".venv-peers"
PYTHON = _PEERS / "bin" / "python"


def make_environment() -> None:
    """Make `.venv-peers` and install what it pins; quick where that is done already.

    Raises:
        subprocess.CalledProcessError: pip failed.
    """
    if not PYTHON.exists():
        venv.create(_PEERS, with_pip=True)
        (_PEERS / ".gitignore").write_text("*\n")
    requirements = str(HERE / "requirements.txt")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
    subprocess.run(pip, check=True)
