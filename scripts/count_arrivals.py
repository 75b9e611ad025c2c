"""Run the ways to end of one project, which must come first on the path; prints JSON.

`python -m scripts.count_arrivals PYTHON RUNS`: the programs run with that interpreter.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.ends import ENDS
from tests.conformance.programs import run


def main(python: str, runs: int) -> None:
    """Run everything, one program per core at a time, and print what arrived."""
    found = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for end in ENDS:
            if not end.possible:
                continue
            done = list(pool.map(lambda _, end=end: run(end, python), range(runs)))
            found.append(
                {
                    "end": end.name,
                    "promised": end.promised,
                    "arrived": Counter(len(each.messages) for each in done),
                    "problems": [each.problem() for each in done if each.problem()],
                }
            )
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
