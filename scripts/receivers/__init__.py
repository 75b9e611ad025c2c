"""Real receivers for `make integration-*`: where they come from, how they are started and stopped."""
