"""A fapilog without the defects that docs/upstream/ shows, as far as we can imagine their repair.

Python runs this file at its start when it lies in an environment's site-packages. Each function
repairs what the script with its number shows. A real repair may do it otherwise.
"""

import copy
import functools
import json
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import fapilog
from fapilog.core import config_builders, logger, shutdown, sink_writers, stdlib_bridge, worker
from fapilog.plugins import loader, utils
from fapilog.plugins.metadata import PluginMetadata, validate_fapilog_compatibility

__name__ = "fapilog.fixed"  # what follows is a part of fapilog for whoever looks at the stack
_in_a_sink: ContextVar[bool] = ContextVar("_in_a_sink", default=False)
_has_failed: ContextVar[bool] = ContextVar("_has_failed", default=False)


def _around(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Replace a function; the new one gets the old one first."""

    def decorate(function: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        setattr(owner, name, replacement)

    return decorate


@_around(logger._LoggerMixin, "_worker_main")
async def stop_sinks_01(original: Any, self: Any) -> None:
    """The last worker stops the sinks, in the loop in which they were used."""
    await original(self)
    if sum(not task.done() for task in self._worker_tasks) == 1:
        for sink in self._sinks:
            if hasattr(sink, "stop"):
                await sink.stop()


@_around(sink_writers, "make_sink_writer")
def start_and_write_02_03_10(original: Any, sink: Any) -> tuple[Any, Any]:
    """Each logger starts its sinks before either write, and an AttributeError is one."""
    is_started = False

    async def call(write: Any, event: Any) -> Any:
        nonlocal is_started
        token = _in_a_sink.set(True)
        try:
            if not is_started and hasattr(sink, "start"):
                is_started = True
                await sink.start()
            return await write(event)
        finally:
            _in_a_sink.reset(token)

    async def write(entry: Any) -> Any:
        return await call(sink.write, entry)

    async def write_serialized(view: Any) -> Any:
        if not hasattr(sink, "write_serialized"):
            return await call(sink.write, json.loads(view.data)["log"])
        return await call(sink.write_serialized, view)

    return write, write_serialized


@_around(shutdown, "_drain_single_logger")
def drain_at_exit_04(original: Any, instance: Any, timeout: float) -> None:
    """The exit hook needs no other thread to wait for the worker's."""
    instance._drain_thread_mode(warn_on_timeout=True)


@_around(logger._LoggerMixin, "_drain_thread_mode")
def limit_the_drain_05(original: Any, self: Any, *, warn_on_timeout: bool) -> Any:
    """No drain waits for ever."""
    thread = self._worker_thread
    if thread is not None:
        limit_seconds = self._limit_seconds
        thread.join = lambda timeout=None: type(thread).join(thread, timeout or limit_seconds)
    return original(self, warn_on_timeout=warn_on_timeout)


@_around(fapilog, "_apply_logger_extras")
def keep_the_limit_05(original: Any, instance: Any, setup: Any, **kwargs: Any) -> None:
    """The logger knows its setting."""
    instance._limit_seconds = setup.settings.core.shutdown_timeout_seconds
    original(instance, setup, **kwargs)


@_around(worker.LoggerWorker, "_write_one_event")
async def count_failures_06(original: Any, *args: Any) -> bool:
    """What no sink has taken is not processed."""
    _has_failed.set(False)
    return await original(*args) and not _has_failed.get()


@_around(sink_writers, "handle_sink_write_failure")
async def notice_failures_06(original: Any, *args: Any, **kwargs: Any) -> None:
    """Tell the worker."""
    _has_failed.set(True)
    await original(*args, **kwargs)


@_around(loader, "load_plugin")
def say_what_is_wrong_07(original: Any, group: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """A plugin that cannot be loaded is a line on stderr."""
    try:
        return original(group, name, *args, **kwargs)
    except loader.PluginLoadError as error:
        print(f"fapilog: plugin {name} was not loaded: {error}", file=sys.stderr)
        raise


@_around(loader, "_instantiate")
def compare_versions_08(original: Any, cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A plugin for another fapilog is not made."""
    metadata = getattr(sys.modules[cls.__module__], "PLUGIN_METADATA", None)
    if metadata and not validate_fapilog_compatibility(PluginMetadata.model_validate(metadata)):
        raise loader.PluginLoadError(f"needs fapilog {metadata['compatibility']}")
    return original(cls, *args, **kwargs)


@_around(stdlib_bridge.StdlibBridgeHandler, "emit")
def leave_out_what_sinks_log_11(original: Any, self: Any, record: Any) -> None:
    """What is logged inside a sink's write is no event."""
    if not _in_a_sink.get():
        original(self, record)


@_around(config_builders, "_sink_configs")
def find_settings_by_any_spelling_12(original: Any, settings: Any) -> dict[str, Any]:
    """The settings of `audit-log` are found."""
    return {config_builders._normalize(key): found for key, found in original(settings).items()}


@_around(utils, "parse_plugin_config")
def read_lists_13(original: Any, model: Any, raw: Any = None, **kwargs: Any) -> Any:
    """A text that looks like a list is one."""
    if isinstance(raw, dict):
        raw = {
            key: json.loads(value) if isinstance(value, str) and value.startswith("[") else value
            for key, value in raw.items()
        }
    return original(model, raw, **kwargs)


@_around(logger._LoggerMixin, "_prepare_payload")
def copy_the_event_14(original: Any, self: Any, *args: Any, **metadata: Any) -> Any:
    """An event is what it was when it was logged."""
    plain = {
        key: copy.deepcopy(value) if isinstance(value, (dict, list)) else value
        for key, value in metadata.items()
    }
    return original(self, *args, **plain)
