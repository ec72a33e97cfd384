"""Raw layouts: what a folder in data/raw may look like, told apart by what is in it, and read into one shape.

Folders per class, or files with a `metadata.csv`, follow Hugging Face's ImageFolder convention; IDX pairs go by the
names of MNIST's files; a table is `examples.parquet` or `examples.csv`.
"""

import gzip
import math
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from assay.contract.csv_files import name_rows, read_csv
from assay.contract.errors import InputError
from assay.contract.parquet_files import read_parquet
from assay.contract.paths import ANNOTATIONS_FILE, EXAMPLES_FILE, SPLITS, TRUTH_FILE
from assay.modalities import registry

RESERVED = ("label", "split", "key", "file_name")
_SPLIT_FOLDERS = {split: split for split in SPLITS} | {"valid": "validation", "val": "validation"}
_IDX_SPLITS = {"train": "train", "t10k": "test"}
_SIDE_FILES = {ANNOTATIONS_FILE: ["annotator", "label"], TRUTH_FILE: ["label"]}
_METADATA = "metadata.csv"
_CACHE = (
    "files",
    "md5",
)  # where DVC's cache keeps files, to which it may link instead of copying them
_NOT_DATA = {".DS_Store", "Thumbs.db", "desktop.ini", ".gitignore"}
_OF_DVC = ".dvc"  # what `dvc add` writes beside a file that it tracks


@dataclass
class Example:
    """What came with one payload; "" says that there is none."""

    key: str
    place: str  # which file, or which row of it: for messages
    label: str = ""
    split: str = ""
    slices: dict[str, str] = field(default_factory=dict)


@dataclass
class RawBatch:
    """A batch as it came in: examples, and in the same order their payload."""

    modality: str
    examples: list[Example]
    payload: (
        list[bytes] | np.ndarray | pa.Table
    )  # encoded files, decoded pixels, or feature columns
    used: set[str]  # the files that it was read from
    annotations: list[tuple[str, ...]] = field(default_factory=list)  # key, annotator, label
    truth: list[tuple[str, ...]] = field(default_factory=list)  # key, label
    numbered: bool = False  # the keys are row numbers


def read(folder: Path) -> RawBatch:
    """Read a raw batch, whichever layout it has.

    Raises
    ------
    InputError
        If the folder is empty, has none of the layouts, holds links to elsewhere, or a file of it is not what the
        layout says.
    """
    if folder.is_file():
        raise InputError(
            f"{folder} is a file: a batch is a folder; put the file into one, as {EXAMPLES_FILE} say"
        )
    paths = sorted(folder.rglob("*"))
    for path in paths:
        if path.is_symlink() and path.resolve().parts[-4:-2] != _CACHE:
            raise InputError(f"{path} is a link to {path.readlink()}: put the file itself there")
    files = [
        path
        for path in paths
        if path.is_file() and path.name not in _NOT_DATA and path.suffix != _OF_DVC
    ]
    names = {path.relative_to(folder).as_posix() for path in files}
    if not names:
        raise InputError(
            f"{folder} is empty: put examples into it, or take its name off the lists in params.yaml"
        )
    for name in sorted(names):
        if any(
            "\udc80" <= character <= "\udcff" for character in name
        ):  # how Python shows bytes it cannot decode
            raise InputError(f"{folder / name}: the file's name is not UTF-8: rename it")
    batch = _table(folder, names) or _idx(folder, names) or _files(folder, names)
    if batch is None:
        needs = "folders per class, a metadata.csv, IDX files, or examples.parquet / examples.csv"
        has = ", ".join(sorted(names)[:3])
        raise InputError(f"{folder} has no known layout: it needs {needs}; it has {has}")
    _check(folder, batch.examples)
    batch.annotations, batch.truth = (_side_file(folder / name, batch) for name in _SIDE_FILES)
    unused = sorted(names - batch.used - set(_SIDE_FILES))
    if unused:
        more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
        print(f"assay: {folder}: not used: {', '.join(unused[:3])}{more}", file=sys.stderr)
    return batch


def _check(folder: Path, examples: list[Example]) -> None:
    if not examples:
        raise InputError(
            f"{folder} holds no examples: add some, or take its name off the lists in params.yaml"
        )
    first: dict[str, Example] = {}
    for each in examples:
        if (other := first.setdefault(each.key, each)) is not each:
            known = f"the key {each.key!r} is already that of {other.place}"
            raise InputError(f"{each.place}: {known}; keys must differ in a batch")
        if each.split and each.split not in SPLITS:
            raise InputError(
                f"{each.place}: split is {each.split!r}; it must be one of {', '.join(SPLITS)}, or empty"
            )


