"""Fail where branch coverage is under the limits of ``[tool.feedtree.coverage]`` in pyproject.toml.

Usage: python tests/coverage_limits.py COVERAGE.json
"""

import json
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def share(files: dict[str, Any]) -> float:
    """Return the covered share of statements and branches together, in per cent."""
    covered = _count(files, "executed_lines", "executed_branches")
    total = covered + _count(files, "missing_lines", "missing_branches")
    return 100.0 * covered / total if total else 100.0


def _count(files: dict[str, Any], *kinds: str) -> int:
    return sum(len(entry[kind]) for entry in files.values() for kind in kinds)


def gaps(files: dict[str, Any]) -> list[str]:
    """Return the files that are not covered whole, worst first, with their missing lines."""
    rows = []
    for name, entry in files.items():
        percent = share({name: entry})
        if percent < 100.0:
            branches = [f"{a}->{b}" for a, b in entry["missing_branches"]]
            rows.append(
                (percent, f"  {percent:5.1f} %  {name}  lines {entry['missing_lines']} branches {branches}")
            )
    return [row for _, row in sorted(rows)]


def main(path: str) -> int:
    """Compare every limit with what was measured; print a line for each."""
    limits: dict[str, float] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["feedtree"][
        "coverage"
    ]
    files: dict[str, Any] = json.loads(Path(path).read_text())["files"]
    failed = False
    for pattern, limit in limits.items():
        chosen = {name: entry for name, entry in files.items() if fnmatch(name, pattern)}
        percent = share(chosen)
        verdict = "ok" if percent >= limit and chosen else "TOO LOW"
        print(f"coverage of {pattern}: {percent:.2f} % in {len(chosen)} files, at least {limit} %: {verdict}")
        if verdict != "ok":
            failed = True
            print("\n".join(gaps(chosen)[:20]))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
