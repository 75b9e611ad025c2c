# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Tests of what is sent to Elasticsearch and OpenSearch, and of what their answers mean."""
