import pytest
from wsproto.frame_protocol import FrameProtocol

from feedtree.ops.sim import frames


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
@pytest.mark.parametrize("kind", ["text", "binary"])
def test_a_frame_is_what_wsproto_writes(size: int, kind: str) -> None:
    """Encoded once, a frame is the same as a websocket library's, at every length form."""
    content = b"x" * size
    theirs = FrameProtocol(client=False, extensions=[])
    expected = theirs.send_data(content.decode() if kind == "text" else content, fin=True)
    ours = frames.text(content) if kind == "text" else frames.binary(content)
    assert ours == expected
    assert frames.payload(ours) == content
