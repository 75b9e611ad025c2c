# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The benchmark runs, and its audit can say no."""

import pytest

from benchmarks.receiver import audit, mark

BODIES = [mark(0).encode() + mark(1).encode(), mark(2).encode()]


def test_all_events_arrive(capsys: pytest.CaptureFixture[str]) -> None:
    """A short run on both paths ends well and says so."""
    from benchmarks.__main__ import main

    assert main(["--events=50", "--runs=1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["write", "write_serialized"]
    assert all("lost 0  twice 0" in line for line in lines)


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        (BODIES, {"arrived": 3, "lost": 0, "twice": 0, "out_of_order": 0}),
        (BODIES[1:], {"arrived": 1, "lost": 2, "twice": 0, "out_of_order": 0}),
        (BODIES + BODIES[1:], {"arrived": 3, "lost": 0, "twice": 1, "out_of_order": 0}),
        (BODIES[::-1], {"arrived": 3, "lost": 0, "twice": 0, "out_of_order": 2}),
    ],
    ids=["whole", "lost", "twice", "late"],
)
def test_audit(bodies: list[bytes], expected: dict[str, int]) -> None:
    """What is missing, came twice or late is counted."""
    assert audit(bodies, 3) == expected
