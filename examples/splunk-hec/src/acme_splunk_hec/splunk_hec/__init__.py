# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Splunk over its HTTP Event Collector (HEC): configuration, mapping, wire format and sink."""
