"""A pytest plugin that writes down which test names which fault; see `scripts/faults.py`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write one entry per test function to the file that FAULT_MARKS names."""
    found: dict[str, dict[str, object]] = {}
    for item in session.items:
        marks = list(item.iter_markers("fault"))
        if marks:
            path = item.path.relative_to(session.config.rootpath).as_posix()
            name = f"{path}::{getattr(item, 'originalname', item.name)}"
            entry = found.setdefault(name, {"faults": set(), "promises": set()})
            entry["doc"] = (getattr(item, "obj", None).__doc__ or "").strip().splitlines()[0]
            failing = item.get_closest_marker("xfail")
            entry["open"] = failing.kwargs.get("reason", "") if failing else ""
            for mark in marks:
                promise = mark.kwargs.get("promise", ())
                entry["faults"] |= set(mark.args)
                entry["promises"] |= set(promise if isinstance(promise, tuple) else (promise,))
    target = Path(os.environ["FAULT_MARKS"])
    target.write_text(json.dumps(found, default=sorted), encoding="utf-8")
