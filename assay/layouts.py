"""Raw layouts: what a folder in data/raw may look like, told apart by what is in it, and read into one shape.

Folders per class, or files with a `metadata.csv`, follow Hugging Face's ImageFolder convention; IDX pairs go by the
names of MNIST's files; a table is `examples.parquet` or `examples.csv`.
"""

import gzip
import math
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from assay import modalities
from assay.dataset import SPLITS, read_csv, read_parquet
from assay.errors import InputError

RESERVED = ("label", "split", "key", "file_name")
_SPLIT_FOLDERS = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
_IDX_SPLITS = {"train": "train", "t10k": "test"}
_SIDE_FILES = {"annotations.csv": ["annotator", "label"], "truth.csv": ["label"]}
_NOT_DATA = {".DS_Store", "Thumbs.db", "desktop.ini"}


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
    payload: list[bytes] | np.ndarray | pa.Table  # encoded files, decoded pixels, or feature columns
    used: set[str]  # the files that it was read from
    annotations: list[tuple[str, ...]] = field(default_factory=list)  # key, annotator, label
    truth: list[tuple[str, ...]] = field(default_factory=list)  # key, label


def read(folder: Path) -> RawBatch:
    """Read a raw batch, whichever layout it has.

    Raises
    ------
    InputError
        If the folder is empty, has none of the layouts, or a file of it is not what the layout says.
    """
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name not in _NOT_DATA)
    names = {path.relative_to(folder).as_posix() for path in paths}
    if not names:
        raise InputError(f"{folder} is empty: put examples into it, or take its name off the lists in params.yaml")
    batch = _table(folder, names) or _idx(folder, names) or _files(folder, names)
    if batch is None:
        raise InputError(
            f"{folder} has no known layout: it needs folders per class, a metadata.csv, IDX files, "
            f"or examples.parquet / examples.csv; it has {', '.join(sorted(names)[:3])}"
        )
    _check(folder, batch.examples)
    batch.annotations, batch.truth = (_side_file(folder / name, batch) for name in _SIDE_FILES)
    unused = sorted(names - batch.used - set(_SIDE_FILES))
    if unused:
        more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
        print(f"assay: {folder}: not used: {', '.join(unused[:3])}{more}", file=sys.stderr)
    return batch


def _check(folder: Path, examples: list[Example]) -> None:
    if not examples:
        raise InputError(f"{folder} holds no examples")
    places: dict[str, str] = {}
    for each in examples:
        if each.key in places:
            raise InputError(
                f"{each.place}: the key {each.key!r} is already that of {places[each.key]}; keys must differ in a batch"
            )
        if each.split and each.split not in SPLITS:
            raise InputError(f"{each.place}: split is {each.split!r}; it must be one of {', '.join(SPLITS)}, or empty")
        places[each.key] = each.place


def _side_file(path: Path, batch: RawBatch) -> list[tuple[str, ...]]:
    """The rows of annotations.csv or truth.csv that have a label: key, and the columns of that file."""
    if not path.exists():
        return []
    known = {example.key for example in batch.examples}
    table = read_csv(path, _SIDE_FILES[path.name])
    by = next((name for name in ("key", "file_name") if name in table.column_names), None)
    if by is None:
        raise InputError(f"{path} has neither a column 'key' nor a column 'file_name'")
    for row, key in enumerate(table[by].to_pylist(), start=2):
        if key not in known:
            raise InputError(f"{path} row {row}: {key!r} is no example of this batch")
    columns = [as_text(table[name], path) for name in (by, *_SIDE_FILES[path.name])]
    return [row for row in zip(*columns, strict=True) if row[-1]]


def as_text(column: pa.ChunkedArray, path: Path) -> list[str]:
    """Labels as text: a whole number has no decimal point, whether the column has gaps or not; "" where there is none.

    pandas turns whole numbers into `3.0` when a column has gaps. In a column of text, `3.0` loses its point only if
    every label there is written so: then no two labels can become one.
    """
    values = ["" if value is None or value != value else value for value in column.to_pylist()]  # noqa: PLR0124 NaN
    if any(isinstance(value, bytes) for value in values[:1]):
        raise InputError(f"{path}: labels are bytes; they must be text or numbers")
    if pa.types.is_floating(column.type):
        return [str(int(value)) if value != "" and value == int(value) else str(value) for value in values]
    texts = [str(value) for value in values]
    written = [text for text in texts if text]
    if written and all(text.endswith(".0") and text[:-2].lstrip("-").isdigit() for text in written):
        return [text.removesuffix(".0") for text in texts]
    return texts


def _rows(table: pa.Table, path: Path, first: int, *, payload: list[str], key: str) -> list[Example]:
    """One example a row of a table, numbered from `first`; what is neither reserved nor payload is a slice."""
    if "label" not in table.column_names and not (path.parent / "annotations.csv").exists():
        raise InputError(f"{path} has no column 'label'; for unlabelled examples, add it and leave it empty")
    columns = {name: as_text(table[name], path) for name in table.column_names if name not in payload}
    places = [f"{path} row {row}" for row in range(first, first + len(table))]
    keys = columns.get(key) or [str(row) for row in range(len(table))]
    none = [""] * len(table)
    sliced = [name for name in columns if name not in RESERVED]
    slices = [dict(zip(sliced, row, strict=True)) for row in zip(*(columns[name] for name in sliced), strict=True)]
    slices = slices or [{} for _ in places]
    return list(map(Example, keys, places, columns.get("label", none), columns.get("split", none), slices))


