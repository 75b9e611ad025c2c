# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Syslog and CEF for SIEM systems: RFC 5424 messages or CEF records over TCP, TLS or UDP.

Owner's files: `config.py` (settings) and `mapping.py` (which value of an event goes where).
"""
