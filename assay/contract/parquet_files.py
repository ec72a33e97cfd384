"""Read and write Parquet files, such as the examples of a batch and probabilities by id."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.contract import files, paths, plain_files, unpacked_size
from assay.contract.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Format = dict[str, Any]  # of payloads: `modality`, `shape` of one payload, and more
SLICE = "slice:"  # how the name of a slice's column starts in examples.parquet
GROUP = "group"  # the name of the group column, if collect.group is set
FEATURE = "feature:"  # how the name of a table's column starts in examples.parquet
_BLOCKS = 1000  # a foreign file is read in about so many blocks; its size is checked after each
_FEWEST, _MOST = 64, 1024  # rows of a block of a foreign file, unless its texts may be too long
_ROW_GROUP = 4096  # most rows of examples.parquet that are written at a time
_LARGEST_GROUP = 2**28  # most bytes that are written at a time, of columns with a fixed width
_LARGEST_BLOCK = 2**26  # most bytes that are read at a time, of columns with a fixed width
_BUFFER = 2**20  # bytes; without it a whole row group would be read at once


def write_parquet(path: Path, table: pa.Table) -> None:
    write_tables(path, table.schema, [table])


def write_tables(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write tables as one file; memory does not grow with their number.

    Other cuts between the tables may change the bytes of the file.
    """
    size = _rows_within(_LARGEST_GROUP, _ROW_GROUP, schema)
    waiting = schema.empty_table()
    n_written = 0
    options = {"compression": "zstd", "use_dictionary": False}
    with files.whole(path) as partial, pq.ParquetWriter(partial, schema, **options) as writer:
        for table in tables:
            waiting = pa.concat_tables([waiting, table])
            full = len(waiting) // size * size
            if full:
                writer.write_table(waiting.slice(0, full), size)
            n_written += full
            # even an empty slice would keep the whole table in memory
            waiting = waiting.slice(full) if full < len(waiting) else schema.empty_table()
            del table
        if len(waiting) or not n_written:
            writer.write_table(waiting, size)


