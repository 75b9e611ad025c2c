# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What can go wrong, by what the reader of the message should do.

DeliveryError
├── ConfigurationError   the owner must change a setting
└── TransportError       the network or the peer failed; the engine decides from its fields
"""

from __future__ import annotations


class DeliveryError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(DeliveryError, ValueError):
    """A setting is missing or wrong. The text names the setting, the problem and the fix."""


class TransportError(DeliveryError):
    """A request got no usable answer.

    Args:
        reason: What happened, without addresses' credentials or server text.
        ambiguous: The request may have reached the target, so that a resend may be a duplicate.
        configuration: Waiting will not help (a certificate that does not verify): hold instead.
        written_bytes: How much of the request this system had taken; 0 if that is not known.
    """

    def __init__(
        self,
        reason: str,
        *,
        ambiguous: bool = False,
        configuration: bool = False,
        written_bytes: int = 0,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ambiguous = ambiguous
        self.configuration = configuration
        self.written_bytes = written_bytes
