# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the settings of `auth.py`.
"""Credentials as requests carry them: read again for each, made anew of what they are made of."""

from __future__ import annotations

from .._delivery.credentials import Credential, credential
from .auth import AuthSettings, basic, bearer, encoded_api_key
from .client import Sign


def authorization(config: AuthSettings) -> Credential | None:
    """Return the value of the Authorization header; None: there are no credentials."""
    if config.sources("api_key"):
        return credential(config, "api_key", lambda key: f"ApiKey {encoded_api_key(key)}")
    if config.sources("bearer_token"):
        return credential(config, "bearer_token", bearer)
    username = config.username
    if username is not None:
        return credential(config, "password", lambda password: basic(username, password))
    return None


def signature(config: AuthSettings) -> Sign | None:
    """Return what signs requests for AWS; None: nothing does.

    Raises:
        ConfigurationError: botocore is not installed, or finds no credentials.
    """
    if config.aws_region is None:
        return None
    from .aws import signer  # an extra: who does not sign does not need it

    return signer(config.aws_region, config.aws_service)
