"""Real receivers for the integration tests: fetched, checked, started on loopback and stopped."""
