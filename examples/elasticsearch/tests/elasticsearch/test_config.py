# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The settings: what is taken, what is refused, and that no secret shows."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from acme_elasticsearch.elasticsearch.auth import encoded_api_key
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig

URL = "https://es.example.com:9200"
SECRET = "VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw"
ENCODED = base64.b64encode(SECRET.encode()).decode()


def refusal(**settings: Any) -> str:
    """Return the text of the error that these settings must cause."""
    with pytest.raises(ValidationError) as caught:
        ElasticsearchConfig(**{"url": URL, **settings})
    return str(caught.value)


def test_defaults() -> None:
    """The defaults are those of the documentation."""
    config = ElasticsearchConfig(url=URL)
    assert config.data_stream == "logs-fapilog-default"
    assert (config.api_key, config.username, config.password) == (None, None, None)
    assert config.gzip is True
    assert (config.target, config.flavour, config.documents) == ("data_stream", "auto", "ecs")
    assert (config.ids, config.id_field, config.routes) == (True, None, False)
    assert config.document_max_bytes == 1_000_000
    assert (config.batch_max_bytes, config.batch_max_events) == (5_000_000, 1_000)


def test_environment_strings_are_converted() -> None:
    """The host hands over environment variables as strings."""
    config = ElasticsearchConfig.model_validate(
        {"url": URL, "gzip": "false", "document_max_bytes": "20000", "batch_max_events": "7"}
    )
    assert (config.gzip, config.document_max_bytes, config.batch_max_events) == (False, 20_000, 7)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (URL, URL),
        (URL + "/", URL),
        ("http://localhost:9200", "http://localhost:9200"),
        ("https://proxy/es/", "https://proxy/es"),
        ("https://[::1]:9200", "https://[::1]:9200"),
    ],
)
def test_url_is_taken(given: str, kept: str) -> None:
    """Both schemes and a path are fine; a slash at the end is not doubled later."""
    assert ElasticsearchConfig(url=given).url == kept


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("es.example.com:9200", "must look like"),
        ("ftp://es.example.com", "must look like"),
        ("https://", "must look like"),
        ("https://es.example.com:99999", "must look like"),
        ("https://es.example.com:0", "must look like"),
        ("https://es .example.com", "must look like"),
        ("https://es.example.com\r\nX: y", "must look like"),
        ("https://user:hunter2@es.example.com", "must hold no credentials"),
        ("https://hunter2@es.example.com", "must hold no credentials"),
        ("https://es.example.com/?pipeline=x", "must hold no query"),
        ("https://es.example.com/#x", "must hold no query"),
    ],
)
def test_url_is_refused(url: str, advice: str) -> None:
    """A URL that could not work, or that holds a secret, is refused without being quoted."""
    text = refusal(url=url)
    assert advice in text
    assert "hunter2" not in text


def test_url_is_required() -> None:
    """No default target: logs must not go to whatever listens on localhost."""
    with pytest.raises(ValidationError, match="url"):
        ElasticsearchConfig.model_validate({})


@pytest.mark.parametrize(
    "name",
    ["logs-app-default", "metrics-app.db-prod", "logs-app_x-eu-west-1", "logs-" + "d" * 100 + "-x"],
)
def test_data_stream_is_taken(name: str) -> None:
    """The name is type-dataset-namespace; further dashes belong to the namespace."""
    assert ElasticsearchConfig(url=URL, data_stream=name).data_stream == name


@pytest.mark.parametrize(
    "name",
    [
        "logs",
        "logs-app",
        "logs--default",
        "-app-default",
        "logs-app-",
        "Logs-app-default",
        "_logs-app-default",
        "+logs-app-default",
        ".logs-app-default",
        "logs-app/x-default",
        "logs-a*-default",
        'logs-a"-default',
        "logs-a b-default",
        "logs-a\n-default",
        "logs-a,b-default",
        "logs-a:b-default",
        "logs-a#b-default",
        "logs-" + "d" * 101 + "-default",
        "logs-app-" + "é" * 51,
        "l" * 200 + "-" + "d" * 60 + "-x",
    ],
)
def test_data_stream_is_refused(name: str) -> None:
    """Names that the servers refuse are refused at construction, not at the first event."""
    assert "data_stream" in refusal(data_stream=name)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        pytest.param(SECRET, ENCODED, id="id_and_key"),
        pytest.param(ENCODED, ENCODED, id="encoded"),
        pytest.param("essu_WjFwRU9V", "essu_WjFwRU9V", id="cloud"),
    ],
)
def test_api_key_forms(given: str, sent: str) -> None:
    """Both forms of a key end up encoded once."""
    assert encoded_api_key(given) == sent


