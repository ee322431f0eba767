"""Bytes from and to a venue: transports, websocket connections, liveness. Knows no venue."""
