"""Where a venue is, and what it allows: constants, with their source."""

from msgspec import Struct


class Endpoint(Struct, frozen=True, kw_only=True):
    """One market of one exchange as the network sees it.

    Limits are what this project allows itself, not what the venue documents: where the venue counts by
    address, half of the documented number, since other programs may share the address.

    Args:
        name: the venue, ``gateio.spot``.
        ws_url: the public websocket, with scheme and path.
        rest_url: the REST interface, without a trailing slash.
        source: where the numbers come from, with date.
        max_frame: the largest websocket message that is accepted, in bytes.
        topics_per_connection: the size of a shard, unless the user sets another one.
        most_topics: the largest size of a shard that the user may set.
        client_messages_per_s: frames that one connection sends in any second.
        connections: sockets open at one time, over the whole process.
        connection_attempts_per_s: websocket connections attempted in any second, over the whole process.
        idle_s: seconds after which the venue forgets a silent socket.
        life_s: seconds after which the venue ends a connection whatever happens on it.
        rest_weight: what REST calls may cost together in any ``rest_period`` seconds.
        rest_period: seconds.
        book_weight: what one book snapshot by REST costs.
    """

    name: str
    ws_url: str
    rest_url: str
    source: str
    max_frame: int = 4 * 2**20
    topics_per_connection: int
    most_topics: int
    client_messages_per_s: int
    connections: int
    connection_attempts_per_s: int
    idle_s: float
    life_s: float
    rest_weight: int
    rest_period: float
    book_weight: int = 1

    def shard_size(self, wanted: int | None) -> int:
        """Return how many topics a connection is to carry.

        Args:
            wanted: what the user set; None is the endpoint's own number.

        Raises:
            ValueError: less than one topic, or more than a connection of this venue carries.
        """
        if wanted is None:
            return self.topics_per_connection
        if not 1 <= wanted <= self.most_topics:
            raise ValueError(f"{self.name} carries 1 to {self.most_topics} topics a connection, not {wanted}")
        return wanted
