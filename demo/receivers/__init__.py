# SPDX-License-Identifier: MIT-0
"""Receivers that judge what a sink sends: Splunk HEC, Elasticsearch `_bulk`, syslog over TCP.

Each runs as a process of its own (`python -m receivers KIND --port N --folder F`), knows nothing of
the plugins, and is stricter than the products it stands for: what one of those would take
in silence and store wrongly is a complaint here.
"""
