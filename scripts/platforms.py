"""Which versions of the platforms the sinks were run with, for docs/reference/compatibility.md.

Versions that a test fetches are read from where they are pinned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scripts.receivers import foreign, search_node
from scripts.rendering import ROOT

RUN, SCRIPTED, DOCUMENTED = "run here", "scripted", "documentation only"


@dataclass(frozen=True)
class Receiver:
    """One product, or some versions of one."""

    platform: str
    name: str
    versions: str
    how: str
    """`RUN`, `SCRIPTED` or `DOCUMENTED`."""
    proof: str
    """The file that shows it, from the root of the repository."""
    note: str = ""


def _collector() -> str:
    """Return the version of the receiver that is built for the tests."""
    text = (ROOT / "scripts" / "receivers" / "hec_collector" / "go.mod").read_text(encoding="utf-8")
    found = re.search(r"receiver/splunkhecreceiver v([\d.]+)", text)
    assert found is not None
    return found[1]


def _go_syslog() -> str:
    """Return the version of the strictest reader of syslog."""
    text = (foreign.SOURCES / "go.mod").read_text(encoding="utf-8")
    found = re.search(r"go-syslog/v4 v([\d.]+)", text)
    assert found is not None
    return found[1]


def _readers() -> str:
    """Return the parsers of others that read what the syslog platform writes."""
    pinned = [*foreign.PYTHON_PACKAGES, foreign.TENZIR, *foreign.NODE_PACKAGES]
    names = [re.sub(r"==|@", " ", each) for each in pinned]
    return ", ".join([f"go-syslog {_go_syslog()}", *names])


def receivers() -> list[Receiver]:
    """Return all of them, in the order of the page."""
    hec = "examples/splunk-hec/tests/splunk_hec"
    bulk = "examples/elasticsearch/tests/elasticsearch"
    syslog = "examples/syslog-cef"
    return [
        Receiver(
            "Splunk",
            "OpenTelemetry Collector, Splunk's HEC receiver",
            _collector(),
            RUN,
            "tests/integration/test_hec.py",
            "`make integration-hec`; it refuses less than Splunk does",
        ),
        Receiver(
            "Splunk",
            "Splunk Enterprise, Splunk Cloud",
            "",
            SCRIPTED,
            f"{hec}/test_answers.py",
            "a receiver of our own gives the documented answers, and code 28 of Cloud 10.5",
        ),
        Receiver(
            "Elasticsearch",
            "Elasticsearch",
            search_node.ELASTICSEARCH.version,
            RUN,
            "tests/integration/test_elasticsearch.py",
            "`make integration-elasticsearch`",
        ),
        Receiver(
            "Elasticsearch",
            "OpenSearch",
            search_node.OPENSEARCH.version,
            RUN,
            "tests/integration/test_opensearch.py",
            "`make integration-opensearch`",
        ),
        Receiver(
            "Elasticsearch",
            "Elasticsearch; OpenSearch",
            "7.17, 9; 1, 3",
            DOCUMENTED,
            "examples/elasticsearch/docs/elasticsearch.md",
        ),
        Receiver(
            "Elasticsearch",
            "Amazon OpenSearch Service",
            "signatures, version 4",
            SCRIPTED,
            f"{bulk}/test_aws.py",
            "a receiver of our own checks each signature",
        ),
        Receiver(
            "Elasticsearch",
            "Elastic Cloud",
            "",
            DOCUMENTED,
            "examples/elasticsearch/docs/elasticsearch_receiver.md",
        ),
        Receiver(
            "Syslog",
            "rsyslog with RELP and TLS",
            "8.2302",
            RUN,
            "tests/integration/test_rsyslog.py",
            "`make integration-syslog`; the system's package, of Debian 12",
        ),
        Receiver(
            "Syslog",
            "Readers that others wrote",
            _readers(),
            RUN,
            "tests/integration/test_foreign_readers.py",
            "parsers only: `make integration-syslog`",
        ),
        Receiver(
            "Syslog",
            "ArcSight, Microsoft Sentinel, QRadar, Splunk Connect for Syslog",
            "",
            SCRIPTED,
            f"{syslog}/tests/syslog_cef/test_wire.py",
            "the bytes of each preset, compared with the vendor's documentation",
        ),
    ]
