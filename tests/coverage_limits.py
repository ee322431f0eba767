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
    summaries = [entry["summary"] for entry in files.values()]
    total = sum(summary["num_statements"] + summary["num_branches"] for summary in summaries)
    covered = sum(summary["covered_lines"] + summary["covered_branches"] for summary in summaries)
    return 100.0 * covered / total if total else 100.0


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
