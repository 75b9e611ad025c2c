# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. To keep an edit of one, list it in `.template-edits`.
"""Tell at once what would spoil the next `copier update`: `python tools/ownership.py`.

* A template-owned file that was edited or deleted, or a file that was added to the engine's folders. If you
  mean it, name it in `.template-edits`, one path a line with the reason after `#`: then it is a notice.
* What an update left behind: conflict markers and `*.rej` files. Copier exits with 0 although they are there.

`tools/ownership.json` says who owns which file. `make check` begins with this, and so does the pre-commit
hook. Exit code 1: something has to be done. Needs nothing but Python; with git it reads what git sees.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MANIFEST = "tools/ownership.json"
EDITS = ".template-edits"
OWNED = "# Template-owned: `copier update` replaces this file."
REJECTED = ".rej"
MARKS = (b"<<<<<<< ", b"=======", b">>>>>>> ")
THEIRS = f"In a conflict: git checkout --theirs -- {MANIFEST}; else take it from git"
WAY_OUT = f"""\
Undo an edit:  git checkout HEAD -- PATH      (committed? git log -- PATH, then git checkout COMMIT -- PATH)
               after an update these are older than the new version: docs/updating.md says how to get that
Keep it:       a line "PATH  # reason" in {EDITS}; a later update may then end in a conflict there
What to use instead, and who owns what: docs/updating.md"""


def main() -> int:
    """Print what is wrong with this project; return the exit code."""
    files = files_of()
    errors = leftovers(files)
    notices: list[str] = []
    try:
        manifest = json.loads((PROJECT / MANIFEST).read_text(encoding="utf-8"))
        owned: dict[str, str | None] = manifest["template_owned"]
        folders = tuple(f"{folder}/" for folder in manifest["template_folders"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        errors.append(f"{MANIFEST}: cannot be read ({type(error).__name__}). {THEIRS}")
    else:
        changes = changes_of(owned, folders, files)
        listed, errors_of_list = edits_listed(changes)
        errors += [*ignored([*owned, *manifest["yours"]], files), *errors_of_list]
        notices = [f"{name}: {changes[name]}, listed: {listed[name]}" for name in listed]
        unlisted = [f"{name}: {changes[name]}" for name in changes if name not in listed]
        errors += [*unlisted, WAY_OUT] if unlisted else []
    tell([*(f"notice: {line}" for line in notices), *errors])
    return 1 if errors else 0


def tell(lines: list[str]) -> None:
    """Print in ASCII; whoever reads it may stop early, as `head` does."""
    try:
        for line in lines:
            print(line.encode("ascii", "backslashreplace").decode("ascii"))
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # EINVAL: a closed pipe on Windows
            raise
        # Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def files_of() -> list[str]:
    """Return the files that git sees, with "/" in their names; without git, all but what tools make."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        listed = b""
    names = {os.fsdecode(name) for name in listed.split(b"\0") if name}
    return sorted(names or set(_walk()))


def _walk() -> list[str]:
    found = []
    for folder, folders, names in os.walk(PROJECT):
        folders[:] = [name for name in folders if not _is_made(Path(folder, name))]
        found += [Path(folder, name).relative_to(PROJECT).as_posix() for name in names]
    return found


def _is_made(folder: Path) -> bool:
    made = {".git", ".hypothesis", ".venv", "__pycache__", "build", "dist", "node_modules"}
    is_environment = os.path.lexists(folder / "pyvenv.cfg")
    return folder.name in made or folder.name.endswith("_cache") or is_environment


def leftovers(files: list[str]) -> list[str]:
    """Return what a conflicting update left in these files."""
    rejected = [name for name in files if name.endswith(REJECTED) and _exists(name)]
    marked = [name for name in files if name not in rejected and is_marked(PROJECT / name)]
    return [
        *(f"{name}: conflict markers, resolve them by hand, then git add" for name in marked),
        *(f"{name}: a rejected change, apply it by hand, then delete it" for name in rejected),
    ]


def ignored(names: list[str], files: list[str]) -> list[str]:
    """Return which of the files that the template brings are there, but not for git.

    Copier compares what git sees: an update would delete the rest or write over it, and no commit has a copy.
    """
    seen = set(files)
    what = "git does not have it, so an update may remove it: git add --force, or rename it"
    return [f"{name}: {what}" for name in names if name not in seen and _exists(name)]


def is_marked(path: Path) -> bool:
    """Tell whether a text has the three marks of a conflict, each at the begin of a line, in order."""
    if path.is_symlink() or not _is_readable(path):
        return False
    step = 0
    with path.open("rb") as lines:
        while line := lines.readline(1_000_000):
            if b"\0" in line:
                return False
            if line.startswith(MARKS[0]):
                step = 1
            elif step == 1 and line.rstrip() == MARKS[1]:
                step = 2
            elif step == 2 and line.startswith(MARKS[2]):
                return True
    return False


def changes_of(
    owned: dict[str, str | None], folders: tuple[str, ...], files: list[str]
) -> dict[str, str]:
    """Return path -> what happened to it, of template-owned files and what is beside the engine's.

    Args:
        owned: Path -> SHA-256, line ends of Windows taken as others; None where it cannot be known.
        folders: Folders in which the template owns everything, with "/" at the end.
        files: The files of the project.
    """
    changes = {name: change for name, digest in owned.items() if (change := _change(name, digest))}
    new = [name for name in files if name.startswith(folders) and name not in owned]
    added = [name for name in new if not name.endswith(REJECTED)]  # those are leftovers
    place = "put your modules elsewhere in the package"
    return changes | {name: f"added to the engine, {place}" for name in added if _exists(name)}


def _change(name: str, digest: str | None) -> str:
    path = PROJECT / name
    if not _exists(name):
        return "deleted, although it is the template's"
    if not _is_readable(path):
        return "cannot be read as a file"
    content = path.read_bytes().replace(b"\r\n", b"\n")
    if digest is None or hashlib.sha256(content).hexdigest() == digest:
        return ""
    return f"edited, although it is the template's. {_instead(name, content)}"


def _instead(name: str, content: bytes) -> str:
    """Return the seam that the file names in its second line, or where to look for one."""
    head = content.decode("utf-8", "replace").splitlines()[:2]
    seam = head[-1].removeprefix(OWNED).strip() if head and head[-1].startswith(OWNED) else ""
    tests = "Put tests of your own in a file of your own."
    return seam or (tests if name.startswith("tests/") else "What you can use: docs/extending.md.")


def edits_listed(changes: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return path -> reason of the changes that the owner has listed, and what is wrong with the list."""
    path = PROJECT / EDITS
    text = path.read_text(encoding="utf-8", errors="replace") if _is_readable(path) else ""
    listed, errors = {}, []
    for line in text.splitlines():
        name, reason = (part.strip() for part in f"{line}#".split("#")[:2])
        if name and name not in changes:
            errors.append(f"{EDITS}: {name} is as the template has it, remove the line")
        elif name and not reason:
            errors.append(f"{EDITS}: {name} needs a reason, after #")
        elif name:
            listed[name] = reason
    return listed, errors


def _exists(name: str) -> bool:
    return os.path.lexists(PROJECT / name)


def _is_readable(path: Path) -> bool:
    """Tell whether it is a file, not a folder, a pipe or a link to nothing, and may be read."""
    return os.path.isfile(path) and os.access(path, os.R_OK)  # noqa: PTH113 - never raises


if __name__ == "__main__":
    sys.exit(main())
