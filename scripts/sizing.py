"""Write the table of docs/how-to/sizing.md from the sizes of real records: `make reference`."""

from __future__ import annotations

from typing import Any
from unittest import mock

from scripts.rendering import ROOT
from scripts.site_reference import package_of

PAGE = ROOT / "docs" / "how-to" / "sizing.md"
BEGIN, END = "<!-- sizes: made by scripts/sizing.py -->\n", "<!-- end of sizes -->\n"
CLASSES = {
    "splunk_hec": ("SplunkHecConfig", {"url": "https://splunk.example.com:8088", "token": "t"}),
    "elasticsearch": (
        "ElasticsearchConfig",
        {"url": "https://es.example.com:9200", "api_key": "id:key"},
    ),
    "syslog_cef": ("SyslogCefConfig", {"url": "tls://siem.example.com"}),
}
RATES = (10, 100, 1_000, 5_000, 10_000)
OUTAGE_SECONDS = 600
SPOOL_SECONDS = 4 * 3_600


def event(padding: int = 0) -> dict[str, Any]:
    """Return an event of a web application, with `padding` more bytes of message."""
    return {
        "timestamp": "2026-11-03T15:05:52.967Z",
        "level": "INFO",
        "logger": "shop.orders",
        "message": "order accepted" + " and so on"[: padding % 10] + " and so on" * (padding // 10),
        "correlation_id": "3f2b8c1e5d7a4f60",
        "context": {"user_id": "u-1042", "request_id": "9c1f0a7e2b"},
        "data": {"order_id": 81234, "items": 3, "total": 59.9, "currency": "EUR"},
        "diagnostics": {"host": "web-7", "pid": 4711, "service": "shop", "env": "production"},
    }


def sizes(padding: int = 0) -> dict[str, tuple[int, int, int]]:
    """Return platform -> payload, charge in memory, size in the spool, in bytes of one event."""
    found = {}
    for platform, (name, settings) in CLASSES.items():
        config = getattr(package_of(platform), name)(**settings)
        buffer = package_of(platform, "._delivery.buffer")
        frames = package_of(platform, "._delivery.frames")
        encode = _encoder(platform, config)
        with mock.patch("os.getpid", return_value=4711):  # syslog tells it: its digits count
            payload = len(encode(event(padding)).payload)
        spooled = payload + frames.FRAME_BYTES + frames.ENTRY_BYTES
        found[platform] = (payload, payload + buffer.RECORD_OVERHEAD_BYTES, spooled)
    return found


def _encoder(platform: str, config: Any) -> Any:
    encoder = package_of(platform, f".{platform}.encoder").Encoder
    options = {"hostname": "web-7.example.com"} if platform == "syslog_cef" else {}
    return encoder(config, **options).encode


def table() -> str:
    """Return the Markdown between the marks."""
    small, large = sizes(), sizes(1_000)
    lines = [
        "| One event, bytes | payload | in memory | in the spool |",
        "| --- | --- | --- | --- |",
    ]
    for title, measured in (("plain", small), ("message of 1 000 bytes more", large)):
        for platform, (payload, memory, disk) in measured.items():
            lines.append(f"| {platform}, {title} | {payload} | {memory} | {disk} |")
    memory = max(each[1] for each in small.values())
    disk = max(each[2] for each in small.values())
    lines += [
        "",
        f"With the largest of the plain ones, {memory} bytes in memory and {disk} in the spool:",
        "",
        "| Events/s | Default buffer (64 MiB, 500 000 events) is full after "
        "| `buffer_max_bytes` for 10 minutes | `buffer_max_events` for 10 minutes "
        "| `spool_max_bytes` for 4 hours |",
        "| --- | --- | --- | --- | --- |",
    ]
    for rate in RATES:
        held = min(64 * 1024 * 1024 / memory, 500_000) / rate
        lines.append(
            f"| {rate:,} | {_time(held)} | {_size(rate * OUTAGE_SECONDS * memory)} "
            f"| {rate * OUTAGE_SECONDS:,} | {_size(rate * SPOOL_SECONDS * disk)} |".replace(
                ",", " "
            )
        )
    return "\n".join(lines) + "\n"


def _time(seconds: float) -> str:
    if seconds >= 7_200:
        return f"{seconds / 3_600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def made() -> str:
    """Return the whole page, with the table anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
