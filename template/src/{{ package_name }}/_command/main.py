# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Commands of your own go into a module of your own.
"""The command line: what can be asked for, and which exit code the answer has.

0: all is well. 1: something failed. 2: the command line or the configuration is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._delivery.errors import ConfigurationError
from .._delivery.host import DeliverySink
from . import check, configuration, replay, schema
from .probe import OK, WARNING

USAGE = 2

_SECRETS = (
    "Everybody on this machine can read the command line of a process. Put secrets into the environment or"
    " into a file that only you can read, and not into --set."
)


def main(argv: Sequence[str], *, metadata: Mapping[str, Any], program: str) -> int:
    """Run one command.

    Args:
        argv: The arguments, without the name of the program.
        metadata: `PLUGIN_METADATA`, which names the sink's class and version.
        program: What the user has typed, for the help.

    Returns:
        The exit code.
    """
    parser = _parser(metadata, program)
    # What is not known is not quoted, either: `--set token s3cret` lacks its `=`.
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        names = [each.partition("=")[0] for each in unknown if each.startswith("-")]
        parser.error(" ".join(["there are arguments that are not known:", *names]))
    if arguments.command is None:
        parser.print_help()
        return USAGE
    try:
        kind = configuration.sink_class(metadata["entry_point"])
        with warnings.catch_warnings():
            # What a sink warns of is shown as a line, once, and not with each new connection.
            warnings.simplefilter("ignore", RuntimeWarning)
            return int(arguments.run(kind, arguments, program))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{where}{error.strerror or type(error).__name__}", file=sys.stderr)
        return 1


def _parser(metadata: Mapping[str, Any], program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program, description=metadata["description"], epilog=_SECRETS, allow_abbrev=False
    )
    version = f"{metadata['name']} {metadata['version']}"
    parser.add_argument("--version", action="version", version=version)
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(dest="command", metavar="check | replay | schema")
    settings = _settings_options(metadata["name"])
    _add_check(commands, settings)
    _add_replay(commands, settings)
    schema_parser = commands.add_parser(
        "schema", help="print the JSON Schema of the settings", allow_abbrev=False
    )
    schema_parser.set_defaults(run=_schema)
    return parser


def _settings_options(name: str) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group(
        "settings",
        f"They come from {configuration.SECTION}__EXTRA__{name.upper()}__<SETTING> in the environment,"
        f" as in the application, then from --settings, then from --set; the last one wins. {_SECRETS}",
    )
    group.add_argument("--settings", metavar="FILE", help="a JSON object of settings; - is stdin")
    group.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="one setting; repeatable"
    )
    return options


def _add_check(commands: Any, settings: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "check",
        parents=[settings],
        help="go to the target step by step, and send a test event",
        allow_abbrev=False,
    )
    parser.add_argument("--no-event", action="store_true", help="send no test event")
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="time for each address; default: connect_timeout_seconds + request_timeout_seconds",
    )
    parser.set_defaults(run=_check)


def _add_replay(commands: Any, settings: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "replay",
        parents=[settings],
        help="send dead letters again",
        description="Send dead letters again. What fails again is put back into the file.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="the dead letters; default: dead_letter_path"
    )
    parser.add_argument("--limit", type=count, metavar="N", help="send at most N events")
    parser.add_argument(
        "--dry-run", action="store_true", help="count the letters by reason and send nothing"
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="give up when the target takes nothing for so long; default: as for check",
    )
    parser.set_defaults(run=_replay)


def seconds(text: str) -> float:
    """Read a time; argparse names this function when it is none."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def count(text: str) -> int:
    """Read a number of events."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _check(kind: type[DeliverySink[Any]], arguments: argparse.Namespace, program: str) -> int:
    sink, warned = configuration.make_sink(kind, _settings(kind, arguments))
    run = check.Check(
        sink, program=program, timeout_seconds=arguments.timeout, event=not arguments.no_event
    )
    run.say(OK, "configuration", f"the settings of {sink.name} are complete")
    for text in warned:
        run.say(WARNING, "configuration", text)
    return run.run()


def _replay(kind: type[DeliverySink[Any]], arguments: argparse.Namespace, program: str) -> int:
    settings: dict[str, Any] = {}
    if not (arguments.dry_run and arguments.file):
        settings = _settings(kind, arguments)
    if arguments.file:
        settings["dead_letter_path"] = arguments.file
    default = kind.config_class.model_fields["dead_letter_path"].default
    path = settings.get("dead_letter_path", default)
    if not path or not isinstance(path, (str, Path)):
        raise ConfigurationError(f"{program} replay: name a FILE, or set dead_letter_path")
    file = Path(path).expanduser().resolve()
    if arguments.dry_run:
        return replay.dry_run(file)
    overrides = {**replay.OVERRIDES, "dead_letter_path": str(file)}
    sink, warned = configuration.make_sink(kind, {**settings, **overrides})
    for text in warned:
        print(f"warning: {text}", file=sys.stderr)
    return replay.run(sink, file, patience_seconds=arguments.timeout, limit=arguments.limit)


def _schema(kind: type[DeliverySink[Any]], arguments: argparse.Namespace, program: str) -> int:  # noqa: ARG001
    return schema.run(kind.config_class)


def _settings(kind: type[DeliverySink[Any]], arguments: argparse.Namespace) -> dict[str, Any]:
    return configuration.gather(
        kind.name, environment=os.environ, file=arguments.settings, pairs=arguments.set
    )
