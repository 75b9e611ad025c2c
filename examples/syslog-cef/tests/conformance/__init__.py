# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""What fapilog and its users rely on, tested with the real host, the same for every platform."""
