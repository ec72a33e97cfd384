"""Parquet files: the examples of a batch under ids that are hashes of their content, and probabilities by id."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.contract import files, paths
from assay.contract.errors import InputError

_ROW_GROUP = 4096  # rows of examples.parquet that are read at a time


def write_parquet(path: Path, table: pa.Table) -> None:
    with files.whole(path) as unfinished:
        pq.write_table(
            table, unfinished, compression="zstd", row_group_size=_ROW_GROUP, use_dictionary=False
        )


def write_examples(
    batch: str, kind: dict, columns: dict[str, pa.Array], *, numbered: bool = False
) -> None:
    """Write examples.parquet.

    `kind` says what the payload columns are, for `read_kind`; `numbered`, that keys are row numbers, for `is_numbered`.
    """
    said = {"payload": json.dumps(kind)} | ({"keys": "row numbers"} if numbered else {})
    write_parquet(paths.examples(batch), pa.table(columns).replace_schema_metadata(said))


def write_probabilities(
    path: Path, ids: Sequence[str], pred_probs: np.ndarray, classes: Sequence[str]
) -> None:
    """Write pred_probs (n, classes) beside their ids; the names of the classes go into the schema."""
    values = pa.FixedSizeListArray.from_arrays(pa.array(pred_probs.ravel()), pred_probs.shape[1])
    table = pa.table({"id": pa.array(ids, pa.string()), "pred_probs": values})
    write_parquet(path, table.replace_schema_metadata({"classes": json.dumps(list(classes))}))


def listed() -> list[str]:
    """The names of the listed batches, in the order of arrival."""
    return files.read_json(paths.LISTED)["batches"]


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    path.stat()  # raises what tells the name of a missing file; what pyarrow raises does not
    try:
        return pq.read_table(path, columns=columns, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"{path} is not a readable Parquet file ({error}): write or fetch it again"
        ) from None


def read_kind(path: Path) -> dict:
    """What the payloads of a file of examples are: `modality`, `shape` of one, and what else their module notes."""
    return json.loads(pq.read_schema(path).metadata[b"payload"])


def is_numbered(path: Path) -> bool:
    """Whether the keys of a file of examples are row numbers, which mean others once a row is removed."""
    return b"keys" in pq.read_schema(path).metadata


def describe(kind: dict) -> str:
    """What `read_kind` gave, in words."""
    return f"{kind['modality']} examples of shape {' x '.join(map(str, kind['shape'])) or 'free'}"


def read_probabilities(path: Path) -> tuple[np.ndarray, list[str]]:
    """pred_probs (n, classes), in the order they were written in, and the names of the classes."""
    table = read_parquet(path)
    classes = json.loads(table.schema.metadata[b"classes"])
    values = table["pred_probs"].combine_chunks().flatten().to_numpy()
    return values.reshape(-1, len(classes)), classes


def count(path: Path) -> int:
    """The number of rows of a Parquet file."""
    return pq.read_metadata(path).num_rows


def described(schema: pa.Schema) -> list[str]:
    """The columns of examples.parquet that are not payload."""
    fixed = ("id", "key", "duplicates", "split")
    return [name for name in schema.names if name in fixed or name.startswith("slice:")]


def slice_columns(path: Path) -> dict[str, str]:
    """The slices of a file of examples, among them the categories of a table: column, and what it is called."""
    names = {
        name: name.removeprefix("slice:")
        for name in pq.read_schema(path).names
        if name.startswith("slice:")
    }
    types = read_kind(path).get("features", {})
    names |= {f"feature:{name}": name for name, type_ in types.items() if type_ == "category"}
    return {column: slice_name(name) for column, name in names.items()}


def slice_name(column: str) -> str:
    """What the slice of a column is called; `batch` is that of the batches."""
    return "batch (column)" if column == "batch" else column


def blocks(path: Path, size: int) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file in blocks of at most `size`, so that memory does not grow with the file."""
    with pq.ParquetFile(path, pre_buffer=False) as file:  # else it keeps all that it has read
        yield from file.iter_batches(size, use_threads=False)
