# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Your own choices: `defaults.py` and the settings.
"""What the standards and the receivers fix: numbers, keys, types and lengths; data only."""

from __future__ import annotations

from typing import Any

DEFAULT_PORTS = {"tcp": 514, "udp": 514, "tls": 6514, "relp": 2514, "relps": 2514}
"""RFC 5426 section 3.3 and RFC 5425 section 4.1. Plain TCP and RELP have no registered port; 514 and 2514
are usual."""

FACILITIES = {
    # RFC 5424 section 6.2.1, table 1; kern (0) is the kernel's own.
    "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8,
    "cron": 9, "authpriv": 10, "ftp": 11, "local0": 16, "local1": 17, "local2": 18, "local3": 19,
    "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}  # fmt: skip
HEADER_MAX_CHARS = {"hostname": 255, "app_name": 48, "procid": 128, "msgid": 32}
"""RFC 5424 section 6, ABNF."""
SD_NAME_MAX_CHARS = 32
"""RFC 5424 section 6, ABNF."""
REGISTERED_SD_IDS = frozenset({"timeQuality", "origin", "meta"})
"""RFC 5424 section 7: SD-IDs without an enterprise number."""
RENAMED = {
    "cef_header": "header",
    "cef_vendor": "device_vendor",
    "cef_product": "device_product",
    "cef_version": "device_version",
}
"""Settings of 0.1 -> what they are called since LEEF has the same."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""RFC 3164 section 4.1.2: English, whatever the locale says."""
TAG_MAX_CHARS = 32
"""RFC 3164 section 4.1.3."""

FORMAT_MAX_BYTES = {
    # What receivers take: rsyslog 8096 in effect (measured), RFC 3164 section 4.1 1024.
    "rfc5424": 8_096, "rfc3164": 1_024, "cef": 8_096, "leef": 8_096, "json": 8_096,
}  # fmt: skip
FORMAT_HEADERS = {
    "rfc5424": "rfc5424", "rfc3164": "rfc3164", "cef": "rfc3164", "leef": "rfc3164",
    "json": "rfc5424",
}  # fmt: skip

PRESETS: dict[str, dict[str, Any]] = {
    # CEF and LEEF records have no line ends, so lines are safe, and every receiver takes them.
    "arcsight": {"format": "cef", "header": "rfc3164", "framing": "lf"},
    "sentinel": {"format": "cef", "header": "rfc3164", "framing": "lf"},
    "sc4s": {"format": "cef", "header": "rfc5424", "framing": "lf", "replace_pipes": True},
    "qradar": {
        "format": "leef", "header": "rfc3164", "framing": "lf", "message_max_bytes": 4_096,
    },
}  # fmt: skip

CEF_HEADER_MAX_CHARS = {"vendor": 63, "product": 63, "version": 31, "class_id": 1_023, "name": 512}
CEF_KEYS: dict[str, int | str] = {
    # ArcSight "CEF Implementation Standard", document version 27, producer's dictionary: the longest
    # text in characters, or the type.
    "act": 63, "app": 31, "cat": 1023, "cnt": "int", "destinationDnsDomain": 255,
    "destinationServiceName": 1023, "destinationTranslatedAddress": "ipv4",
    "destinationTranslatedPort": "port", "deviceCustomDate1": "time", "deviceCustomDate2": "time",
    "deviceDirection": "int", "deviceDnsDomain": 255, "deviceExternalId": 255,
    "deviceFacility": 1023, "deviceInboundInterface": 128, "deviceNtDomain": 255,
    "deviceOutboundInterface": 128, "devicePayloadId": 128, "deviceProcessName": 1023,
    "deviceTranslatedAddress": "ipv4", "dhost": 1023, "dmac": "mac", "dntdom": 255, "dpid": "int",
    "dpriv": 1023, "dproc": 1023, "dpt": "port", "dst": "ipv4", "dtz": 255, "duid": 1023,
    "duser": 1023, "dvc": "ipv4", "dvchost": 100, "dvcpid": "int", "end": "time", "externalId": 40,
    "fileCreateTime": "time", "fileHash": 255, "fileId": 1023, "fileModificationTime": "time",
    "filePath": 1023, "filePermission": 1023, "fileType": 1023, "flexDate1": "time",
    "flexString1": 1023, "flexString2": 1023, "fname": 1023, "fsize": "int", "in": "int",
    "msg": 1023, "oldFileCreateTime": "time", "oldFileHash": 255, "oldFileId": 1023,
    "oldFileModificationTime": "time", "oldFileName": 1023, "oldFilePath": 1023,
    "oldFilePermission": 1023, "oldFileSize": "int", "oldFileType": 1023, "out": "int",
    "outcome": 63, "proto": 31, "reason": 1023, "request": 1023, "requestClientApplication": 1023,
    "requestContext": 2048, "requestCookies": 1023, "requestMethod": 1023, "rt": "time",
    "shost": 1023, "smac": "mac", "sntdom": 255, "sourceDnsDomain": 255, "sourceServiceName": 1023,
    "sourceTranslatedAddress": "ipv4", "sourceTranslatedPort": "port", "spid": "int",
    "spriv": 1023, "sproc": 1023, "spt": "port", "src": "ipv4", "start": "time", "suid": 1023,
    "suser": 1023, "type": "int",
    "c6a1": "ipv6", "c6a2": "ipv6", "c6a3": "ipv6", "c6a4": "ipv6", "cfp1": "double",
    "cfp2": "double", "cfp3": "double", "cfp4": "double", "cn1": "int", "cn2": "int", "cn3": "int",
    "cs1": 4000, "cs2": 4000, "cs3": 4000, "cs4": 4000, "cs5": 4000, "cs6": 4000,
}  # fmt: skip
CEF_1_KEYS: dict[str, int | str] = {
    # The same document: CEF 1.2 has these in addition, CEF 0.1 does not.
    "frameworkName": 256, "reportedDuration": "int", "reportedResourceGroupName": 128,
    "reportedResourceID": 256, "reportedResourceName": 64, "reportedResourceType": 64,
    "threatActor": 40, "threatAttackID": 32,
}  # fmt: skip
CEF_CUSTOM = ("c6a", "cfp", "cn", "cs", "deviceCustomDate", "flexDate", "flexString")
"""Keys of these families, with a number behind, mean nothing without their label."""
CEF_CONSUMER_KEYS = frozenset({
    "agentDnsDomain", "agentNtDomain", "agentTranslatedAddress", "agentZoneExternalID",
    "agentZoneURI", "agt", "ahost", "aid", "amac", "art", "at", "atz", "av", "customerExternalID",
    "customerURI", "destinationZoneURI", "deviceZoneURI", "dlat", "dlong", "eventId", "rawEvent",
    "slat", "slong", "sourceZoneURI",
})  # fmt: skip
"""Set by ArcSight itself; a producer must not send them."""
CEF_IPV6_KEYS = {
    "dvc": ("c6a1", "Device IPv6 Address"),
    "src": ("c6a2", "Source IPv6 Address"),
    "dst": ("c6a3", "Destination IPv6 Address"),
}
"""Where an IPv6 address goes whose key takes IPv4 only; the same document, "IPv6 format"."""

LEEF_HEADER_MAX_CHARS = {"vendor": 63, "product": 63, "version": 31, "event_id": 255}
LEEF_KEYS: dict[str, int | str] = {
    # IBM "Log Event Extended Format", predefined attributes.
    "accountName": 255, "cat": 1023, "devTime": "time", "domain": 1023, "dst": "ip",
    "dstBytes": "int", "dstMAC": "mac", "dstPackets": "int", "dstPort": "port",
    "dstPostNAT": "ip", "dstPostNATPort": "port", "dstPreNAT": "ip", "dstPreNATPort": "port",
    "groupID": 1023, "identGrpName": 255, "identHostName": 255, "identNetBios": 255,
    "identSrc": "ip", "policy": 1023, "proto": 1023, "realm": 1023, "resource": 1023, "role": 1023,
    "sev": "int", "src": "ip", "srcBytes": "int", "srcMAC": "mac", "srcPackets": "int",
    "srcPort": "port", "srcPostNAT": "ip", "srcPostNATPort": "port", "srcPreNAT": "ip",
    "srcPreNATPort": "port", "totalPackets": "int", "url": 1023, "usrName": 255, "vSrc": "ip",
    "vSrcName": 255,
}  # fmt: skip
LEEF_RESERVED = frozenset({
    "calCountryOrRegion", "calLanguage", "devTimeFormat", "identMAC", "identSecondlp",
    "isLoginEvent", "isLogoutEvent",
})  # fmt: skip
"""Not implemented by the receiver, or written by the sink itself."""
