"""MEXC's protobuf messages. `spot.proto` is the source, the rest of this folder is generated (`make proto`)."""
