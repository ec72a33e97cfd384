"""A raw batch is read from a folder. Its layout is told by the files in it."""

import re
from fnmatch import translate
from pathlib import Path

from assay.contract.errors import InputError, first_of
from assay.contract.paths import ANNOTATIONS_FILE, EXAMPLES_FILE, SPLITS, TRUTH_FILE
from assay.contract.remarks import Remarks
from assay.layouts import idx, media_files, side_files, table
from assay.layouts.raw_batch import Example, RawBatch

_CACHE = ("files", "md5")  # folders of DVC's cache, to which it may link instead of copying files
_OF_DVC = ("*.dvc", ".gitignore")  # what `dvc add` writes beside a file that it tracks
# What file managers, editors and network drives leave; .dvcignore has the same names.
JUNK = (
    ".DS_Store",
    "._*",
    "Thumbs.db",
    "desktop.ini",
    ".directory",
    ".ipynb_checkpoints",
    "__MACOSX",
    ".nfs*",
    "*.swp",
)
_IGNORED = re.compile("|".join(map(translate, (*JUNK, *_OF_DVC))))
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # how Python shows bytes that it cannot decode
_NAMED = 3  # files of an unknown layout that are named


def read(folder: Path) -> RawBatch:
    """Read a raw batch, whichever layout it has.

    Raises
    ------
    InputError
        If the folder is empty, has no known layout, holds links to elsewhere, or one of its files
        is not what the layout says.
    """
    remarks = Remarks()
    names = _file_names(folder)
    batch = (
        table.read(folder, names, remarks)
        or idx.read(folder, names)
        or media_files.read(folder, names, remarks)
    )
    if batch is None:
        needs = "folders per class, a metadata.csv, IDX files, or examples.parquet / examples.csv"
        has = ", ".join(sorted(names)[:_NAMED])
        raise InputError(f"{folder} has no known layout: it needs {needs}; it has {has}")
    _check(folder, batch.examples)
    keys = {example.key for example in batch.examples}
    batch.annotations = side_files.read(folder / ANNOTATIONS_FILE, keys, remarks, ["annotator"])
    batch.truth = side_files.read(folder / TRUTH_FILE, keys, remarks, unique=True)
    unused = sorted(names - batch.used - {ANNOTATIONS_FILE, TRUTH_FILE})
    remarks.add("ignored", len(unused), "files are no examples", first_of(unused))
    batch.remarks = remarks
    return batch


def _file_names(folder: Path) -> set[str]:
    """The data files below a folder, relative to it."""
    if folder.is_file():
        remedy = f"a batch is a folder; put the file into one, as {EXAMPLES_FILE} say"
        raise InputError(f"{folder} is a file: {remedy}")
    paths = [path for path in sorted(folder.rglob("*")) if _is_data(path.relative_to(folder))]
    for path in paths:
        if path.is_symlink() and path.resolve().parts[-4:-2] != _CACHE:
            raise InputError(f"{path} is a link to {path.readlink()}: put the file itself there")
    names = {path.relative_to(folder).as_posix() for path in paths if path.is_file()}
    if not names:
        remedy = "put examples into it, or take its name off the lists in params.yaml"
        raise InputError(f"{folder} is empty: {remedy}")
    for name in sorted(names):
        if _NOT_UTF8.search(name):
            raise InputError(f"{folder / name}: the file's name is not UTF-8: rename it")
    return names


def _is_data(path: Path) -> bool:
    """Whether a path below the batch, and each folder on the way, may be data by its name."""
    return not any(map(_IGNORED.match, path.parts))


def _check(folder: Path, examples: list[Example]) -> None:
    """Raise unless there are examples, their keys differ, and their splits have known names."""
    if not examples:
        remedy = "add some, or take its name off the lists in params.yaml"
        raise InputError(f"{folder} holds no examples: {remedy}")
    first_of_key: dict[str, Example] = {}
    for example in examples:
        first = first_of_key.setdefault(example.key, example)
        if first is not example:
            taken = f"the key {example.key!r} is already that of {first.place}"
            raise InputError(f"{example.place}: {taken}; keys must differ in a batch")
        if example.split and example.split not in SPLITS:
            allowed = f"it must be one of {', '.join(SPLITS)}, or empty"
            raise InputError(f"{example.place}: split is {example.split!r}; {allowed}")
