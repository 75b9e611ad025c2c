# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Syslog for SIEM systems: RFC 5424, RFC 3164, CEF, LEEF or JSON over TCP, TLS, RELP, UDP or a local socket.

Owner's files: `config.py` and `formats.py` (settings), `defaults.py` (which field gets which key) and
`mapping.py` (which values an event has).
"""
