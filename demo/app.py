# SPDX-License-Identifier: MIT-0
"""The application of the demo: logs numbered events and ends as a script ends.

It knows nothing of the platform: fapilog loads the sink by name from the environment. Only the last
lines look into the sink, to write its books next to the receiver's count.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import dataclasses
import importlib
import json
import time
from pathlib import Path
from typing import Any, TextIO

from events import text_of
from fapilog import Settings, get_logger

_BURST = 50


def main() -> None:
    """Log, drain, and leave the rest to the interpreter's exit."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--package", required=True, help="the plugin's import package")
    arguments.add_argument("--events", type=int, required=True)
    arguments.add_argument("--rate", type=int, required=True, help="events per second")
    arguments.add_argument("--folder", type=Path, required=True, help="where the results go")
    arguments.add_argument(
        "--finish-after", type=Path, required=True, help="log the last tenth when this file exists"
    )
    options = arguments.parse_args()

    books = _Books(options.folder / "books.json")
    # Settings() reads the environment; without it fapilog would write to stdout as well.
    logger = get_logger("demo", settings=Settings())
    books.sinks = importlib.import_module(options.package).sinks()
    if len(books.sinks) != 1:
        raise SystemExit("fapilog did not load the sink by its name and fell back to stdout")
    with (options.folder / "logged.txt").open("w", encoding="utf-8") as progress:
        last_tenth = options.events - options.events // 10
        _log(logger, range(last_tenth), options.rate, progress)
        while not options.finish_after.exists():  # on a slow machine faults take their time
            time.sleep(0.05)
        _log(logger, range(last_tenth, options.events), options.rate, progress)
    drained = asyncio.run(logger.stop_and_drain())
    books.host = {"submitted": drained.submitted, "dropped": drained.dropped}


class _Books:
    """Writes what host and sink counted, after everything else has ended.

    Hooks run in reverse order, so the one registered before fapilog and the sink exist sees
    what their own hooks still delivered.
    """

    def __init__(self, path: Path) -> None:
        self.sinks: list[Any] = []
        self.host: dict[str, int] = {}
        self._path = path
        atexit.register(self._write)

    def _write(self) -> None:
        if self.sinks and self.host:
            stats = dataclasses.asdict(self.sinks[0].stats())
            books = {"host": self.host, "sink": stats}
            self._path.write_text(json.dumps(books, indent=2), encoding="utf-8")


def _log(logger: Any, numbers: range, rate: int, progress: TextIO) -> None:
    for number in numbers:
        logger.info(text_of(number), order=number)
        if (number + 1) % _BURST == 0 or number == numbers[-1]:
            progress.seek(0)
            progress.write(f"{number + 1:>12}")
            progress.flush()
            time.sleep(_BURST / rate)


if __name__ == "__main__":
    main()
