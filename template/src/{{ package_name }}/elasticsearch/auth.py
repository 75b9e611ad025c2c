# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Its settings are in `config.py`.
"""What the Authorization header says: API keys in both their forms, and user and password."""

from __future__ import annotations

import base64
import re

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_CLOUD_KEY_PREFIX = "essu_"


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
