# SPDX-License-Identifier: MIT-0
"""Render, install and run the plugins against receivers that fail, then compare the books.

`make demo` calls this with the interpreter of `.venv`; `PLATFORM=splunk_hec make demo` runs one.
Exit status: 0 when sink and receiver agree and nothing was lost, 1 when not, 2 for an unknown
PLATFORM.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import copier
from platforms import PLATFORMS, Platform
from rehearsal import Evidence, Failed, Plugin, Rehearsal
from report import problems, table

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "demo"


class Screen:
    """Lines for a log, and on a terminal one more that is rewritten in place."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._lock = threading.Lock()
        self._begin = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        with self._lock:
            self._erase()
            print(f"[{time.monotonic() - self._begin:5.1f} s] {text}", flush=True)

    def update(self, text: str) -> None:
        """Rewrite the last line of a terminal; nothing elsewhere."""
        if self._live:
            with self._lock:
                self._erase()
                width = shutil.get_terminal_size().columns - 1
                print(text[:width], end="", flush=True)

    def _erase(self) -> None:
        if self._live:
            print("\r\033[K", end="")


def main() -> int:
    """Run the demo; return the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=20_000, help="per platform")
    options = arguments.parse_args()
    wanted = os.environ.get("PLATFORM", "")
    if wanted and wanted not in PLATFORMS:
        print(f"PLATFORM={wanted} is none of {', '.join(PLATFORMS)}.", file=sys.stderr)
        return 2
    platforms = [PLATFORMS[wanted]] if wanted else list(PLATFORMS.values())
    screen = Screen()
    try:
        plugins = _install([_render(platform, screen) for platform in platforms], screen)
        results = _rehearse(plugins, options.events, screen)
    except Failed as failure:
        screen.say(f"FAILED: {failure}")
        return 1
    return _conclude(results, screen)


def _render(platform: Platform, screen: Screen) -> tuple[Platform, Path]:
    folder = BUILD / platform.distribution
    screen.say(f"{platform.name}: rendering to {folder.relative_to(ROOT)}")
    shutil.rmtree(folder, ignore_errors=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "dirty local changes included" is what is wanted here
        copier.run_copy(
            str(ROOT),
            folder,
            data={"platform": platform.name, "distribution_name": platform.distribution},
            vcs_ref="HEAD",
            defaults=True,
            unsafe=False,
            quiet=True,
        )
    return platform, folder


def _install(rendered: list[tuple[Platform, Path]], screen: Screen) -> list[Plugin]:
    screen.say(f"installing {', '.join(folder.name for _, folder in rendered)}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--no-build-isolation", "--no-deps", "--force-reinstall"]
    command += [str(folder) for _, folder in rendered]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise Failed(f"pip could not install the plugins:\n{done.stdout}")
    importlib.invalidate_caches()
    return [_plugin(platform) for platform, _ in rendered]


def _plugin(platform: Platform) -> Plugin:
    found = importlib.metadata.distribution(platform.distribution).entry_points
    for entry_point in found:
        if entry_point.group == "fapilog.sinks":
            package = entry_point.module.partition(".")[0]
            return Plugin(platform, package=package, sink=entry_point.name)
    raise Failed(f"{platform.distribution} has no entry point in the group fapilog.sinks")


def _rehearse(plugins: list[Plugin], events: int, screen: Screen) -> list[Evidence | Failed]:
    rehearsals = [
        Rehearsal(
            plugin, folder=BUILD / "runs" / plugin.platform.name, events=events, say=screen.say
        )
        for plugin in plugins
    ]
    screen.say(f"logging {events} events per platform (progress: logged/received and state)")
    with ThreadPoolExecutor(len(rehearsals)) as pool:
        futures = [pool.submit(rehearsal.run) for rehearsal in rehearsals]
        try:
            while not all(future.done() for future in futures):
                screen.update(" | ".join(rehearsal.status() for rehearsal in rehearsals))
                time.sleep(0.2)
        finally:
            for rehearsal in rehearsals:
                rehearsal.close()
    return [_result(future) for future in futures]


def _result(future: Future[Evidence]) -> Evidence | Failed:
    try:
        return future.result()
    except Failed as failure:
        return failure


def _conclude(results: list[Evidence | Failed], screen: Screen) -> int:
    screen.say("done")
    wrong: list[str] = []
    for result in results:
        if isinstance(result, Failed):
            wrong.append(str(result))
            continue
        print(f"\n{table(result)}")
        wrong += [f"{result.platform.name}: {text}" for text in problems(result)]
    if wrong:
        print("\nFAILED", *wrong, f"Evidence: {BUILD / 'runs'}", sep="\n  ")
        return 1
    print("\nSink and receiver agree; nothing was lost.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
