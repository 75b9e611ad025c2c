# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Set the `tls_*` settings instead.
"""The TLS context of every client: verified, TLS 1.2 or newer, from the `tls_*` settings."""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path
from typing import Protocol

from . import registry
from .errors import ConfigurationError


class TlsFields(Protocol):
    """The part of the settings that is read here; `TlsSettings` documents it."""

    tls_ca_file: Path | None
    tls_client_cert_file: Path | None
    tls_client_key_file: Path | None
    tls_skip_verification: bool


def context_for(url: str, settings: TlsFields) -> ssl.SSLContext | None:
    """Return the context for an https:// url; None for http://, which has nothing to verify.

    Raises:
        ConfigurationError: as `client_context`, or a `tls_*` setting that could have no effect.
    """
    if url.startswith("https://"):
        return client_context(settings)
    for name in TlsFields.__annotations__:
        if getattr(settings, name):
            raise ConfigurationError(f"{name} has no effect with http://: use an https:// url")
    return None


def client_context(settings: TlsFields) -> ssl.SSLContext:
    """Return the context for connections to the target.

    The authorities of the operating system are trusted unless `tls_ca_file` names others.

    Raises:
        ConfigurationError: a file cannot be read or does not hold what its setting promises.
    """
    with registry.no_fork:
        context = _verifying_context(settings.tls_ca_file)
        _load_client_certificate(context, settings)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.tls_skip_verification:
        warnings.warn(
            "tls_skip_verification is on: the certificate of the log target is not verified, so"
            " anyone on the way can read events and credentials. Set tls_ca_file instead.",
            RuntimeWarning,
            stacklevel=2,
        )
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _verifying_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise _unusable(
            "tls_ca_file", ca_file, error, "the PEM file of the certificate authority"
        ) from error


def _load_client_certificate(context: ssl.SSLContext, settings: TlsFields) -> None:
    certificate, key = settings.tls_client_cert_file, settings.tls_client_key_file
    if certificate is None:
        if key is not None:
            raise ConfigurationError(
                "tls_client_key_file is set without tls_client_cert_file: set both, or neither"
            )
        return
    _require_readable("tls_client_cert_file", certificate)
    if key is not None:
        _require_readable("tls_client_key_file", key)
    try:
        # An empty password makes an encrypted key fail here instead of asking on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise _unusable(
            "tls_client_cert_file",
            certificate,
            error,
            "a PEM file with the certificate, and its unencrypted key in tls_client_key_file",
        ) from error


def _require_readable(setting: str, path: Path) -> None:
    """Check by itself, since `load_cert_chain` does not say which of its two files is missing."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unusable(setting, path, error, "a PEM file that this process may read") from error


def _unusable(
    setting: str, path: Path | None, error: Exception, expected: str
) -> ConfigurationError:
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        problem = error.strerror or type(error).__name__
    else:
        problem = "it does not hold a usable PEM certificate or key"
    return ConfigurationError(f"{setting}: cannot use {str(path)!r} ({problem}); give {expected}")
