# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `*_file`, `*_env`, `*_provider` settings.
"""Secrets that may be replaced while the process runs: read again for each request."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, SecretStr

from .errors import ConfigurationError

_FILE_MAX_BYTES = 64 * 1024


class Credential:
    """One secret and where it comes from.

    Args:
        name: The setting, for messages.
        read: Returns the secret, or raises.
        check: Returns the secret as it is sent; raises a ValueError that does not quote it.
        watched: `read` is cheap: it may be asked twice a second whether there is a new one.
    """

    def __init__(
        self,
        name: str,
        *,
        read: Callable[[], str],
        check: Callable[[str], str] = str,
        watched: bool = True,
    ) -> None:
        self._name = name
        self._read = read
        self._check = _checker(check)
        self._watched = watched
        self._last: str | None = None
        self._reported: str | None = None

    def __repr__(self) -> str:
        """Name the setting, not the value."""
        return f"Credential({self._name!r})"

    def value(self) -> str:
        """Return the secret as it is now; a provider's, until `expire` is called.

        Raises:
            ConfigurationError: there is none, and there was none before.
        """
        last = self._last  # another thread may let it expire meanwhile
        if self._watched or last is None:
            last = self._last = self._checked()
        return last

    def is_renewed(self) -> bool:
        """Whether there is another secret than the one used last; says so once, asks no provider."""
        if not self._watched:
            return False
        try:
            seen = self._checked()
        except ConfigurationError:
            self._reported = None
            return False
        is_news = seen not in (self._last, self._reported)
        self._reported = seen
        return is_news

    def expire(self) -> None:
        """Ask a provider again at the next use."""
        if not self._watched:
            self._last = None

    def _checked(self) -> str:
        problem = ""
        try:
            return self._check(self._read())
        except _Unusable as error:
            problem = str(error)
        except OSError as error:
            # What a provider raises may hold the secret; of a file it is the system's own text.
            known = error.strerror if self._watched else None
            problem = f"cannot be read ({known or type(error).__name__})"
        except Exception as error:
            problem = f"cannot be read ({type(error).__name__})"
        # Raised outside of the handler: what was caught may hold the secret.
        raise ConfigurationError(f"{self._name} {problem}")


class _Unusable(Exception):
    """A problem in our own words."""


def _checker(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return a check whose complaint, which does not quote the secret, is told from a provider's."""

    def checked(text: str) -> str:
        problem = ""
        try:
            return check(text)
        except ValueError as error:
            problem = str(error)
        raise _Unusable(problem)

    return checked


def credential(config: BaseModel, name: str, check: Callable[[str], str] = str) -> Credential:
    """Return the secret of a configuration with `NAME`, `NAME_file`, `NAME_env` and `NAME_provider`.

    One of the four has to be set.
    """
    literal: SecretStr | None = getattr(config, name)
    path: Path | None = getattr(config, f"{name}_file")
    variable: str | None = getattr(config, f"{name}_env")
    provider: Callable[[], object] = getattr(config, f"{name}_provider")
    if literal is not None:
        return Credential(name, read=literal.get_secret_value, check=check)
    if path is not None:
        return Credential(f"{name}_file", read=lambda: _read_file(path), check=check)
    if variable is not None:
        return Credential(f"{name}_env", read=lambda: _read_variable(variable), check=check)
    return Credential(f"{name}_provider", read=lambda: _ask(provider), check=check, watched=False)


def _read_file(path: Path) -> str:
    with path.open("rb") as file:
        text = file.read(_FILE_MAX_BYTES).decode().strip()
    if not text:  # as a file is for a moment that is written anew
        raise _Unusable("names an empty file")
    return text


def _read_variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise _Unusable("names a variable that is not set")
    return value.strip()


def _ask(provider: Callable[[], object]) -> str:
    value = provider()
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if not isinstance(value, str):
        raise _Unusable("returned no text")
    return value.strip()
