"""The Splunk sink against a HEC that was not written here: `make integration-hec`."""

import asyncio
import importlib
import itertools
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trustme

from scripts.receivers.hec import HecCollector, Unavailable, built
from scripts.rendering import ROOT
from tests.helpers import blocks_of, run

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900), pytest.mark.xdist_group("hec")]

TOKEN = "token-of-the-integration-run"
NEW_TOKEN = "token-after-the-rotation"
EVENTS = int(os.environ.get("HEC_EVENTS", "100000"))
POISON_EVERY = 1_000


@pytest.fixture(scope="module")
def program() -> Path:
    """Return the receiver's program, or skip with what is missing."""
    try:
        return built()
    except Unavailable as missing:
        pytest.skip(f"splunkhecreceiver: {missing}")


@pytest.fixture
def collector(program: Path, tmp_path: Path) -> Iterator[HecCollector]:
    """Run a collector."""
    running = HecCollector(program, tmp_path, [TOKEN])
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def project(rendered: Callable[[str], Path]) -> Iterator[Path]:
    """Return the generated project, with its package importable."""
    folder = rendered("splunk_hec")
    sys.path.insert(0, str(folder / "src"))
    yield folder
    sys.path.remove(str(folder / "src"))


def module_of(project: Path, name: str) -> ModuleType:
    """Import a module of the generated package."""
    (package,) = (project / "src").iterdir()
    return importlib.import_module(f"{package.name}.{name}")


def sink_class(project: Path) -> type[Any]:
    """Return a sink that sends some events as no HEC takes them, in three ways.

    The encoder of the plugin makes none of these, whatever the event: an owner may wrap it.
    """
    record = module_of(project, "_delivery.records").Record
    spoilt = itertools.cycle(
        [
            '{"event":"poison %d","fields":{"nested":{"a":"b"}}}',
            '{"event":"","source":"poison %d"}',
            '{"event":poison %d}',
        ]
    )

    class LoadSink(module_of(project, "splunk_hec.sink").SplunkHecSink):  # type: ignore[misc]
        name = "load"

        def encoder(self, config: Any) -> Callable[[dict[str, Any]], Any]:
            encode = super().encoder(config)

            def spoil_some(event: dict[str, Any]) -> Any:
                data = event["data"]
                if data.get("poison"):
                    return record((next(spoilt) % data["id"]).encode())
                return encode(event)

            return spoil_some

    return LoadSink


class Load:
    """Writes numbered events, some of them poison, and compares what both sides say."""

    def __init__(
        self,
        project: Path,
        collector: HecCollector,
        folder: Path,
        poison: bool = True,
        **settings: Any,
    ) -> None:
        self.collector = collector
        self.poison = poison
        self.letters = folder / "dead-letters.jsonl"
        self.written = 0
        given = {
            "url": collector.url,
            "token": TOKEN,
            "linger_seconds": 0.05,
            "hold_seconds": 0.5,
            "retry_initial_seconds": 0.05,
            "retry_max_seconds": 0.5,
            "close_timeout_seconds": 60.0,
            "dead_letter_path": self.letters,
        }
        self.sink = sink_class(project)({**given, **settings})

    async def write(self, count: int) -> None:
        """Write so many events; one that is refused is written again."""
        for number in range(self.written, self.written + count):
            data = {"id": number, "poison": self.poison and number % POISON_EVERY == 7}
            event = {"message": f"event {number}", "level": "INFO", "data": data}
            while not await self.sink.write(event):
                await asyncio.sleep(0.01)
        self.written += count

    async def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait for a condition."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.sink.stats()
            await asyncio.sleep(0.01)

    def compare(self) -> dict[str, int]:
        """Compare ledger, dead letters and the receiver's file, event by event."""
        books = self.sink.stats()
        received = Counter(record["event"]["data"]["id"] for record in self.collector.records())
        poison = {number for number in range(self.written) if number % POISON_EVERY == 7}
        letters = [json.loads(line)["event"] for line in self.letters.read_text().splitlines()]
        condemned = Counter(int(re.findall(r"poison (\d+)", letter)[0]) for letter in letters)
        duplicates = sum(received.values()) - len(received)
        assert books.balanced
        assert set(received) == set(range(self.written)) - poison
        assert condemned == Counter(poison)
        assert (books.delivered, books.dead_lettered) == (len(received), len(poison))
        assert (books.pending, books.dropped) == (0, {})
        assert duplicates <= books.ambiguous
        return {
            "written": self.written,
            "delivered": books.delivered,
            "dead_lettered": books.dead_lettered,
            "duplicates": duplicates,
            "resent_as_ambiguous": books.ambiguous,
            "retried": books.retried,
        }


