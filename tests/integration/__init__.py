"""Tests against real receivers; each has its own `make integration-*` and is left out of `make test`."""
