"""What both products are put through: the suite for live clusters, and a load with faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.receivers.search_node import SearchNode
from tests.integration.cutting_proxy import CuttingProxy

STREAM = "logs-fapilog-default"
EVENTS = int(os.environ.get("INTEGRATION_EVENTS", "100000"))
POISON_EVERY = 1_000
PATIENCE_SECONDS = 600.0
BLOCK_SECONDS = 3.0

Settings = dict[str, Any]


def run_live_suite(project: Path, settings: Settings) -> None:
    """Run the project's own tests for a live cluster."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "addopts=-rA"]
    result = subprocess.run(
        [*command, "tests/elasticsearch/test_live.py"],
        cwd=project,
        env={**os.environ, "ELASTICSEARCH_TEST_SETTINGS": json.dumps(settings)},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    print(result.stdout[-2_500:])
    assert result.returncode == 0


class Load:
    """One process of a rendered project that writes events, while the node and the network fail.

    Args:
        project: The rendered project.
        node: Runs.
        folder: For the dead letters.
        settings: More settings of the sink.
    """

    def __init__(
        self, project: Path, node: SearchNode, folder: Path, settings: Settings | None = None
    ) -> None:
        self._project = project
        self._node = node
        self._proxy = CuttingProxy(node.port)
        self.dead_letters = folder / "dead.jsonl"
        scheme = node.url.partition(":")[0]
        self._settings: Settings = {
            "url": f"{scheme}://127.0.0.1:{self._proxy.port}",
            "dead_letter_path": str(self.dead_letters),
            "retry_max_seconds": 1.0,
            "close_timeout_seconds": 120.0,
            "buffer_max_events": 20_000,
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, mode: str, **job: Any) -> None:
        """Start the driver."""
        (package,) = (path.name for path in (self._project / "src").iterdir())
        driver = Path(__file__).with_name("bulk_driver.py")
        self._process = subprocess.Popen(
            [sys.executable, str(driver)],
            cwd=self._project,
            env={**os.environ, "PYTHONPATH": "src"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        whole = {"mode": mode, "package": package, "settings": self._settings, **job}
        self._process.stdin.write(json.dumps(whole).encode())
        self._process.stdin.close()
        self._process.stdin = None

    def books(self) -> Any:
        """Wait for the end of the driver, and return what it tells."""
        assert self._process is not None
        output, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        assert self._process.returncode == 0
        return json.loads(output)

    def stored(self) -> int:
        """Return how many documents can be found."""
        status, answer = self._node.request("GET", f"/{STREAM}/_count")
        return answer["count"] if status == 200 else 0

    def wait_for(self, count: int) -> None:
        """Wait until that many documents are stored."""
        self.wait_until(lambda: self.stored() >= count)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition while the driver runs."""
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert self._process.poll() is None, "the driver ended early"
            assert time.monotonic() < deadline, "nothing happens"
            time.sleep(0.05)

    def cut_an_answer(self) -> None:
        """Let one request be stored without its answer being heard."""
        self._proxy.cut_next_answer(PATIENCE_SECONDS)

    def block_for_a_while(self) -> None:
        """Block writes until nothing has been stored for some time, and lift the block."""
        self._node.ok("PUT", f"/{STREAM}/_settings", {"index.blocks.write": True})
        count, since = -1, time.monotonic()
        while time.monotonic() - since < BLOCK_SECONDS:
            now = self.stored()
            if now != count:
                count, since = now, time.monotonic()
            time.sleep(0.1)
        self._node.ok("PUT", f"/{STREAM}/_settings", {"index.blocks.write": None})

    def kill_and_restart(self) -> None:
        """End the node as a power cut would, and start it again."""
        self._node.kill()
        self._node.start()

    def messages(self) -> list[str]:
        """Return the messages of all documents."""
        return [message for _, message in self.documents()]

    def documents(self) -> list[tuple[str, str]]:
        """Return id and message of all documents, page by page."""
        self._node.ok("POST", f"/{STREAM}/_refresh")
        body: dict[str, Any] = {"size": 10_000, "_source": ["message"], "sort": ["_doc"]}
        page = self._node.ok("POST", f"/{STREAM}/_search?scroll=2m", body)
        found: list[tuple[str, str]] = []
        while page["hits"]["hits"]:
            found += [(hit["_id"], hit["_source"]["message"]) for hit in page["hits"]["hits"]]
            scroll = {"scroll": "2m", "scroll_id": page["_scroll_id"]}
            page = self._node.ok("POST", "/_search/scroll", scroll)
        return found

    def close(self) -> None:
        """End what is left."""
        self._proxy.close()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def set_up(node: SearchNode, trace: str) -> None:
    """Install an index template in which `trace.id` has a type that some events do not fit."""
    template = {
        "index_patterns": [f"{STREAM}*"],
        "priority": 600,
        "data_stream": {},
        "template": {
            "settings": {"number_of_replicas": 0, "refresh_interval": "500ms"},
            "mappings": {"properties": {"trace": {"properties": {"id": {"type": trace}}}}},
        },
    }
    node.ok("PUT", "/_index_template/integration", template)


def run_load(load: Load, node: SearchNode) -> None:
    """Lose nothing and double nothing, whatever happens; and replay what did not fit."""
    set_up(node, "long")
    began = time.monotonic()
    load.start("write", count=EVENTS, poison_every=POISON_EVERY)
    load.wait_for(EVENTS // 10)
    load.cut_an_answer()
    load.wait_for(EVENTS // 4)
    load.block_for_a_while()
    load.wait_for(EVENTS // 2)
    load.kill_and_restart()
    load.wait_for(EVENTS * 3 // 4)
    load.cut_an_answer()
    books = load.books()
    seconds = time.monotonic() - began
    poison = {f"event {number}" for number in range(0, EVENTS, POISON_EVERY)}
    good = {f"event {number}" for number in range(EVENTS)} - poison
    assert books["balanced"]
    assert (books["accepted"], books["pending"], books["dropped"]) == (EVENTS, 0, {})
    assert (books["delivered"], books["dead_lettered"]) == (len(good), len(poison))
    assert books["ambiguous"] > 0
    found = load.messages()
    print(f"{EVENTS} events in {seconds:.0f} s, found {len(found)}, books {books}")
    assert len(found) == len(good)
    assert set(found) == good
    letters = [json.loads(line) for line in load.dead_letters.read_text().splitlines()]
    lines = [each["event"].splitlines() for each in letters]
    buried = {
        (json.loads(action)["create"]["_id"], json.loads(document)["message"])
        for action, document in lines
    }
    assert len(buried) == len(letters)
    assert {message for _, message in buried} == poison
    assert all("parsing_exception" in each["reason"] for each in letters)
    assert not any("not a number" in each["reason"] for each in letters)

    set_up(node, "keyword")
    node.ok("POST", f"/{STREAM}/_rollover")
    aside = load.dead_letters.with_name("to-replay.jsonl")
    load.dead_letters.rename(aside)
    load.start("replay", dead_letters=str(aside))
    books = load.books()
    assert (books["delivered"], books["pending"]) == (len(poison), 0)
    documents = load.documents()
    assert len(documents) == len({key for key, _ in documents}) == EVENTS
    assert {message for _, message in documents} == good | poison
    assert buried <= set(
        documents
    )  # replayed under the ids that were made before the first attempt
    print(f"replayed {len(poison)}, found {len(documents)}, each under an id of its own")
