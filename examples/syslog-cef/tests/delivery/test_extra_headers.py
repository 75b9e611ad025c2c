# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Headers of the owner's: they arrive, they replace nothing of the sink's, and their values stay private."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fapilog.core.settings import Settings
from pydantic import ValidationError

from acme_syslog_cef._delivery.extra_headers import ENGINE_HEADERS

from ..support.canary import EVENTS, QUICK, Watch, canary, run_through, tellers
from ..support.fake_http import Answer, FakeHttpServer, Received
from .plain import PlainConfig, PlainSink

SECRET = canary("header")
URL = "http://127.0.0.1:1"


def written(**settings: Any) -> Received:
    """Return the request that carries one event."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url, **settings)

        async def run() -> None:
            assert await sink.write({"message": "m"})
            await sink.stop()

        asyncio.run(run())
        (got,) = server.requests
        return got


@pytest.mark.parametrize(
    "given",
    [{"X-Tenant": "a b", "x_key": SECRET}, f'{"{"}"X-Tenant": "a b", "x_key": "{SECRET}"{"}"}'],
    ids=["mapping", "JSON"],
)
def test_headers_arrive(given: Any) -> None:
    """On each request, beside those of the sink."""
    headers = written(extra_headers=given).headers
    assert (headers["x-tenant"], headers["x_key"]) == ("a b", SECRET)
    assert headers["user-agent"] == "plain"
    assert "x-tenant" not in written().headers


def test_the_environment_holds_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """As fapilog reads it."""
    variable = "FAPILOG_SINK_CONFIG__EXTRA__PLAIN__EXTRA_HEADERS"
    monkeypatch.setenv(variable, '{"X-Tenant": "from outside"}')
    headers = written(**Settings().sink_config.extra["plain"]).headers
    assert headers["x-tenant"] == "from outside"


@pytest.mark.parametrize("name", sorted(ENGINE_HEADERS))
def test_headers_of_the_sink_are_refused(name: str) -> None:
    """Whoever replaces one of them would break the request, or send credentials twice."""
    with pytest.raises(ValidationError, match=f"{name} is set by the sink"):
        PlainConfig(url=URL, extra_headers={name.title(): "x"})


def test_headers_of_the_platform_are_refused() -> None:
    """A platform names those that only it sets."""

    class Config(PlainConfig):
        own_headers = frozenset({"x-channel"})

    with pytest.raises(ValidationError, match="x-channel is set by the sink"):
        Config(url=URL, extra_headers={"X-Channel": "x"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"X-A": f"{SECRET}\r\nX-B: 1"}, "printable ASCII"),
        ({"X-A": f"{SECRET}\n"}, "printable ASCII"),
        ({"X-A": f" {SECRET}"}, "printable ASCII"),
        ({"X-A": f"{SECRET}\x00"}, "printable ASCII"),
        ({"X-A": f"{SECRET}ä"}, "printable ASCII"),
        ({"X-A": ""}, "printable ASCII"),
        ({f"X-A\r\n{SECRET}": "1"}, "RFC 9110"),
        ({f"X A{SECRET}": "1"}, "RFC 9110"),
        ({f"X:{SECRET}": "1"}, "RFC 9110"),
        ({"": SECRET}, "RFC 9110"),
        ({"Xä": SECRET}, "RFC 9110"),
        ({"X-A": SECRET, "x-a": SECRET}, "given twice"),
        ({"X-A": [SECRET]}, "extra_headers"),
        ({"X-A": 7}, "extra_headers"),
        (SECRET, "extra_headers"),
        (f'{"{"}"X-A": "{SECRET}"', "extra_headers"),
        (f'["{SECRET}"]', "extra_headers"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_not_quoted(given: Any, said: str) -> None:
    """At construction, and by the rule that it breaks."""
    with Watch(SECRET) as watch:
        with pytest.raises(ValidationError, match=said) as caught:
            PlainConfig(url=URL, extra_headers=given)
        watch.error(caught.value)
        watch.provoke(lambda value: PlainSink(url=URL, extra_headers=value), [given])
    assert {"exception", "warning"} <= watch.places()
    assert watch.findings() == []


def test_values_are_shown_nowhere() -> None:
    """Not in what the sink is made of, in logs or in figures, whatever the target answers."""
    with FakeHttpServer() as server, Watch(SECRET) as watch:
        sink = PlainSink(
            url=server.url,
            extra_headers={"X-Key": SECRET},
            stats_callback=watch.look_into,
            **QUICK,
        )
        run_through(sink, server, EVENTS, tellers(SECRET), Answer(200))
        assert {got.headers["x-key"] for got in server.requests} == {SECRET}
        for shown in (sink.config, sink._delivery, sink.stats()):
            watch.look_into(shown)
        watch.text("json", sink.config.model_dump_json(exclude={"stats_callback"}))
    assert {"log", "PlainConfig", "json"} <= watch.places()
    assert watch.findings() == []


def test_sinks_with_equal_headers_share_a_delivery() -> None:
    """And others do not: a tenant's events go out under its own name."""
    one, same, other = (
        PlainSink(url=URL, extra_headers={"X-Tenant": name}) for name in ("a", "a", "b")
    )
    assert one._delivery is same._delivery
    assert one._delivery is not other._delivery
