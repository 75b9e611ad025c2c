"""What an event is when it reaches a sink."""

from __future__ import annotations

import datetime
from typing import Any

from probe import Probe, logged, tell


def event_of(log: Any, **core: Any) -> Any:
    """Return the one event that a sink is given."""
    sink = Probe()
    logged(sink, log, **core)
    (event,) = sink.events
    return event


def has(event: Any, part: str, key: str) -> str:
    """Say whether a key is there, and whether it has a value."""
    if key not in event[part]:
        return "absent"
    return "`null`" if event[part][key] is None else "a value"


def main() -> None:
    """Log one event after the other and look at each."""
    plain = event_of(lambda logger: logger.info("m", a=1))
    moment = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    odd = event_of(lambda logger: logger.info("m", at=moment, ratio=float("nan"), pair=(1, 2)))
    bare = event_of(lambda logger: logger.info("m", at=moment), redactors=[])
    secret = event_of(lambda logger: logger.info("m", sensitive={"card": "4111"}))
    nested = event_of(lambda logger: logger.info("m", data={"order": 1}))
    envelope = event_of(lambda logger: logger.info("m", a=1), serialize_in_flush=True)
    tell(
        {
            "keys of an event": ", ".join(f"`{key}`" for key in sorted(plain)),
            "type of `timestamp`": f"`{type(plain['timestamp']).__name__}`",
            "`context.correlation_id`, when none is set": has(plain, "context", "correlation_id"),
            "`context.message_id`": has(plain, "context", "message_id"),
            "`diagnostics.origin`": has(plain, "diagnostics", "origin"),
            "a `datetime` in `data`": f"`{type(odd['data']['at']).__name__}`",
            "the same with `redactors=[]`": f"`{type(bare['data']['at']).__name__}`",
            "NaN in `data`": f"`{odd['data']['ratio']}`",
            "a tuple in `data`": f"`{type(odd['data']['pair']).__name__}`",
            '`info(..., sensitive={"card": ...})`': f"`{secret['data']['sensitive']}`",
            '`info(..., data={"order": 1})`': f"`{nested['data']}`",
            "what `write_serialized` is given": ", ".join(f"`{key}`" for key in envelope),
        }
    )


if __name__ == "__main__":
    main()
