# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Its settings are explained in `docs/`.
"""Who sends: the settings, and what the Authorization header says."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator, model_validator

from .._delivery.settings import Hook

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 section 2.1
_CLOUD_KEY_PREFIX = "essu_"
_SECRETS = ("api_key", "bearer_token", "password")
AWS_HEADERS = frozenset({"x-amz-content-sha256", "x-amz-date", "x-amz-security-token"})
"""What a signature of AWS adds to a request, in lower case."""


class AuthSettings(BaseModel):
    """As whom events are sent; mixed into the platform's settings. None at all is fine, too."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    api_key: SecretStr | None = None
    """API key: the `encoded` value of the create answer, or `id:key`. Not for OpenSearch."""
    api_key_file: Path | None = None
    """File that holds the API key; read for each request, so that a new one is used at once."""
    api_key_env: str | None = None
    """Environment variable that holds the API key; read for each request."""
    api_key_provider: Hook | None = None
    """Function, or "module:function", that returns the API key; asked again when it is refused."""
    username: str | None = None
    """User for basic authentication, together with one of the next four."""
    password: SecretStr | None = None
    """Password for basic authentication."""
    password_file: Path | None = None
    """File that holds the password; read for each request."""
    password_env: str | None = None
    """Environment variable that holds the password; read for each request."""
    password_provider: Hook | None = None
    """Function, or "module:function", that returns the password; asked again when it is refused."""
    bearer_token: SecretStr | None = None
    """Token of a service account or of OAuth, or a JWT."""
    bearer_token_file: Path | None = None
    """File that holds the token; read for each request."""
    bearer_token_env: str | None = None
    """Environment variable that holds the token; read for each request."""
    bearer_token_provider: Hook | None = None
    """Function, or "module:function", that returns the token; asked again when it is refused."""
    aws_region: str | None = None
    """Sign requests for this AWS region (SigV4), with the credentials that botocore finds."""
    aws_service: str = "es"
    """Service to sign for: `es` for a domain, `aoss` for OpenSearch Serverless."""

    @field_validator("api_key")
    @classmethod
    def _check_api_key(cls, api_key: SecretStr | None) -> SecretStr | None:
        if api_key is not None:
            encoded_api_key(api_key.get_secret_value())
        return api_key

    @field_validator("bearer_token")
    @classmethod
    def _check_bearer_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None:
            bearer(token.get_secret_value())
        return token

    @model_validator(mode="after")
    def _check_authentication(self) -> AuthSettings:
        for secret in _SECRETS:
            if len(self.sources(secret)) > 1:
                raise ValueError(f"set one of {' and '.join(self.sources(secret))}")
        if (self.username is None) != (not self.sources("password")):
            raise ValueError("`username` and `password` belong together: set both or none")
        kinds = [secret for secret in _SECRETS if self.sources(secret)]
        kinds += ["aws_region"] if self.aws_region else []
        if len(kinds) > 1:
            raise ValueError(f"set one way to authenticate, not both {' and '.join(kinds[:2])}")
        if self.username is not None and self.password is not None:
            check_basic(self.username, self.password.get_secret_value())
        return self

    def sources(self, secret: str) -> list[str]:
        """Return which of the four settings of a secret are set."""
        names = (secret, f"{secret}_file", f"{secret}_env", f"{secret}_provider")
        return [name for name in names if getattr(self, name) is not None]


def bearer(token: str) -> str:
    """Return the value of the header for a token.

    Raises:
        ValueError: it is no token of RFC 6750; the text does not quote it.
    """
    if not _BEARER_TOKEN.fullmatch(token):
        raise ValueError("must be a token as RFC 6750 has it: no spaces, no prefix")
    return f"Bearer {token}"


def encoded_api_key(api_key: str) -> str:
    """Return what follows `ApiKey ` in the Authorization header.

    An `id:key` pair is Base64-encoded; the `encoded` form already is, and encoding it again would
    be answered with 401. A colon tells them apart, since Base64 has none. Keys of Elastic Cloud
    that start with `essu_` go as they are.

    Raises:
        ValueError: it is neither; the text does not quote it.
    """
    if re.search(r"\s", api_key) or not api_key.isascii() or not api_key.isprintable():
        raise ValueError("must hold no spaces, line ends or non-ASCII characters")
    if re.fullmatch(r"[^:]+:[^:]+", api_key):
        return base64.b64encode(api_key.encode()).decode()
    if api_key.startswith(_CLOUD_KEY_PREFIX) or _is_encoded_pair(api_key):
        return api_key
    raise ValueError("must be the `encoded` value of the create-API-key answer, or `id:key`")


def _is_encoded_pair(text: str) -> bool:
    try:
        return b":" in base64.b64decode(text, validate=True)
    except ValueError:
        return False


def check_basic(username: str, password: str) -> None:
    """Check user and password by RFC 7617 section 2.

    Raises:
        ValueError: they do not fit into a header; the text does not quote them.
    """
    if not username or not password:
        raise ValueError("`username` and `password` must not be empty: leave both out for none")
    if ":" in username:
        raise ValueError("`username` must hold no colon")
    if _CONTROL_CHARACTERS.search(username + password):
        raise ValueError("`username` and `password` must hold no line ends or control characters")


def basic(username: str, password: str) -> str:
    """Return the value of the header for a user and a password.

    Raises:
        ValueError: they do not fit into a header.
    """
    check_basic(username, password)
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"