@pytest.mark.parametrize(
    "key",
    ["", "ui2lp2axTNmsyakw9tvNnw", "a:b:c", ":b", "a:", ENCODED + "\n", "a b:c", "ä:b", "a:\x01"],
)
def test_api_key_is_refused(key: str) -> None:
    """Half a key, or one that would break the header, is refused without being quoted."""
    text = refusal(api_key=key)
    assert "api_key" in text
    assert len(key) < 3 or key not in text


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"username": "u"}, "belong together"),
        ({"password": "hunter2"}, "belong together"),
        ({"username": "u", "password": "hunter2", "api_key": SECRET}, "not both"),
        ({"bearer_token": "t", "api_key": SECRET}, "not both"),
        ({"bearer_token": "t", "aws_region": "eu-west-1"}, "not both"),
        ({"username": "u", "password": "hunter2", "bearer_token": "t"}, "not both"),
        ({"bearer_token": "t", "bearer_token_env": "T"}, "set one of"),
        ({"bearer_token": "hunter2 x"}, "RFC 6750"),
        ({"bearer_token": "Bearer hunter2"}, "RFC 6750"),
        ({"bearer_token": ""}, "RFC 6750"),
        ({"username": "a:b", "password": "hunter2"}, "no colon"),
        ({"username": "", "password": "hunter2"}, "must not be empty"),
        ({"username": "u", "password": ""}, "must not be empty"),
        ({"username": "u", "password": "hunter2\n"}, "no line ends"),
    ],
)
def test_authentication_is_refused(settings: dict[str, str], advice: str) -> None:
    """Credentials are complete, of one kind, and fit into a header."""
    text = refusal(**settings)
    assert advice in text
    assert "hunter2" not in text
    assert SECRET not in text


def cloud_id(text: str, *, name: str = "logs:", padded: bool = True) -> str:
    """Return a Cloud ID of these parts."""
    encoded = base64.b64encode(text.encode()).decode()
    return name + (encoded if padded else encoded.rstrip("="))


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (cloud_id("eu.example.com$abc$def"), "https://abc.eu.example.com:443"),
        (cloud_id("eu.example.com$abc$"), "https://abc.eu.example.com:443"),
        (cloud_id("eu.example.com$abc"), "https://abc.eu.example.com:443"),
        (cloud_id("eu.example.com:9243$abc$def"), "https://abc.eu.example.com:9243"),
        (cloud_id("eu.example.com:9243$abc:9244$def:9245"), "https://abc.eu.example.com:9244"),
        (cloud_id("eu.example.com$abc$d", name=""), "https://abc.eu.example.com:443"),
        (cloud_id("eu.example.com$abc$d", name="a:b:"), "https://abc.eu.example.com:443"),
        (cloud_id("eu.example.com$abc$de", padded=False), "https://abc.eu.example.com:443"),
    ],
)
def test_cloud_id(given: str, url: str) -> None:
    """A Cloud ID, complete or made by hand, stands for the address of the cluster."""
    config = ElasticsearchConfig.model_validate({"cloud_id": given})
    assert config.url == url
    assert ElasticsearchConfig.model_validate(config.model_dump()).urls == (url,)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "logs:",
        "logs:???",
        cloud_id("eu.example.com"),
        cloud_id("$abc$"),
        cloud_id("a$$b"),
        cloud_id("user@evil.example/$abc"),
        cloud_id("host:x$abc$"),
    ],
)
def test_cloud_id_is_refused(given: str) -> None:
    """What is no Cloud ID makes no address."""
    with pytest.raises(ValidationError, match="Cloud ID"):
        ElasticsearchConfig.model_validate({"cloud_id": given})


def test_cloud_id_and_url_are_one_too_many() -> None:
    """Nobody can say which was meant."""
    assert "not both" in refusal(cloud_id=cloud_id("eu.example.com$abc$"))


def test_id_field_needs_ids() -> None:
    """A field that is not used as id is a mistake."""
    assert "id_field" in refusal(ids=False, id_field="data.id")


@pytest.mark.parametrize("size", [9_999, 100_000_001])
def test_document_size_has_bounds(size: int) -> None:
    """Smaller could not hold the fixed fields, larger is over the servers' request limit."""
    assert "document_max_bytes" in refusal(document_max_bytes=size)


def test_unknown_setting_is_refused() -> None:
    """A misspelt setting must not be ignored."""
    assert "data_steam" in refusal(data_steam="logs-x-y")


@pytest.mark.fault(promise=(10, 24))
def test_secrets_do_not_show() -> None:
    """Neither printing nor dumping the settings shows a secret."""
    with_key = ElasticsearchConfig.model_validate({"url": URL, "api_key": SECRET})
    with_password = ElasticsearchConfig.model_validate(
        {"url": URL, "username": "u", "password": "hunter2"}
    )
    shown = f"{with_key!r} {with_key} {with_key.model_dump_json()} {with_password!r}"
    shown += with_password.model_dump_json()
    assert SECRET not in shown
    assert "ui2lp2axTNmsyakw9tvNnw" not in shown
    assert "hunter2" not in shown
