"""MEXC's protobuf messages. The ``.proto`` files are the source, the rest of this folder is generated (`make proto`).

``spot.proto`` is the venue's protocol; ``reading.proto`` declares the same wire once more, for fast reading.
"""
