# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Set `aws_region` and `aws_service`.
"""Signatures of Amazon OpenSearch (SigV4), by botocore: the extra `aws` of this package.

botocore finds credentials where every AWS tool does (environment, files, instance role), and renews
them before they expire.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping

from .._delivery.errors import ConfigurationError, TransportError
from .._delivery.records import HttpRequest
from .client import Sign

_NO_CREDENTIALS = "aws_region is set, but botocore finds no AWS credentials"


def signer(region: str, service: str) -> Sign:
    """Return the function that signs requests.

    That function raises a TransportError that holds when the credentials cannot be renewed.

    Raises:
        ConfigurationError: botocore is not installed, or finds no credentials.
    """
    try:
        auth, awsrequest, session = (
            importlib.import_module(f"botocore.{name}")
            for name in ("auth", "awsrequest", "session")
        )
    except ImportError:
        problem = "aws_region needs botocore: install this package with its extra `aws`"
        raise ConfigurationError(problem) from None
    try:
        credentials = session.get_session().get_credentials()
    except Exception as error:  # not quoted: its text may be what a credential process printed
        raise ConfigurationError(f"{_NO_CREDENTIALS} ({type(error).__name__})") from None
    if credentials is None:
        raise ConfigurationError(_NO_CREDENTIALS)

    def sign(url: str, request: HttpRequest) -> Mapping[str, str]:
        headers = {
            **request.headers,
            # Serverless collections refuse a signature without it.
            "X-Amz-Content-SHA256": hashlib.sha256(request.body).hexdigest(),
        }
        signed = awsrequest.AWSRequest(
            method=request.method, url=url, data=request.body, headers=headers
        )
        try:
            auth.SigV4Auth(credentials, service, region).add_auth(signed)
        except Exception as error:  # they could not be renewed; nothing is sent
            reason = f"{_NO_CREDENTIALS} ({type(error).__name__})"
            raise TransportError(reason, configuration=True) from None
        return dict(signed.headers.items())

    return sign
