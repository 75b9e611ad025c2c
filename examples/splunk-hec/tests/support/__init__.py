# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Fake servers on real sockets. Nothing in here imports the package under test."""
