# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Tests of the syslog/CEF platform; each wire rule is checked with a reader of its own."""