def test_load_with_poison_restarts_and_a_rotation(
    project: Path, collector: HecCollector, tmp_path: Path
) -> None:
    """Nothing is lost, and only what was sent again as ambiguous can be there twice."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    load = Load(project, collector, tmp_path, token=None, token_file=token, ack="off")

    async def drive() -> None:
        await load.write(EVENTS // 5)
        await asyncio.gather(load.write(EVENTS // 5), asyncio.to_thread(collector.restart))
        collector.tokens = [NEW_TOKEN]
        await asyncio.gather(load.write(EVENTS // 5), asyncio.to_thread(collector.restart))
        await load.until(lambda: load.sink.stats().held)
        await load.write(EVENTS // 50)
        token.write_text(NEW_TOKEN)
        await load.until(lambda: not load.sink.stats().held)
        await asyncio.gather(load.write(EVENTS // 5), asyncio.to_thread(collector.restart))
        await load.write(EVENTS - load.written)
        await load.sink.stop()

    began = time.monotonic()
    asyncio.run(drive())
    collector.stop()
    seconds = time.monotonic() - began
    print(json.dumps({**load.compare(), "seconds": round(seconds, 1)}))


def test_acknowledged_load_with_restarts(
    project: Path, collector: HecCollector, tmp_path: Path
) -> None:
    """With ack "on" a restart costs duplicates of what was not acknowledged yet, and no event."""
    load = Load(
        project, collector, tmp_path, ack="on", ack_poll_seconds=0.2, ack_deadline_seconds=1.0
    )

    async def drive() -> None:
        for _ in range(3):
            await load.write(EVENTS // 20)
            await asyncio.gather(load.write(EVENTS // 20), asyncio.to_thread(collector.restart))
        await load.sink.stop()

    asyncio.run(drive())
    collector.stop()
    print(json.dumps(load.compare()))


def test_unacknowledged_at_a_crash_is_sent_again(
    project: Path, collector: HecCollector, tmp_path: Path
) -> None:
    """A receiver that dies between "accepted" and "acknowledged" gets the events again."""
    load = Load(
        project, collector, tmp_path, ack="on", ack_poll_seconds=1.0, ack_deadline_seconds=1.5
    )

    async def drive() -> None:
        await load.write(7)
        await load.until(lambda: load.sink.stats().endpoints[0].requests > 0)
        assert load.sink.stats().delivered == 0
        await asyncio.to_thread(collector.restart)
        await load.until(lambda: load.sink.stats().delivered == 7)
        await load.sink.stop()

    asyncio.run(drive())
    collector.stop()
    books = load.sink.stats()
    received = Counter(record["event"]["data"]["id"] for record in collector.records())
    assert received == Counter(dict.fromkeys(range(7), 2))
    assert (books.ambiguous, books.retried) == (7, 7)


def test_records_arrive_as_they_were_sent(
    project: Path, collector: HecCollector, tmp_path: Path
) -> None:
    """Body, indexed fields, metadata and time are read back from another program's file."""
    texts = ["plain", "\u20ac\U0001f600\u2028", 'q"\\', "a\nb\tc", "x" * 5_000]
    sink = module_of(project, "splunk_hec.sink").SplunkHecSink(
        url=collector.url,
        token=TOKEN,
        source="integration",
        index_field="data.index",
        index="main",
    )

    async def drive() -> None:
        for number, text in enumerate(texts):
            event = {
                "timestamp": f"2026-11-23T15:05:5{number}.967123Z",
                "message": text,
                "level": "ERROR",
                "context": {"trace_id": f"t-{number}"},
                "diagnostics": {"host": "web-1"},
                "data": {
                    "n": number,
                    "f": 0.5,
                    "b": True,
                    "list": [1, "a"],
                    "index": f"i{number % 2}",
                },
            }
            assert await sink.write(event)
        await sink.stop()

    asyncio.run(drive())
    collector.stop()
    # The receiver sorts by index.
    got = sorted(collector.records(), key=lambda record: record["event"]["data"]["n"])
    assert [record["event"]["message"] for record in got] == texts
    assert [record["event"]["data"]["n"] for record in got] == list(range(len(texts)))
    assert [record["fields"]["trace_id"] for record in got] == [f"t-{n}" for n in range(len(texts))]
    assert {record["fields"]["severity"] for record in got} == {"ERROR"}
    assert [record["index"] for record in got] == ["i0", "i1", "i0", "i1", "i0"]
    assert {(record["host"], record["source"]) for record in got} == {("web-1", "integration")}
    for number, record in enumerate(got):
        assert record["time"] == pytest.approx(1795446350.967123 + number, abs=1e-5)


