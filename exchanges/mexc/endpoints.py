"""Where MEXC is and what it allows.

Sources: the official spot documentation of 2025-08-08 and its newer pages of 2025-11; what clients measured live in
August and September 2026 where it says so.
"""

from feedtree.exchanges.endpoint import Endpoint

SPOT = Endpoint(
    name="mexc.spot",
    ws_url="wss://wbs-api.mexc.com/ws",
    rest_url="https://api.mexc.com",
    source="spot v3 documentation 2025-08-08, newer pages 2025-11, measured 2026-09",
    topics_per_connection=30,  # measured: of 32 asked for, 30 pushed
    most_topics=30,
    client_messages_per_s=50,  # 100; beyond it the connection is dropped, and in the end the address banned
    connections=100,  # nothing documented
    connection_attempts_per_s=20,  # nothing documented
    idle_s=60.0,  # 30 s without a subscription, 60 s without data
    life_s=86_400.0,
    rest_weight=150,  # 500 per 10 s and address as documented, 300 in a profile of 2026-06
    rest_period=10.0,
    book_weight=1,
)
"""Spot, public side."""
