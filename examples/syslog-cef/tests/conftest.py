# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Property tests draw the same examples in every run, so that a build does not fail by chance.

`HYPOTHESIS_PROFILE=random` draws new ones, to look for what nobody has thought of yet.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
