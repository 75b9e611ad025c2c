# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The command line itself: help, version, exit codes, and what it never repeats."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acme_elasticsearch import __version__, _delivery
from acme_elasticsearch._command.main import main
from acme_elasticsearch.plugin import PLUGIN_METADATA

from .program import METADATA, run

SOURCE = Path(_delivery.__file__).parents[2]
SECRET = "s3cret-value"


def usage_error(*argv: str) -> None:
    """Run what argparse refuses."""
    with pytest.raises(SystemExit) as caught:
        run(*argv)
    assert caught.value.code == 2


def test_module_can_be_run() -> None:
    """`python -m` the package is the command, with the version of the distribution."""
    result = subprocess.run(
        [sys.executable, "-m", "acme_elasticsearch", "--version"],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    assert result.stdout == f"{PLUGIN_METADATA['name']} {__version__}\n"
    assert result.returncode == 0


def test_nothing_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is help, and it is no success."""
    assert run() == 2
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("check", "replay", "schema", METADATA["description"]))


@pytest.mark.parametrize("command", ["check", "replay"])
def test_help_says_where_secrets_belong(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Who looks for `--set` reads that it is no place for a token."""
    with pytest.raises(SystemExit) as caught:
        run(command, "--help")
    assert caught.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Put secrets into the environment" in printed
    assert "FAPILOG_SINK_CONFIG__EXTRA__PLAIN__<SETTING>" in printed


@pytest.mark.parametrize(
    "argv",
    [
        ["check", "--set", "url=http://localhost", "--set", f"tokn={SECRET}"],
        ["check", "--set", "url=http://localhost", "--set", f"batch_max_events={SECRET}"],
        ["check", "--set", SECRET],
        ["replay", "dead", "--set", "url=http://localhost", "--set", f"tokn={SECRET}"],
        ["replay"],
    ],
    ids=["no setting", "no number", "no pair", "replay", "no file"],
)
def test_wrong_configuration(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The text says what is wrong, quotes no value, and the exit code is 2."""
    assert run(*argv) == 2
    printed = capsys.readouterr()
    assert printed.err.strip()
    assert SECRET not in printed.out + printed.err


def test_unknown_arguments_are_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    """`--set token s3cret` lacks an equals sign; the log of a build should not keep the token."""
    usage_error("check", "--set", "token", SECRET, f"--token={SECRET}")
    printed = capsys.readouterr().err
    assert "--token" in printed
    assert SECRET not in printed


@pytest.mark.parametrize(
    "argv",
    [
        ["check", "--timeout", "0"],
        ["check", "--timeout", "inf"],
        ["replay", "--limit", "0"],
        ["replay", "--limit", "many"],
        ["deliver"],
    ],
    ids=" ".join,
)
def test_wrong_usage(argv: list[str]) -> None:
    """What cannot be meant is refused."""
    usage_error(*argv)


def test_own_plugin_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    """The entry point of this project leads to its class."""
    assert main(["schema"], metadata=PLUGIN_METADATA, program="x") == 0
    assert '"url"' in capsys.readouterr().out
