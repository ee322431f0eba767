"""Gate.io's clock over REST."""

from msgspec import Struct

TIME = "/spot/time"


class TimeBody(Struct):
    """The body of ``GET /spot/time``."""

    server_time: int  # ms
