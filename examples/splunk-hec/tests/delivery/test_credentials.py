# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Secrets from their four sources, and none of them in a text."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from acme_splunk_hec._delivery.credentials import (
    Credential,
    credential,
)
from acme_splunk_hec._delivery.errors import ConfigurationError
from acme_splunk_hec._delivery.settings import Hook

SECRET = "hunter2-s3cret"


class Config(BaseModel):
    """The four settings of a secret."""

    token: SecretStr | None = None
    token_file: Path | None = None
    token_env: str | None = None
    token_provider: Hook | None = None


def make(**settings: Any) -> Credential:
    """Make the credential of these settings; it is sent in capitals."""
    return credential(Config(**settings), "token", str.upper)


def test_a_literal() -> None:
    """A secret in the settings stays what it is, and comes checked."""
    token = make(token="abc")
    assert token.value() == "ABC"
    assert not token.is_renewed()


def test_a_file_is_read_each_time(tmp_path: Path) -> None:
    """A mounted secret may change at any moment; line ends are no part of it."""
    path = tmp_path / "token"
    path.write_text("old\n")
    token = make(token_file=path)
    assert token.value() == "OLD"
    assert not token.is_renewed()
    path.write_text(" new \r\n")
    assert token.is_renewed()
    assert token.value() == "NEW"
    assert not token.is_renewed()


def test_a_variable_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is the environment."""
    monkeypatch.setenv("SINK_TOKEN", "old")
    token = make(token_env="SINK_TOKEN")
    assert token.value() == "OLD"
    monkeypatch.setenv("SINK_TOKEN", "new\n")
    assert token.is_renewed()
    assert token.value() == "NEW"


def test_a_provider_is_asked_once_until_it_expires() -> None:
    """Asking may cost a request to a vault: not for each batch, and never by watching."""
    answers = iter(["one", SecretStr("two")])
    token = make(token_provider=lambda: next(answers))
    assert [token.value(), token.value()] == ["ONE", "ONE"]
    assert not token.is_renewed()
    token.expire()
    assert token.value() == "TWO"


def missing() -> str:
    """Fail as a provider does, with the secret in the text."""
    raise KeyError(SECRET)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"token_file": "/no/such/token"}, "token_file cannot be read (No such file or directory)"),
        ({"token_env": "NO_SUCH_VARIABLE"}, "token_env names a variable that is not set"),
        ({"token_provider": missing}, "token_provider cannot be read (KeyError)"),
        ({"token_provider": lambda: 7}, "token_provider returned no text"),
    ],
    ids=["file", "variable", "provider", "no text"],
)
def test_what_cannot_be_read_is_named(settings: dict[str, Any], said: str) -> None:
    """The text names the setting and the problem; no chained exception shows more."""
    token = make(**settings)
    with pytest.raises(ConfigurationError) as caught:
        token.value()
    assert str(caught.value) == said
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert not token.is_renewed()


def test_a_file_that_is_missing_for_a_moment_is_no_news(tmp_path: Path) -> None:
    """While a secret is replaced there may be none; that is nothing to wake up for."""
    path = tmp_path / "token"
    path.write_text("old")
    token = make(token_file=path)
    token.value()
    path.unlink()
    assert not token.is_renewed()


def refuse(text: str) -> str:
    """Find the secret unfit."""
    raise ValueError("holds blanks")


def test_a_check_may_refuse() -> None:
    """What does not fit into a header is a matter of configuration, too."""
    token = credential(Config(token=SecretStr(SECRET)), "token", refuse)
    with pytest.raises(ConfigurationError, match="token holds blanks") as caught:
        token.value()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_nothing_shows_the_secret(tmp_path: Path) -> None:
    """Neither text of the object holds it."""
    path = tmp_path / "token"
    path.write_text(SECRET)
    token = make(token_file=path)
    token.value()
    assert SECRET not in f"{token} {token!r}"
    assert "token_file" in repr(token)


def test_a_secret_is_news_once(tmp_path: Path) -> None:
    """A hold that waits for something else must not be woken again and again."""
    path = tmp_path / "token"
    path.write_text("old")
    token = make(token_file=path)
    assert [token.is_renewed() for _ in range(3)] == [True, False, False]
    token.value()
    token.expire()
    assert not token.is_renewed()
    path.write_text("new")
    assert [token.is_renewed() for _ in range(3)] == [True, False, False]


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    """A file is empty for a moment while it is written anew."""
    path = tmp_path / "token"
    path.write_text("\n")
    token = make(token_file=path)
    with pytest.raises(ConfigurationError, match="token_file names an empty file"):
        token.value()
    assert not token.is_renewed()


def test_a_secret_that_appears_is_news(tmp_path: Path) -> None:
    """It may be missing first, and again later, with the same content."""
    path = tmp_path / "token"
    token = make(token_file=path)
    for _ in range(2):
        assert not token.is_renewed()
        path.write_text("new")
        assert token.is_renewed()
        path.unlink()
