"""Faults to plant in a rendered project; its own suite must notice every one."""