def _rows_within(limit: int, most: int, schema: pa.Schema) -> int:
    """How many rows to take at a time: at most `most`, and at most `limit` bytes of payloads."""
    has_width = (pa.types.is_fixed_size_binary, pa.types.is_floating, pa.types.is_integer)
    widths = [type_.byte_width for type_ in schema.types if any(test(type_) for test in has_width)]
    return max(1, min(most, limit // max(sum(widths), 1)))


def write_frame(path: Path, frame: "pd.DataFrame", columns: Sequence[str]) -> None:
    """Write some columns of a frame, without the metadata of pandas."""
    table = pa.Table.from_pandas(frame[list(columns)], preserve_index=False)
    write_parquet(path, table.replace_schema_metadata())


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or some of its columns.

    Raises
    ------
    InputError
        If it is damaged or too large for the free memory.
    """
    with _readable(path):
        return pq.read_table(path, columns=columns, use_threads=False)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise an InputError where pyarrow cannot read a file."""
    plain_files.check(path)  # its error names a missing file; pyarrow's error does not
    try:
        yield
    except MemoryError as error:
        free = "close other programs, or make several batches"
        raise InputError(f"{path} does not fit into the free memory ({error}): {free}") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path} is no readable Parquet file ({error}): write it again") from None


def read_foreign(path: Path, largest: int) -> pa.Table:
    """Read a file of unknown origin block by block, and check its content.

    Parameters
    ----------
    largest : most bytes that it may unpack to; a small file may unpack to a huge one

    Raises
    ------
    InputError
        If it is damaged or too large.
    """
    limit = f"collect.largest_file, {largest / files.MB:,.0f} MB"
    too_large = f"{path} unpacks to more than {limit}: raise it, or make several batches"
    with _readable(path), pq.ParquetFile(path, pre_buffer=False) as file:
        if max(unpacked_size.as_stored(file), unpacked_size.of_numbers(file)) > largest:
            raise InputError(too_large)
        usual = min(max(file.metadata.num_rows // _BLOCKS, _FEWEST), _MOST)
        rows = unpacked_size.rows_within(file, largest, usual)
        in_lists = unpacked_size.texts_in_lists(file)
        parts, size = [], 0
        with pq.ParquetFile(path, read_dictionary=in_lists, pre_buffer=False) as short:
            for group in range(short.num_row_groups):  # each has dictionaries of its own
                for part in short.iter_batches(rows, row_groups=[group], use_threads=False):
                    if size + unpacked_size.of_lists(part) > largest:
                        raise InputError(too_large)
                    parts.append(part.cast(file.schema_arrow) if in_lists else part)
                    size += parts[-1].nbytes
                    if size > largest:
                        raise InputError(too_large)
        table = pa.Table.from_batches(parts, file.schema_arrow)
        table.validate(full=True)
        return table


def blocks(path: Path, size: int | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file in blocks of at most `size`; memory does not grow with the file.

    Without a size, a block has about 64 MiB: fewer blocks are faster.
    """
    # a pre-buffer would keep everything that was read
    with _readable(path), pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
        as_stored = _LARGEST_BLOCK * file.metadata.num_rows // max(unpacked_size.as_stored(file), 1)
        most = _rows_within(_LARGEST_BLOCK, size or as_stored, file.schema_arrow)
        yield from file.iter_batches(most, use_threads=False)


def count(path: Path) -> int:
    """The number of rows of a Parquet file."""
    with _readable(path):
        return pq.read_metadata(path).num_rows


def write_examples(
    batch: str, payload_format: Format, columns: Mapping[str, Any], *, numbered: bool = False
) -> None:
    """Write examples.parquet.

    Parameters
    ----------
    columns : arrays, or objects that give arrays when they are sliced
    payload_format : the format of the payloads; `read_payload_format` reads it
    numbered : whether keys are row numbers; `is_numbered` reads it
    """
    metadata = {"payload": json.dumps(payload_format)}
    if numbered:
        metadata["keys"] = "row numbers"
    n = len(columns["id"])
    schema = _slice(columns, 0, 1).schema.with_metadata(metadata)
    size = _rows_within(_LARGEST_GROUP, _ROW_GROUP, schema)
    tables = (_slice(columns, start, start + size) for start in range(0, n, size))
    write_tables(paths.examples(batch), schema, tables)


def _slice(columns: Mapping[str, Any], start: int, end: int) -> pa.Table:
    return pa.table({name: column[start:end] for name, column in columns.items()})


def _schema(path: Path) -> pa.Schema:
    with _readable(path):
        return pq.read_schema(path)


def read_payload_format(path: Path) -> Format:
    """The format of the payloads in a file of examples: `modality`, `shape` of one, and more."""
    return json.loads(_schema(path).metadata[b"payload"])


def is_numbered(examples: Path | pa.Schema) -> bool:
    """Whether keys are row numbers, which shift if a row is removed. Takes a file or a schema."""
    schema = examples if isinstance(examples, pa.Schema) else _schema(examples)
    return b"keys" in (schema.metadata or {})


def payload_schema(path: Path) -> pa.Schema:
    """The schema of the payload columns of a file of examples, with its metadata."""
    schema = _schema(path)
    fixed = ("id", "key", "duplicates", "split", GROUP)
    names = [name for name in schema.names if name not in fixed and not name.startswith(SLICE)]
    return pa.schema([schema.field(name) for name in names], schema.metadata)


def has_groups(path: Path) -> bool:
    """Whether a file of examples has the group of each example."""
    return GROUP in _schema(path).names


def slice_columns(path: Path, payload_format: Format) -> dict[str, str]:
    """The slices of a file of examples: slice name by column.

    The categories of a table are slices too. `payload_format` says which columns are categories.
    """
    columns = [name for name in _schema(path).names if name.startswith(SLICE)]
    slices = {column: slice_name(column.removeprefix(SLICE)) for column in columns}
    types = payload_format.get("features", {})
    categories = [name for name, type_ in types.items() if type_ == "category"]
    return slices | {f"{FEATURE}{name}": slice_name(name) for name in categories}


def slice_name(column: str) -> str:
    """The name of a column's slice. The name `batch` is reserved for the slice by batch."""
    return "batch (column)" if column == "batch" else column


def write_probabilities(
    path: Path, ids: Sequence[str], pred_probs: np.ndarray, classes: Sequence[str]
) -> None:
    """Write pred_probs (n, classes) with their ids; the schema holds the names of the classes."""
    values = pa.FixedSizeListArray.from_arrays(pa.array(pred_probs.ravel()), pred_probs.shape[1])
    table = pa.table({"id": pa.array(ids, pa.string()), "pred_probs": values})
    write_parquet(path, table.replace_schema_metadata({"classes": json.dumps(list(classes))}))


def read_classes(path: Path) -> list[str]:
    """The names of the classes, in the order of the columns of pred_probs."""
    return json.loads(_schema(path).metadata[b"classes"])


def read_probabilities(path: Path, ids: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """pred_probs (n, classes) of the examples with these `ids` (n,), and the names of the classes.

    Raises
    ------
    InputError
        If the file holds other examples, or the same ones in another order.
    """
    table = read_parquet(path)
    if table["id"].to_pylist() != list(ids):
        raise InputError(f"{path} is about other examples than {paths.COLLECTED}: run `dvc repro`")
    classes = json.loads(table.schema.metadata[b"classes"])
    values = table["pred_probs"].combine_chunks().flatten().to_numpy()
    return values.reshape(-1, len(classes)), classes
