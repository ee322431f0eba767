import pytest

from feedtree.ops.sim.switchboard import SwitchBoard, UnknownSwitch

VENUES = ("gateio.spot", "mexc.spot")


@pytest.mark.parametrize("venue", VENUES)
def test_every_switch_is_listed_with_what_it_allows_and_does(venue: str) -> None:
    """Switches are listed with names, values and defaults."""
    for entry in SwitchBoard().listing(venue):
        assert entry["what"]
        assert entry["allowed"]
        assert entry["value"] == entry["default"]


@pytest.mark.parametrize(
    ("venue", "name", "text", "value"),
    [
        ("gateio.spot", "snapshot_lag_s", "29", 29.0),
        ("gateio.spot", "ack_form", "minimal", "minimal"),
        ("gateio.spot", "request_id", "false", False),
        ("gateio.spot", "upgrade_status", "429", 429),
        ("gateio.spot", "idle_close", "1001", "1001"),
        ("mexc.spot", "refusal_code", "1", 1),
        ("mexc.spot", "deleted_quantity", "0.00000000", "0.00000000"),
    ],
)
def test_a_switch_is_set_from_text(venue: str, name: str, text: str, value: object) -> None:
    """The control path carries text."""
    board = SwitchBoard()
    before = board.set(venue, name, text)
    assert getattr(board.of(venue), name) == value
    assert before == getattr(SwitchBoard().of(venue), name)


@pytest.mark.parametrize(
    ("venue", "name", "value", "named"),
    [
        ("gateio.futures", "ack_form", "null", "gateio.spot"),
        (
            "gateio.spot",
            "ack_frm",
            "null",
            r"unknown switch 'ack_frm' \(did you mean \"ack_form\"\?\): there are ",
        ),
        ("gateio.spot", "ack_form", "missing", "^ack_form = 'missing': allowed: absent, minimal, null$"),
        ("gateio.spot", "snapshot_lag_s", "30", "29"),
        ("gateio.spot", "upgrade_status", "201", "^upgrade_status = '201': allowed: 0, 400, 401, .*, 503$"),
        ("mexc.spot", "topic_limit", "many", "^topic_limit = 'many': Expected `int`"),
    ],
)
def test_a_mistyped_switch_is_named_with_what_there_is(venue: str, name: str, value: str, named: str) -> None:
    """A mistake says where it is."""
    with pytest.raises(UnknownSwitch, match=named):
        SwitchBoard().set(venue, name, value)


def test_switches_can_be_set_from_the_start() -> None:
    """A simulation starts with the switches that it is given."""
    assert SwitchBoard({"mexc.spot": {"topic_limit": 2}}).mexc.topic_limit == 2
