# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""fapilog's side of a sink: what it accepts, what it refuses, and when it closes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from typing import Any, Literal

import orjson
import pytest
from fapilog.core.serialization import SerializedView
from pydantic import Field, SecretStr

from acme_elasticsearch._delivery.errors import ConfigurationError
from acme_elasticsearch._delivery.host import live_sinks

from ..support.fake_http import Answer, FakeHttpServer
from .plain import PlainConfig, PlainSink

SLOW = 60.0  # seconds that no test waits for


class SecretConfig(PlainConfig):
    """Plain settings with a secret."""

    token: SecretStr
    indexes: tuple[str, ...] = ()


class SecretSink(PlainSink):
    """Plain sink with a secret."""

    name = "secret"
    config_class = SecretConfig


def messages(server: FakeHttpServer) -> list[Any]:
    """Return the events' messages in order."""
    lines = [line for request in server.requests for line in request.body.split(b"\n")]
    return [orjson.loads(line).get("message") for line in lines]


async def write_and_stop(sink: PlainSink, *entries: Any) -> list[bool]:
    """Write entries on the dict path, then stop."""
    results = [await sink.write(entry) for entry in entries]
    await sink.stop()
    return results


@pytest.mark.parametrize(
    "entry",
    [
        {"log": {"message": "m"}, "schema_version": "1.1"},
        {"message": "m"},
    ],
    ids=["envelope", "bare"],
)
@pytest.mark.parametrize(
    "wrap",
    [bytes, bytearray, memoryview, lambda data: SerializedView(data=data)],
    ids=["bytes", "bytearray", "memoryview", "view"],
)
def test_serialized_forms(entry: dict[str, Any], wrap: Callable[[bytes], Any]) -> None:
    """write_serialized works without start() and takes every form the host has."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url)

        async def run() -> bool:
            taken = await sink.write_serialized(wrap(orjson.dumps(entry)))
            await sink.stop()
            return taken

        assert asyncio.run(run())
        assert messages(server) == ["m"]


@pytest.mark.fault(21, promise=2)
@pytest.mark.parametrize("entry", [{}, {"x": object()}, {"x": b"\xff"}, "text", None, 7])
def test_any_entry_is_taken(entry: Any) -> None:
    """An entry without keys, with values JSON cannot carry, or that is no mapping is not lost."""
    with FakeHttpServer() as server:
        assert asyncio.run(write_and_stop(PlainSink(url=server.url), entry)) == [True]
        assert len(messages(server)) == 1


def test_an_encoder_error_refuses_one_event() -> None:
    """One event that cannot be encoded is refused and counted; the others are delivered."""

    class BrokenSink(PlainSink):
        def encoder(self, config: PlainConfig) -> Any:
            encode = super().encoder(config)

            def broken(event: dict[str, Any]) -> Any:
                if event["message"] == "bad":
                    raise AttributeError("a bug in mapping.py")
                return encode(event)

            return broken

    with FakeHttpServer() as server:
        sink = BrokenSink(url=server.url)
        entries = [{"message": text} for text in ("a", "bad", "b")]
        assert asyncio.run(write_and_stop(sink, *entries)) == [True, False, True]
        assert messages(server) == ["a", "b"]
    assert sink.stats().refused == {"encode_error": 1}
    assert sink.stats().balanced


def test_an_encoder_that_returns_nonsense_refuses() -> None:
    """A bug behind the encoder is a refusal, too; the host must not take it for success."""

    class NonsenseSink(PlainSink):
        def encoder(self, config: PlainConfig) -> Any:
            return lambda event: None

    with FakeHttpServer() as server:
        sink = NonsenseSink(url=server.url)
        assert asyncio.run(write_and_stop(sink, {"message": "m"})) == [False]
    assert sink.stats().refused == {"internal_error": 1}
    assert sink.stats().balanced


def test_a_cancellation_during_the_first_write_does_not_lose_the_event() -> None:
    """The first write in a loop yields once for the sentinel; being cancelled there changes nothing."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url)
        results = []

        async def worker() -> None:
            results.append(await sink.write({"message": "m"}))
            await asyncio.sleep(0)

        async def run() -> None:
            task = asyncio.create_task(worker())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(run())
        assert results == [True]
        assert messages(server) == ["m"]


