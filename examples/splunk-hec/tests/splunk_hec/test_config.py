# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Test your own settings in a file of your own.
"""Which settings the Splunk sink takes, and what it says about the others."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from acme_splunk_hec.splunk_hec.config import SplunkHecConfig

TOKEN = "11111111-2222-3333-4444-555555555555"
URL = "https://splunk.example.com:8088"


def config(**settings: Any) -> SplunkHecConfig:
    """Return a valid configuration with these settings changed."""
    return SplunkHecConfig(**{"url": URL, "token": TOKEN} | settings)


def problem(**settings: Any) -> str:
    """Return what is said about a wrong setting."""
    with pytest.raises(ValidationError) as caught:
        config(**settings)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL + "/",
        f"  {URL}\n",
        URL + "/services/collector",
        URL + "/services/collector/event",
        URL + "/services/collector/event/1.0/",
        "HTTPS://splunk.example.com:8088",
    ],
)
def test_url_is_reduced_to_its_base(url: str) -> None:
    """People paste the URL with and without the collector's path; both mean the same."""
    assert config(url=url).url == URL


def test_plain_http_is_allowed() -> None:
    """A collector on the same host may have TLS off."""
    assert config(url="http://localhost:8088").url == "http://localhost:8088"


@pytest.mark.parametrize(
    "url",
    [
        "splunk.example.com:8088",
        "ftp://splunk.example.com",
        "https://",
        "https://:8088",
        "https://splunk.example.com:port",
        "https://splunk.example.com:99999",
        "https://splunk.example.com:0",
        "https://splunk example.com",
        "https://[::1",
        URL + "/services/collector/raw",
        URL + "/proxy",
        "",
    ],
)
def test_wrong_urls_are_refused(url: str) -> None:
    """What cannot be a collector is found at construction, not at the first event."""
    assert "url" in problem(url=url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{TOKEN}@splunk.example.com:8088",
        f"https://{TOKEN}@splunk.example.com:8088",
        f"{URL}/services/collector?token={TOKEN}",
        f"{URL}/#{TOKEN}",
        f"{URL}/{TOKEN}",
        f"https://splunk.example.com:{TOKEN}",
    ],
)
def test_secrets_in_the_url_are_refused_unquoted(url: str) -> None:
    """URLs end up in logs, and so would a message that quotes one."""
    assert TOKEN not in problem(url=url)


@pytest.mark.parametrize(
    "token", ["", "  ", "\n", "two words", "Splunk " + TOKEN, "tok\u00e9n", "a\x00b"]
)
def test_unusable_tokens_are_refused_unquoted(token: str) -> None:
    """A token that cannot stand in a header fails here, without being shown."""
    message = problem(token=token)
    assert "token" in message
    assert TOKEN not in message


def test_token_loses_its_line_end() -> None:
    """Tokens from files and environments often end with a newline."""
    assert config(token=f" {TOKEN}\n").token.get_secret_value() == TOKEN


@pytest.mark.fault(promise=(10, 24))
@pytest.mark.parametrize(
    "show", [str, repr, lambda c: c.model_dump_json()], ids=["str", "repr", "json"]
)
def test_token_is_never_shown(show: Any) -> None:
    """Configurations get logged."""
    assert TOKEN not in show(config())


@pytest.mark.parametrize("name", ["host", "source", "sourcetype", "index"])
@pytest.mark.parametrize("value", ["", " "], ids=["empty", "blank"])
def test_metadata_is_never_blank(name: str, value: str) -> None:
    """Splunk wants a text or nothing."""
    assert name in problem(**{name: value})


@pytest.mark.parametrize(
    "settings",
    [
        {"endpoint": "hec"},
        {"ack": "maybe"},
        {"ack_poll_seconds": 0.01},
        {"ack_deadline_seconds": 0},
        {"endpoint": "raw", "index_field": "data.index"},
        {"endpoint": "raw", "auto_extract_timestamp": True},
    ],
    ids=lambda settings: ",".join(settings),
)
def test_what_cannot_be_meant_is_refused(settings: dict[str, Any]) -> None:
    """A wrong word, a bound, or a setting that could have no effect."""
    assert list(settings)[-1] in problem(**settings)


def test_missing_and_unknown_settings_are_named() -> None:
    """A typo in an environment variable must not pass silently."""
    assert "souce" in problem(souce="app")
    with pytest.raises(ValidationError, match="token"):
        SplunkHecConfig(url=URL)  # type: ignore[call-arg]


def test_values_may_be_strings() -> None:
    """Environment variables are strings, all of them."""
    given = config(gzip="false", event_max_bytes="20000", batch_max_events="7")
    assert (given.gzip, given.event_max_bytes, given.batch_max_events) == (False, 20_000, 7)


@pytest.mark.parametrize("size", [9_999, 100_000_001])
def test_event_size_has_sane_limits(size: int) -> None:
    """A limit that no envelope fits into would cut every event."""
    assert "event_max_bytes" in problem(event_max_bytes=size)


def test_configuration_cannot_change() -> None:
    """Sinks with equal configuration share a delivery, so it must stay equal."""
    with pytest.raises(ValidationError, match="frozen"):
        config().index = "other"
