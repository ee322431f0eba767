"""Where Gate.io is and what it allows.

Sources: the official spot websocket page of 2025-07-23 and REST page v4.105.4 (Nov 2025); where they are silent,
what public probes of 2026 measured (futures of Gate.io, spot of Gate US: the same server software).
"""

from feedtree.exchanges.endpoint import Endpoint

TOPICS_PER_FRAME = 50
"""Symbols in one subscribe frame. No limit is documented; a refused frame is halved, so a small one costs less."""

SPOT = Endpoint(
    name="gateio.spot",
    ws_url="wss://api.gateio.ws/ws/v4/",  # with the trailing slash: one public source reports 404 without
    rest_url="https://api.gateio.ws/api/v4",
    source="spot websocket page 2025-07-23, REST page v4.105.4, probes of 2026-09",
    topics_per_connection=100,  # nothing documented, 385 worked; a lost connection costs no more than these
    most_topics=4_000,  # a frame each, where a channel takes no lists: as many as a session queues for sending
    client_messages_per_s=50,  # nothing documented
    connections=150,  # 300 per address
    connection_attempts_per_s=20,  # nothing documented
    idle_s=30.0,  # measured: closed at 30 s of silence; 60 s with a silent subscription
    life_s=86_400.0,  # nothing documented; a rollover costs nothing, a surprise does
    rest_weight=100,  # 200 per 10 s per endpoint and address
    rest_period=10.0,
)
"""Spot, public side."""
