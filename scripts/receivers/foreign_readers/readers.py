"""Reads "KIND BASE64" per line and says in JSON what a parser written in Python makes of it."""

import base64
import json
import sys

import jc
import syslogmp
from syslog_rfc5424_parser import SyslogMessage


def read(kind: str, data: bytes) -> object:
    """Return what the parser for the kind found."""
    text = data.decode()
    if kind == "jc":
        return jc.parse("cef", text, quiet=True)[0]
    if kind == "syslogmp":
        message = syslogmp.parse(data)
        return {
            "pri": message.facility.value * 8 + message.severity.value,
            "host": message.hostname,
            "msg": message.message.decode(),
        }
    return SyslogMessage.parse(text).as_dict()


for line in sys.stdin:
    kind, _, encoded = line.strip().partition(" ")
    try:
        answer = read(kind, base64.b64decode(encoded))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=str))
