# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The command line of the plain platform: in this process, or as a program of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from acme_syslog_cef._command.main import main

from ..delivery import plain

METADATA = {
    "name": plain.PlainSink.name,
    "version": "1.2.3",
    "description": "A plain sink.",
    "entry_point": f"{plain.__name__}:{plain.PlainSink.__name__}",
}


def run(*argv: str, settings: Sequence[str] = ()) -> int:
    """Run a command with some settings; returns its exit code."""
    pairs = [part for setting in settings for part in ("--set", setting)]
    return main([*argv, *pairs], metadata=METADATA, program="plain")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], metadata=METADATA, program="plain"))
