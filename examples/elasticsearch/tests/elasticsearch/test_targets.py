# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Where documents go, and what of it an event may choose."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.targets import Place, Router, check_name

NOW = 1_795_478_399.0  # 2026-11-23 23:59:59 UTC


def router(**settings: Any) -> Router:
    """Return a router for these settings."""
    return Router(ElasticsearchConfig.model_validate({"url": "http://localhost", **settings}))


def test_nothing_is_chosen_by_default() -> None:
    """What all documents share is in the path of the request."""
    for given_settings in ({}, {"alias": "app"}, {"index": "app"}):
        assert router(**given_settings).place({"data": {"dataset": "x"}}, NOW) == Place()


@pytest.mark.parametrize(
    ("pattern", "index"),
    [
        ("app-%Y.%m.%d", "app-2026.11.23"),
        ("app-%Y.%m", "app-2026.11"),
        ("app-%G-w%V", "app-2026-w48"),
        ("app-%Y%j-%H", "app-2026327-23"),
    ],
)
def test_date_is_in_utc(pattern: str, index: str) -> None:
    """One index per day, everywhere at the same moment."""
    assert router(index=pattern).place({}, NOW) == Place(index)


@pytest.mark.parametrize(
    "settings",
    [
        {"index": "App"},
        {"index": "app-%B"},
        {"index": "app-%"},
        {"index": "app-%%"},
        {"index": "_app"},
        {"index": ""},
        {"index": "-app"},
        {"index": "a" * 256},
        {"index": "%Y" * 64},
        {"alias": "a/b"},
        {"alias": ""},
        {"alias": "app", "index": "app"},
        {"alias": "app", "data_stream": "logs-a-b"},
        {"index": "app", "dataset_field": "data.x"},
        {"alias": "app", "namespace_field": "data.x"},
        {"routes_max": 0},
        {"flavour": "solr"},
    ],
    ids=repr,
)
def test_settings_are_refused(settings: dict[str, Any]) -> None:
    """A name that the servers refuse, or two targets, show at construction."""
    with pytest.raises(ValidationError):
        router(**settings)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("shop", "logs-shop-prod"),
        ("My Shop/7", "logs-my_shop_7-prod"),
        ("a-b", "logs-a_b-prod"),
        (7, "logs-7-prod"),
        ("é" * 90, f"logs-{'é' * 50}-prod"),
        ("%2e", "logs-%2e-prod"),
    ],
)
def test_dataset_of_the_event(value: Any, name: str) -> None:
    """The name is made safe, and as long as it may be."""
    place = router(data_stream="logs-app-prod", dataset_field="data.d").place(
        {"data": {"d": value}}, NOW
    )
    assert place == Place(name)


@pytest.mark.parametrize(
    "event", [{}, {"data": 1}, {"data": {}}, {"data": {"d": ""}}, {"data": {"d": [1]}}], ids=repr
)
def test_event_without_a_wish(event: dict[str, Any]) -> None:
    """It goes where all others go."""
    assert router(dataset_field="data.d").place(event, NOW) == Place()


def test_wish_for_the_default() -> None:
    """It is not counted, and needs no right to name an index."""
    place = router(dataset_field="d", routes_max=1).place
    assert place({"d": "fapilog"}, NOW) == Place()
    assert place({"d": "x"}, NOW) == Place("logs-x-default")


def test_routes_are_bounded() -> None:
    """A wild value must not make a data stream each: the cluster would break, not the application."""
    place = router(dataset_field="d", routes_max=3).place
    got = [place({"d": f"n{number}"}, NOW) for number in range(5)]
    chosen = ["logs-n0-default", "logs-n1-default", "logs-n2-default"]
    assert [each.index for each in got] == [*chosen, None, None]
    assert [each.refused for each in got[3:]] == ["logs-n3-default", "logs-n4-default"]
    assert place({"d": "n1"}, NOW) == Place("logs-n1-default")


wishes = st.text(max_size=12).map(lambda text: text * 20)
WISHES = router(dataset_field="d", namespace_field="n", routes_max=1_000)


@settings(max_examples=60)
@given(wishes | st.integers(-(2**63), 2**64 - 1), wishes)
def test_any_wish_makes_a_name_that_is_taken(dataset: Any, namespace: str) -> None:
    """Whatever stands in the fields, the name of the data stream is valid."""
    place = WISHES.place({"d": dataset, "n": namespace}, NOW)
    if place.index is not None:
        check_name(place.index)
        assert re.fullmatch(r"logs-[^-]+-.+", place.index)
