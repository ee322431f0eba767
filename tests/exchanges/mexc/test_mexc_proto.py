"""The protobuf messages: as recorded, as generated, and beside MEXC's own."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from feedtree.exchanges.mexc.proto import spot_pb2

ROOT = Path(__file__).parents[3]
SOURCE = "feedtree/exchanges/mexc/proto/spot.proto"
RECORDED = ["aggreDepth*_a", "aggreDepth*_b", "bookTicker", "deals"]


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_push_is_known_to_the_last_byte(recorded: Callable[[str], bytes], name: str) -> None:
    """No field is unknown, and nothing is lost on the way back."""
    raw = recorded(name)
    assert spot_pb2.PushDataV3ApiWrapper.FromString(raw).SerializeToString() == raw


def test_the_package_is_ours() -> None:
    """MEXC's own messages have no package, and share the default pool of a user's app."""
    assert spot_pb2.DESCRIPTOR.package == "feedtree.mexc.spot"
    assert spot_pb2.DESCRIPTOR.name == SOURCE


def test_the_venues_own_messages_load_beside_ours() -> None:
    """Same message names, other package and file: one pool takes both."""
    pool = descriptor_pool.DescriptorPool()
    ours = descriptor_pb2.FileDescriptorProto()
    spot_pb2.DESCRIPTOR.CopyToProto(ours)
    theirs = descriptor_pb2.FileDescriptorProto(name="PushDataV3ApiWrapper.proto", syntax="proto3")
    theirs.message_type.add(name="PushDataV3ApiWrapper")
    pool.Add(ours)
    pool.Add(theirs)
    assert pool.FindMessageTypeByName("PushDataV3ApiWrapper").file.name == theirs.name


def test_the_generated_code_is_what_the_source_says(tmp_path: Path) -> None:
    """`make proto` was run after the last change."""
    pytest.importorskip("grpc_tools")
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", ".import", f"--python_out={tmp_path}", SOURCE],
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    made = (tmp_path / SOURCE).with_name("spot_pb2.py")
    assert made.read_text() == (ROOT / "exchanges/mexc/proto/spot_pb2.py").read_text()
