# SPDX-License-Identifier: MIT-0
"""`python -m receivers {hec,bulk,syslog} --port N --folder F`."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import syslog, web
from .bulk import BulkJudge
from .hec import HecJudge
from .journal import Journal


def main() -> None:
    """Serve one protocol until killed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("kind", choices=["hec", "bulk", "syslog"])
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--folder", type=Path, required=True, help="where the journal is kept")
    options = arguments.parse_args()
    journal = Journal(options.folder)
    if options.kind == "syslog":
        syslog.serve(journal, options.port)
    else:
        judge = HecJudge(journal) if options.kind == "hec" else BulkJudge(journal)
        web.serve(judge, options.port)


if __name__ == "__main__":
    main()
