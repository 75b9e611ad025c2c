"""Run the ways to end of one project, which must come first on the path; prints JSON.

`python -m scripts.count_arrivals PYTHON RUNS`: the programs run with that interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.ends import ENDS, End
from tests.conformance.programs import Run, run


def main(python: str, runs: int) -> None:
    """Run everything, one program per core at a time, and print what arrived."""
    found = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for end in ENDS:
            if not end.possible:
                continue
            tried = pool.map(lambda _, end=end: _run(end, python), range(runs))
            done = [each for each in tried if each is not None]
            found.append(
                {
                    "end": end.name,
                    "promised": end.promised,
                    "arrived": Counter(len(each.messages) for each in done),
                    "problems": [
                        *(each.problem() for each in done if each.problem()),
                        *["it did not end, and was killed"] * (runs - len(done)),
                    ],
                }
            )
    json.dump(found, sys.stdout)


def _run(end: End, python: str) -> Run | None:
    """Run a program; None: it did not end."""
    try:
        return run(end, python)
    except subprocess.TimeoutExpired:
        return None


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
