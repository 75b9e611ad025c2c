# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Every format to a receiver of your own; left out unless the environment names one.

SYSLOG_LIVE_SETTINGS  settings of the sink as JSON, e.g. {"url": "tls://siem.example"}
SYSLOG_LIVE_FILE      a file in which the receiver puts a JSON object on a line for each message, with the
message as it came as `rawmsg`; without it only the delivery is looked at
SYSLOG_LIVE_REPORT    a file to which a line for each format is added: what was sent and what came
"""

import asyncio
import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acme_syslog_cef._delivery.delivery import (
    CloseReport,
)
from acme_syslog_cef.syslog_cef.config import (
    SyslogCefConfig,
)
from acme_syslog_cef.syslog_cef.encoder import (
    Encoder,
)
from acme_syslog_cef.syslog_cef.sink import (
    SyslogCefSink,
)

from ..support.syslog_reader import read_cef, read_leef, read_rfc3164, read_rfc5424
from .events import EVENT, HOSTILE

SETTINGS: dict[str, Any] = json.loads(os.environ.get("SYSLOG_LIVE_SETTINGS", "{}"))
FILE = os.environ.get("SYSLOG_LIVE_FILE")
REPORT = os.environ.get("SYSLOG_LIVE_REPORT")
COUNT = 300
ARRIVES_WITHIN_SECONDS = 10.0

FORMATS: dict[str, dict[str, Any]] = {
    "rfc5424": {},
    "rfc3164": {"format": "rfc3164"},
    "cef": {"format": "cef"},
    "cef-5424": {"format": "cef", "header": "rfc5424"},
    "cef-1": {"format": "cef", "cef_number": 1},
    "leef-2.0": {"format": "leef"},
    "leef-1.0": {"format": "leef", "leef_version": "1.0"},
    "json": {"format": "json"},
    "json-3164": {"format": "json", "header": "rfc3164"},
    "arcsight": {"preset": "arcsight"},
    "sentinel": {"preset": "sentinel"},
    "sc4s": {"preset": "sc4s"},
    "qradar": {"preset": "qradar"},
}

pytestmark = [
    pytest.mark.skipif(not SETTINGS, reason="SYSLOG_LIVE_SETTINGS names no receiver"),
    pytest.mark.timeout(120),
]


def events(run: str) -> Iterator[dict[str, Any]]:
    """Yield ordinary and hostile events, each with a number, of one run."""
    for n in range(COUNT):
        text = HOSTILE[n % len(HOSTILE)] if n % 2 else "payment failed"
        data = {"run": f"run{run}x{n}x", text[:20]: text}
        # RFC 3164 has the message alone, and the number has to survive in every format.
        yield {**EVENT, "message": f"run{run}x{n}x {text} ", "logger": text, "data": data}


def arrived(run: str, count: int, begin: int) -> list[str]:
    """Return the raw messages of a run that stand behind `begin`, as soon as there are enough."""
    assert FILE is not None
    raw: list[str] = []
    deadline = time.monotonic() + ARRIVES_WITHIN_SECONDS
    pause = 0.05
    while len(raw) < count and time.monotonic() < deadline:
        time.sleep(pause)
        with Path(FILE).open("rb") as file:
            file.seek(begin)
            lines = file.read().split(b"\n")[:-1]
        raw = [json.loads(line)["rawmsg"] for line in lines if f"run{run}x".encode() in line]
    return raw


def read_strictly(name: str, message: str) -> None:
    """Raise unless the message is legal in its format."""
    data = message.encode()
    if name in ("rfc5424", "json", "cef-5424", "sc4s"):
        text = read_rfc5424(data).text
    else:
        text = read_rfc3164(data)[3]
    if name.startswith("json"):
        json.loads(text[text.index("{") :])
    elif name in ("leef-1.0", "leef-2.0", "qradar"):
        read_leef(text)
    elif name == "cef-1":
        read_cef(text.replace("CEF:1", "CEF:0", 1))
    elif not name.startswith("rfc"):
        read_cef(text)


async def deliver(config: SyslogCefConfig, run: str) -> CloseReport:
    """Send the events of a run."""
    sink = SyslogCefSink(config)
    for event in events(run):
        assert await sink.write(event)
    return await sink.stop()


@pytest.mark.parametrize("name", FORMATS)
def test_every_message_arrives_as_it_was_written(name: str) -> None:
    """All that was sent is there once, byte for byte, and legal."""
    config = SyslogCefConfig.model_validate(
        {"hostname": "live1", "framing": "octet", **FORMATS[name], **SETTINGS}
    )
    run = uuid.uuid4().hex[:12]
    begin = Path(FILE).stat().st_size if FILE and Path(FILE).exists() else 0
    stats = asyncio.run(deliver(config, run)).stats
    assert (stats.delivered, stats.pending) == (COUNT, 0)
    if FILE is None:
        return
    encoder = Encoder(config, hostname="live1")
    expected = [encoder.encode(event).payload.decode() for event in events(run)]
    came = arrived(run, COUNT, begin)
    lost = len(set(expected) - set(came))
    row = {
        "format": name,
        "transport": config.transport,
        "sent": COUNT,
        "equal": len(set(expected) & set(came)),
        "lost": lost,
        "duplicated": len(came) - len(set(came)),
        "foreign": len(set(came) - set(expected)),
    }
    if REPORT is not None:
        with Path(REPORT).open("a", encoding="utf-8") as report:
            report.write(json.dumps(row) + "\n")
    for message in came:
        read_strictly(name, message)

    assert (row["equal"], lost, row["duplicated"], row["foreign"]) == (COUNT, 0, 0, 0)
