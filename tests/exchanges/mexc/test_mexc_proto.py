"""The protobuf messages: as recorded, as generated, and beside MEXC's own."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FieldDescriptor

from feedtree.exchanges.mexc.proto import reading_pb2, spot_pb2

ROOT = Path(__file__).parents[3]
FOLDER = "feedtree/exchanges/mexc/proto"
SOURCE = f"{FOLDER}/spot.proto"
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


def test_what_is_declared_for_reading_has_the_numbers_of_the_wire() -> None:
    """Each field is one of `spot.proto` by name, number and wire type; every body is there."""
    pairs = [
        ("Push", "PushDataV3ApiWrapper"),
        ("AggreDepths", "PublicAggreDepthsV3Api"),
        ("LimitDepths", "PublicLimitDepthsV3Api"),
        ("Columns", "PublicAggreDepthV3ApiItem"),
        ("Columns", "PublicLimitDepthV3ApiItem"),
    ]
    for ours, theirs in pairs:
        wire = spot_pb2.DESCRIPTOR.message_types_by_name[theirs].fields_by_name
        for field in reading_pb2.DESCRIPTOR.message_types_by_name[ours].fields:
            assert field.number == wire[field.name].number
            assert wire_type(field) == wire_type(wire[field.name])
    envelope = spot_pb2.PushDataV3ApiWrapper.DESCRIPTOR.oneofs_by_name["body"].fields
    assert [field.name for field in reading_pb2.Push.DESCRIPTOR.oneofs_by_name["body"].fields] == [
        field.name for field in envelope
    ]


def wire_type(field: FieldDescriptor) -> int:
    """Varints, fixed numbers, or what has a length."""
    if field.type in (field.TYPE_STRING, field.TYPE_BYTES, field.TYPE_MESSAGE):
        return 2
    return {field.TYPE_FIXED64: 1, field.TYPE_DOUBLE: 1, field.TYPE_FIXED32: 5, field.TYPE_FLOAT: 5}.get(
        field.type, 0
    )


@pytest.mark.parametrize("name", ["spot", "reading"])
def test_the_generated_code_is_what_the_source_says(tmp_path: Path, name: str) -> None:
    """`make proto` was run after the last change."""
    pytest.importorskip("grpc_tools")
    source = f"{FOLDER}/{name}.proto"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", ".import", f"--python_out={tmp_path}", source],
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    made = (tmp_path / source).with_name(f"{name}_pb2.py")
    assert made.read_text() == (ROOT / f"exchanges/mexc/proto/{name}_pb2.py").read_text()
