"""List the data files below a raw folder. Junk is ignored. Links, pipes and devices are refused."""

import os
import re
from fnmatch import translate
from pathlib import Path

from assay.contract import files, paths, plain_files
from assay.contract.errors import InputError, lost_cache
from assay.layouts import dvc_cache
from assay.layouts.raw_files import RawFiles

# Files that file managers, editors, network drives and photo programs write. Hidden files are junk
# too. .dvcignore has the same names: new or deleted junk must not make a stage run again.
JUNK = (
    "__MACOSX",
    "Icon[!!-~]",  # a carriage return at the end
    "Network Trash Folder",
    "Temporary Items",
    "[Tt]humbs.db",
    "ehthumbs*.db",
    "[Dd]esktop.ini",
    "[$]RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "@eaDir",
    "@Recycle",
    "@Recently-Snapshot",
    "[#]recycle",
    "[#]snapshot",
    "[Pp]icasa.ini",
    "ZbThumbnail.info",
    "pspbrwse.jbf",
    "__pycache__",
    "*.swp",
    "*~",
    "~[$]*",
)
_JUNK = re.compile("|".join(map(translate, (".*", *JUNK))))
_OF_DVC = re.compile(r".*\.dvc|\.gitignore", re.DOTALL)  # what `dvc add` writes beside a file
_ARCHIVE = re.compile(r".*\.(zip|7z|rar|t[gbx]z2?|tar(\.\w+)?)", re.IGNORECASE | re.DOTALL)


def data_files(folder: Path, largest_file: int) -> RawFiles:
    """The data files below a folder, with remarks on junk and empty folders.

    Parameters
    ----------
    largest_file : MB; a file that is larger is refused, unless it is an archive

    Raises
    ------
    InputError
        If the folder is missing, is no folder, or is empty. Or if one of its files cannot be read,
        is no regular file, is a link that leads out of DVC's cache, is too large, or has a name
        that is not UTF-8.
    """
    _check_folder(folder)
    try:
        names, junk, empty = _walk(folder, largest_file)
    except PermissionError as error:
        remedy = f"allow it with `chmod -R u+rX {folder}`, or take it out"
        raise InputError(f"{error.filename} may not be read: {remedy}") from None
    raw = RawFiles(folder, names, largest_file)
    n_junk = sum(_count(folder / name) for name in junk)
    what = "files are hidden or left by a program"
    raw.remarks.add("ignored", n_junk, what, min(junk, default=""))
    if not names:
        nothing = f"is empty but for {min(junk)!r} and the like" if junk else "is empty"
        remedy = "put examples into it, or take its name off the lists in params.yaml"
        raise InputError(f"{folder} {nothing}: {remedy}")
    raw.remarks.add("ignored", len(empty), "folders hold no data", min(empty, default=""))
    return raw


def is_archive(name: str) -> bool:
    """Whether a file is an archive, by its name."""
    return bool(_ARCHIVE.fullmatch(name))


def _check_folder(folder: Path) -> None:
    if folder.is_symlink():
        remedy = "put the folder itself there, or fetch it with `dvc import-url`"
        raise InputError(f"{folder} is a link to {folder.readlink()}: {remedy}")
    if not folder.exists():
        remedy = "correct its name in params.yaml, or `dvc pull` it"
        raise InputError(f"there is no folder {folder}: {remedy}")
    if not folder.is_dir():
        remedy = f"a batch is a folder; put the file into one, as {paths.RAW}/mine/{folder.name}"
        raise InputError(f"{folder} is a file: {remedy}")


def _walk(folder: Path, largest_file: int) -> tuple[set[str], list[str], list[str]]:
    """The names of data files, of junk, and of folders without data files and folders."""
    names: set[str] = set()
    junk: list[str] = []
    empty: list[str] = []
    todo = [""]
    while todo:
        inside = todo.pop()
        with os.scandir(folder / inside) as listed:
            entries = [entry for entry in listed if not _OF_DVC.fullmatch(entry.name)]
        data = [entry for entry in entries if not _JUNK.match(entry.name)]
        junk += [f"{inside}{entry.name}" for entry in entries if _JUNK.match(entry.name)]
        if inside and not data:
            empty.append(inside.rstrip("/"))
        for entry in data:
            name = f"{inside}{entry.name}"
            if not paths.is_utf8(name):
                raise InputError(f"{folder / name}: the name is not UTF-8: rename it")
            if entry.is_dir(follow_symlinks=False):
                todo.append(f"{name}/")
            else:
                _check_file(entry, largest_file)
                names.add(name)
    return names, junk, empty


def _check_file(entry: os.DirEntry[str], largest_file: int) -> None:
    if entry.is_symlink() and not dvc_cache.is_target(Path(entry.path)):
        leads = f"{entry.path} is a link to {Path(entry.path).readlink()}"
        remedy = f"{leads}: put the file itself there"
        raise InputError(lost_cache(Path(entry.path)) or remedy)
    if not entry.is_file():
        plain_files.check(Path(entry.path))  # raises and says what it is
    size = entry.stat().st_size
    if size > largest_file * files.MB and not is_archive(entry.name):
        has = f"{entry.path} has {size // files.MB:,} MB"
        limit = f"more than collect.largest_file, {largest_file:,}"
        raise InputError(f"{has}, {limit}: raise it in params.yaml, or take the file out")


def _count(path: Path) -> int:
    """The number of files below a folder; 1 if the path is a file."""
    if path.is_symlink() or not path.is_dir():
        return 1
    return sum(len(names) for _, _, names in os.walk(path))
