# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. `setup` writes these; `deploy/` shows them.
"""What a cluster needs before the first event: lifecycle, pipeline and templates, as a table.

The least rights of the sink are here, too, as request bodies for a person to send.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from .admin import ELASTICSEARCH, Product
from .config import ElasticsearchConfig
from .targets import ALIAS, DATA_STREAM

MARK = "managed by the fapilog sink"
"""Begins the description of all that is ours; nothing else is overwritten or removed."""
PRIORITY = 500
"""Above the built-in `logs-*-*` of Elasticsearch, which has 100."""

LIFECYCLE = "lifecycle policy"
PIPELINE = "ingest pipeline"
MAPPINGS = "component template of mappings"
SETTINGS = "component template of settings"
TEMPLATE = "index template"

_KEYWORD = {"type": "keyword", "ignore_above": 8191}
_TEXT = {"type": "text"}
_FIELDS: dict[str, dict[str, Any]] = {
    "@timestamp": {"type": "date"},
    "message": _TEXT,
    "ecs.version": _KEYWORD,
    "log.level": _KEYWORD,
    "log.logger": _KEYWORD,
    "event.id": _KEYWORD,
    "event.ingested": {"type": "date"},
    "error.type": _KEYWORD,
    "error.message": _TEXT,
    "error.stack_trace": _TEXT,
    "service.name": _KEYWORD,
    "service.version": _KEYWORD,
    "service.environment": _KEYWORD,
    "host.name": _KEYWORD,
    "process.pid": {"type": "long"},
    "trace.id": _KEYWORD,
    "span.id": _KEYWORD,
    "user.id": _KEYWORD,
    "organization.id": _KEYWORD,
    "http.request.id": _KEYWORD,
}
_NO_GUESSES = {
    "date_detection": False,
    "numeric_detection": False,
    "dynamic_templates": [
        {"labels": {"path_match": "labels.*", "mapping": _KEYWORD}},
        {"other_text": {"match_mapping_type": "string", "mapping": _KEYWORD}},
    ],
}
_HOT = {"max_age": "30d", "max_primary_shard_size": "50gb"}
_KEEP = "90d"


@dataclass(frozen=True, slots=True)
class Thing:
    """One object in the cluster."""

    kind: str
    name: str
    path: str
    body: dict[str, Any]


def base_name(config: ElasticsearchConfig) -> str:
    """Return what the objects are named after: type and dataset, the alias or the index."""
    if config.target == DATA_STREAM:
        return "-".join(config.data_stream.split("-")[:2])
    return config.target_name.partition("%")[0].rstrip("-._") or "fapilog"


def pattern(config: ElasticsearchConfig) -> str:
    """Return the pattern of names that the templates and rights are for."""
    if config.target == DATA_STREAM or config.target == ALIAS:
        return f"{base_name(config)}-*"
    return f"{config.target_name.partition('%')[0]}*"


def things(
    config: ElasticsearchConfig, product: Product, *, lacking: frozenset[str] = frozenset()
) -> list[Thing]:
    """Return what the cluster needs, in the order in which it is made.

    Args:
        config: The target.
        product: Elasticsearch or OpenSearch.
        lacking: Kinds that the server does not have: nothing may refer to them.
    """
    name = base_name(config)
    made = [
        _lifecycle(config, product),
        _pipeline(name),
        _described(MAPPINGS, f"{name}-mappings", {"template": {"mappings": _mappings(product)}}),
        _described(
            SETTINGS,
            f"{name}-settings",
            {"template": {"settings": _settings(config, product, lacking)}},
        ),
        _template(config),
    ]
    return [thing for thing in made if thing.kind not in lacking]


def role(config: ElasticsearchConfig, product: Product) -> dict[str, Any]:
    """Return the least rights of the sink: create documents, and the data stream with the first."""
    names = [pattern(config), *([config.alias] if config.alias else [])]
    if product.name == ELASTICSEARCH:
        rights = ["create_doc", "auto_configure"]
        return {"cluster": [], "indices": [{"names": names, "privileges": rights}]}
    return {
        "cluster_permissions": ["indices:data/write/bulk"],
        "index_permissions": [
            {
                "index_patterns": names,
                "allowed_actions": [
                    "indices:data/write/bulk*",
                    "indices:data/write/index",
                    "indices:admin/mapping/put",
                ],
            }
        ],
    }


def api_key(config: ElasticsearchConfig, product: Product) -> dict[str, Any]:
    """Return the request for an API key with the least rights; its answer has the key."""
    return {"name": base_name(config), "role_descriptors": {"sink": role(config, product)}}


def mark(content: dict[str, Any]) -> str:
    """Return the description of an object of ours, which changes with its content."""
    data = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return f"{MARK}, content {hashlib.sha256(data).hexdigest()[:12]}"


def _lifecycle(config: ElasticsearchConfig, product: Product) -> Thing:
    name = base_name(config)
    if product.name == ELASTICSEARCH:
        phases = {
            "hot": {"actions": {"rollover": _HOT}},
            "delete": {"min_age": _KEEP, "actions": {"delete": {}}},
        }
        policy = {"_meta": {"description": mark(phases)}, "phases": phases}
        return Thing(LIFECYCLE, name, f"/_ilm/policy/{name}", {"policy": policy})
    content: dict[str, Any] = {
        "default_state": "hot",
        "states": [
            {
                "name": "hot",
                "actions": [{"rollover": {"min_index_age": "30d", "min_size": "50gb"}}],
                "transitions": [{"state_name": "delete", "conditions": {"min_index_age": _KEEP}}],
            },
            {"name": "delete", "actions": [{"delete": {}}], "transitions": []},
        ],
        "ism_template": [{"index_patterns": [pattern(config)], "priority": PRIORITY}],
    }
    policy = {"description": mark(content), **content}
    return Thing(LIFECYCLE, name, f"/_plugins/_ism/policies/{name}", {"policy": policy})


def _pipeline(name: str) -> Thing:
    content = {
        "processors": [{"set": {"field": "event.ingested", "value": "{{{_ingest.timestamp}}}"}}],
        # Without this a processor of your own that fails would refuse the document (400).
        "on_failure": [
            {"append": {"field": "tags", "value": "pipeline_failed"}},
            {"set": {"field": "error.pipeline", "value": "{{{_ingest.on_failure_message}}}"}},
        ],
    }
    body = {"description": mark(content), **content}
    return Thing(PIPELINE, name, f"/_ingest/pipeline/{name}", body)


def _described(kind: str, name: str, content: dict[str, Any]) -> Thing:
    body = {**content, "_meta": {"description": mark(content)}}
    return Thing(kind, name, f"/_component_template/{name}", body)


def _template(config: ElasticsearchConfig) -> Thing:
    name = base_name(config)
    content: dict[str, Any] = {
        "index_patterns": [pattern(config)],
        "priority": PRIORITY,
        "composed_of": [f"{name}-mappings", f"{name}-settings"],
    }
    if config.target == DATA_STREAM:
        content["data_stream"] = {}
    body = {**content, "_meta": {"description": mark(content)}}
    return Thing(TEMPLATE, name, f"/_index_template/{name}", body)


def _mappings(product: Product) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for field, mapping in _FIELDS.items():
        *parents, last = field.split(".")
        holder = properties
        for parent in parents:
            holder = holder.setdefault(parent, {"properties": {}})["properties"]
        holder[last] = mapping
    # One field for all labels: no number of names can reach the limit of 1 000 fields.
    if product.name == ELASTICSEARCH:
        properties["labels"] = {"type": "flattened", "ignore_above": 8191}
    elif not product.version or product.version >= (2, 7):
        properties["labels"] = {"type": "flat_object"}
    else:
        properties["labels"] = {"type": "object"}
    return {**_NO_GUESSES, "properties": properties}


def _settings(
    config: ElasticsearchConfig, product: Product, lacking: frozenset[str]
) -> dict[str, Any]:
    name = base_name(config)
    settings: dict[str, Any] = {"index.mapping.total_fields.limit": 1_000}
    if PIPELINE not in lacking:
        settings["index.default_pipeline"] = name
    if LIFECYCLE not in lacking and product.name == ELASTICSEARCH:
        settings["index.lifecycle.name"] = name
        if config.target == ALIAS:
            settings["index.lifecycle.rollover_alias"] = config.alias
    elif LIFECYCLE not in lacking and config.target == ALIAS:
        settings["index.plugins.index_state_management.rollover_alias"] = config.alias
    return settings
