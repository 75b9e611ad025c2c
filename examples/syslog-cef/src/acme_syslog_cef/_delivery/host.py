# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent: the platform's `mapping.py`.
"""fapilog's side of a sink: both write paths, configuration that is heard, and the ends of a process.

What fapilog does not do decides what is here: it never calls `stop()`, calls `start()` on one of its two
write paths only, takes an AttributeError inside `write_serialized` for success, replaces a sink that fails to
load by stdout without a word, and may call one sink from several loops and threads.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from .buffer import TAKEN, Offer
from .configure import heard, load_config
from .delivery import CloseReport, Delivery, Exchange
from .errors import ConfigurationError
from .event import Event, SerializedEvent, from_entry, from_serialized, serialized_event
from .event_filter import Unwanted, only_wanted
from .host_version import check_host
from .ledger import RefuseReason, Stats
from .records import Record
from .sentinel import Sentinels, postpone_cancellation
from .settings import DeliverySettings

ConfigT = TypeVar("ConfigT", bound=DeliverySettings)

_YIELD_SECONDS = 0.002  # between two looks at a full buffer


class DeliverySink(Generic[ConfigT]):
    """A fapilog sink; a platform says how to encode an event and how to talk to its target.

    Args:
        config: The platform's configuration object, or a mapping of its settings.
        **settings: Single settings, which win over a mapping. Strings are converted, since that is what
            fapilog passes on from environment variables.

    Raises:
        ConfigurationError: A setting is missing or wrong. It is also issued as a RuntimeWarning, because
            fapilog swallows the exception and logs to stdout instead.
    """

    name: str
    """What the sink is called in fapilog's settings; also its entry point."""
    user_agent: ClassVar[str] = "fapilog-sink"
    """Product and version, for targets that keep such things."""
    config_class: type[ConfigT]

    def __init__(self, config: ConfigT | Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.config: ConfigT = load_config(self.name, self.config_class, config, settings)
        check_host(self.name, allow_untested=self.config.allow_untested_fapilog)
        self._encode = self.encoder(self.config)
        self._sentinels = self._wire()
        self._delivery = self._sentinels.delivery
        self._splice = self.splicer(self.config)
        if self.config.event_filter is not None:  # what it looks at has to be parsed
            self._encode, self._splice = only_wanted(self.name, self.config, self._encode), None
        self._saturated = False
        self._watched: tuple[object, object] = (None, None)
        _live_sinks.add(self)

    def encoder(self, config: ConfigT) -> Callable[[Event], Record]:
        """Return the function that makes a record of an event; the platform provides it."""
        raise NotImplementedError

    def splicer(self, config: ConfigT) -> Callable[[SerializedEvent], Record | None] | None:  # noqa: ARG002
        """Return a function that makes a record of JSON as fapilog wrote it, without parsing it.

        A platform provides it where the configuration lets events pass as they are. What it returns None
        for is parsed and encoded like every other event.
        """
        return None

    def exchange(self, config: ConfigT) -> Exchange[Any, Any]:
        """Return how requests are built, sent and understood; the platform provides it."""
        raise NotImplementedError

    async def start(self) -> None:
        """Watch this event loop, so that its end flushes. Writing does the same; nothing else is needed."""
        await self._sentinels.watch(self)

    async def stop(self) -> CloseReport:
        """Deliver what is pending within `close_timeout_seconds` and account for the rest.

        Other sinks with the same configuration keep working; a later write opens the delivery again.
        """
        return await self._sentinels.stop(self, self.config.close_timeout_seconds)

    async def write(self, entry: Mapping[str, Any]) -> bool:
        """Take one event.

        Returns:
            True when the event is in the buffer and accounted for from now on, or `event_filter` does not
            want it; False when it was refused, so that the host can use its fallback. Never raises.
        """
        taken = self._take(self._from_entry, entry)
        return taken if isinstance(taken, bool) else await self._insist(taken)

    async def write_serialized(self, view: object) -> bool:
        """Take one event that the host has serialized; as `write`."""
        taken = self._take(self._from_serialized, view)
        return taken if isinstance(taken, bool) else await self._insist(taken)

    async def health_check(self) -> bool:
        """Whether events are accepted at the moment; tells nothing about the target."""
        return not self._saturated

    def stats(self) -> Stats:
        """Return the books of this sink's delivery, which sinks with equal configuration share."""
        return self._delivery.stats()

    def _wire(self) -> Sentinels:
        problem = ""
        try:
            return _shared_sentinels(self)
        except ConfigurationError as error:
            problem = str(error)
        raise heard(self.name, problem)

    def _from_entry(self, entry: object) -> Record:
        return self._encode(from_entry(entry))

    def _from_serialized(self, view: object) -> Record:
        if self._splice is not None:
            event = serialized_event(view)
            record = None if event is None else self._splice(event)
            if record is not None:
                return record
        return self._encode(from_serialized(view))

    def _take(self, encode: Callable[[Any], Record], raw: object) -> bool | Record:
        """Do what nearly every event needs, without waiting; returns the record if there is more to do."""
        try:
            record = encode(raw)
        except Unwanted:
            self._delivery.filter_out()
            return True
        except Exception:
            self._delivery.refuse(RefuseReason.ENCODE_ERROR)
            return False
        try:
            loop, era = self._watched
            if era is not self._sentinels.era or loop is not asyncio.get_running_loop():
                return record
            if self._delivery.offer(record) is not TAKEN:
                return record
        except Exception:
            return self._fail()
        self._saturated = False
        return True

    async def _insist(self, record: Record) -> bool:
        """Offer in the order of the calls, then see to the loop, and wait for room if that is the policy."""
        offer = Offer.CLOSED
        try:
            offer = self._delivery.offer(record)
            await self._watch()
            if offer is Offer.FULL and self._may_wait():
                offer = await self._wait_for_room(record)
            self._saturated = offer is Offer.FULL
            if offer is Offer.TAKEN:
                return True
            self._delivery.refuse(_REFUSALS[offer])
        except Exception:
            return offer is Offer.TAKEN or self._fail()
        return False

    def _fail(self) -> bool:
        # An AttributeError that left `write_serialized` would count as success on the host's side.
        self._delivery.refuse(RefuseReason.INTERNAL_ERROR)
        return False

    async def _watch(self) -> None:
        era = self._sentinels.era
        try:
            await self._sentinels.watch(self)
        except asyncio.CancelledError:
            postpone_cancellation()
        self._watched = (asyncio.get_running_loop(), era)

    def _may_wait(self) -> bool:
        # One write has waited its time in vain: until there is room the others need not wait as well.
        return self.config.buffer_policy == "block" and not self._saturated

    async def _wait_for_room(self, record: Record) -> Offer:
        deadline = time.monotonic() + self.config.block_timeout_seconds
        offer = Offer.FULL
        while offer is Offer.FULL and time.monotonic() < deadline:
            try:
                await asyncio.sleep(_YIELD_SECONDS)
            except asyncio.CancelledError:
                postpone_cancellation()
                deadline = 0.0
            offer = self._delivery.offer(record)
        return offer


def live_sinks() -> list[DeliverySink[Any]]:
    """Return the sinks of this process; one that fapilog loaded by name cannot be reached otherwise."""
    return list(_live_sinks)


def _shared_sentinels(sink: DeliverySink[Any]) -> Sentinels:
    """Return one delivery for all sinks of a class with equal configuration, with its sentinels.

    `get_logger(__name__)` makes a sink per module; they need no connection and no thread each.
    """
    key: tuple[Any, ...] = (type(sink), sink.config)
    try:
        hash(key)
    except TypeError:  # a setting of the owner's that is a list or a mapping: nothing is shared
        key = (type(sink), object())
    with _registry_lock:
        sentinels = _registry.get(key)
        if sentinels is None:
            exchange = sink.exchange(sink.config)
            for connect in exchange.endpoints.values():
                connect().close(0.0)  # no connection yet, but what cannot be made shows now
            sentinels = Sentinels(Delivery(sink.name, settings=sink.config, exchange=exchange))
            _registry[key] = sentinels
        return sentinels


def _forget_parent() -> None:
    """After a fork: the lock may be held by a thread that the child does not have."""
    global _registry_lock
    _registry_lock = threading.Lock()


_REFUSALS = {
    Offer.FULL: RefuseReason.BUFFER_FULL,
    Offer.TOO_LARGE: RefuseReason.TOO_LARGE,
    Offer.CLOSED: RefuseReason.CLOSED,
}
_registry: weakref.WeakValueDictionary[tuple[Any, ...], Sentinels] = weakref.WeakValueDictionary()
_registry_lock = threading.Lock()
_live_sinks: weakref.WeakSet[DeliverySink[Any]] = weakref.WeakSet()

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_parent)
