# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Commands of your own go into a module of your own.
"""The command line: what can be asked for, and which exit code the answer has.

0: all is well. 1: something failed. 2: the command line or the configuration is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._delivery.errors import ConfigurationError
from .._delivery.host import DeliverySink
from . import check, configuration, replay
from .platform import platform_module
from .steps import FAILED, OK, WARNING

USAGE = 2
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SECRETS = (
    "Everybody on this machine can read the command line of a process. Put secrets into the environment or"
    " into a file that only you can read, and not into --set."
)
_SOURCES = (
    "They come from {variable}__<SETTING> in the environment, as in the application, then from --settings,"
    " then from --set; the last one wins. "
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
    parser = _parser(metadata, program, configuration.sink_class(metadata["entry_point"]))
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
        print(f"{error.filename or ''}: {error.strerror or type(error).__name__}", file=sys.stderr)
        return 1


def _parser(
    metadata: Mapping[str, Any], program: str, kind: type[DeliverySink[Any]]
) -> argparse.ArgumentParser:
    about = {"description": metadata["description"], "epilog": _SECRETS}
    parser = argparse.ArgumentParser(program, **about, allow_abbrev=False)
    version = f"{metadata['name']} {metadata['version']}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(dest="command", metavar="command")

    def command(name: str, run: Any, text: str, *parents: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=text, parents=parents, allow_abbrev=False
        )
        added.set_defaults(run=run)
        return added

    settings = _settings_options(metadata["name"])
    added = command("check", _check, "go to the target step by step, send a test event", settings)
    added.add_argument("--no-event", action="store_true", help="send no test event")
    text = "time for each address; default: connect_timeout_seconds + request_timeout_seconds"
    added.add_argument("--timeout", type=seconds, metavar="SECONDS", help=text)
    text = "send dead letters again; what fails again is put back into the file"
    added = command("replay", _replay, text, settings)
    added.add_argument("file", nargs="?", metavar="FILE", help="default: dead_letter_path")
    added.add_argument("--limit", type=count, metavar="N", help="send at most N events")
    text = "count the letters by reason, send nothing"
    added.add_argument("--dry-run", action="store_true", help=text)
    text = "give up when the target takes nothing for so long; default: as for check"
    added.add_argument("--timeout", type=seconds, metavar="SECONDS", help=text)
    command("schema", _schema, "print the JSON Schema of the settings")
    if platform_module(kind, "setup") is not None:
        text = "show what the target needs before the first event, make it, or take it away again"
        added = command("setup", _setup, text, settings)
        action = added.add_mutually_exclusive_group()
        action.add_argument("--apply", action="store_true", help="make what is missing")
        action.add_argument("--remove", action="store_true", help="remove what --apply made")
    return parser


def _settings_options(name: str) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    text = _SOURCES.format(variable=configuration.variable_of(name)) + _SECRETS
    group = options.add_argument_group("settings", text)
    group.add_argument("--settings", metavar="FILE", help="a JSON object of settings; - is stdin")
    text = "one setting; repeatable"
    group.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help=text)
    return options


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
    run = check.Check(sink, program, arguments.timeout, event=not arguments.no_event)
    run.say(OK, "configuration", f"the settings of {sink.name} are complete")
    for text in warned:
        run.say(WARNING, "configuration", text)
    return run.run()


def _replay(kind: type[DeliverySink[Any]], arguments: argparse.Namespace, program: str) -> int:
    settings = {} if arguments.dry_run and arguments.file else _settings(kind, arguments)
    default = kind.config_class.model_fields["dead_letter_path"].default
    path = arguments.file or settings.get("dead_letter_path", default)
    if not path or not isinstance(path, (str, Path)):
        raise ConfigurationError(f"{program} replay: name a FILE, or set dead_letter_path")
    file = Path(path).expanduser().resolve()
    if arguments.dry_run:
        return replay.dry_run(file)
    settings |= {**replay.OVERRIDES, "dead_letter_path": str(file)}
    sink, warned = configuration.make_sink(kind, settings)
    for text in warned:
        print(f"warning: {text}", file=sys.stderr)
    return replay.run(sink, file, arguments.timeout, arguments.limit)


def _setup(kind: type[DeliverySink[Any]], arguments: argparse.Namespace, _: str) -> int:
    module: Any = platform_module(kind, "setup")
    sink, warned = configuration.make_sink(kind, _settings(kind, arguments))
    action = module.APPLY if arguments.apply else module.SHOW
    action = module.REMOVE if arguments.remove else action
    failed = 0
    for text in warned:
        print(f"{WARNING:<9}{'configuration':<14} {text}")
    for step in module.setup_steps(sink.config, user_agent=sink.user_agent, action=action):
        print(f"{step.state:<9}{step.name:<14} {step.text}", flush=True)
        failed += step.state == FAILED
    return 1 if failed else 0


def _schema(kind: type[DeliverySink[Any]], *_: object) -> int:
    """Print types, bounds, defaults and meanings; what validators add to them only `check` finds."""
    print(json.dumps({"$schema": DIALECT, **kind.config_class.model_json_schema()}, indent=2))
    return 0


def _settings(kind: type[DeliverySink[Any]], arguments: argparse.Namespace) -> dict[str, Any]:
    return configuration.gather(kind.name, os.environ, arguments.settings, arguments.set)