def test_raw_lines_arrive(project: Path, collector: HecCollector) -> None:
    """One event per line, whatever the text, with the metadata of the query."""
    sink = module_of(project, "splunk_hec.sink").SplunkHecSink(
        url=collector.url, token=TOKEN, endpoint="raw", source="a&b =#", sourcetype="_json"
    )

    async def drive() -> None:
        for text in ("one", "two\nlines", "\u20ac"):
            assert await sink.write({"message": text})
        await sink.stop()

    asyncio.run(drive())
    collector.stop()
    got = list(collector.records())
    messages = [json.loads(record["event"])["message"] for record in got]
    assert messages == ["one", "two\nlines", "\u20ac"]
    assert {(record["source"], record["sourcetype"]) for record in got} == {("a&b =#", "_json")}


def test_check_tells_what_is_wrong(project: Path, collector: HecCollector) -> None:
    """Against a real HTTP stack: all is well, wrong token, wrong port, TLS to a plain port."""
    check = module_of(project, "splunk_hec.check")
    config = module_of(project, "splunk_hec.config").SplunkHecConfig

    def steps(**settings: Any) -> dict[str, str]:
        given = {"url": collector.url, "token": TOKEN} | settings
        found = list(check.platform_steps(config(**given), user_agent="integration/1"))
        assert TOKEN not in repr(found)
        return {step.name.partition(" ")[2]: f"{step.state}: {step.text}" for step in found}

    assert [text.partition(":")[0] for text in steps().values()] == ["ok"] * 3
    assert steps(token="another")["token"].startswith("FAILED: check the token")
    assert "plain http://" in steps(url=collector.url.replace("http", "https"))["connection"]
    collector.stop()
    assert "refused" in steps()["connection"]


def test_the_projects_own_live_tests_pass(project: Path, collector: HecCollector) -> None:
    """What an owner runs against a Splunk of their own, run against this receiver."""
    result = run(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs"),
        "tests/splunk_hec/test_live.py",
        cwd=project,
        env={
            "HEC_LIVE_URL": collector.url,
            "HEC_LIVE_TOKEN": TOKEN,
            "HEC_LIVE_RECORDS": str(collector.records_path),
        },
    )
    assert result.returncode == 0, result.stdout
    assert "skipped" not in result.stdout


PAGE = ROOT / "docs" / "how-to" / "scaling.md"
GATEWAY_EVENTS = 2_000


