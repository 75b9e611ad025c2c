# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The command line: `check`, `replay`, `schema`. Nothing that runs in an application imports it."""