# A table: examples.parquet or examples.csv


def _table(folder: Path, names: set[str]) -> RawBatch | None:
    name = next((name for name in ("examples.parquet", "examples.csv") if name in names), None)
    if name is None:
        return None
    path = folder / name
    table, first = (read_csv(path), 2) if path.suffix == ".csv" else (read_parquet(path), 0)
    modality, columns = modalities.of_columns(table.column_names, RESERVED)
    examples = _rows(table, path, first, payload=columns, key="key")
    if modality == "table":
        return RawBatch(modality, examples, table.select(columns), {name})
    payload = table[columns[0]].to_pylist()
    for example, content in zip(examples, payload, strict=True):
        if not isinstance(content, bytes):
            raise InputError(f"{example.place}: {columns[0]!r} must be an encoded file (bytes), and not missing")
    return RawBatch(modality, examples, payload, {name})


# IDX files, plain or gzipped, under MNIST's names


def _idx(folder: Path, names: set[str]) -> RawBatch | None:
    images, examples, used = [], [], set()
    for part, split in _IDX_SPLITS.items():
        pair = [f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"]
        files = [next((file for file in (name, f"{name}.gz") if file in names), None) for name in pair]
        if files == [None, None]:
            continue
        for name, file in zip(pair, files, strict=True):
            if file is None:
                raise InputError(f"{folder / name} is missing (or {name}.gz): IDX images and labels come in pairs")
        pixels, labels = _read_idx(folder / files[0], axes=3), _read_idx(folder / files[1], axes=1)
        if len(pixels) != len(labels):
            raise InputError(f"{folder}: {len(pixels)} {part} images, but {len(labels)} labels")
        if images and images[0].shape[1:] != pixels.shape[1:]:
            raise InputError(f"{folder}: train and t10k images differ in size")
        place = f"{folder / files[0]} image"
        examples += [Example(f"{part}/{n}", f"{place} {n}", str(label), split) for n, label in enumerate(labels)]
        images.append(pixels)
        used |= set(files)
    return RawBatch("image", examples, np.concatenate(images), used) if images else None


def _read_idx(path: Path, axes: int) -> np.ndarray:
    """One IDX file of unsigned bytes: magic 0, 0, 8, number of axes, then big-endian sizes, then the bytes (LeCun)."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            magic, expected = file.read(4), bytes([0, 0, 8, axes])
            if magic != expected:
                raise InputError(
                    f"{path} has the magic {magic.hex()}, not {expected.hex()}: no IDX bytes of {axes} axes"
                )
            shape = struct.unpack(f">{axes}I", file.read(4 * axes))
            content = file.read(math.prod(shape) + 1)
    except (EOFError, struct.error, gzip.BadGzipFile, gzip.zlib.error) as error:
        raise InputError(f"{path} is cut short or damaged ({error}): fetch it again") from None
    if len(content) != math.prod(shape):
        more = "is cut short" if len(content) < math.prod(shape) else "is longer than its header says"
        raise InputError(f"{path} {more}: it says {shape}, which is {math.prod(shape)} bytes")
    return np.frombuffer(content, np.uint8).reshape(shape)


# Image or audio files: folders per class, or a metadata.csv, each also below train/ and test/


def _files(folder: Path, names: set[str]) -> RawBatch | None:
    media = {name: modality for name in names if (modality := modalities.of_file(name))}
    tables = {name for name in names if PurePosixPath(name).name == "metadata.csv"}
    tops = {name.partition("/")[0] for name in [*media, *tables] if "/" in name}
    if not tops and not tables:
        return None
    if len(set(media.values())) > 1:
        raise InputError(f"{folder} mixes {' and '.join(sorted(set(media.values())))} files: make one batch of each")
    roots = {f"{top}/": _SPLIT_FOLDERS[top] for top in sorted(tops)} if tops <= set(_SPLIT_FOLDERS) else {"": ""}
    examples, used = [], set()
    for root, split in roots.items():
        if f"{root}metadata.csv" in names:
            used.add(f"{root}metadata.csv")
            examples += _listed_files(folder, root, split, names)
        else:
            for name in sorted(name for name in media if name.startswith(root)):
                label = name.removeprefix(root).rpartition("/")[0]
                examples += [Example(name, str(folder / name), label, split)] if label else []
    payload = [(folder / example.key).read_bytes() for example in examples]
    return RawBatch(
        next(iter(media.values()), "image"), examples, payload, used | {example.key for example in examples}
    )


def _listed_files(folder: Path, root: str, split: str, names: set[str]) -> list[Example]:
    """The files that a metadata.csv names, with what it says of them."""
    path = folder / root / "metadata.csv"
    examples = _rows(read_csv(path, ["file_name"]), path, 2, payload=[], key="file_name")
    for example in examples:
        file = PurePosixPath(example.key)
        if file.is_absolute() or ".." in file.parts:
            raise InputError(
                f"{example.place}: {example.key!r} is not inside the batch; name files below {path.parent}"
            )
        if f"{root}{file}" not in names:
            raise InputError(f"{example.place}: {path.parent / file} is missing; put it there or take the row out")
        example.key, example.place, example.split = f"{root}{file}", str(path.parent / file), example.split or split
    return examples