def test_an_attribute_error_is_no_success_on_the_serialized_path() -> None:
    """The host takes an AttributeError for success; the sink must answer False instead."""

    class Odd:
        @property
        def data(self) -> bytes:
            raise AttributeError("no data today")

        def __str__(self) -> str:
            raise AttributeError("no text either")

    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url)
        assert asyncio.run(sink.write_serialized(Odd())) in (True, False)
        assert sink.stats().offered == 1
        asyncio.run(sink.stop())


def fill(sink: PlainSink, count: int) -> list[bool]:
    """Write one after the other."""

    async def run() -> list[bool]:
        return [await sink.write({"message": number}) for number in range(count)]

    return asyncio.run(run())


@pytest.mark.fault(promise=(2, 3))
def test_a_full_buffer_refuses_and_says_so() -> None:
    """After one write has waited in vain the next ones are refused at once."""
    with FakeHttpServer(Answer(503)) as server:
        sink = PlainSink(
            url=server.url, buffer_max_events=2, block_timeout_seconds=0.05, close_timeout_seconds=0
        )
        clock = asyncio.new_event_loop()
        began = clock.time()
        results = clock.run_until_complete(_writes(sink, 102))
        elapsed = clock.time() - began
        clock.run_until_complete(sink.stop())
        _end(clock)
    assert results == [True, True] + [False] * 100
    assert 0.05 <= elapsed < 1.0  # one wait, not a hundred
    assert sink.stats().refused == {"buffer_full": 100}


async def _writes(sink: PlainSink, count: int) -> list[bool]:
    return [await sink.write({"message": number}) for number in range(count)]


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """End a loop as asyncio.run does: cancel what is left, then close."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()


@pytest.mark.fault(promise=2)
def test_a_blocked_write_gets_in_when_there_is_room() -> None:
    """Policy "block" waits for room, without blocking the loop."""
    gate = threading.Event()
    with FakeHttpServer() as server:
        server.script(Answer(200, delay=gate))
        sink = PlainSink(url=server.url, buffer_max_events=1, block_timeout_seconds=1)

        async def run() -> list[bool]:
            first = await sink.write({"message": 1})
            second = asyncio.create_task(sink.write({"message": 2}))
            await asyncio.sleep(0)  # the loop runs while the write waits
            assert not second.done()
            gate.set()
            return [first, await second]

        assert asyncio.run(run()) == [True, True]
    assert sink.stats().delivered == 2


@pytest.mark.fault(promise=(2, 3))
def test_drop_newest_does_not_wait() -> None:
    """Policy "drop_newest" refuses at once."""
    with FakeHttpServer(Answer(503)) as server:
        sink = PlainSink(
            url=server.url,
            buffer_policy="drop_newest",
            buffer_max_events=1,
            block_timeout_seconds=1,
            close_timeout_seconds=0,
        )
        loop = asyncio.new_event_loop()
        began = loop.time()
        assert loop.run_until_complete(_writes(sink, 3)) == [True, False, False]
        assert loop.time() - began < 0.5
        loop.run_until_complete(sink.stop())
        _end(loop)


def test_a_cancelled_wait_does_not_escape() -> None:
    """The event ends in the books first; the worker hears of its cancellation at its next await."""
    with FakeHttpServer(Answer(503)) as server:
        sink = PlainSink(
            url=server.url, buffer_max_events=1, block_timeout_seconds=1, close_timeout_seconds=0
        )

        results = []

        async def worker() -> None:
            results.append(await sink.write({"message": 1}))
            results.append(await sink.write({"message": 2}))
            results.append(await asyncio.sleep(0, "not reached"))

        async def run() -> None:
            task = asyncio.create_task(worker())
            while not results:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await sink.stop()

        asyncio.run(run())
    assert results == [True, False]
    assert sink.stats().refused == {"buffer_full": 1}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new in 3.11")
def test_a_timeout_around_a_wait_leaves_nothing_behind() -> None:
    """Who bounds `write` with a time-out of its own is not cancelled once more later."""
    with FakeHttpServer(Answer(503)) as server:
        sink = PlainSink(
            url=server.url, buffer_max_events=1, block_timeout_seconds=1, close_timeout_seconds=0
        )

        async def run() -> list[bool]:
            results = [await sink.write({"message": 1})]
            with contextlib.suppress(TimeoutError):  # the answer and the time-out may cross
                async with asyncio.timeout(0.01):
                    results.append(await sink.write({"message": 2}))
            for _ in range(3):
                await asyncio.sleep(0)
            await sink.stop()
            return results

        assert asyncio.run(run()) == [True, False]
    assert sink.stats().refused == {"buffer_full": 1}


def test_a_stopped_sink_leaves_no_task() -> None:
    """In a loop that goes on, nothing of a stopped sink stays behind to be complained about."""
    with FakeHttpServer() as server:

        async def run() -> set[str]:
            sink = PlainSink(url=server.url)
            await sink.write({"message": 1})
            await sink.stop()
            await asyncio.sleep(0)
            return {task.get_name() for task in asyncio.all_tasks()}

        assert "fapilog-sink-sentinel" not in asyncio.run(run())


def test_an_oversize_event_is_refused_by_name() -> None:
    """What can never fit is refused at once and does not block the others."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url, buffer_max_bytes=10_000)
        entries = [{"message": "x" * 20_000}, {"message": "small"}]
        assert asyncio.run(write_and_stop(sink, *entries)) == [False, True]
    assert sink.stats().refused == {"too_large": 1}