class Gateway(HecCollector):
    """A collector with the file of the page about scaling, pointed at this test's folder."""

    def __init__(self, program: Path, folder: Path, target: HecCollector) -> None:
        folder.mkdir()
        super().__init__(program, folder, [])
        authority = trustme.CA()
        self.authority_path = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.authority_path)
        own = authority.issue_cert("localhost")
        own.cert_chain_pems[0].write_to_path(folder / "server.pem")
        own.private_key_pem.write_to_path(folder / "server.key")
        (folder / "tokens").write_text(f"{TOKEN}-of-another\n{TOKEN}\n")
        (folder / "queue").mkdir()
        self._changes = {
            "/etc/otelcol": folder.as_posix(),
            "/var/lib/otelcol": folder.as_posix(),
            "0.0.0.0:8088": f"127.0.0.1:{self.port}",
            "https://splunk.example.com:8088": target.url,
        }

    def configuration(self) -> str:
        """Return what the page shows, with the addresses and paths of this test."""
        (text,) = [code for language, code in blocks_of(PAGE) if language == "yaml"]
        for old, new in self._changes.items():
            assert old in text
            text = text.replace(old, new)
        return text

    @property
    def sink_settings(self) -> dict[str, Any]:
        """What a sink needs to send to it."""
        url = f"https://localhost:{self.port}"
        return {"url": url, "token": TOKEN, "tls_ca_file": self.authority_path}


@pytest.fixture
def gateway(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Gateway, HecCollector]]:
    """Run a gateway to a receiver that is away."""
    monkeypatch.setenv("SPLUNK_HEC_TOKEN", NEW_TOKEN)
    (tmp_path / "target").mkdir()
    target = HecCollector(program, tmp_path / "target", [NEW_TOKEN])
    running = Gateway(program, tmp_path / "gateway", target)
    running.start()
    yield running, target
    running.stop()
    target.stop()


def count_of(target: HecCollector) -> Counter[int]:
    """Return the events of a receiver by number."""
    if not target.records_path.exists():
        return Counter()
    return Counter(record["event"]["data"]["id"] for record in target.records())


def test_gateway_keeps_what_it_took(
    project: Path, gateway: tuple[Gateway, HecCollector], tmp_path: Path
) -> None:
    """Splunk is away, the collector is killed, later stopped in order: every event is there."""
    relay, target = gateway
    load = Load(project, relay, tmp_path, poison=False, index="audit", **relay.sink_settings)

    async def drive() -> None:
        await load.write(GATEWAY_EVENTS)
        await load.until(lambda: load.sink.stats().delivered == load.written)
        relay.kill()
        await load.write(GATEWAY_EVENTS)
        await asyncio.to_thread(relay.start)
        await load.until(lambda: load.sink.stats().delivered == load.written)
        assert not count_of(target)
        await asyncio.to_thread(target.start)
        await asyncio.gather(load.write(GATEWAY_EVENTS), asyncio.to_thread(relay.restart))
        await load.until(lambda: len(count_of(target)) == load.written)
        await load.sink.stop()

    asyncio.run(drive())
    books, received = load.sink.stats(), count_of(target)
    assert set(received) == set(range(3 * GATEWAY_EVENTS))
    assert (books.delivered, books.dropped, books.pending) == (load.written, {}, 0)
    assert {record["index"] for record in target.records()} == {"audit"}
    sent_twice = received.total() - load.written
    print(json.dumps({"written": load.written, "received": len(received), "twice": sent_twice}))


def test_gateway_drops_what_splunk_refuses(
    project: Path, gateway: tuple[Gateway, HecCollector], tmp_path: Path
) -> None:
    """As the page warns: a token that Splunk does not know costs events, and the log tells it."""
    relay, target = gateway
    target.tokens = [f"{NEW_TOKEN}-after-another"]
    target.start()
    load = Load(project, relay, tmp_path, poison=False, **relay.sink_settings)

    async def drive() -> None:
        await load.write(7)
        await load.until(lambda: "Dropping data" in relay.log_path.read_text())
        await load.sink.stop()

    asyncio.run(drive())
    assert load.sink.stats().delivered == 7
    assert "Exporting failed. Dropping data." in relay.log_path.read_text()
    relay.stop()
    assert not count_of(target)


def test_gateway_takes_no_other_token(
    project: Path, gateway: tuple[Gateway, HecCollector], tmp_path: Path
) -> None:
    """The sink holds its events when the gateway does not know its token."""
    relay, _ = gateway
    load = Load(project, relay, tmp_path, poison=False, **relay.sink_settings | {"token": "other"})

    async def drive() -> None:
        await load.write(1)
        await load.until(lambda: load.sink.stats().held)
        assert load.sink.stats().delivered == 0
        await load.sink.stop()

    asyncio.run(drive())
