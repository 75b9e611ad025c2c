# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What is wrong between here and a collector: address, health, token, acknowledgement.

The token is tried with an empty body, which Splunk refuses with code 5 when the token is good: nothing is
stored. Whether the index is allowed only an event can show; what `classify` makes of its answer says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import orjson

from .._command.steps import FAILED, OK, WARNING, Step
from .._delivery.credentials import credential
from .._delivery.errors import DeliveryError
from .._delivery.http_client import HttpClient
from .._delivery.records import HttpRequest, HttpResponse
from . import answers
from .config import SplunkHecConfig, plain_token
from .request import ACK_PATH, CHANNEL_HEADER, EVENT_PATH, HEALTH_PATH, authorized
from .response import explain, read_answer

_CLOUD = (
    "Splunk Cloud takes events at https://http-inputs-STACK.splunkcloud.com (AWS) or"
    " https://http-inputs.STACK.splunkcloud.com (Google Cloud, Azure), both on port 443; in a free"
    " trial at https://STACK.splunkcloud.com:8088"
)


SENDS_EVENT = False
"""An event besides these steps is worth sending."""


def platform_steps(
    config: SplunkHecConfig,
    *,
    user_agent: str,
    event: bool = True,  # noqa: ARG001 - stores nothing in either case
) -> Iterator[Step]:
    """Try every address, as the sink `user_agent`; a step is yielded as soon as it is done."""
    for url in config.urls:
        name, hint = urlsplit(url).netloc, address_hint(url)
        if hint:
            yield Step(WARNING, f"{name} address", hint)
        try:
            http = HttpClient(url, settings=config, user_agent=user_agent)
            for step in _Check(config, http).steps():
                yield step._replace(name=f"{name} {step.name}")
        except DeliveryError as error:
            # A port that speaks the other of the two hangs up, or answers what makes no sense.
            other = "; is it a plain http:// port?" if "TLS with" in str(error) else ""
            other = "; does the port want https://?" if url.startswith("http:") else other
            if "CERTIFICATE_REQUIRED" in str(error):
                other = "; the server wants a client certificate: set tls_client_cert_file"
            yield Step(FAILED, f"{name} connection", f"{error}{other}")


def address_hint(url: str) -> str:
    """Return what looks wrong about an address, by its form; "" if nothing does.

    Source: Splunk, "Set up and use HTTP Event Collector in Splunk Web".
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port in (8000, 8089):
        return "that port is Splunk's web interface or management: HEC listens on 8088"
    if not host.endswith((".splunkcloud.com", ".splunkcloudgc.com")):
        return ""
    expected = (None, 443) if host.startswith(("http-inputs-", "http-inputs.")) else (8088,)
    return "" if parts.scheme == "https" and parts.port in expected else _CLOUD


class _Check:
    def __init__(self, config: SplunkHecConfig, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._token = credential(config, "token", plain_token).value()
        self._channel = {} if config.ack == "off" else {CHANNEL_HEADER: str(uuid.uuid4())}

    def steps(self) -> Iterator[Step]:
        """Yield what was tried, up to the first failure."""
        for attempt in (self._health, self._known_token, self._acknowledgement):
            step = attempt()
            if step is not None:
                yield step
                if step.state == FAILED:
                    break
        self._http.close(0.0)

    def _health(self) -> Step:
        # Splunk wants no token here; other collectors do.
        headers = authorized(self._token)
        response = self._send(HttpRequest(HEALTH_PATH, headers, b"", "GET"))
        code = read_answer(response.body).code
        if code == answers.HEALTHY or code in answers.HEALTH_KNOWS_TOKEN:
            return Step(OK, "health", "a collector answers")
        if code in answers.CODES:
            return Step(WARNING, "health", f"{_meaning(response)}; events will wait")
        if response.status in (401, 403) and not response.body.lstrip().startswith(b"<"):
            return Step(WARNING, "health", _meaning(response))
        wants_tls = b"HTTPS port" in response.body  # nginx
        hint = "the port wants https://" if wants_tls else "HEC listens on 8088 by default"
        status = f"no HTTP Event Collector answers there (HTTP {response.status})"
        return Step(FAILED, "health", f"{status}: check host and port in url; {hint}")

    def _known_token(self) -> Step:
        response = self._post(EVENT_PATH, b"")
        if read_answer(response.body).code == 5:  # no data, which is checked last
            return Step(OK, "token", "Splunk knows the token")
        return Step(FAILED, "token", _meaning(response))

    def _acknowledgement(self) -> Step | None:
        if self._config.ack == "off":
            return None
        response = self._post(ACK_PATH, orjson.dumps({"acks": [0]}))
        if response.status == 200:
            return Step(OK, "acknowledgement", "the token has indexer acknowledgment on")
        is_off = read_answer(response.body).code == answers.ACK_DISABLED
        if is_off and self._config.ack == "auto":
            return Step(OK, "acknowledgement", "off for the token: accepted is delivered")
        result = FAILED if is_off else WARNING
        return Step(result, "acknowledgement", f"{_meaning(response)}; ack asks for it")

    def _post(self, path: str, body: bytes) -> HttpResponse:
        return self._send(HttpRequest(path, authorized(self._token) | self._channel, body))

    def _send(self, request: HttpRequest) -> HttpResponse:
        return self._http.send(request, self._config.request_timeout_seconds)


def _meaning(response: HttpResponse) -> str:
    return explain(response.status, read_answer(response.body).code)
