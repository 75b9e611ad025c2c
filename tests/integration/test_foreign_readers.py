"""What the syslog platform writes, read by parsers that others wrote.

Each is asked only about what it reads correctly; what it does not is said where it is left out. The
oracle for everything is the strict reader of the unit suite.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from scripts.receivers import foreign

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PIECES = [
    *'|=\\]["<>\r\n\t\0\x1b\x7f\x85\u2028\u2029\U0001f600\xe4 ',
    "<0>1 ", "\n<13>1 - forged - - - - x", " src=6.6.6.6", "CEF:0|", "LEEF:2.0|", "\\n", "word",
    '"] [x@1 a="', "#012", "9 ",
]  # fmt: skip
SC4S_EXTENSION = re.compile(r"([^=\s]+)=((?:\\=|[^=])+)(?:\s|$)")
"""What Splunk Connect for Syslog takes fields out of a CEF record with; from its source."""


class Project:
    """Modules of a rendered project."""

    def __init__(self, root: Path, package: str) -> None:
        self._package = package
        sys.path[:0] = [str(root / "src")]
        self.config = self._module("config").SyslogCefConfig
        self.encoder = self._module("encoder").Encoder
        self.text = self._module("text")
        self.reader = _load(root / "tests" / "support" / "syslog_reader.py")

    def _module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self._package}.syslog_cef.{name}")

    def messages(self, **settings: Any) -> list[bytes]:
        """Format all events."""
        config = self.config(url="tcp://localhost", hostname="web1", **settings)
        encoder = self.encoder(config, hostname="web1")
        return [encoder.encode(event).payload for event in EVENTS]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("strict_reader", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["strict_reader"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def project(rendered: Callable[[str], Path]) -> Iterator[Project]:
    """A project of the platform."""
    root = rendered("syslog_cef")
    (package,) = (root / "src").iterdir()
    yield Project(root, package.name)
    sys.path.remove(str(root / "src"))


@pytest.fixture(autouse=True)
def _skip_what_cannot_be_had() -> Iterator[None]:
    try:
        yield
    except foreign.Unavailable as problem:  # pragma: no cover
        print(f"\nSKIPPED: {problem}", file=sys.stderr)
        pytest.skip(str(problem))


def hostile_events(count: int) -> list[dict[str, Any]]:
    """Return events with nasty text in every place, the same in every run."""
    source = random.Random(5424)

    def text() -> str:
        return "".join(source.choice(PIECES) for _ in range(source.randrange(8)))

    return [
        {
            "timestamp": source.choice([f"2026-11-{n % 28 + 1:02}T15:05:52.{n:03}Z", text()]),
            "level": source.choice(["INFO", "ERROR", text()]),
            "message": text() * source.choice([1, 1, 1, 300]),
            "logger": text(),
            "context": {"user_id": text(), "correlation_id": text()},
            "data": {text(): text(), "plain": text(), "nested": {text(): text()}},
        }
        for n in range(count)
    ]


EVENTS = hostile_events(400)


def test_rfc5424_by_go_syslog(project: Project) -> None:
    """The strict parser finds every field, every element and the text as our oracle does."""
    messages = project.messages()
    for message, read in zip(messages, foreign.go_syslog("5424", messages), strict=True):
        ours = project.reader.read_rfc5424(message)
        assert "error" not in read, (read, message)
        assert (read["pri"], read["host"], read["app"]) == (ours.priority, "web1", "fapilog")
        assert read["msgid"] == (None if ours.msgid == "-" else ours.msgid)
        assert (read["sd"] or {}) == ours.structured_data
        assert (read["msg"] or "") == ours.text


def test_rfc5424_by_syslog_rfc5424_parser(project: Project) -> None:
    """A second parser finds the same, but leaves the escapes in the values.

    Left out: a value that ends with a backslash, which it takes to escape the quote.
    """
    messages = [message for message in project.messages() if not re.search(rb'\\\\"[ \]]', message)]
    assert len(messages) > 300
    for message, read in zip(messages, foreign.python_reader("5424", messages), strict=True):
        ours = project.reader.read_rfc5424(message)
        assert "error" not in read, (read, message)
        assert (read["hostname"], read["appname"]) == ("web1", "fapilog")
        sd = {
            element: {name: re.sub(r"\\(.)", r"\1", value) for name, value in params.items()}
            for element, params in read["sd"].items()
        }
        assert sd == ours.structured_data
        assert (read["msg"] or "") == ours.text


def test_rfc3164_by_go_syslog(project: Project) -> None:
    """Header, tag and text, as our oracle reads them."""
    messages = project.messages(format="rfc3164")
    for message, read in zip(messages, foreign.go_syslog("3164", messages), strict=True):
        priority, _, host, rest = project.reader.read_rfc3164(message)
        assert "error" not in read, (read, message)
        assert (read["pri"], read["host"], read["app"]) == (priority, host, "fapilog")
        text = rest.partition("]: ")[2].strip()
        if text:  # behind an empty one it takes the tag for the text
            assert (read["msg"] or "").strip() == text


def test_rfc3164_by_syslogmp(project: Project) -> None:
    """A second parser finds the same; it leaves the tag in the message."""
    messages = project.messages(format="rfc3164")
    for message, read in zip(messages, foreign.python_reader("syslogmp", messages), strict=True):
        priority, _, host, rest = project.reader.read_rfc3164(message)
        assert "error" not in read, (read, message)
        assert (read["pri"], read["host"], read["msg"].strip()) == (priority, host, rest.strip())


def cef_records(project: Project, **settings: Any) -> list[tuple[bytes, Any]]:
    """Return bare CEF records, and what our oracle reads in each."""
    records = project.messages(format="cef", header="none", **settings)
    return [(record, project.reader.read_cef(record.decode())) for record in records]


def test_cef_by_jc(project: Project) -> None:
    """Keys and values.

    Left out: a backslash in the header (refused), one before `n` (read as a line end), an equals
    sign in the header (taken for the extension).
    """
    pairs = [
        (record, ours)
        for record, ours in cef_records(project, replace_pipes=True)
        if not re.search(r"[\\=]", f"{ours.class_id}{ours.name}")
        and not any("\\" in value for value in ours.extension.values())
    ]
    assert len(pairs) > 30
    for (record, ours), read in zip(
        pairs, foreign.python_reader("jc", [record for record, _ in pairs]), strict=True
    ):
        assert (read["deviceEventClassId"], read["name"]) == (ours.class_id, ours.name), record
        for key, value in ours.extension.items():
            if not key.endswith("Label") and f"{key}Label" not in ours.extension:
                found = read.get(key) if key != "fapilogTimestamp" else value
                assert str(found) == value or found == json.loads(value), (key, record)


def test_cef_by_nsyslog_parser(project: Project) -> None:
    """The header has seven fields, whatever the texts held; its values are cut at escapes."""
    pairs = cef_records(project, replace_pipes=True)
    for (record, ours), read in zip(
        pairs,
        foreign.node_reader([b"<13>Nov  3 15:05:52 web1 " + r for r, _ in pairs]),
        strict=True,
    ):
        assert read["type"] == "CEF", record
        unescaped = {key: re.sub(r"\\(.)", r"\1", text) for key, text in read["cef"].items()}
        assert unescaped["deviceVendor"] == "fapilog"
        assert (unescaped["name"].strip(), unescaped["severity"]) == (
            ours.name.strip(),
            str(ours.severity),
        )


def test_cef_by_the_expression_of_splunk_connect(project: Project) -> None:
    """With the preset for it no column shifts, and every key is found."""
    for message in project.messages(preset="sc4s"):
        ours = project.reader.read_cef(project.reader.read_rfc5424(message).text)
        columns = message.partition(b"CEF:0")[2].decode().split("|", 7)
        assert re.sub(r"\\(.)", r"\1", columns[4]) == ours.class_id
        found = dict(SC4S_EXTENSION.findall(columns[7]))
        assert found.keys() == ours.extension.keys(), message


def test_leef_by_nsyslog_parser(project: Project) -> None:
    """Header and attributes; left out: an equals sign in a value, where it cuts, and pipes."""
    records = project.messages(format="leef", replace_pipes=True)
    compared = 0
    for message, read in zip(records, foreign.node_reader(records), strict=True):
        ours = project.reader.read_leef(project.reader.read_rfc3164(message)[3])
        assert read["type"] == "LEEF", message
        assert (read["leef"]["vendor"], read["leef"]["eventID"].strip()) == (
            "fapilog",
            ours.event_id.strip(),
        )
        for key, value in ours.attributes.items():
            if "=" not in value:
                compared += 1
                assert read["fields"][key].strip() == value.strip(), message
    assert compared > 1_000


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_leef_by_tenzir(project: Project, version: str) -> None:
    """Header and every attribute; it reads a backslash and n as the line break that they stand for.

    Left out: records with a quotation mark, behind which it looks for no delimiter until the next
    one; values with other backslashes, which LEEF has no escapes for, and values that it takes for
    a number, a time or an address and prints in a form of its own.
    """
    messages = project.messages(format="leef", leef_version=version)
    records = [message[message.index(b"LEEF:") :].decode() for message in messages]
    records = [record for record in records if '"' not in record]
    compared = 0
    for record, read in zip(records, foreign.tenzir_leef(records), strict=True):
        ours = project.reader.read_leef(record)
        assert read["leef_version"] == version
        names = ("vendor", "product_name", "product_version", "event_class_id")
        assert [read[name] for name in names] == [
            ours.vendor, ours.product, ours.version, ours.event_id
        ], record  # fmt: skip
        assert read["attributes"].keys() == ours.attributes.keys(), record
        for key, value in ours.attributes.items():
            if isinstance(read["attributes"][key], str) and "\\" not in value.replace("\\n", ""):
                compared += 1
                assert read["attributes"][key] == value.replace("\\n", "\n"), record
    print(f"LEEF {version}: {len(records)} records, {compared} values")
    assert compared > 100


def test_leef_after_the_last_pipe(project: Project) -> None:
    """With pipes replaced, all attributes stand behind the last: Splunk Connect takes that."""
    for message in project.messages(format="leef", replace_pipes=True):
        ours = project.reader.read_leef(project.reader.read_rfc3164(message)[3])
        pairs = message.decode().rpartition("|")[2].split("^")
        assert dict(pair.split("=", 1) for pair in pairs) == ours.attributes


def test_json_by_two_readers(project: Project) -> None:
    """Python and orjson agree, and no key comes twice."""
    import orjson

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    for message in project.messages(format="json"):
        text = project.reader.read_rfc5424(message).text
        assert json.loads(text, object_pairs_hook=once) == orjson.loads(text)