def test_the_end_of_the_loop_delivers() -> None:
    """Nobody calls stop(): the cancelled sentinel flushes and closes."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url, linger_seconds=SLOW)
        assert fill(sink, 3) == [True] * 3
        assert messages(server) == [0, 1, 2]
    assert sink.stats().pending == 0


@pytest.mark.parametrize(("where", "seconds"), [("main thread", 2.0), ("other thread", 0.3)])
def test_how_long_the_end_of_a_loop_waits(where: str, seconds: float) -> None:
    """In the main thread as long as the setting says; elsewhere 2.5 s, as the loop may be fapilog's.

    The answer comes too late for the one, and in time for the other.
    """
    gate = threading.Event()
    with FakeHttpServer() as server:
        server.script(Answer(200, delay=gate))
        sink = PlainSink(url=server.url, close_timeout_seconds=0.1)

        def end_a_loop() -> None:
            assert asyncio.run(_writes(sink, 1)) == [True]

        answer = threading.Timer(seconds, gate.set)
        answer.start()
        if where == "main thread":
            end_a_loop()
        else:
            ending = threading.Thread(target=end_a_loop)
            ending.start()
            ending.join()
        answer.cancel()
        gate.set()
    end = (0, {"closed": 1}) if where == "main thread" else (1, {})
    assert (sink.stats().delivered, sink.stats().dropped) == end


def test_a_write_after_the_end_opens_again() -> None:
    """A logger that is used again in another loop delivers again."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url, linger_seconds=SLOW)
        fill(sink, 1)
        fill(sink, 2)
        assert messages(server) == [0, 0, 1]


@pytest.mark.fault(33, promise=11)
def test_a_loop_whose_sentinel_was_cancelled_gets_another() -> None:
    """Some frameworks cancel every task and go on with the same loop."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url)

        def sentinels() -> list[asyncio.Task[Any]]:
            return [t for t in asyncio.all_tasks() if t.get_name() == "fapilog-sink-sentinel"]

        async def run() -> int:
            assert await sink.write({"message": "1"})
            (first,) = sentinels()
            first.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await first
            assert await sink.write({"message": "2"})
            return len(sentinels())

        assert asyncio.run(run()) == 1
    assert messages(server) == ["1", "2"]


def test_the_first_of_two_loops_does_not_close_for_the_other() -> None:
    """Two loggers with one sink: the one that ends flushes, the other goes on."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url, linger_seconds=SLOW)
        other = asyncio.new_event_loop()
        other.run_until_complete(sink.write({"message": "other"}))
        fill(sink, 1)
        assert messages(server) == ["other", 0]
        senders = [t for t in threading.enumerate() if t.name == "plain-sender"]
        assert len(senders) == 1
        other.run_until_complete(sink.write({"message": "still there"}))
        _end(other)
        assert messages(server)[-1] == "still there"


def test_equal_configuration_shares_a_delivery() -> None:
    """get_logger(__name__) makes many sinks; they share thread, connection and books."""
    with FakeHttpServer() as server:
        sinks = [PlainSink(url=server.url) for _ in range(3)]
        different = PlainSink(url=server.url, linger_seconds=0.02)
        for sink in sinks:
            fill(sink, 1)
        assert [sink.stats().accepted for sink in sinks] == [3, 3, 3]
        assert different.stats().accepted == 0


