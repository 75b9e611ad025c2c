# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""No secret gets out by the engine, whatever the target answers and whatever goes wrong."""

from __future__ import annotations

import logging
import sys
import warnings
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from acme_syslog_cef._delivery.credentials import credential
from acme_syslog_cef._delivery.delivery import Exchange
from acme_syslog_cef._delivery.errors import (
    ConfigurationError,
    TransportError,
)
from acme_syslog_cef._delivery.hooks import Hook
from acme_syslog_cef._delivery.http_client import HttpClient
from acme_syslog_cef._delivery.records import (
    Batch,
    HttpRequest,
    HttpResponse,
    Record,
)

from ..support.canary import (
    EVENTS,
    QUICK,
    Watch,
    authorization_of,
    bad_values,
    canary,
    run_through,
    tellers,
)
from ..support.fake_http import Answer, FakeHttpServer, Received, Script
from . import plain
from .plain import PlainConfig, PlainSink

pytestmark = pytest.mark.fault(32)

TOKEN = canary("token")


class SecretConfig(PlainConfig):
    """Plain settings with a secret."""

    token: SecretStr | None = None
    token_file: Path | None = None
    token_env: str | None = None
    token_provider: Hook | None = None


class SecretSink(PlainSink):
    """The plain platform with an Authorization header."""

    name = "secret"
    config_class = SecretConfig  # type: ignore[assignment]

    def exchange(self, config: Any) -> Exchange[HttpRequest, HttpResponse]:
        """Wire the plain platform, with a header more."""
        token = credential(config, "token")

        def build(batch: Batch) -> HttpRequest:
            request = plain.build(batch)
            return HttpRequest(
                request.path, {"Authorization": f"Bearer {token.value()}"}, request.body
            )

        wired = plain.exchange(config)
        return Exchange(build, wired.classify, wired.endpoints, (token,))


def test_the_search_finds_what_it_looks_for() -> None:
    """A search that overlooks a form, an attribute or a cause would prove nothing."""
    with Watch(TOKEN) as watch:
        for before in ("", "a", "ab", "user:"):
            watch.text("base64", b64encode(f"{before}{TOKEN}{before}".encode()).decode())
        watch.text("hex", TOKEN.encode().hex())
        logging.getLogger("httpx").debug("%s", TOKEN)
        warnings.warn(TOKEN, stacklevel=1)
        sys.stderr.write(TOKEN)
        watch.look_into(SimpleNamespace(inside=TOKEN))
        try:
            try:
                raise KeyError(TOKEN)
            finally:
                raise ValueError from None
        except ValueError as error:
            watch.error(error)
    found = [where for where, _ in watch.findings()]
    assert found.count("base64") == 4
    others = {"hex", "log", "warning", "output", "SimpleNamespace", "SimpleNamespace.inside"}
    assert set(found) - {"base64"} == others | {"exception"}


def judge(received: Received) -> Answer:
    """Refuse one event and take the others; quote the credentials all the same."""
    told = authorization_of(received)
    return Answer(400 if b"bad" in received.body else 200, phrase=told, body=told.encode())


def test_no_answer_makes_a_secret_known(tmp_path: Path) -> None:
    """Retry, hold, split, refusal, dead letter and success: the target quotes the token in each."""
    path = tmp_path / "dead.jsonl"
    with FakeHttpServer() as server, Watch(TOKEN) as watch:
        sink = SecretSink(
            url=server.url,
            token=TOKEN,
            dead_letter_path=path,
            stats_callback=watch.look_into,
            **QUICK,
        )
        run_through(sink, server, EVENTS, tellers(TOKEN), judge)
        watch.look_at_sink(sink, Record(b"x"))
    watch.text("file", path.read_text())
    assert all(TOKEN in authorization_of(request) for request in server.requests)
    assert {"log", "file", "Stats", "SecretSink.config", "HttpRequest"} <= watch.places()
    assert sink.stats().dead_lettered >= 1
    assert watch.findings() == []


@pytest.mark.parametrize("end", ["expired", "closed"])
def test_what_is_given_up_tells_no_secret(tmp_path: Path, end: str) -> None:
    """The last failure of an event that is given up is in the file, and the answer's text is not."""
    path = tmp_path / "dead.jsonl"
    settings = QUICK | {"retry_deadline_seconds": 0.001 if end == "expired" else 60.0}
    failure = Answer(503, phrase=TOKEN, body=TOKEN.encode())
    with FakeHttpServer(failure) as server, Watch(TOKEN) as watch:
        sink = SecretSink(url=server.url, token=TOKEN, close_timeout_seconds=0.05, **settings)
        kept = SecretSink(
            url=server.url,
            token=TOKEN,
            close_timeout_seconds=0.05,
            dead_letter_path=path,
            **settings,
        )
        for each in (sink, kept):
            each._delivery.offer(Record(b"x"))
            server.wait_for(len(server.requests) + 1)
            watch.look_into(each._delivery.close(0.05))
    watch.text("file", path.read_text())
    assert {"output", "file", "CloseReport.stats"} <= watch.places()
    assert watch.findings() == []


