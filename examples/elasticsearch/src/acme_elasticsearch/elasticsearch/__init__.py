# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Change what is sent in `mapping.py`.
"""Events to an Elasticsearch or OpenSearch data stream, with the bulk API.

`config` and `mapping` are yours; `values`, `encoder`, `request` and `response` know the wire and
nothing else; `sink` puts them together for fapilog.
"""
