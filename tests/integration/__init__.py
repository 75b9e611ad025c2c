"""Rendered projects against real receivers; each has a `make integration-...` of its own."""
