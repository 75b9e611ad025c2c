"""One run, in its own process: `python -m benchmarks.sender '<load as JSON>'` prints a `Sent`."""

from __future__ import annotations

import json
import sys

from .clients import client
from .load import Load

if __name__ == "__main__":
    load = Load(**json.loads(sys.argv[1]))
    print(json.dumps(client(load.client)(load).as_dict()), flush=True)
