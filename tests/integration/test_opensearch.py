"""A rendered project against a node of OpenSearch; `make integration-opensearch` runs it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.receivers.fetched import Unavailable
from scripts.receivers.search_node import OPENSEARCH, SearchNode, running
from tests.integration.bulk_cluster import Load, run_live_suite, run_load

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_500)]


@pytest.fixture(scope="module")
def node() -> Iterator[SearchNode]:
    """Return a node that runs."""
    try:
        with running(OPENSEARCH) as started:
            yield started
    except Unavailable as problem:
        print(f"\nNOT RUN: OpenSearch: {problem}")
        pytest.skip(f"OpenSearch is not available: {problem}")


def test_live_suite(rendered: Callable[[str], Path], node: SearchNode) -> None:
    """The project's own tests for a live cluster pass."""
    run_live_suite(rendered("elasticsearch"), {"url": node.url})


def test_load_with_faults(
    rendered: Callable[[str], Path], node: SearchNode, tmp_path: Path
) -> None:
    """A cut answer, a write block, a killed node: nothing is lost, nothing doubled."""
    load = Load(rendered("elasticsearch"), node, tmp_path)
    try:
        run_load(load, node)
    finally:
        load.close()
