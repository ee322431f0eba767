"""The gate's tests in two processes, one for each core: ``python tests/side_by_side.py``.

The one has whole trees and programs, the other all else and then the campaign, whose coverage is not measured: that
would cost it most of its time. What the first prints comes behind
what the second does. Exits with 1 where a test failed.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence

MEASURED = ("-m", "coverage", "run", "-m", "pytest", "-q", "-m", "not slow and not campaign")
WHOLE = ("tests/integration", "tests/ops")
REST = ("tests", *(f"--ignore={folder}" for folder in WHOLE))
CAMPAIGN = ("-m", "pytest", "-q", "-m", "campaign", "tests/integration/test_campaign.py")


def main() -> int:
    """Run them; return the exit code."""
    with tempfile.TemporaryFile() as printed:
        whole = subprocess.Popen(_command(*MEASURED, *WHOLE), stdout=printed, stderr=subprocess.STDOUT)
        codes = [subprocess.call(_command(*MEASURED, *REST)), subprocess.call(_command(*CAMPAIGN))]
        codes.append(whole.wait())
        printed.seek(0)
        sys.stdout.write(printed.read().decode(errors="replace"))
    return int(any(codes))


def _command(*arguments: str) -> Sequence[str]:
    return (sys.executable, *arguments)


if __name__ == "__main__":
    sys.exit(main())
