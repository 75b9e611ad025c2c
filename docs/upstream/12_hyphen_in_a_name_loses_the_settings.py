"""A sink whose name has a hyphen is found, and its settings are not.

`core.sinks=["audit-log"]` finds the entry point `audit-log`, since names are compared with
hyphens and underscores made equal. Its settings are looked up under the normalized name only:
`sink_config.extra["audit-log"]` is ignored without a word, and the plugin is made with its
defaults.

Why it matters: hyphens are what people write in configuration files. The sink sends to its
default address, or, if it needs a setting, is replaced by stdout.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fapilog import Settings, get_logger

SINK = """
class Sink:
    name = "audit-log"
    made_with = []
    def __init__(self, **settings):
        Sink.made_with.append(settings)
    async def write(self, entry):
        pass
"""


def install(folder: Path) -> None:
    """Make a distribution with an entry point, as an installed plugin has it."""
    (folder / "probe_plugin.py").write_text(SINK)
    info = folder / "probe_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: probe-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fapilog.sinks]\naudit-log = probe_plugin:Sink\n")


def settings_of_the_plugin(key: str) -> Any:
    """Configure the plugin below `key`, and return what its constructor got."""
    settings = Settings(
        core={"sinks": ["audit-log"]},
        plugins={"allow_external": True},
        sink_config={"extra": {key: {"url": "https://example.com"}}},
    )
    logger = get_logger(key, settings=settings, reuse=False)
    asyncio.run(logger.stop_and_drain())
    return sys.modules["probe_plugin"].Sink.made_with[-1]  # type: ignore[attr-defined]


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        sys.path.insert(0, folder)
        normalized, as_written = map(settings_of_the_plugin, ("audit_log", "audit-log"))
    print("fapilog", version("fapilog"))
    print("expected: extra['audit-log'] configures the sink 'audit-log'")
    print(f"seen: made with {as_written}; with extra['audit_log'] {normalized}")
    if not normalized and not as_written:
        return 2
    return 0 if not as_written else 1


if __name__ == "__main__":
    sys.exit(main())
