"""A sink that cannot be made is replaced by `stdout_json` without a word.

When the constructor of a plugin raises, or its module cannot be imported, `get_logger` drops the
sink. If no other is left it logs to stdout instead. The only trace is a diagnostic, and
diagnostics are off by default.

Why it matters: a token that is missing in one environment, a misspelt setting or a broken
installation turns an audit trail into lines on stdout. The service starts, its health check
passes, and nothing says that no event is delivered.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from fapilog import Settings, get_logger

SINK = """
class Sink:
    name = "probe"
    def __init__(self, **settings):
        raise ValueError("token is missing")
"""


def install(folder: Path) -> None:
    """Make a distribution with an entry point, as an installed plugin has it."""
    (folder / "probe_plugin.py").write_text(SINK)
    info = folder / "probe_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: probe-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fapilog.sinks]\nprobe = probe_plugin:Sink\n")


def script(folder: str) -> None:
    """Log one event with the plugin; warnings are on, as they are by default."""
    sys.path.insert(0, folder)
    settings = Settings(core={"sinks": ["probe"]}, plugins={"allow_external": True})
    logger = get_logger("probe", settings=settings, reuse=False)
    logger.info("an audited event")
    asyncio.run(logger.stop_and_drain())


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        command = [sys.executable, __file__, folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    on_stdout = done.stdout.count("an audited event")
    print("fapilog", version("fapilog"))
    print("expected: an exception, or at least a line on stderr that names the problem")
    print(f"seen: exit code {done.returncode}, {on_stdout} event on stdout, stderr {done.stderr!r}")
    if (done.returncode, on_stdout, done.stderr) == (0, 1, ""):
        return 0
    return 1 if "token is missing" in done.stderr else 2


if __name__ == "__main__":
    sys.exit(script(sys.argv[1]) if sys.argv[1:] else main())
