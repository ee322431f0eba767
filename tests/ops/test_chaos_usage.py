"""``feedtree chaos``: what it says of mistakes, whatever it is to do."""

from collections.abc import Sequence

import pytest

from feedtree.ops.cli import command


@pytest.mark.parametrize(
    ("name", "arguments", "parts"),
    [
        ("proxy", [], ["--to"]),
        ("proxy", ["--to", "9000"], ["--to", '"9000" is no address', "HOST:PORT"]),
        ("proxy", ["--to", "venue:0"], ["--to", "from 1 to 65535"]),
        ("proxy", ["--to", "venue:x"], ["--to"]),
        ("proxy", ["--to", "venue:9", "--listen", "venue:9"], ["--to", "venue:9 is where the proxy itself"]),
        (
            "proxy",
            ["--to", "localhost:9", "--listen", "127.0.0.1:9"],
            ["--to", "allowed: that of the server"],
        ),
        ("proxy", ["--to", "127.0.0.1:9", "--listen", "0.0.0.0:9"], ["--to", "allowed: that of the server"]),
        ("proxy", ["--to", "venue:1", "--listen", "venue:70000"], ["--listen", "from 0 to 65535"]),
        (
            "proxy",
            ["--to", "venue:1", "--fault", "blckhole"],
            ["--fault", '"black_hole"?', "allowed: refuse, away"],
        ),
        (
            "proxy",
            ["--to", "venue:1", "--fault", "stall:durection=up"],
            ["--fault", '"direction"?', "allowed: direction"],
        ),
        ("proxy", ["--to", "venue:1", "--fault", "stall:direction=left"], ["--fault", "both, down, up"]),
        ("proxy", ["--to", "venue:1", "--empty-fault"], ["--empty-fault"]),
        ("proxy", ["--to", "venue:1", "--at", "-1"], ["--at", "-1", "0 or more"]),
        ("proxy", ["--to", "venue:1", "--for", "nan"], ["--for", "0 or more"]),
        (
            "proxy",
            ["--to", "venue:1", "--script", "/no/such.toml"],
            ["--script", "/no/such.toml", "No such file"],
        ),
        ("proxy", ["--to", "venue:1", "--falt", "reset"], ["--falt", "--fault"]),
        ("run", ["--faults", "0"], ["--faults", "0 is not allowed", "1 or more"]),
        ("run", ["--symbols", "5"], ["--symbols", "5 is not allowed", "20 to 1200"]),
        ("run", ["--venue", "gateio"], ["--venue", '"gateio" is unknown', "allowed: gateio.spot, mexc.spot"]),
        ("run", ["--only", "blackhole"], ["--only", '"black_hole"?', "allowed: close, reset, away"]),
        ("run", ["--only", "away:second=20"], ["--only", "away: parameter", '"seconds"?']),
        ("run", ["--only", "away:seconds=long"], ["--only", 'seconds = "long"', "a number, 0 to 600"]),
        ("run", ["--only", "away:seconds=1000"], ["--only", "a number, 0 to 600"]),
        ("run", ["--only", "away:20"], ["--only", '"20" is no parameter', "NAME:key=value"]),
        (
            "run",
            ["--only", "listen_key", "--venue", "gateio.spot"],
            ["--only", "listen_key meets mexc.spot alone"],
        ),
        (
            "run",
            ["--faults", "20", "--pick", "3,21"],
            ["--pick", '"21" is no fault of the plan', "from 1 to 20"],
        ),
        ("run", ["--pick", "x"], ["--pick", '"x"']),
        ("run", ["--report", "/no/such/folder/out.json"], ["--report", "a file in a folder that exists"]),
        ("run", ["--report", "/"], ["--report", '"/" cannot be written: Is a directory']),
        ("run", ["--fault", "7"], ["--fault", "--faults"]),
        ("soak", ["--minutes", "0"], ["--minutes", "0 is not allowed", "over 0"]),
        ("soak", ["--every", "-1"], ["--every", "-1 is not allowed"]),
        ("soak", ["--rate", "0"], ["--rate", "1 or more"]),
        ("soak", ["--report", "/no/such/out.json"], ["--report", "a folder that exists"]),
        ("soak", ["--report", "c.svg"], ["--report", "where the charts go", "does not end in .svg"]),
        (
            "soak",
            ["--report", "."],
            ["--report", '"." cannot be written: Is a directory', "a file in a folder"],
        ),
        ("soak", ["--report", ""], ["--report", "cannot be written: Is a directory", "a file in a folder"]),
        ("soak", ["--report", "/"], ["--report", '"/" cannot be written: Is a directory']),
        ("soak", ["--report", "x" * 300], ["--report", "cannot be written: File name too long"]),
        ("soak", ["--minute", "1"], ["--minute", "--minutes"]),
    ],
)
def test_wrong_usage_is_named_and_exits_2(
    name: str, arguments: Sequence[str], parts: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on stderr that names the mistake and what is allowed; nothing is started."""
    assert command(["chaos", name, *arguments]) == 2
    stdout, stderr = capsys.readouterr()
    assert stdout == ""
    assert len(stderr.splitlines()) == 1
    for part in parts:
        assert part in stderr
