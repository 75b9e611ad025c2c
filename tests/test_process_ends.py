"""What arrives at the end of a process is what the documentation says, on two hosts."""

from pathlib import Path

import pytest

from scripts.process_ends import RUNS, Count, count_all, hosts, table


@pytest.mark.nightly
@pytest.mark.xdist_group("hosts")
@pytest.mark.timeout(5_400)
def test_every_end_keeps_its_promise(tmp_path: Path) -> None:
    """With the oldest and the newest host, for each platform, in each of 20 runs."""
    counts = count_all(RUNS, tmp_path)
    print(table(counts))
    assert [count for count in counts if count.problems] == []
    assert {sum(count.arrived.values()) for count in counts} == {RUNS}
    # What nothing is promised for is measured too: mostly nothing arrives, as the page says.
    unpromised = [count for count in counts if not count.promised]
    assert [count for count in unpromised if count.arrived.get("0", 0) < RUNS / 2] == []


def test_the_table_adds_up_the_platforms() -> None:
    """Equal numbers of messages are one entry, others stand beside it."""
    oldest, newest = hosts()
    counts = [
        Count(oldest, "splunk_hec", "drain", True, {"20": 3}, []),
        Count(oldest, "syslog_cef", "drain", True, {"20": 2, "7": 1}, ["7 of 20"]),
        Count(newest, "syslog_cef", "drain", True, {"20": 3}, []),
    ]
    assert table(counts).splitlines()[2:] == [
        "| drain | 7 in 1 runs, 20 in 5 runs | 20 in 3 runs |"
    ]
