# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The tests of this package: the engine, the platform and the fakes they use."""
