"""Handlers that send syslog over TCP, one `send` for each message."""

from __future__ import annotations

import logging
import logging.handlers
import socket

from ..events import entry_of
from ..load import Load, Meter, Sent


def sysloghandler(load: Load) -> Sent:
    """`SysLogHandler` over TCP behind a logger, as everybody uses it; a NUL ends a message."""
    handler = _handler(load)
    return _log(load, handler)


def sysloghandler_emit(load: Load) -> Sent:
    """The same handler called with a record that is made already."""
    handler = _handler(load)
    record = logging.LogRecord("shop.checkout", logging.INFO, __file__, 1, "", None, None)
    meter = Meter(load)
    messages = texts(load)
    with meter as sent:
        for text in messages:
            record.msg = text
            handler.emit(record)
        handler.close()
    return sent


def rfc5424_handler(load: Load) -> Sent:
    """rfc5424-logging-handler over TCP behind a logger, octet counted."""
    from rfc5424logging import Rfc5424SysLogHandler

    address = ("127.0.0.1", load.port)
    return _log(load, Rfc5424SysLogHandler(address, socktype=socket.SOCK_STREAM))


def _handler(load: Load) -> logging.Handler:
    address = ("127.0.0.1", load.port)
    return logging.handlers.SysLogHandler(address, socktype=socket.SOCK_STREAM)


def _log(load: Load, handler: logging.Handler) -> Sent:
    logger = logging.getLogger("shop.checkout")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    meter = Meter(load)
    messages = texts(load)
    with meter as sent:
        for text in messages:
            logger.info(text)
        handler.close()
    return sent


def texts(load: Load) -> list[str]:
    """Return the events as JSON texts, made before the clock runs."""
    return [entry_of(data).decode() for data in load.envelopes]
