# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""How fast this sink is on this machine, with an audit of what arrived: `make benchmark`."""
