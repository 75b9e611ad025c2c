# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. `setup` makes what is found missing.
"""Whether a cluster takes our documents, and what is wrong if it does not; the platform's part of `check`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from .._command.steps import FAILED, OK, SKIPPED, WARNING, Step
from .._delivery.errors import ConfigurationError, DeliveryError
from .._delivery.records import Delivered, HttpResponse, Split
from .admin import (
    ELASTICSEARCH,
    Admin,
    Product,
    lacks_api,
    parsed,
    problem,
)
from .config import ElasticsearchConfig
from .encoder import Encoder
from .request import CONTENT_TYPE, bulk_path
from .response import classifier
from .targets import ALIAS, DATA_STREAM, INDEX

OLDEST = {"elasticsearch": (7, 17), "opensearch": (1, 0)}
"""Versions that this sink was made for."""

_RIGHTS = ("create_doc", "auto_configure")
_TEST_DOCUMENT = "test document"
_MESSAGE = "test document of `check`"
_NO_ACCESS = (401, 403)


SENDS_EVENT = False
"""The document goes to the first address only: one through each is worth sending."""


def platform_steps(
    config: ElasticsearchConfig, *, user_agent: str, event: bool = True
) -> Iterator[Step]:
    """Look at the first address; yields each step when it is done. Never raises for what it finds.

    Args:
        config: The sink's settings.
        user_agent: Product and version of this package.
        event: Send a test document and read it back. It stays: the sink has no right to delete.
    """
    try:
        admin = Admin(config, user_agent=user_agent)
    except DeliveryError as error:
        yield Step(FAILED, "cluster", str(error))
        return
    try:
        product, step = _product(config, admin)
        yield step
        if step.state == FAILED:
            return
        yield _rights(config, admin, product)
        target = _target(config, admin)
        yield target
        if target.state == FAILED:
            # Where it cannot be demanded, a document would make an index that guesses types.
            yield Step(SKIPPED, _TEST_DOCUMENT, "it would have nowhere to go")
        elif event:
            yield from _document(config, admin)
    except DeliveryError as error:
        yield Step(FAILED, "cluster", str(error))
    finally:
        admin.close()


def _product(config: ElasticsearchConfig, admin: Admin) -> tuple[Product | None, Step]:
    answer = admin.request("GET", "/")
    if answer.status == 401:
        advice = "check `api_key`, `bearer_token`, or `username` and `password`"
        return None, Step(FAILED, "credentials", f"{problem(answer)}: {advice}")
    try:
        product = admin.product()
    except ConfigurationError:
        return None, Step(WARNING, "cluster", f"it does not say what it is ({problem(answer)})")
    if config.flavour not in ("auto", product.name):
        return product, Step(FAILED, "cluster", f"is {product}: `flavour` says {config.flavour}")
    if product.version and product.version < OLDEST[product.name]:
        return product, Step(WARNING, "cluster", f"{product} is older than this sink was made for")
    return product, Step(OK, "cluster", str(product))


def _rights(config: ElasticsearchConfig, admin: Admin, product: Product | None) -> Step:
    what = f"rights on {config.target_name}"
    if product is None or product.name != ELASTICSEARCH:
        return Step(SKIPPED, what, "only the test document tells")
    wanted = {"index": [{"names": [_name(config)], "privileges": list(_RIGHTS)}]}
    answer = admin.request("POST", "/_security/user/_has_privileges", wanted)
    if lacks_api(answer):
        return Step(SKIPPED, what, "security is off in this cluster")
    if answer.status >= 300:
        return Step(WARNING, what, f"cannot be asked for: {problem(answer)}")
    found = parsed(answer).get("index", {}).get(_name(config), {})
    missing = [right for right in _RIGHTS if found.get(right) is not True]
    if missing == ["auto_configure"]:
        return Step(WARNING, what, "auto_configure is missing: fine if the target is there")
    if missing:
        return Step(FAILED, what, f"grant {' and '.join(missing)}")
    return Step(OK, what, " and ".join(_RIGHTS))


def _target(config: ElasticsearchConfig, admin: Admin) -> Step:
    """Say whether the target is there, or will be with the first document."""
    kind = config.target.replace("_", " ")
    what = f"{kind} {config.target_name}"
    answer = admin.request("GET", f"/_resolve/index/{quote(_name(config), safe='')}")
    if answer.status in _NO_ACCESS:
        return Step(SKIPPED, what, "these credentials may not look at it")
    found = parsed(answer)
    if config.target == INDEX:
        detail = "is there" if found.get("indices") else "will be made with the first document"
        return Step(OK, what, detail)
    if found.get("data_streams" if config.target == DATA_STREAM else "aliases"):
        return Step(OK, what, "is there")
    if config.target == ALIAS or found.get("indices"):
        is_index = "is a plain index: remove it, then" if found.get("indices") else "is not there:"
        return Step(FAILED, what, f"{is_index} run setup")
    return _template(config, admin, what)


def _template(config: ElasticsearchConfig, admin: Admin, what: str) -> Step:
    answer = admin.request("GET", "/_index_template")
    if answer.status >= 300:
        detail = f"is not there; whether a template makes it cannot be seen ({problem(answer)})"
        return Step(WARNING, what, detail)
    matching = [
        each
        for each in parsed(answer).get("index_templates", [])
        if any(
            fnmatch.fnmatchcase(config.data_stream, pattern)
            for pattern in each["index_template"].get("index_patterns", [])
        )
    ]
    best = max(matching, key=lambda each: each["index_template"].get("priority", 0), default=None)
    if best is None or "data_stream" not in best["index_template"]:
        return Step(FAILED, what, "no index template makes it: run setup")
    return Step(OK, what, f"will be made with the first document, by template {best['name']}")


def _document(config: ElasticsearchConfig, admin: Admin) -> Iterator[Step]:
    record = Encoder(config).encode({"message": _MESSAGE, "level": "INFO", "logger": "check"})
    path = re.sub(r"filter_path=[^&]*", "filter_path=items", bulk_path(config))
    answer = admin.send("POST", path, record.payload + b"\n", CONTENT_TYPE)
    verdict = classifier(config)(answer, [record])
    if isinstance(verdict, Split):
        yield Step(FAILED, _TEST_DOCUMENT, verdict.reason)
        return
    outcome = verdict[0]
    if not isinstance(outcome, Delivered):
        yield Step(FAILED, _TEST_DOCUMENT, getattr(outcome, "reason", "no answer"))
        return
    if outcome.warning:
        yield Step(WARNING, _TEST_DOCUMENT, outcome.warning)
    else:
        yield Step(OK, _TEST_DOCUMENT, "accepted")
    yield _read_back(admin, answer)


def _read_back(admin: Admin, stored: HttpResponse) -> Step:
    """Get the document by its id, which needs no refresh."""
    what = "test document read back"
    item: dict[str, Any] = parsed(stored)["items"][0]["create"]
    index, key = str(item.get("_index", "")), str(item.get("_id", ""))
    answer = admin.request("GET", f"/{quote(index, safe='')}/_doc/{quote(key, safe='')}")
    if answer.status in _NO_ACCESS:
        return Step(SKIPPED, what, "the credentials may not read, which is as it should be")
    source = parsed(answer).get("_source", {})
    if answer.status == 200 and source.get("message") == _MESSAGE:
        return Step(OK, what, f"from index {index}")
    return Step(FAILED, what, f"it is not where the server said it is ({problem(answer)})")


def _name(config: ElasticsearchConfig) -> str:
    """Return the target's name, or the pattern of it if a date is in it."""
    return config.target_name.partition("%")[0] + ("*" if "%" in config.target_name else "")
