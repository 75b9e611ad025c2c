# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the setting `event_filter`.
"""Which events are sent at all, as a function of the application's decides."""

from __future__ import annotations

import time
from collections.abc import Callable

from .alerts import Alerts
from .event import Event
from .records import Record
from .settings import DeliverySettings


class Unwanted(Exception):
    """The filter does not want this event."""


def only_wanted(
    name: str, settings: DeliverySettings, encode: Callable[[Event], Record]
) -> Callable[[Event], Record]:
    """Return an encoder that raises `Unwanted` instead of encoding what the filter does not want.

    A filter that fails has decided nothing: the event is kept, and the log says so.
    """
    wants = settings.event_filter
    assert wants is not None
    alerts = Alerts(name, interval_seconds=settings.hold_seconds, clock=time.monotonic)

    def encode_wanted(event: Event) -> Record:
        wanted = True
        try:
            wanted = bool(wants(event))
        except (Exception, SystemExit) as error:
            problem = f"event_filter failed with {type(error).__name__}"
            alerts.say("filter", f"{problem}; such events are sent")
        if not wanted:
            raise Unwanted
        return encode(event)

    return encode_wanted