def test_stop_of_one_sharer_leaves_the_other_working() -> None:
    """Stop flushes, and closes only for the last sink that writes."""
    with FakeHttpServer() as server:
        one, two = (PlainSink(url=server.url, linger_seconds=SLOW) for _ in "12")

        async def run() -> None:
            await one.write({"message": "one"})
            await two.write({"message": "two"})
            report = await one.stop()
            assert (report.delivered, report.stats.pending) == (2, 0)
            await two.write({"message": "again"})
            assert (await two.stop()).stats.delivered == 3

        asyncio.run(run())


def test_a_sharer_that_only_wrote_keeps_the_delivery_open() -> None:
    """Stop does not close under a sink that has not been started but has written."""
    with FakeHttpServer() as server:
        one, two = (PlainSink(url=server.url) for _ in "12")

        async def run() -> None:
            await one.write({"message": "one"})
            await two.write({"message": "two"})
            (sender,) = one._delivery._shared.senders
            await one.stop()
            assert one._delivery._shared.senders == [sender]
            await two.stop()
            assert one._delivery._shared.senders == []

        asyncio.run(run())


def test_an_unhashable_setting_is_not_shared() -> None:
    """An owner may add a mapping to the configuration; such sinks have a delivery each."""

    class MappingConfig(PlainConfig):
        extra: dict[str, str] = Field(default_factory=dict)

    class MappingSink(PlainSink):
        config_class = MappingConfig

    one, two = (MappingSink(url="http://127.0.0.1:1", extra='{"a": "b"}') for _ in "12")
    assert one.config == two.config
    assert one._delivery is not two._delivery


def test_start_and_stop_in_any_order() -> None:
    """Both are idempotent and neither is needed."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url)

        async def run() -> None:
            await sink.stop()
            await sink.start()
            await sink.start()
            await sink.write({"message": 1})
            await sink.stop()
            await sink.stop()

        asyncio.run(run())
        assert messages(server) == [1]


@pytest.mark.fault(33, promise=1)
def test_first_writes_at_once_keep_their_order() -> None:
    """The first write of a loop has more to do, and must not be overtaken by the second."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url)

        async def run() -> None:
            await asyncio.gather(*(sink.write({"message": number}) for number in range(3)))
            await sink.stop()

        asyncio.run(run())
        assert messages(server) == [0, 1, 2]


