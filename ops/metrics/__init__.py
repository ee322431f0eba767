"""Prometheus metrics of a running tree: what there is to measure, and the actor that serves it."""
