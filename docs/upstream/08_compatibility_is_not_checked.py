"""What a plugin says about the versions it works with is not looked at.

`PLUGIN_METADATA` has `api_version` and `compatibility.min_fapilog_version`.
`validate_fapilog_compatibility` can compare them, but no loader calls it: a plugin that asks for
fapilog 99.0 is loaded, as is one for another plugin API.

Why it matters: a plugin that meets a host it was not made for fails later and elsewhere. Authors
rely on metadata that is required of them and does nothing.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import contextlib
import io
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

from fapilog import Settings, get_logger
from fapilog.plugins.metadata import PluginMetadata, validate_fapilog_compatibility

METADATA = {
    "name": "probe",
    "version": "1.0",
    "plugin_type": "sink",
    "entry_point": "probe_plugin:Sink",
    "description": "For fapilog 99.",
    "author": "Nobody",
    "compatibility": {"min_fapilog_version": "99.0.0"},
    "api_version": "9.9",
}
SINK = f"""
PLUGIN_METADATA = {METADATA!r}
class Sink:
    name = "probe"
    events = 0
    async def write(self, entry):
        Sink.events += 1
"""


def install(folder: Path) -> None:
    """Make a distribution with an entry point, as an installed plugin has it."""
    (folder / "probe_plugin.py").write_text(SINK)
    info = folder / "probe_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: probe-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fapilog.sinks]\nprobe = probe_plugin:Sink\n")


def log_one() -> int:
    """Log one event with the plugin, and return how many it got."""
    settings = Settings(core={"sinks": ["probe"]}, plugins={"allow_external": True})
    logger = get_logger("probe", settings=settings, reuse=False)
    logger.info("an event")
    asyncio.run(logger.stop_and_drain())
    events: int = sys.modules["probe_plugin"].Sink.events
    return events


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    compatible = validate_fapilog_compatibility(PluginMetadata.model_validate(METADATA))
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(said):
        install(Path(folder))
        sys.path.insert(0, folder)
        warnings.simplefilter("always")
        try:
            events = log_one()
        except Exception as error:
            said.write(f"{type(error).__name__}: {error}")
            events = 0
    print("fapilog", version("fapilog"))
    print("expected: the plugin is refused, or there is a warning")
    print(f"seen: plugin wrote {events} event, said {said.getvalue()!r}")
    if compatible:
        return 2
    if (events, said.getvalue()) == (1, ""):
        return 0
    return 1 if "99.0" in said.getvalue() or "9.9" in said.getvalue() else 2


if __name__ == "__main__":
    sys.exit(main())
