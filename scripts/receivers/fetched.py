"""Files that integration tests need and no repository should hold: fetched, checked, kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path


class Unavailable(Exception):
    """A receiver cannot be had on this machine; the text says what is missing."""


def cache_folder() -> Path:
    """Return where fetched files are kept, outside of the work tree; `RECEIVERS_CACHE` replaces it.

    Root's home is closed to the user that a server runs as, therefore root has another one.
    """
    chosen = os.environ.get("RECEIVERS_CACHE")
    if chosen:
        folder = Path(chosen)
    elif hasattr(os, "geteuid") and os.geteuid() == 0:
        folder = Path("/var/cache/fapilog-sink-receivers")
    else:
        folder = Path.home() / ".cache" / "fapilog-sink-receivers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def maven_zip(group: str, artifact: str, version: str, sha256: str) -> Path:
    """Return the folder of an unpacked zip of Maven's central repository.

    Raises:
        Unavailable: there is no Maven, it cannot fetch the file, or the file is another one.
    """
    cache = cache_folder()
    unpacked = cache / f"{artifact}-{version}"
    if (unpacked / ".complete").exists():
        return unpacked
    archive = cache / f"{artifact}-{version}.zip"
    if not archive.exists():
        _maven(f"{group}:{artifact}:{version}:zip", cache)
    actual = hashlib.sha256(archive.read_bytes()).hexdigest()
    if actual != sha256:
        archive.unlink()
        raise Unavailable(f"{archive.name} has another SHA-256 than the one that was checked")
    shutil.rmtree(unpacked, ignore_errors=True)
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            path = Path(zipped.extract(entry, cache))
            mode = entry.external_attr >> 16
            if mode and not entry.is_dir():
                path.chmod(mode & 0o777 | 0o444)
    (unpacked / ".complete").touch()
    archive.unlink()
    return unpacked


def _maven(coordinates: str, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("Maven (mvn) is not installed: it fetches the server")
    command = [
        maven,
        "--quiet",
        "--batch-mode",
        "dependency:copy",
        f"-Dartifact={coordinates}",
        f"-DoutputDirectory={folder}",
        "-Dmdep.useBaseVersion=true",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if result.returncode != 0:
        raise Unavailable(f"Maven cannot fetch {coordinates}")