def from_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put the secret into a file."""
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return {"token_file": path}


def from_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put the secret into an environment variable."""
    monkeypatch.setenv("CANARY_TOKEN", TOKEN)
    return {"token_env": "CANARY_TOKEN"}


def from_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Have a function return the secret in the form that hides it."""
    return {"token_provider": lambda: SecretStr(TOKEN)}


def from_failing_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Have a function raise errors that quote the secret, each of another kind, before it returns it."""
    errors = [
        RuntimeError(TOKEN),
        ValueError(TOKEN),
        KeyError(TOKEN),
        ConfigurationError(TOKEN),
        TransportError(TOKEN),
        OSError(TOKEN),
        OSError(5, TOKEN),
    ]

    def provide() -> str:
        if errors:
            raise errors.pop()
        return TOKEN

    return {"token_provider": provide}


Source = Callable[[Path, pytest.MonkeyPatch], "dict[str, Any]"]


@pytest.mark.parametrize(
    "source",
    [from_file, from_environment, from_provider, from_failing_provider],
    ids=lambda source: source.__name__,
)
def test_no_source_makes_a_secret_known(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that is read again after a refusal stays as unknown as one in the settings."""
    script: list[Script] = [Answer(401, phrase=TOKEN, body=TOKEN.encode())] * 2
    with FakeHttpServer() as server, Watch(TOKEN) as watch:
        sink = SecretSink(url=server.url, **source(tmp_path, monkeypatch), **QUICK)
        run_through(sink, server, EVENTS, script, Answer(200))
        watch.look_at_sink(sink, Record(b"x"))
    assert "log" in watch.places()
    assert sink.stats().delivered == len(EVENTS)
    assert watch.findings() == []


@pytest.mark.parametrize("setting", ["token_file", "token_env"])
def test_a_secret_that_was_taken_for_the_name_of_its_place_is_not_logged(setting: str) -> None:
    """Nothing is found under that name, and the complaint does not quote it."""
    with FakeHttpServer() as server, Watch(TOKEN) as watch:
        sink = SecretSink(url=server.url, **{setting: TOKEN}, **QUICK)
        sink._delivery.offer(Record(b"x"))
        sink._delivery.close(0.05)
    assert {"log", "output"} <= watch.places()
    assert server.requests == []
    assert watch.findings() == []


@pytest.mark.parametrize("setting", SecretConfig.model_fields)
def test_no_complaint_quotes_a_value(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in the wrong setting is refused without being repeated."""
    monkeypatch.chdir(tmp_path)  # one of the settings is a folder to make
    given = {"url": "http://127.0.0.1:1", "token": TOKEN}
    with Watch(TOKEN) as watch:
        watch.provoke(lambda value: SecretSink(**given | {setting: value}), bad_values(TOKEN))
    assert {"warning", "traceback"} <= watch.places()
    assert watch.findings() == []


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("form", ["nothing://user:{}@127.0.0.1:1", "http://127.0.0.1:{}"])
def test_a_proxy_that_cannot_be_used_is_not_quoted(
    variable: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address of a proxy may hold a password, and a wrong one may have it anywhere."""
    monkeypatch.setenv(variable, form.format(TOKEN))
    with Watch(TOKEN) as watch:
        with pytest.raises(ConfigurationError) as caught:
            SecretSink(url="http://192.0.2.1:1", token=TOKEN)
        watch.error(caught.value)
    assert "warning" in watch.places()
    assert watch.findings() == []


def test_a_failed_request_shows_no_header() -> None:
    """Whatever is raised for a failed request leads to no exception that holds its headers."""
    request = HttpRequest("/", {"Authorization": TOKEN, "X-Bad": f"{TOKEN}\n"}, b"")
    broken = [Answer(cut="before"), *(a for a in tellers(TOKEN) if isinstance(a, Answer))]
    with FakeHttpServer() as server, Watch(TOKEN) as watch:
        client = HttpClient(server.url, settings=SecretConfig(url=server.url), user_agent="t")
        server.script(*broken)
        for headers in (request.headers, *[{"Authorization": TOKEN}] * len(broken)):
            try:
                watch.look(client.send(HttpRequest("/", headers, b""), 5.0))
            except TransportError as error:
                watch.error(error)
        client.close(0.0)
    assert {"HttpResponse", "traceback"} <= watch.places()
    assert watch.findings() == []
