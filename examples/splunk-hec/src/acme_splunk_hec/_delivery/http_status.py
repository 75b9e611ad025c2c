# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `retry_statuses` and `drop_statuses`.
"""The owner's word on what an HTTP status means, before the platform's."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Protocol

from .records import Batch, HttpResponse, Rejected, RetryLater, Verdict
from .settings import may_be_stored


class StatusFields(Protocol):
    """The part of the settings that is read here; `HttpSettings` documents it."""

    @property
    def retry_statuses(self) -> Set[int]:
        """Statuses that are sent again."""
        ...

    @property
    def drop_statuses(self) -> Set[int]:
        """Statuses after which events are given up."""
        ...


def with_moved_statuses(
    classify: Callable[[HttpResponse, Batch], Verdict], settings: StatusFields
) -> Callable[[HttpResponse, Batch], Verdict]:
    """Return a `classify` that looks at `retry_statuses` and `drop_statuses` first."""
    if not settings.retry_statuses and not settings.drop_statuses:
        return classify

    def classify_moved(response: HttpResponse, batch: Batch) -> Verdict:
        label = f"(HTTP {response.status})"
        if response.status in settings.retry_statuses:
            after = response.retry_after_seconds or None
            reason = f"listed in retry_statuses {label}"
            later = RetryLater(reason, after, ambiguous=may_be_stored(response.status))
            return [later] * len(batch)
        if response.status in settings.drop_statuses:
            return [Rejected(f"listed in drop_statuses {label}")] * len(batch)
        return classify(response, batch)

    return classify_moved
