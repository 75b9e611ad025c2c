# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `retry_statuses` and `drop_statuses`.
"""What the answers of the bulk API mean: the tables, from which those of the docs are made.

As answered by `_bulk` of Elasticsearch 7.17 to 9 and OpenSearch 1 to 3, seen on 8.19 and 2.19.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._delivery.settings import HOLD, REJECT, RETRY

DELIVER = "deliver"
"""Class of an item that is where it should be, next to the classes of `settings`."""
CLUSTER_BLOCK_SECONDS = 30.0
"""A blocked index is unblocked by a person or by a disk that gets emptied; neither is quick."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of answer means."""

    kind: str
    """`DELIVER`, `RETRY`, `HOLD`, `SPLIT` or `REJECT`."""
    advice: str = ""
    """What to do about it, for the person who reads the reason."""
    after_seconds: float | None = None
    """Least time until the next attempt."""


_BLOCKED = Rule(RETRY, "check disk space and blocks of index and cluster", CLUSTER_BLOCK_SECONDS)
_NO_INDEX = Rule(HOLD, "create the index template, or the target itself: see `setup`")
_NO_RIGHT = Rule(HOLD, "grant create_doc and auto_configure on the target")
_NO_LOGIN = Rule(HOLD, "check `api_key`, `bearer_token`, or `username` and `password`")
_NO_API = Rule(HOLD, "no bulk API there: check `url`")
_NO_TYPE = Rule(HOLD, "no bulk API there, or a proxy changes Content-Type: check `url`")
_CLOSED = Rule(HOLD, "open the index that is written to, or roll over to another")
_NO_SHARD = Rule(HOLD, "no index can be made: the cluster has as many shards as it may have")
_NO_PIPELINE = Rule(HOLD, "make the ingest pipeline that the index names, or let it name another")
_NO_WRITE_INDEX = Rule(HOLD, "give the alias a write index")

RULES_BY_TYPE: dict[tuple[int, str], Rule] = {
    (400, "index_closed_exception"): _CLOSED,  # these two say nothing about the document
    (400, "validation_exception"): _NO_SHARD,
    (403, "cluster_block_exception"): _BLOCKED,
    (403, "security_exception"): _NO_RIGHT,
    (404, "index_not_found_exception"): _NO_INDEX,
    (409, ""): Rule(DELIVER),  # the id is ours and made once: an earlier attempt stored it
    (409, "version_conflict_engine_exception"): Rule(DELIVER),
    (429, "cluster_block_exception"): _BLOCKED,
}
"""(status, error type) -> meaning, for items and for whole requests; wins over the status alone."""

ITEM_RULES: dict[int, Rule] = {
    200: Rule(DELIVER),
    201: Rule(DELIVER),
    400: Rule(REJECT),  # does not parse or does not fit the mapping: the same tomorrow
    401: _NO_LOGIN,
    403: _NO_RIGHT,
    404: _NO_INDEX,
    409: Rule(RETRY),
    413: Rule(REJECT),
    429: Rule(RETRY),
}
"""Status of an item -> meaning; any other status means what it means in HTTP."""

OF_MANY_KINDS = "illegal_argument_exception"
"""The type of errors that say nothing about the document, and of a document's own."""
RULES_BY_REASON: dict[str, Rule] = {
    "pipeline with id [": _NO_PIPELINE,
    "no write index is defined for alias [": _NO_WRITE_INDEX,
}
"""How the reason of an error `OF_MANY_KINDS` begins when it says nothing about the document."""

CHOSEN_RULES: dict[int, Rule] = {
    400: Rule(REJECT, "the event chose a target that is closed, cannot be made or has no pipeline"),
    403: Rule(REJECT, "the event chose a target without the right to create documents there"),
    404: Rule(REJECT, "the event chose a target that does not exist and no template makes"),
}
"""The same for a target that the event chose: it must not hold the others up."""

REQUEST_RULES: dict[int, Rule] = {
    401: _NO_LOGIN,
    403: Rule(HOLD, f"{_NO_RIGHT.advice}; with AWS check region, clock and credentials"),
    404: _NO_API,
    405: _NO_API,
    406: _NO_TYPE,
    415: _NO_TYPE,
}
"""Status of a whole request -> meaning; any other status means what it means in HTTP."""

CONFLICT_WITHOUT_ID = Rule(REJECT, "a conflict although `ids` is off")
REDIRECTED = Rule(HOLD, "redirected, but credentials stay with `url`: set it to the final address")
UNKNOWN_DEMAND = Rule(
    HOLD, "the server cannot demand a data stream: set `flavour` to auto or opensearch"
)
FAILURE_STORE = "stored in the failure store, not in the stream"
STRAY_INDEX = "stored in a plain index, not in a data stream: install the index template"
ID_TAKEN = "its id was taken: by another event, or by this one in an earlier process"