def _side_file(path: Path, batch: RawBatch) -> list[tuple[str, ...]]:
    """The rows of annotations.csv or truth.csv that have a label: key, and the columns of that file."""
    if not path.exists():
        return []
    table = read_csv(path, _SIDE_FILES[path.name])
    by = next((name for name in ("key", "file_name") if name in table.column_names), None)
    if by is None:
        raise InputError(f"{path} has neither a column 'key' nor a column 'file_name'")
    places, known, seen = name_rows(path, table), {example.key for example in batch.examples}, set()
    for place, key in zip(places, table[by].to_pylist(), strict=True):
        if key not in known:
            raise InputError(
                f"{place}: {key!r} is no example of this batch: mend it or take the row out"
            )
        if path.name == TRUTH_FILE and key in seen:
            raise InputError(
                f"{place}: the truth of {key!r} is there already: take one of the rows out"
            )
        seen.add(key)
    columns = [table[name].to_pylist() for name in (by, *_SIDE_FILES[path.name][:-1])]
    return [row for row in zip(*columns, as_labels(table["label"], places), strict=True) if row[-1]]


def as_text(column: pa.ChunkedArray, places: Sequence[str]) -> list[str]:
    """Values as text: whole numbers without a decimal point, gaps in the column or not; "" where there is none."""
    gaps = column.is_null(nan_is_null=True).to_pylist()
    values = ["" if gap else value for value, gap in zip(column.to_pylist(), gaps, strict=True)]
    for place, value in zip(places, values, strict=True):
        if isinstance(value, bytes | list | dict) or value in (math.inf, -math.inf):
            raise InputError(
                f"{place}: {value!r} is no label, key, split or slice; these must be text or numbers"
            )
    return [
        str(int(value) if isinstance(value, float) and value.is_integer() else value)
        for value in values
    ]


def as_labels(column: pa.ChunkedArray, places: Sequence[str]) -> list[str]:
    """Labels as text.

    pandas turns whole numbers into `3.0` when a column has gaps. In a column of text, `3.0` loses its point only if
    every label there is written so: then no two labels can become one.
    """
    texts = as_text(column, places)
    written = [text for text in texts if text]
    if written and all(text.endswith(".0") and text[:-2].lstrip("-").isdigit() for text in written):
        return [text.removesuffix(".0") for text in texts]
    return texts


def _rows(
    table: pa.Table, path: Path, *, payload: Sequence[str] = (), key: str = "key"
) -> list[Example]:
    """One example a row of a table; what is neither reserved nor payload is a slice."""
    if "label" not in table.column_names and not (path.parent / ANNOTATIONS_FILE).exists():
        raise InputError(
            f"{path} has no column 'label'; for unlabelled examples, add it and leave it empty"
        )
    places, examples = name_rows(path, table), []
    columns = {
        name: as_text(table[name], places) for name in table.column_names if name not in payload
    }
    if "label" in columns:
        columns["label"] = as_labels(table["label"], places)
    for number, place in enumerate(places):
        row = {name: texts[number] for name, texts in columns.items()}
        slices = {name: text for name, text in row.items() if name not in RESERVED}
        examples.append(
            Example(
                row.get(key, str(number)), place, row.get("label", ""), row.get("split", ""), slices
            )
        )
    return examples


# A table: examples.parquet or examples.csv


def _table(folder: Path, names: set[str]) -> RawBatch | None:
    name = next((name for name in (EXAMPLES_FILE, "examples.csv") if name in names), None)
    if name is None:
        return None
    path = folder / name
    table = read_csv(path) if path.suffix == ".csv" else read_parquet(path)
    modality, columns = registry.of_columns(table.column_names, RESERVED)
    examples, numbered = _rows(table, path, payload=columns), "key" not in table.column_names
    if modality == "table":
        return RawBatch(modality, examples, table.select(columns), {name}, numbered=numbered)
    payload = table[columns[0]].to_pylist()
    for example, content in zip(examples, payload, strict=True):
        if modality != "text" and not isinstance(content, bytes):
            raise InputError(
                f"{example.place}: {columns[0]!r} must be an encoded file (bytes), and not missing"
            )
    return RawBatch(modality, examples, payload, {name}, numbered=numbered)


# IDX files, plain or gzipped, under MNIST's names


