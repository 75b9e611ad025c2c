"""What fapilog makes of a sink that fails."""

from __future__ import annotations

import asyncio
import contextlib
import io
from typing import Any

from fapilog import get_logger
from fapilog.core.settings import Settings
from probe import Probe, lines_on_stderr, logged, tell

EVENTS = 3


class Refusing(Probe):
    """Returns False."""

    async def write(self, entry: Any) -> bool:  # noqa: ARG002
        """Take nothing."""
        return False


class Raising(Probe):
    """Raises."""

    async def write(self, entry: Any) -> None:  # noqa: ARG002
        """Take nothing."""
        raise RuntimeError("no")


class Mistaken(Probe):
    """Has a bug in the serialized path."""

    async def write_serialized(self, view: Any) -> None:
        """Ask for what is not there."""
        self.no_such_attribute.append(view)  # type: ignore[attr-defined]


def some(logger: Any) -> None:
    """Log a few events, one with a password."""
    logger.info("event", password="hidden-word")  # noqa: S106 - looked for below
    for number in range(1, EVENTS):
        logger.info(f"event {number}")


def outcome(sink: Any, **core: Any) -> str:
    """Say what fapilog counts and prints for a sink that takes nothing."""
    results: list[Any] = []
    lines = lines_on_stderr(lambda: results.append(logged(sink, some, **core)))
    shown = [line for line in lines if "event" in line]
    secret = ", password readable" if any("hidden-word" in line for line in shown) else ""
    counted = f"`processed={results[0].processed}` `dropped={results[0].dropped}`"
    return f"{counted}, {len(shown)} on stderr{secret}"


def unknown_sink() -> str:
    """Return what happens to the events of a sink that cannot be loaded."""
    settings = Settings(core={"sinks": ["no_such_sink"]}, plugins={"allow_external": True})
    printed = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(printed, write_through=True)) as text:
        said = lines_on_stderr(lambda: logged_by_name(settings))
        text.flush()
        lines = printed.getvalue().splitlines()
    return f"{len(lines)} of {EVENTS} on stdout, {len(said)} lines on stderr"


def logged_by_name(settings: Settings) -> None:
    """Log a few events with the sinks that the settings name."""
    logger = get_logger("seen", settings=settings, reuse=False)
    some(logger)
    asyncio.run(logger.stop_and_drain())


def testing() -> str:
    """Return whether `fapilog.testing` can be imported here."""
    try:
        import fapilog.testing  # noqa: F401
    except ImportError as error:
        return f"`{error}`"
    return "works"


def main() -> None:
    """Log to each of these sinks."""
    tell(
        {
            "`write` returns False": outcome(Refusing()),
            "`write` returns False, circuit breaker with a threshold of 1": outcome(
                Refusing(),
                sink_circuit_breaker_enabled=True,
                sink_circuit_breaker_failure_threshold=1,
            ),
            "`write` raises": outcome(Raising()),
            "`write_serialized` raises": outcome(Raising(), serialize_in_flush=True),
            "`AttributeError` in `write_serialized`": outcome(Mistaken(), serialize_in_flush=True),
            "a sink that cannot be loaded": unknown_sink(),
            "`import fapilog.testing` without pytest": testing(),
        }
    )


if __name__ == "__main__":
    main()
