# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. How long the exit waits: `close_timeout_seconds`.
"""All deliveries of the process, for its two turning points: the exit and a fork."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from multiprocessing import process, util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .delivery import Delivery

_deliveries: weakref.WeakSet[Delivery] = weakref.WeakSet()
_exiting = False
no_fork = threading.RLock()
"""Held while a TLS context is made: OpenSSL has locks that a child forked meanwhile never gets back."""


def add(delivery: Delivery) -> None:
    """Remember a delivery for as long as it lives."""
    _deliveries.add(delivery)


def is_exiting() -> bool:
    """Whether the exit hook has run: a sender started from now on would be cut off unheard.

    The host's own thread goes on until the very end; it has to be told that events are refused.
    """
    return _exiting


def close_all() -> None:
    """Close every delivery, each within its grace, side by side."""
    closings = [(each, each.begin_close(each.grace_seconds)) for each in list(_deliveries)]
    for delivery, closing in closings:
        closing.wait()
        delivery.finish_close(closing)


@atexit.register
def close_at_exit() -> None:
    """Deliver what is pending and take nothing more."""
    global _exiting
    _exiting = True
    close_all()


def _forget_parent() -> None:
    """After a fork: the child has no sender threads, and the parent delivers its own records."""
    global _exiting
    _exiting = False
    for delivery in list(_deliveries):
        delivery.start_clean()


def _watch_exit_of_child(_: object) -> None:
    """A forked child of multiprocessing runs no atexit hooks before Python 3.13, but finalizers."""
    util.Finalize(None, close_at_exit, exitpriority=10)


util.register_after_fork(close_at_exit, _watch_exit_of_child)
if process.parent_process() is not None:  # imported in the child: its fork is over
    _watch_exit_of_child(None)
# A name look-up imports this codec. If a process forks while its sender thread does so, the child waits
# for the import's lock for ever.
"x".encode("idna")
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_parent)
    os.register_at_fork(
        before=no_fork.acquire, after_in_parent=no_fork.release, after_in_child=no_fork.release
    )
