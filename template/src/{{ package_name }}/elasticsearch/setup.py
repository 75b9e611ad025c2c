# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What it makes is in `objects.py`.
"""Make what a cluster needs before the first event, show it first, and take it away again.

Run it as an administrator; the sink itself needs less (`deploy/`). Applying twice changes nothing,
and nothing that somebody else made is overwritten or removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._command.steps import FAILED, OK, SKIPPED, WARNING, Step
from .._delivery.errors import DeliveryError
from .._delivery.records import HttpResponse
from .admin import (
    OPENSEARCH,
    Admin,
    Product,
    lacks_api,
    parsed,
    problem,
)
from .config import ElasticsearchConfig
from .objects import LIFECYCLE, MARK, PIPELINE, Thing, things
from .targets import ALIAS, DATA_STREAM

SHOW = "show"
APPLY = "apply"
REMOVE = "remove"


def setup_steps(
    config: ElasticsearchConfig, *, user_agent: str, action: str = SHOW
) -> Iterator[Step]:
    """Show, make or remove what the target needs; yields each step when it is done.

    Args:
        config: The sink's settings, with the credentials of an administrator.
        user_agent: Product and version of this package.
        action: `SHOW`, `APPLY` or `REMOVE`.
    """
    try:
        admin = Admin(config, user_agent=user_agent)
    except DeliveryError as error:
        yield Step(FAILED, "cluster", str(error))
        return
    try:
        product = admin.product()
        yield Step(OK, "cluster", str(product))
        work = _Setup(config, admin, product)
        yield from work.remove() if action == REMOVE else work.make(apply=action == APPLY)
    except DeliveryError as error:
        yield Step(FAILED, "cluster", str(error))
    finally:
        admin.close()


class _Setup:
    """One run against one cluster."""

    def __init__(self, config: ElasticsearchConfig, admin: Admin, product: Product) -> None:
        self._config = config
        self._admin = admin
        self._product = product
        self._lacking: frozenset[str] = frozenset()

    def make(self, *, apply: bool) -> Iterator[Step]:
        done: set[str] = set()
        while True:
            # Anew each time: what the server lacks must not be named by what comes after.
            left = [each for each in self._things() if each.kind not in done]
            if not left:
                break
            done.add(left[0].kind)
            step = self._make(left[0], apply=apply)
            yield step
            if step.state == FAILED:
                yield Step(SKIPPED, "the rest", "it builds on what failed")
                return
        yield self._target(apply=apply)
        if self._config.routes:
            yield Step(
                WARNING,
                "data streams that events choose",
                "need an index template whose pattern has their names: this one has not",
            )

    def remove(self) -> Iterator[Step]:
        for thing in reversed(self._things()):
            label = f"{thing.kind} {thing.name}"
            there, description = self._look_at(thing)
            if there is None:
                yield Step(SKIPPED, label, "the server has none of its kind")
            elif not there:
                yield Step(OK, label, "is not there")
            elif not description.startswith(MARK):
                yield Step(WARNING, label, "was made by somebody else and stays")
            else:
                answer = self._admin.request("DELETE", thing.path)
                yield _removed(label, answer)
        yield Step(OK, self._config.target_name, "stays: it holds documents")

    def _things(self) -> list[Thing]:
        return things(self._config, self._product, lacking=self._lacking)

    def _make(self, thing: Thing, *, apply: bool) -> Step:
        label = f"{thing.kind} {thing.name}"
        there, description = self._look_at(thing)
        if there is None:
            self._lacking |= {thing.kind}
            return Step(SKIPPED, label, "the server has none of its kind; done without")
        if there and not description.startswith(MARK):
            return Step(FAILED, label, "was made by somebody else: rename or remove it first")
        if there and description == _description(thing.body):
            return Step(OK, label, "is there")
        verb = "changed" if there else "created"
        if not apply:
            return Step(WARNING, label, f"would be {verb}")
        answer = self._admin.request("PUT", thing.path + self._condition(thing), thing.body)
        if answer.status < 300:
            return Step(OK, label, verb)
        if thing.kind == PIPELINE and b"No processor type" in answer.body:
            self._lacking |= {thing.kind}
            return Step(SKIPPED, label, "the server has not its processors; done without")
        twin = b"patterns" in answer.body
        advice = ": another template of the same priority has a pattern like ours" if twin else ""
        return Step(FAILED, label, problem(answer) + advice)

    def _look_at(self, thing: Thing) -> tuple[bool | None, str]:
        """Return whether an object is there (None: the server has no such kind), and what it says."""
        answer = self._admin.request("GET", thing.path)
        if lacks_api(answer):
            return None, ""
        if answer.status == 404:
            return False, ""
        if answer.status >= 300:
            raise DeliveryError(f"{thing.kind} {thing.name} cannot be read: {problem(answer)}")
        return True, _description(_only(parsed(answer)))

    def _condition(self, thing: Thing) -> str:
        """ISM changes a policy only for somebody who has seen the present one."""
        if thing.kind != LIFECYCLE or self._product.name != OPENSEARCH:
            return ""
        seen = parsed(self._admin.request("GET", thing.path))
        if "_seq_no" not in seen:
            return ""
        return f"?if_seq_no={seen['_seq_no']}&if_primary_term={seen['_primary_term']}"

    def _target(self, *, apply: bool) -> Step:
        """Make the data stream, or the first index of the alias."""
        config, name = self._config, self._config.target_name
        if config.target not in (DATA_STREAM, ALIAS):
            return Step(OK, f"index {name}", "is made with the first event")
        found = parsed(self._admin.request("GET", f"/_resolve/index/{name}"))
        if found.get("data_streams") or found.get("aliases"):
            return Step(OK, name, "is there")
        if found.get("indices"):
            return Step(FAILED, name, "is a plain index, made without a template: remove it first")
        if not apply:
            return Step(WARNING, name, "would be created")
        if config.target == DATA_STREAM:
            answer = self._admin.request("PUT", f"/_data_stream/{name}")
        else:
            body = {"aliases": {name: {"is_write_index": True}}}
            answer = self._admin.request("PUT", f"/{name}-000001", body)
        if lacks_api(answer):
            return Step(SKIPPED, name, "is made with the first event")
        return (
            Step(OK, name, "created")
            if answer.status < 300
            else Step(FAILED, name, problem(answer))
        )


def _removed(label: str, answer: HttpResponse) -> Step:
    if answer.status < 300:
        return Step(OK, label, "removed")
    if b"in use" in answer.body:
        return Step(WARNING, label, "stays: a data stream uses it; delete that first")
    return Step(FAILED, label, problem(answer))


def _only(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the object in the answer to a GET, whichever way its API wraps it."""
    for key in ("component_templates", "index_templates"):
        if answer.get(key):
            inner: dict[str, Any] = answer[key][0][key.removesuffix("s")]
            return inner
    if "policy" in answer:
        return answer
    return next((value for value in answer.values() if isinstance(value, dict)), {})


def _description(body: dict[str, Any]) -> str:
    """Return what an object says of itself, wherever its kind has a place for it."""
    policy = body.get("policy", body)
    meta = policy.get("_meta") or {}
    return str(policy.get("description") or meta.get("description") or "")
