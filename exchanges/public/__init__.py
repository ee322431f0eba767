"""The public domain: channels, messages, books, feeds and their websocket classes. Knows no venue."""
