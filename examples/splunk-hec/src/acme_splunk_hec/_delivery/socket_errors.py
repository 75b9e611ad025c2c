# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What an error of a socket or of TLS means, for streams and datagrams; the only place."""

from __future__ import annotations

import socket
import ssl

from .errors import TransportError

TLS_CONFIGURATION_WORDS = (
    # Found in `ssl.SSLError.reason` (names of OpenSSL) of failures that waiting does not cure.
    "ALERT_ACCESS_DENIED",
    "ALERT_DECRYPT_ERROR",
    "ALERT_INSUFFICIENT_SECURITY",
    "ALERT_PROTOCOL_VERSION",
    "ALERT_UNRECOGNIZED_NAME",
    "CERTIFICATE",
    "HANDSHAKE_FAILURE",
    "UNKNOWN_CA",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",
)
_OUT_OF_TIME = (9, 10)  # OpenSSL: X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED


def transport_error(error: OSError, target: str, *, ambiguous: bool = False) -> TransportError:
    """Translate what a socket raised.

    Args:
        error: As caught.
        target: `host:port`, for the text.
        ambiguous: A part of the data was written before.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        advice = "set tls_ca_file to the authority that signed it, or correct the host in the url"
        if error.verify_code in _OUT_OF_TIME:
            advice = "renew it on the server, or set the clock of this machine"
        reason = f"the certificate of {target} does not verify ({error.verify_message}): {advice}"
        return TransportError(reason, configuration=True)
    if isinstance(error, ssl.SSLError):
        name = getattr(error, "reason", None) or type(error).__name__
        configuration = any(word in name for word in TLS_CONFIGURATION_WORDS)
        advice = ": check the tls_* settings and the port in the url" if configuration else ""
        reason = f"TLS with {target} failed ({name}){advice}"
        return TransportError(reason, ambiguous=ambiguous, configuration=configuration)
    if isinstance(error, socket.gaierror):
        return TransportError(f"the name in {target} was not found ({error.strerror})")
    if isinstance(error, TimeoutError):
        return TransportError(f"{target} did not answer in time", ambiguous=ambiguous)
    reason = f"connection with {target} failed ({error.strerror or type(error).__name__})"
    return TransportError(reason, ambiguous=ambiguous)
