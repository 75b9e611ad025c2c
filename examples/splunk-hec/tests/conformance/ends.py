# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The ways in which a process ends, and what arrives: one list for the tests and for the documentation.

`program.py` does them, `test_process_ends.py` counts, `docs/process-ends.md` tells an owner.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass

EVENTS = 20

_POSIX = sys.platform != "win32"


@dataclass(frozen=True)
class End:
    """One way to end; all programs log `EVENTS` events and would linger for half a minute."""

    name: str
    """The argument of `program.py`."""
    how: str
    """How the process ends, for an owner."""
    advice: str
    """What an owner does about it, or what it rests on."""
    promised: bool = True
    """Whether every event arrives, exactly once; otherwise none may, and none arrives twice."""
    drained: bool = True
    """Whether somebody drains; if not, the last quarter of a second is still fapilog's."""
    exit_code: int = 0
    """The code, or the number of the signal with a minus."""
    possible: bool = True
    """Whether this operating system knows it."""
    ordered: bool = True
    """One logger and one thread: the events arrive in the order in which they were logged."""
    copies: int = 1
    """How many sinks deliver each event."""
    slow: bool = False
    """A variation, left to the nightly run."""

    def row(self) -> str:
        """Return its row in the table of the documentation."""
        arrives = "every event" if self.drained else "every event older than 0.25 s"
        if not self.promised:
            arrives = "**nothing is promised**"
        return f"| {self.how} | {arrives} | {self.advice} |"


def expected(end: End) -> list[str]:
    """Return the messages that arrive if all do, each as often as it has to."""
    return [f"event {number}" for number in range(EVENTS) for _ in range(end.copies)]


_DRAIN = "Drain, to have the last ones as well."

ENDS = [
    End("drain", "A script that calls `stop_and_drain()`", "This is the right way."),
    End(
        "drain-serialized",
        "The same with `serialize_in_flush`",
        "Nothing; both write paths are the same.",
        slow=True,
    ),
    End(
        "at-once",
        "A script that just ends, within 0.25 s of its last event",
        "Call `stop_and_drain()`: fapilog still has the events, and its own exit hook fails.",
        promised=False,
    ),
    End("later", "A script that just ends, later", _DRAIN, drained=False),
    End(
        "exception",
        "An uncaught exception, or `sys.exit()`",
        _DRAIN,
        drained=False,
        exit_code=1,
        slow=True,
    ),
    End(
        "thread-exit",
        "`sys.exit()` in a thread",
        "It ends that thread only; then as above.",
        drained=False,
        slow=True,
    ),
    End(
        "sigterm",
        "SIGTERM to a script whose logger was made outside a running event loop",
        "Nothing: fapilog's signal handler drains. It replaces yours, and `finally` does not run.",
        exit_code=-signal.SIGTERM,
        possible=_POSIX,
    ),
    End(
        "sigint",
        "SIGINT (Ctrl+C) to such a script",
        "Nothing: as SIGTERM.",
        exit_code=-signal.SIGINT,
        possible=_POSIX,
        slow=True,
    ),
    End(
        "sigterm-in-loop",
        "SIGTERM while `asyncio.run` runs, logger made before it",
        "Nothing: as SIGTERM.",
        exit_code=-signal.SIGTERM,
        possible=_POSIX,
    ),
    End(
        "asyncio-drain",
        "`asyncio.run` of a program that ends with `await logger.drain()`",
        "This is the right way.",
    ),
    End(
        "asyncio-drain-serialized",
        "The same with `serialize_in_flush`",
        "Nothing; both write paths are the same.",
        slow=True,
    ),
    End(
        "asyncio-later",
        "`asyncio.run` of a program that does not drain",
        _DRAIN,
        drained=False,
    ),
    End(
        "asyncio-at-once",
        "The same, within 0.25 s of its last event",
        "Call `await logger.drain()`.",
        promised=False,
        slow=True,
    ),
    End(
        "asyncio-sigint",
        "SIGINT (Ctrl+C) in `asyncio.run`, logger made in it",
        "Drain in a `finally`, which runs, to have the last ones as well.",
        drained=False,
        exit_code=-signal.SIGINT,
        possible=_POSIX,
    ),
    End(
        "asyncio-sigterm",
        "SIGTERM in `asyncio.run`, logger made in it, no handler",
        "The operating system ends it at once. Set a handler, as in the next line.",
        promised=False,
        exit_code=-signal.SIGTERM,
        possible=_POSIX,
        slow=True,
    ),
    End(
        "asyncio-sigterm-handled",
        "The same with `loop.add_signal_handler(signal.SIGTERM, task.cancel)` and `drain()` in a `finally`",
        "This is the right way; web servers do it for you in their lifespan.",
        possible=_POSIX,
    ),
    End(
        "os-exit",
        "`os._exit()`",
        "Python does nothing at such an end, nor can the sink. Drain before it.",
        promised=False,
    ),
    End(
        "sigkill",
        "SIGKILL, the out-of-memory killer, a crash of the interpreter",
        "Nothing in memory survives it.",
        promised=False,
        exit_code=-9,
        possible=_POSIX,
        slow=True,
    ),
    End(
        "fork",
        "`os.fork()`: parent and child log, each through a logger of its own",
        "Make the child's logger in the child: fapilog's thread is not there.",
        possible=hasattr(os, "fork"),
        ordered=False,
    ),
    End(
        "multiprocessing-fork",
        "The end of a `multiprocessing` child, start method fork",
        f"Make its logger in the child. {_DRAIN}",
        drained=False,
        possible=hasattr(os, "fork"),
        ordered=False,
        slow=True,
    ),
    End(
        "multiprocessing-spawn",
        "The same, start method spawn",
        f"Make its logger in the child. {_DRAIN}",
        drained=False,
        ordered=False,
        slow=True,
    ),
    End(
        "two-sinks",
        "Two sinks with different settings in one logger",
        "Nothing; they share the 3 seconds that fapilog gives to all its sinks at a drain.",
        ordered=False,
        copies=2,
    ),
    End(
        "two-loops",
        "Two `asyncio.run` one after the other with one sink",
        "Make a logger in each and drain it: fapilog's are bound to their loop.",
    ),
    End(
        "concurrent-writes",
        "16 writes at once in one event loop, which then ends",
        "Nothing.",
        ordered=False,
        slow=True,
    ),
]