def test_concurrent_writes_from_several_loops() -> None:
    """Sixteen calls at once in each of four loops: everything arrives once."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url)

        async def burst(base: int) -> None:
            writes = (sink.write({"message": base + number}) for number in range(16))
            assert all(await asyncio.gather(*writes))

        threads = [
            threading.Thread(target=lambda base=base: asyncio.run(burst(base)))  # type: ignore[misc]
            for base in range(0, 64, 16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asyncio.run(sink.stop())
        assert sorted(messages(server)) == list(range(64))


@pytest.mark.parametrize(
    "form",
    [
        lambda values: {"config": SecretConfig(**values)},
        lambda values: {"config": values},
        lambda values: values,
        lambda values: {key: str(value) for key, value in values.items()},
    ],
    ids=["object", "dict", "keywords", "environment"],
)
def test_configuration_forms(form: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """A config object, a dict, keywords, and strings from the environment mean the same."""
    values = {"url": "http://127.0.0.1:1", "token": "s", "batch_max_events": 7}
    sink = SecretSink(**form(values))
    assert (sink.config.batch_max_events, sink.config.url) == (7, "http://127.0.0.1:1")


def test_lists_come_as_json_from_the_environment() -> None:
    """Environment variables carry lists as JSON."""
    sink = SecretSink(url="http://127.0.0.1:1", token="s", indexes='["a", "b"]')
    assert sink.config.indexes == ("a", "b")


def test_keywords_win_over_a_mapping() -> None:
    """No keyword is silently ignored."""
    sink = PlainSink({"url": "http://127.0.0.1:1", "linger_seconds": 3}, linger_seconds=4)
    assert sink.config.linger_seconds == 4


@pytest.mark.parametrize(
    ("args", "settings", "said"),
    [
        ((), {}, "url: it is missing (Address of the target.)"),
        ((), {"url": "u", "unknown": 1}, "unknown: there is no such setting"),
        (
            (),
            {"url": "u", "linger_seconds": "soon"},
            "linger_seconds: Input should be a valid number, unable to parse string as a number"
            " (Close a batch when its oldest event has waited this long.)",
        ),
        ((), {"url": "u", "linger_second": 1}, "no such setting; is it linger_seconds?"),
        ((7,), {}, "config must be a PlainConfig or a mapping, not int"),
        ((PlainConfig(url="u"),), {"url": "u"}, "not both"),
    ],
    ids=["missing", "unknown", "type", "misspelt", "not a config", "both"],
)
def test_bad_configuration_is_heard(args: Any, settings: dict[str, Any], said: str) -> None:
    """The host swallows the exception, so there is a warning with the field and the problem."""
    with pytest.warns(RuntimeWarning) as heard, pytest.raises(ConfigurationError) as raised:
        PlainSink(*args, **settings)
    assert said in str(heard[0].message)
    assert said in str(raised.value)


@pytest.mark.parametrize("action", ["ignore", "error"])
def test_a_filter_of_warnings_does_not_silence_it(
    caplog: pytest.LogCaptureFixture, action: Literal["ignore", "error"]
) -> None:
    """Hidden, or raised into the hands of the host, which swallows it: then the log says it."""
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        with pytest.raises((ConfigurationError, RuntimeWarning)):
            PlainSink()
    assert [line for line in caplog.messages if "url: it is missing" in line]


def test_a_missing_certificate_file_is_heard() -> None:
    """What shows only when the client is made is a configuration error like any other."""
    with pytest.warns(RuntimeWarning, match="tls_ca_file"), pytest.raises(ConfigurationError):
        PlainSink(url="https://127.0.0.1:1", tls_ca_file="/no/such/file.pem")


@pytest.mark.parametrize("path", ["", ".", "no/such/folder/dead.jsonl"])
def test_an_unusable_dead_letter_path_is_heard(path: str) -> None:
    """The net is looked at when it is hung up, and not when somebody falls."""
    with (
        pytest.warns(RuntimeWarning, match="dead_letter_path"),
        pytest.raises(ConfigurationError),
    ):
        PlainSink(url="http://127.0.0.1:1", dead_letter_path=path)


def test_tls_settings_without_tls_are_refused() -> None:
    """Who sets a certificate authority expects it to be used: http:// would ignore it."""
    with pytest.warns(RuntimeWarning), pytest.raises(ConfigurationError, match="https://"):
        PlainSink(url="http://127.0.0.1:1", tls_skip_verification=True)


@pytest.mark.fault(promise=10)
def test_a_bad_configuration_does_not_tell_secrets() -> None:
    """No value is in the warning, in the exception, or in what it was caused by."""
    canary = "-".join(["can", "ary"])  # a traceback quotes the lines of this file
    with pytest.warns(RuntimeWarning) as heard, pytest.raises(ConfigurationError) as raised:
        SecretSink(url="http://127.0.0.1:1", token=[canary], linger_seconds=canary)
    told = "".join(traceback.format_exception(raised.value)) + str(heard[0].message)
    assert canary not in told
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


@pytest.mark.fault(promise=23)
def test_live_sinks_are_found() -> None:
    """A sink that fapilog made can be asked for its books."""
    sink = PlainSink(url="http://127.0.0.1:1")
    assert sink in live_sinks()


def test_health_check_tells_whether_events_are_taken() -> None:
    """Healthy until the buffer refuses."""
    with FakeHttpServer(Answer(503)) as server:
        sink = PlainSink(
            url=server.url, buffer_max_events=1, block_timeout_seconds=0, close_timeout_seconds=0
        )

        async def run() -> list[bool]:
            before = await sink.health_check()
            await sink.write({})
            await sink.write({})
            after = await sink.health_check()
            await sink.stop()
            return [before, after]

        assert asyncio.run(run()) == [True, False]


def test_the_http_library_does_not_feed_back(caplog: pytest.LogCaptureFixture) -> None:
    """The client logs a line per request at INFO: through a bridge each would become an event."""
    with caplog.at_level(logging.DEBUG), FakeHttpServer() as server:
        fill(PlainSink(url=server.url), 1)
        assert messages(server) == [0]
    assert [r.name for r in caplog.records if r.name.startswith("http")] == []
