"""Books that wait for their snapshots for long: what is pushed meanwhile shows that the connection lives."""

import pytest
import trio

pytestmark = pytest.mark.campaign


async def test_a_stream_whose_books_wait_is_not_silent(autojump_clock, lab, tree) -> None:
    """REST is away for five minutes. Trades are rare and books change often: only their pushes are never silent."""
    async with lab(rate=60.0) as exchanges:
        exchanges.turn("mexc.spot", rest_status=503)
        async with tree(exchanges, exchanges.config(venues=("mexc.spot",))) as running:
            await trio.sleep(300)
            (report,) = running.public.feeds["mexc.spot"].streams()
            assert (report.generation, report.recoveries) == (1, [])
            exchanges.turn("mexc.spot", rest_status=0)
            await running.websockets["mexc.spot"].wait_live(30)
            assert exchanges.check_books(running.public.feeds["mexc.spot"]) == 2
