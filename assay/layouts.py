"""Raw layouts: what a folder in data/raw may look like, told apart by what is in it, and read into one shape.

Folders per class, or files with a `metadata.csv`, follow Hugging Face's ImageFolder convention; IDX pairs go by the
names of MNIST's files; a table is `examples.parquet` or `examples.csv`.
"""

import gzip
import math
import struct
import sys
from collections.abc import Callable
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
_SIDE_FILES = ("annotations.csv", "truth.csv")
_IGNORED = {".DS_Store", "Thumbs.db", "desktop.ini"}


@dataclass
class RawBatch:
    """A batch as it came in. All lists have one entry an example; "" says that there is none."""

    modality: str
    payload: list | np.ndarray | pa.Table  # encoded files, decoded pixels, or feature columns
    places: list[str]  # which file, which row: for messages
    keys: list[str]
    labels: list[str]
    splits: list[str]
    features: list[str] = field(default_factory=list)  # names of a table's payload columns
    slices: dict[str, list[str]] = field(default_factory=dict)
    annotations: list[tuple[str, str, str]] = field(default_factory=list)  # key, annotator, label
    truth: list[tuple[str, str]] = field(default_factory=list)  # key, label


def read(folder: Path) -> RawBatch:
    """Read a raw batch, whichever layout it has.

    Raises
    ------
    InputError
        If the folder is empty, has none of the layouts, or a file of it is not what the layout says.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _IGNORED)
    if not files:
        raise InputError(f"{folder} is empty: put examples into it, or take its name off the lists in params.yaml")
    names = {path.relative_to(folder).as_posix() for path in files}
    for layout in (_table, _idx, _media_files):
        found = layout(folder, names)
        if found:
            break
    else:
        raise InputError(
            f"{folder} has no known layout: it needs folders per class, a metadata.csv, IDX files, "
            f"or examples.parquet / examples.csv; it has {', '.join(sorted(names)[:3])}"
        )
    batch, used = found
    _check(folder, batch)
    _read_side_files(folder, batch)
    unused = sorted(names - used - set(_SIDE_FILES))
    if unused:
        more = f" and {len(unused) - 3} more" if len(unused) > 3 else ""
        print(f"assay: {folder}: not used: {', '.join(unused[:3])}{more}", file=sys.stderr)
    return batch


def _check(folder: Path, batch: RawBatch) -> None:
    if not batch.keys:
        raise InputError(f"{folder} holds no examples")
    seen: dict[str, str] = {}
    for key, place, split in zip(batch.keys, batch.places, batch.splits, strict=True):
        if key in seen:
            raise InputError(f"{place}: the key {key!r} is already that of {seen[key]}; keys must differ in a batch")
        seen[key] = place
        if split and split not in SPLITS:
            raise InputError(f"{place}: split is {split!r}; it must be one of {', '.join(SPLITS)}, or empty")


def _read_side_files(folder: Path, batch: RawBatch) -> None:
    """Read annotations.csv and truth.csv, which name examples by `key` or `file_name`."""
    known = set(batch.keys)
    for name, columns in (("annotations.csv", ["annotator", "label"]), ("truth.csv", ["label"])):
        path = folder / name
        if not path.exists():
            continue
        table = read_csv(path, columns)
        if not {"key", "file_name"} & set(table.column_names):
            raise InputError(f"{path} has neither a column 'key' nor a column 'file_name'")
        keys = table["key" if "key" in table.column_names else "file_name"].to_pylist()
        for row, key in enumerate(keys, start=2):
            if key not in known:
                raise InputError(f"{path} row {row}: {key!r} is no example of this batch")
        values = [
            as_text(table[column], str(path)) if column == "label" else table[column].to_pylist() for column in columns
        ]
        rows = [row for row in zip(keys, *values, strict=True) if row[-1]]
        if name == "annotations.csv":
            batch.annotations = rows
        else:
            batch.truth = rows


def as_text(column: pa.ChunkedArray, place: str) -> list[str]:
    """Labels as text: a whole number has no decimal point, whether the column has gaps or not; "" where there is none.

    pandas turns whole numbers into `3.0` when a column has gaps. In a column of text, `3.0` loses its point only if
    every label there is written so: then no two labels can become one.
    """
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        values = [None if value is None or math.isnan(value) else value for value in values]
        return ["" if value is None else str(int(value)) if value == int(value) else repr(value) for value in values]
    texts = ["" if value is None else str(value) for value in values]
    if all(isinstance(value, bytes) for value in values[:1]):
        raise InputError(f"{place}: labels are bytes; they must be text or numbers")
    written = [text for text in texts if text]
    if written and all(text.endswith(".0") and text[:-2].lstrip("-").isdigit() for text in written):
        return [text.removesuffix(".0") for text in texts]
    return texts


# A table: examples.parquet or examples.csv


def _table(folder: Path, names: set[str]) -> tuple[RawBatch, set[str]] | None:
    name = next((name for name in ("examples.parquet", "examples.csv") if name in names), None)
    if name is None:
        return None
    path = folder / name
    table = read_parquet(path) if name.endswith(".parquet") else read_csv(path)
    first_row = 0 if name.endswith(".parquet") else 2  # as a viewer of Parquet, or a text editor, counts
    places = [f"{path} row {number}" for number in range(first_row, first_row + table.num_rows)]
    if "label" not in table.column_names and "annotations.csv" not in names:
        raise InputError(f"{path} has no column 'label'; for unlabelled examples, add it and leave it empty")
    modality, payload_columns = modalities.of_columns(table.column_names, RESERVED)
    others = [name for name in table.column_names if name not in RESERVED and name not in payload_columns]
    payload = table.select(payload_columns)
    if modality != "table":
        payload = payload.column(0).to_pylist()
        missing = next(
            (place for place, value in zip(places, payload, strict=True) if not isinstance(value, bytes)), None
        )
        if missing:
            raise InputError(f"{missing}: {payload_columns[0]!r} must be an encoded file (bytes), and not missing")
    keys = as_text(table["key"], str(path)) if "key" in table.column_names else [str(row) for row in range(len(places))]
    batch = RawBatch(modality, payload, places, keys, **_reserved(table, places, str(path)))
    batch.features = payload_columns
    batch.slices = {name: as_text(table[name], str(path)) for name in others}
    return batch, {name}


def _reserved(table: pa.Table, places: list[str], path: str) -> dict[str, list[str]]:
    return {
        f"{name}s": as_text(table[name], path) if name in table.column_names else [""] * len(places)
        for name in ("label", "split")
    }


# IDX files, plain or gzipped, under MNIST's names


def _idx(folder: Path, names: set[str]) -> tuple[RawBatch, set[str]] | None:
    pairs = {
        part: tuple(f"{part}-{kind}-idx{axes}-ubyte" for kind, axes in (("images", 3), ("labels", 1)))
        for part in _IDX_SPLITS
    }
    parts = [part for part, pair in pairs.items() if {f"{name}{end}" for name in pair for end in ("", ".gz")} & names]
    if not parts:
        return None
    images, keys, labels, splits, places, used = [], [], [], [], [], set()
    for part in parts:
        arrays = []
        for name, axes in zip(pairs[part], (3, 1), strict=True):
            found = next((path for path in (name, f"{name}.gz") if path in names), None)
            if found is None:
                raise InputError(f"{folder / name} is missing (or {name}.gz): IDX images and labels come in pairs")
            arrays.append(_read_idx(folder / found, axes))
            used.add(found)
        if len(arrays[0]) != len(arrays[1]):
            raise InputError(f"{folder}: {len(arrays[0])} {part} images, but {len(arrays[1])} labels")
        images.append(arrays[0])
        keys += [f"{part}/{number}" for number in range(len(arrays[0]))]
        places += [f"{folder / pairs[part][0]} image {number}" for number in range(len(arrays[0]))]
        labels += [str(label) for label in arrays[1]]
        splits += [_IDX_SPLITS[part]] * len(arrays[0])
    if len({array.shape[1:] for array in images}) > 1:
        raise InputError(f"{folder}: train and t10k images differ in size")
    return RawBatch("image", np.concatenate(images), places, keys, labels, splits), used


def _read_idx(path: Path, axes: int) -> np.ndarray:
    """One IDX file of unsigned bytes: magic 0, 0, 8, number of axes, then big-endian sizes, then the bytes (LeCun)."""
    opener: Callable = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            magic = file.read(4)
            if magic != bytes([0, 0, 8, axes]):
                raise InputError(
                    f"{path} has the magic {magic.hex()}, not that of {axes}-axis IDX bytes, 000008{axes:02}"
                )
            shape = struct.unpack(f">{axes}I", file.read(4 * axes))
            content = file.read(math.prod(shape) + 1)
    except (EOFError, struct.error, gzip.BadGzipFile, gzip.zlib.error) as error:
        raise InputError(f"{path} is cut short or damaged ({error}): fetch it again") from None
    if len(content) != math.prod(shape):
        more = "is cut short" if len(content) < math.prod(shape) else "is longer than its header says"
        raise InputError(f"{path} {more}: it says {shape}, which is {math.prod(shape)} bytes")
    return np.frombuffer(content, np.uint8).reshape(shape)


# Image or audio files: folders per class, or a metadata.csv


def _media_files(folder: Path, names: set[str]) -> tuple[RawBatch, set[str]] | None:
    media = {name for name in names if modalities.of_file(name)}
    tables = {name for name in names if PurePosixPath(name).name == "metadata.csv"}
    in_class_folders = any("/" in name for name in media)
    if (not media and not tables) or not (in_class_folders or tables):
        return None
    kinds = {modalities.of_file(name) for name in media}
    if len(kinds) > 1:
        raise InputError(f"{folder} mixes {' and '.join(sorted(kinds))} files: make one batch of each")
    roots = {name.partition("/")[0] for name in media | tables if "/" in name}
    split_of_root = {f"{root}/": _SPLIT_FOLDERS[root] for root in roots} if roots <= set(_SPLIT_FOLDERS) else {}
    batch = RawBatch(kinds.pop() if kinds else "image", [], [], [], [], [])
    used: set[str] = set()
    for root, split in (split_of_root or {"": ""}).items():
        if f"{root}metadata.csv" in names:
            _add_listed_files(folder, root, split, names, batch)
            used.add(f"{root}metadata.csv")
        else:
            for name in sorted(name for name in media if name.startswith(root)):
                label, _, rest = name.removeprefix(root).rpartition("/")
                if label:
                    _add_file(folder, name, label, split, batch)
    used |= set(batch.keys)
    return batch, used


def _add_listed_files(folder: Path, root: str, split: str, names: set[str], batch: RawBatch) -> None:
    path = folder / root / "metadata.csv"
    table = read_csv(path, ["file_name"])
    if "label" not in table.column_names and not (folder / "annotations.csv").exists():
        raise InputError(f"{path} has no column 'label'; for unlabelled examples, add it and leave it empty")
    places = [f"{path} row {row}" for row in range(2, table.num_rows + 2)]
    columns = _reserved(table, places, str(path))
    for row, file_name in enumerate(table["file_name"].to_pylist()):
        pure = PurePosixPath(file_name)
        if pure.is_absolute() or ".." in pure.parts:
            raise InputError(f"{places[row]}: {file_name!r} is not inside the batch; name files below {path.parent}")
        name = f"{root}{pure.as_posix()}"
        if name not in names:
            raise InputError(f"{places[row]}: {folder / name} is missing; put it there or take the row out")
        _add_file(folder, name, columns["labels"][row], columns["splits"][row] or split, batch)
    for column in table.column_names:
        if column not in RESERVED:
            before = batch.slices.setdefault(column, [""] * (len(batch.keys) - table.num_rows))
            before += table[column].to_pylist()
    for values in batch.slices.values():
        values += [""] * (len(batch.keys) - len(values))


def _add_file(folder: Path, name: str, label: str, split: str, batch: RawBatch) -> None:
    path = folder / name
    batch.payload.append(path.read_bytes())
    batch.places.append(str(path))
    batch.keys.append(name)
    batch.labels.append(label)
    batch.splits.append(split)
