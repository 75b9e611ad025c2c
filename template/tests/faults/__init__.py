# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What goes wrong in production, one test for each, ending in an account of every event.

Each test names the fault and the promise that it is about: `@pytest.mark.fault(4, promise=1)`.
"""
