# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What `setup` and `check` ask a cluster, answered as the two products do; see `FakeBulk` for the rest.

Also what no freely available node has: ILM, ISM, processors, security. Shapes of answers are from
Elasticsearch 8.19 and OpenSearch 2.19, and from the reference of both for the rest.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from ..support.fake_http import Answer, Received
from .fake_bulk import FakeBulk

_OBJECTS = ("/_component_template/", "/_index_template/", "/_ingest/pipeline/")
_LIFECYCLE = {"elasticsearch": "/_ilm/policy/", "opensearch": "/_plugins/_ism/policies/"}


class FakeCluster:
    """A cluster that remembers its objects.

    Args:
        product: "elasticsearch" or "opensearch".
        version: What `GET /` says.
        lacks: "lifecycle", "processors", "streams": what a small distribution has not.
        rights: What the credentials may do to indices; None: security is off.
        reads: Whether the credentials may read documents and look at templates.
    """

    def __init__(
        self,
        product: str = "elasticsearch",
        *,
        version: str = "8.19.21",
        lacks: tuple[str, ...] = (),
        rights: tuple[str, ...] | None = None,
        reads: bool = True,
    ) -> None:
        self.product = product
        self.version = version
        self.objects: dict[str, Any] = {}
        """Path -> body, as it was put."""
        self.streams: set[str] = set()
        self.aliases: set[str] = set()
        self.indices: set[str] = set()
        self.changes: list[str] = []
        """Method and path of each request that changed something."""
        self.in_use = False
        """Whether templates cannot be deleted."""
        self.bulk = FakeBulk(opensearch=product == "opensearch")
        self._lacks = lacks
        self._rights = rights
        self._reads = reads

    def __call__(self, received: Received) -> Answer:
        """Answer one request."""
        path = unquote(urlsplit(received.path).path)
        if path == "/":
            return self._root()
        if path.endswith("/_bulk"):
            return self.bulk(received)
        if path == "/_security/user/_has_privileges":
            return self._privileges(json.loads(received.body))
        if path.startswith("/_resolve/index/"):
            return self._resolve(path.removeprefix("/_resolve/index/"))
        if "/_doc/" in path:
            return self._document(path.rpartition("/")[2])
        if path == "/_index_template":
            return self._templates()
        if path.startswith((*_OBJECTS, _LIFECYCLE[self.product])):
            return self._object(received, path)
        return self._make(received, path)

    def _root(self) -> Answer:
        version = {"number": self.version}
        headers = {}
        if self.product == "opensearch":
            version["distribution"] = "opensearch"
        else:
            headers["X-Elastic-Product"] = "Elasticsearch"
        return Answer(200, json.dumps({"version": version}).encode(), headers)

    def _privileges(self, asked: dict[str, Any]) -> Answer:
        if self._rights is None or self.product == "opensearch":
            return _answer(400, {"error": "no handler found for uri"})
        (index,) = asked["index"]
        has = {right: right in self._rights for right in index["privileges"]}
        return _answer(200, {"index": dict.fromkeys(index["names"], has)})

    def _resolve(self, name: str) -> Answer:
        if not self._reads:
            return _answer(403, {"error": {"type": "security_exception"}})
        known = {"indices": self.indices, "aliases": self.aliases, "data_streams": self.streams}
        return _answer(
            200, {kind: [{"name": name}] if name in names else [] for kind, names in known.items()}
        )

    def _document(self, key: str) -> Answer:
        if not self._reads:
            return _answer(403, {"error": {"type": "security_exception"}})
        found = self.bulk.stored.get(key)
        return _answer(
            404 if found is None else 200, {"found": bool(found), "_source": found or {}}
        )

    def _templates(self) -> Answer:
        if not self._reads:
            return _answer(403, {"error": {"type": "security_exception"}})
        prefix = "/_index_template/"
        found = [
            {"name": path.removeprefix(prefix), "index_template": body}
            for path, body in self.objects.items()
            if path.startswith(prefix)
        ]
        return _answer(200, {"index_templates": found})

    def _object(self, received: Received, path: str) -> Answer:
        name = path.rpartition("/")[2]
        if "lifecycle" in self._lacks and path.startswith(_LIFECYCLE[self.product]):
            return _answer(400, {"error": f"no handler found for uri [{path}]"})
        if received.method == "GET":
            if path not in self.objects:
                return _answer(404, {"error": {"type": "resource_not_found_exception"}})
            return _answer(200, self._wrapped(path, name))
        if received.method == "DELETE" and self.in_use and "template" in path:
            return _answer(400, {"error": {"type": "x_exception", "reason": "still in use by"}})
        if received.method == "PUT":
            refusal = self._refusal(received, path)
            if refusal is not None:
                return refusal
            self.objects[path] = json.loads(received.body)
        else:
            del self.objects[path]
        self.changes.append(f"{received.method} {path}")
        return _answer(200, {"acknowledged": True})

    def _refusal(self, received: Received, path: str) -> Answer | None:
        if "processors" in self._lacks and "/_ingest/" in path:
            return _answer(400, {"error": {"type": "x", "reason": "No processor type exists"}})
        seen = "if_seq_no=7&if_primary_term=1" in received.path
        if self.product == "opensearch" and "/_ism/" in path and seen != (path in self.objects):
            return _answer(409, {"error": {"type": "version_conflict_engine_exception"}})
        return None

    def _wrapped(self, path: str, name: str) -> Any:
        body = self.objects[path]
        if path.startswith("/_component_template/"):
            return {"component_templates": [{"name": name, "component_template": body}]}
        if path.startswith("/_index_template/"):
            return {"index_templates": [{"name": name, "index_template": body}]}
        if "/_ism/" in path:
            return {"_id": name, "_seq_no": 7, "_primary_term": 1, "policy": body["policy"]}
        return {name: body}

    def _make(self, received: Received, path: str) -> Answer:
        if path.startswith("/_data_stream/"):
            if "streams" in self._lacks:
                return _answer(405, {"error": "Incorrect HTTP method for uri"})
            self.streams.add(path.removeprefix("/_data_stream/"))
        else:
            self.indices.add(path.removeprefix("/"))
            self.aliases |= json.loads(received.body)["aliases"].keys()
        self.changes.append(f"{received.method} {path}")
        return _answer(200, {"acknowledged": True})


def _answer(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(body).encode())
