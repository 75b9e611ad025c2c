# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Bring another `Client` in `sink.py`.
"""The HTTP client: one POST, one answer, every failure a `TransportError` that holds no secret.

Synchronous, since it must still work while the interpreter exits. Redirects are never followed:
that would carry the credentials to another host. Cookies are not kept: a balancer may balance. The
proxy variables of the environment (`HTTPS_PROXY`, `NO_PROXY`, ...) are honoured.
"""

from __future__ import annotations

import contextlib
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Protocol

import certifi  # noqa: F401 - httpx does so later; a child forked meanwhile would wait for ever
import httpcore  # noqa: F401 - as certifi
import httpx

from . import socket_errors
from .errors import ConfigurationError, TransportError
from .extra_headers import ExtraHeaders
from .records import Confirmation, HttpRequest, HttpResponse
from .retry import retry_after_seconds
from .settings import endpoint_name
from .tls import TlsFields, context_for

ANSWER_MAX_BYTES = 16 * 1024 * 1024
"""A longer answer body is not read; no answer to a batch of the default size comes near it."""

_SLICE_BYTES = 64 * 1024  # the body goes out in slices, so that the time limit holds in between
_NOT_SENT = (
    # Before a byte of the request can have left.
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
    ValueError,  # a header or host that cannot be encoded
)
_UNFIT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, ValueError)
_FAILURES = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError)
# For http://. httpx would make one per client: a child forked meanwhile may wait for OpenSSL for ever.
_UNUSED_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_LOGGERS = (
    # A filter does not apply to records of child loggers, so each is named.
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


class HttpFields(TlsFields, Protocol):
    """The part of the settings that is read here; `DeliverySettings` and `HttpSettings` document it."""

    connect_timeout_seconds: float
    request_timeout_seconds: float
    extra_headers: ExtraHeaders


class TargetFields(HttpFields, Protocol):
    """The same and the addresses; `TargetSettings` documents them."""

    @property
    def urls(self) -> Sequence[str]:
        """All addresses, in the order of preference."""
        ...


class HttpClient:
    """Sends to one base URL over kept-alive connections; implements `Client`.

    Args:
        url: Base URL without a query; the path of a request is appended to it.
        settings: Timeouts and TLS.
        user_agent: Product and version, e.g. "acme-splunk/1.2.0".

    Raises:
        ConfigurationError: a TLS file, or a proxy variable of the environment, is unusable.
    """

    def __init__(self, url: str, *, settings: HttpFields, user_agent: str) -> None:
        self._url = url.rstrip("/")
        self._target = endpoint_name(url)
        self._settings = settings
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_filter)  # twice has no effect
        context = context_for(url, settings)
        extra = {name: value.get_secret_value() for name, value in settings.extra_headers}
        try:
            with _own_traffic():
                self._client = httpx.Client(
                    verify=context or _UNUSED_CONTEXT,
                    headers={**extra, "user-agent": user_agent, "accept-encoding": "gzip"},
                    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                    follow_redirects=False,
                )
        except (httpx.InvalidURL, ImportError, TypeError, ValueError):
            # Not chained: a proxy address can hold a password.
            raise ConfigurationError(
                "the proxy in the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) cannot be used;"
                " correct it, or add the log target to NO_PROXY"
            ) from None

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpResponse:
        """Send the request and return the answer, whatever its status.

        `timeout_seconds` bounds the whole call, except a name look-up and a peer that sends the
        head of its answer byte by byte.

        Raises:
            TransportError: no complete answer came.
        """
        if timeout_seconds <= 0:
            raise TransportError("no time left to send the request")
        deadline = time.monotonic() + min(timeout_seconds, self._settings.request_timeout_seconds)
        with _own_traffic():
            try:
                return self._exchange(request, deadline)
            except _FAILURES as error:
                failure = transport_error(error, self._target)
        # Outside of the handler: a chained exception could show the request's headers.
        raise failure

    def poll(self, now: float) -> tuple[Confirmation, ...]:  # noqa: ARG002
        """Return nothing: an HTTP answer settles its records at once."""
        return ()

    def close(self, timeout_seconds: float) -> tuple[Confirmation, ...]:  # noqa: ARG002
        """Close the idle connections."""
        with _own_traffic():
            self._client.close()
        return ()

    def _exchange(self, request: HttpRequest, deadline: float) -> HttpResponse:
        # httpcore looks up each limit when it needs it, so a later phase can get what is left.
        limits = dict.fromkeys(("connect", "read", "write", "pool"), _left(deadline))
        limits["connect"] = min(limits["connect"], self._settings.connect_timeout_seconds)
        outgoing = self._client.build_request(
            request.method,
            self._url + request.path,
            headers={**request.headers, "content-length": str(len(request.body))},
            content=_slices(request.body, deadline, limits),
            extensions={"timeout": limits},
        )
        response = self._client.send(outgoing, stream=True)
        try:
            limits["read"] = _left(deadline)
            body = _read(response, deadline)
        finally:
            response.close()
        wait = retry_after_seconds(response.headers.get("retry-after"), time.time())
        return HttpResponse(response.status_code, body, dict(response.headers), wait)


def http_endpoints(
    settings: TargetFields, *, user_agent: str
) -> dict[str, Callable[[], HttpClient]]:
    """Return how to make a client for each address; TLS files are read each time."""

    def connector(url: str) -> Callable[[], HttpClient]:
        return lambda: HttpClient(url, settings=settings, user_agent=user_agent)

    return {endpoint_name(url): connector(url) for url in settings.urls}


def transport_error(error: Exception, target: str) -> TransportError:
    """Translate a failure of httpx, ssl or the socket; `target` is the `host:port` for the text.

    The text of an httpx exception is not taken over: it can quote a header that holds credentials.
    """
    ambiguous = not isinstance(error, _NOT_SENT)
    cause = next((cause for cause in _causes(error) if isinstance(cause, OSError)), None)
    if cause is not None:
        return socket_errors.transport_error(cause, target, ambiguous=ambiguous)
    name = type(error).__name__
    if isinstance(error, httpx.ProxyError) and str(error).startswith("4"):
        reason = f"the proxy refuses to connect to {target}: check the proxy variables"
        return TransportError(reason, configuration=True)
    if isinstance(error, _UNFIT):
        reason = f"no request can be made ({name}): check the URL and the credentials"
        return TransportError(reason, configuration=True)
    reason = f"{target} gave no complete answer ({name})"
    return TransportError(reason, ambiguous=ambiguous)


class AnswerTooLong(httpx.RequestError):
    """The answer exceeds `ANSWER_MAX_BYTES`."""


class _OwnTraffic(logging.Filter):
    """Drops what httpx logs about our own requests: it would come back to us as new events."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return not getattr(_thread, "sending", False)


_thread = threading.local()
_filter = _OwnTraffic()


@contextlib.contextmanager
def _own_traffic() -> Iterator[None]:
    _thread.sending = True
    try:
        yield
    finally:
        _thread.sending = False


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


def _slices(body: bytes, deadline: float, limits: dict[str, float]) -> Iterator[bytes]:
    for start in range(0, len(body), _SLICE_BYTES):
        if time.monotonic() > deadline:
            raise httpx.WriteTimeout("deadline")
        limits["read"] = _left(deadline)
        yield body[start : start + _SLICE_BYTES]
    limits["read"] = _left(deadline)


def _read(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > ANSWER_MAX_BYTES:
            raise AnswerTooLong("answer too long")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("deadline")
    return bytes(body)


def _causes(error: BaseException) -> list[BaseException]:
    cause = error.__cause__ or error.__context__
    return [error] if cause is None else [error, *_causes(cause)]