def _idx(folder: Path, names: set[str]) -> RawBatch | None:
    images, examples, used = [], [], set()
    for part, split in _IDX_SPLITS.items():
        pair = [f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"]
        files = [name if name in names else f"{name}.gz" for name in pair]
        missing = [name for name, file in zip(pair, files, strict=True) if file not in names]
        if len(missing) == 2:
            continue
        if missing:
            raise InputError(
                f"{folder / missing[0]} is missing (or its .gz): IDX images and labels come in pairs"
            )
        pixels, labels = _read_idx(folder / files[0], axes=3), _read_idx(folder / files[1], axes=1)
        if len(pixels) != len(labels):
            counts = f"{pair[0]} holds {len(pixels)} images, but {pair[1]} {len(labels)} labels"
            raise InputError(f"{folder / counts}: fetch both again")
        if images and images[0].shape[1:] != pixels.shape[1:]:
            raise InputError(
                f"{folder}: train and t10k images differ in size: make one batch of each"
            )
        place = f"{folder / files[0]} image"
        examples += [
            Example(f"{part}/{n}", f"{place} {n}", str(label), split)
            for n, label in enumerate(labels)
        ]
        images.append(pixels)
        used |= set(files)
    return (
        RawBatch("image", examples, np.concatenate(images), used, numbered=True) if images else None
    )


def _read_idx(path: Path, axes: int) -> np.ndarray:
    """One IDX file of unsigned bytes: magic 0, 0, 8, number of axes, then big-endian sizes, then the bytes (LeCun)."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
        magic, expected = content[:4].hex(), bytes([0, 0, 8, axes]).hex()
        if magic != expected:
            raise InputError(
                f"{path} has the magic {magic}, not {expected} of {axes}-axis IDX bytes: fetch it again"
            )
        shape = struct.unpack_from(f">{axes}I", content, 4)
    except (EOFError, struct.error, gzip.BadGzipFile, gzip.zlib.error) as error:
        raise InputError(f"{path} is cut short or damaged ({error}): fetch it again") from None
    size, pixels = math.prod(shape), np.frombuffer(content, np.uint8, offset=4 * (1 + axes))
    if len(pixels) != size:
        more = "is cut short" if len(pixels) < size else "is longer than its header says"
        raise InputError(f"{path} {more}: it says {shape}, which is {size} bytes: fetch it again")
    if 0 in shape[1:]:
        raise InputError(f"{path} holds images of no pixels, {shape}: fetch it again")
    return pixels.reshape(shape)


# Image or audio files: folders per class, or a metadata.csv, each also below train/ and test/


def _files(folder: Path, names: set[str]) -> RawBatch | None:
    media = {name: modality for name in names if (modality := registry.of_file(name))}
    listed = {name for name in names if PurePosixPath(name).name == _METADATA}
    tops = {name.partition("/")[0] for name in {*media, *listed} if "/" in name}
    if not tops and not listed:
        return None
    if len(kinds := sorted(set(media.values()))) > 1:
        raise InputError(f"{folder} holds {' and '.join(kinds)} files: make a batch of each")
    splits, others = tops & set(_SPLIT_FOLDERS), tops - set(_SPLIT_FOLDERS)
    if others and any(name.partition("/")[0] in splits and name.count("/") > 1 for name in media):
        raise InputError(
            f"{folder} has a folder {min(others)!r} beside {min(splits)!r}: put it into one of the splits"
        )
    split_of = {} if others else {top: _SPLIT_FOLDERS[top] for top in splits}
    roots = [f"{top}/" for top in sorted(split_of)] if split_of and _METADATA not in names else [""]
    examples = []
    for root in roots:
        if f"{root}{_METADATA}" in names:
            examples += _listed_files(folder, root, names)
        else:
            for name in sorted(name for name in media if name.startswith(root)):
                label = name.removeprefix(root).rpartition("/")[0]
                examples += [Example(name, str(folder / name), label)] if label else []
    for example in examples:
        example.split = example.split or split_of.get(example.key.partition("/")[0], "")
    used = {example.key for example in examples} | {f"{root}{_METADATA}" for root in roots}
    payload = [(folder / example.key).read_bytes() for example in examples]
    return RawBatch((kinds or ["image"])[0], examples, payload, used)


def _listed_files(folder: Path, root: str, names: set[str]) -> list[Example]:
    """The files that a metadata.csv names, with what it says of them."""
    path = folder / root / _METADATA
    examples = _rows(read_csv(path, ["file_name"]), path, key="file_name")
    for example in examples:
        file = PurePosixPath(example.key)
        if not example.key or file.is_absolute() or ".." in file.parts:
            wrong = f"{example.place}: file_name is {example.key!r}"
            raise InputError(f"{wrong}; name files below {path.parent}, or take the row out")
        if f"{root}{file}" not in names:
            raise InputError(
                f"{example.place}: {path.parent / file} is missing; put it there or take the row out"
            )
        row = example.place.removeprefix(f"{path} ")
        example.key, example.place = (
            f"{root}{file}",
            f"{path.parent / file} ({root}{_METADATA} {row})",
        )
    return examples
