# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Forks in tests: a child that cannot hang for ever, and that no tool of the parent can make hang."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def untraced() -> Iterator[None]:
    """Let no tracer of a coverage run be active: its lock may be held by a thread that a child lacks."""
    tracer, tracer_of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        threading.settrace(tracer_of_threads)  # type: ignore[arg-type]
        sys.settrace(tracer)


def succeeds_in_child(work: Callable[[], bool], seconds: int = 20) -> bool:
    """Fork, and return whether `work` returned True in the child, in time."""
    with untraced():
        child = os.fork()
        if child == 0:
            code = 1
            try:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(seconds)
                code = 0 if work() else 2
            finally:
                os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
