"""Which presets there are, and what those that a sink feels say."""

from __future__ import annotations

from typing import Any

from fapilog.core.presets import get_preset, list_presets
from fapilog.core.settings import Settings
from probe import tell

PRESETS = ("adaptive", "fastapi", "high-volume", "production-latency")
NAMES = ("worker_count", "sink_concurrency", "drop_on_full", "sink_circuit_breaker_enabled")


def value(name: str, preset: dict[str, Any]) -> str:
    """Return a setting of `core` as a preset leaves it; a dash where this fapilog has none."""
    core = Settings(**preset).core
    return f"`{getattr(core, name)}`" if hasattr(core, name) else "-"


def main() -> None:
    """Read the presets."""
    production = get_preset("production")
    sinks = Settings(**production).core.sinks
    adaptive = production.get("adaptive", {}).get("enabled", False)
    there = set(list_presets())
    tell(
        {
            **{f"preset `{name}`": "yes" if name in there else "no" for name in PRESETS},
            "`production`: sinks": ", ".join(f"`{sink}`" for sink in sinks),
            **{f"`production`: `core.{name}`": value(name, production) for name in NAMES},
            "`production`: adaptive filtering": "yes" if adaptive else "no",
        }
    )


if __name__ == "__main__":
    main()
