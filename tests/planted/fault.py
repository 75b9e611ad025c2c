"""What a planted fault is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake, written into a rendered project, that its suite has to notice."""

    name: str
    path: str
    """The file, relative to the package's folder, e.g. `splunk_hec/config.py`."""
    find: str
    """Text that occurs exactly once in that file."""
    replace: str
    caught_by: str
    """What pytest is to run, relative to the project, e.g. `tests/splunk_hec`."""
