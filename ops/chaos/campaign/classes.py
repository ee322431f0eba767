"""The classes of faults of a campaign: how each is inflicted, on which lines, and the figures that it has to reach."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from feedtree.ops.chaos.campaign.lines import Side
from feedtree.ops.chaos.fault import Scope

Measure: TypeAlias = Literal["found", "fresh", "fresh_after", "live", "after", "resync", "attempts", "waited"]
Statistic: TypeAlias = Literal["p50", "p99", "max"]
Place: TypeAlias = Literal["proxy", "exchange", "switch", "names", "tree"]

AT_ONCE = 0.25  # seconds
SILENCE, HEALED = 2.0, 3.0
AS_BARE = 1.5  # times what a bare client takes, which has no others beside it that come back
BOTH: tuple[Side, ...] = ("public", "private")
VENUES = ("gateio.spot", "mexc.spot")


class Step(Struct, frozen=True):
    """One thing that is done to inflict a fault, in order; what lasts is taken back when the fault is over.

    Args:
        place: the line's proxy; the exchange, now; a switch of the exchange; the names; or the tree.
        name: of the fault or switch; in the tree ``relieve``: the connection has lived for long enough.
        values: its parameters; of a switch ``value``.
        on: which connections a proxy's fault meets; the fault's own choice where None.
        one: of the open connections that one alone on which something comes most often.
        count: new connections that it meets at most; 0 is any number.
        each: whether the exchange's fault is inflicted on each symbol of the line, on its first one, its account, or
            the whole venue.
    """

    place: Place
    name: str
    values: Mapping[str, object] = {}
    on: Scope | None = None
    one: bool = False
    count: int = 0
    each: Literal["symbol", "first", "account", "venue"] = "venue"


class Bound(Struct, frozen=True):
    """A figure to reach.

    Args:
        measure: ``found``: until the consumer is told; ``fresh``: until the first datum; ``live``: until everything is
            up, each from the fault's begin. ``after`` and ``fresh_after``: the same from its end, or the end of the
            stated pause. ``resync``: from when the consumer was told until everything is up. ``attempts``: how many
            connections were tried. ``waited``: the longest wait after the 20th attempt.
        statistic: of all samples; a 99th percentile is judged from a hundred of them on, a median from ten.
        most: seconds, or a number.
        venue: of the lines that it is about; empty is all.
        side: likewise.
        bare: where a bare client needs more than that beside it (see `Yardstick`), so many times its median is allowed
            after the loss was found; 0: it does not matter.
    """

    measure: Measure
    statistic: Statistic
    most: float
    venue: str = ""
    side: Side | Literal[""] = ""
    bare: float = 0.0


class FaultClass(Struct, frozen=True, kw_only=True):
    """One class.

    Args:
        name: as it is typed.
        what: a line about it.
        variants: ways in which it is inflicted; a plan chooses one.
        seconds: how long it works.
        pause: seconds from its begin that the venue asks for, where that is longer.
        expects: another connection; the topic's resync on the same one; another connection that takes over without
            an outage; or nothing at all.
        bounds: the figures to reach.
        limit: seconds from the end (or the pause) after which a line that is not live is given up.
        sides: the lines that it can meet.
        venues: the venues that have it.
        twofold: whether it is for streams that two connections carry, and for these alone.
        elsewhere: whether it is for streams that have a second address, and for these alone.
        alone: whether it is felt by the whole venue, and nothing else may go on there meanwhile.
        meets: whether each line of the venue is measured, or the chosen one.
        share: how often it is chosen, beside the others.
    """

    name: str
    what: str
    variants: tuple[tuple[Step, ...], ...]
    seconds: float
    pause: float = 0.0
    expects: Literal["reconnect", "resync", "takeover", "nothing"] = "reconnect"
    bounds: tuple[Bound, ...] = ()
    limit: float = 15.0
    sides: tuple[Side, ...] = BOTH
    venues: tuple[str, ...] = VENUES
    twofold: bool = False
    elsewhere: bool = False
    alone: bool = False
    meets: Literal["line", "venue"] = "line"
    share: float = 1.0


def _proxy(name: str, *, on: Scope | None = None, count: int = 0, **values: object) -> Step:
    return Step("proxy", name, values, on=on, count=count)


def _exchange(
    name: str, each: Literal["symbol", "first", "account", "venue"] = "venue", **values: object
) -> Step:
    return Step("exchange", name, values, each=each)


def _switch(name: str, value: object) -> Step:
    return Step("switch", name, {"value": value})


_PROMPT = (
    Bound("found", "max", AT_ONCE),
    # Gate.io sends a whole book at once. MEXC pushes every 100 ms what changed, and a book waits for a push of its own.
    Bound("fresh", "p50", 0.015, "gateio.spot", "public", AS_BARE),
    Bound("fresh", "p99", 0.05, "gateio.spot", "public"),
    Bound("live", "p99", 0.15, "gateio.spot", "public"),
    Bound("live", "p99", 1.5, "mexc.spot", "public"),
    Bound("live", "max", HEALED),
)
_SILENT = (Bound("found", "max", SILENCE), Bound("live", "max", HEALED))
_RETURN = (Bound("found", "max", AT_ONCE), Bound("after", "max", HEALED))
_RESET = _proxy("reset")

_CLASSES = (
    FaultClass(
        name="close",
        what="the connection is closed in order",
        variants=((_proxy("close"),), (_proxy("half_close"),)),
        seconds=0.0,
        bounds=_PROMPT,
        share=3.0,
    ),
    FaultClass(
        name="reset",
        what="the connection is reset",
        variants=((_RESET,),),
        seconds=0.0,
        bounds=_PROMPT,
        share=3.0,
    ),
    FaultClass(
        name="away",
        what="the server is away: connections end, and nothing listens",
        variants=((_proxy("away", how="reset"),), (_proxy("away", how="close"),)),
        seconds=5.0,
        bounds=(
            Bound("found", "max", AT_ONCE),
            Bound("after", "p50", 1.0),
            Bound("after", "max", HEALED),
        ),
        share=2.0,
    ),
    FaultClass(
        name="black_hole",
        what="nothing gets through, and TCP stays up",
        variants=((_proxy("black_hole", on="open"),),),
        seconds=6.0,
        bounds=_SILENT,
        share=2.0,
    ),
    FaultClass(
        name="half_open",
        what="nothing comes any more, and what is sent gets through",
        variants=((_proxy("black_hole", on="open", direction="down"),),),
        seconds=6.0,
        bounds=_SILENT,
    ),
    FaultClass(
        name="stall",
        what="everything waits, and the sender is held up",
        variants=(
            (_proxy("stall", on="open"),),
            (_proxy("stall", on="open", direction="down"),),
            (_proxy("latency", on="open", delay=5.0),),
        ),
        seconds=6.0,
        bounds=_SILENT,
    ),
    FaultClass(
        name="swallowed",
        what="a black hole that takes the first retry, too",
        variants=((_proxy("black_hole", on="all", count=1),),),
        seconds=8.0,
        bounds=(Bound("found", "max", SILENCE), Bound("live", "max", 4.5)),
        sides=("public",),
    ),
    FaultClass(
        name="mute",
        what="pings are answered, and no data come",
        variants=((_exchange("mute", "first", seconds=20),),),
        seconds=0.0,
        bounds=_SILENT,
        sides=("public",),
    ),
    FaultClass(
        name="mangled",
        what="bytes within TLS are changed, left out, doubled or cut",
        variants=(
            (_proxy("corrupt", on="open", after=500),),
            (_proxy("truncate", on="open", after=500),),
            (_proxy("duplicate", on="open", after=500, length=7),),
            (_proxy("drop", on="open", after=500),),
            (_proxy("close", on="open", after=300),),
        ),
        seconds=6.0,
        bounds=_SILENT,
        sides=("public",),
    ),
    FaultClass(
        name="refused",
        what="reset, and then refused: nothing listens",
        variants=((_proxy("refuse"), _RESET),),
        seconds=3.0,
        bounds=_RETURN,
    ),
    FaultClass(
        name="slow_loris",
        what="reset, and the handshakes that follow neither end nor rest",
        variants=((_proxy("slow_loris"), _RESET), (_proxy("slow_loris", interval=0.02), _RESET)),
        seconds=3.0,
        bounds=_RETURN,
        share=0.7,
    ),
    FaultClass(
        name="tls_expired",
        what="reset, and then a certificate that is out of date",
        variants=((_proxy("tls_expired"), _RESET),),
        seconds=3.0,
        bounds=_RETURN,
        share=0.7,
    ),
    FaultClass(
        name="dns",
        what="reset while no name resolves, or only late",
        variants=((Step("names", "dns_fail"), _RESET), (Step("names", "dns_slow"), _RESET)),
        seconds=3.0,
        bounds=_RETURN,
        share=0.7,
    ),
    FaultClass(
        name="flapping",
        what="connections are accepted and ended within 100 ms, for a minute",
        variants=((_proxy("flap", life=0.05), _RESET), (_proxy("flap", life=0.0), _RESET)),
        seconds=60.0,
        bounds=(
            Bound("found", "max", AT_ONCE),
            Bound("attempts", "max", 40),
            Bound("waited", "max", 30.0),
            Bound("after", "max", 30.0 + HEALED),
        ),
        limit=45.0,
        sides=("public",),
        share=0.0,
    ),
    FaultClass(
        name="throttled",
        what="reset, and upgrades are answered with 429 or 418 that states 3 s",
        variants=tuple(
            (_switch("retry_after_s", 3.0), _switch("upgrade_status", status), _RESET)
            for status in (429, 418)
        ),
        seconds=1.0,
        pause=3.0,
        bounds=_RETURN,
        sides=("public",),
        alone=True,
        share=0.0,
    ),
    FaultClass(
        name="maintenance",
        what="every connection of a venue ends, and websocket and REST answer with 503",
        variants=((_switch("upgrade_status", 503), _switch("rest_status", 503), _exchange("close")),),
        seconds=10.0,
        bounds=_RETURN,
        alone=True,
        meets="venue",
        share=0.0,
    ),
    FaultClass(
        name="listen_key",
        what="the account's listen key ends before its time",
        variants=((_exchange("listen_keys", "account"),),),
        seconds=0.0,
        bounds=(Bound("found", "max", AT_ONCE), Bound("live", "max", HEALED)),
        sides=("private",),
        venues=("mexc.spot",),
        share=0.3,
    ),
    FaultClass(
        name="gap",
        what="a push of a book is lost",
        variants=((_exchange("gap", "first"),),),
        seconds=0.0,
        expects="resync",
        bounds=(Bound("resync", "p99", 0.15), Bound("resync", "max", HEALED)),
        sides=("public",),
    ),
    FaultClass(
        name="standstill",
        what="a book stands still while the trades of its symbol go on",
        variants=((_exchange("standstill", "first", seconds=20),),),
        seconds=0.0,
        expects="resync",
        bounds=(Bound("resync", "max", HEALED),),
        limit=30.0,
        sides=("public",),
        share=0.5,
    ),
    FaultClass(
        name="rollover",
        what="a connection has lived for long enough: another one takes over before its venue ends it",
        variants=((Step("tree", "relieve"),),),
        seconds=0.0,
        expects="takeover",
        share=0.7,
    ),
    FaultClass(
        name="one_of_two",
        what="one of two connections of a stream is lost, or dead: the other one tells all",
        variants=tuple(
            (Step("proxy", name, one=True),) for name in ("close", "reset", "black_hole", "stall")
        ),
        seconds=4.0,
        expects="takeover",
        sides=("public",),
        twofold=True,
        share=0.7,
    ),
    FaultClass(
        name="moved",
        what="the address in use stays away: the stream goes on at its other one",
        variants=((_proxy("away", how="reset"),), (_proxy("black_hole", on="all"),)),
        seconds=8.0,
        bounds=(Bound("found", "max", SILENCE), Bound("live", "max", 2 * HEALED)),
        sides=("public",),
        venues=("gateio.spot",),
        elsewhere=True,
        share=0.3,
    ),
    FaultClass(
        name="private_gap",
        what="a push of the accounts is lost",
        variants=((_exchange("private_gap", count=1),),),
        seconds=0.0,
        expects="nothing",
        sides=("private",),
        share=0.3,
    ),
    FaultClass(
        name="repeated",
        what="pushes come twice",
        variants=((_exchange("repeat", "symbol", count=3),), (_exchange("private_repeat", count=3),)),
        seconds=0.0,
        expects="nothing",
        share=0.5,
    ),
    FaultClass(
        name="garbage",
        what="a frame comes that decodes as nothing",
        variants=((_exchange("garbage", count=1),),),
        seconds=0.0,
        expects="nothing",
        share=0.3,
    ),
    FaultClass(
        name="hiccup",
        what="a single stall of 1.2 s",
        variants=((_proxy("stall", on="open"),),),
        seconds=1.2,
        expects="nothing",
    ),
    FaultClass(
        name="long_way",
        what="a round trip of 300 ms, with 200 ms of jitter",
        variants=((_proxy("latency", on="open", delay=0.15, jitter=0.1),),),
        seconds=10.0,
        expects="nothing",
        share=0.7,
    ),
)
CLASSES: Mapping[str, FaultClass] = {each.name: each for each in _CLASSES}
