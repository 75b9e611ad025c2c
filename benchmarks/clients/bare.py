"""The bare loop: splice, join, gzip 1 and POST in one thread; no bound, no ledger, no retry.

It is the ceiling that the benchmark carries with it: what a sink would reach that promises nothing.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import datetime
from itertools import islice

import httpx

from ..events import entry_of
from ..load import Load, Meter, Sent

_BATCH_EVENTS = 2_000
_TIME = slice(-len(b'2026-11-25T00:00:00.000Z"}'), -len(b'"}'))


def bare_bulk(load: Load) -> Sent:
    """Send bulk requests of events that are serialized already."""
    return _run(load, _bulk_part, "/logs-benchmark-default/_bulk?filter_path=items.*.status")


def bare_hec(load: Load) -> Sent:
    """Send HEC requests of events that are serialized already."""
    return _run(load, _hec_part, "/services/collector/event")


def _bulk_part(data: bytes) -> bytes:
    entry = entry_of(data)
    return b'{"create":{}}\n{"@timestamp":"%b",%b\n' % (entry[_TIME], entry[1:])


def _hec_part(data: bytes) -> bytes:
    entry = entry_of(data)
    moment = datetime.fromisoformat(entry[_TIME].decode().replace("Z", "+00:00")).timestamp()
    return b'{"time":%.3f,"event":%s}\n' % (moment, entry)


def _run(load: Load, part: Callable[[bytes], bytes], path: str) -> Sent:
    meter = Meter(load)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    with httpx.Client() as client, meter as sent:
        source = iter(load.envelopes)
        while batch := list(islice(source, _BATCH_EVENTS)):
            body = gzip.compress(b"".join([part(data) for data in batch]), 1, mtime=0)
            answer = client.post(load.url + path, content=body, headers=headers)
            answer.raise_for_status()
    return sent
