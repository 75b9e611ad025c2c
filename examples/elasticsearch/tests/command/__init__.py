# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Tests of the command line."""
