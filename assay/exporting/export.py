"""Write the data set as Hugging Face's `datasets` reads it: Parquet files, or files and tables.

Renumics Spotlight opens the Parquet files, FiftyOne the files with their tables.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assay.catalogue import catalogue, payloads
from assay.contract import class_names, csv_files, hugging_face_columns, parquet_files, paths
from assay.contract.errors import InputError, writing
from assay.contract.parquet_files import GROUP
from assay.contract.remarks import Remarks
from assay.exporting import table_columns
from assay.exporting.table_columns import ExportedColumn
from assay.modalities import registry

_ROWS = 1000  # rows written at a time
_JUDGED = ["given", "suggested", "quality", "confidence", "decision", "reason"]
_UNFINISHED = ".unfinished"  # a folder inside the export's folder, until all is written
_OURS = "assay_"  # the names of our columns start with this, so that they are not used twice
_FILE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_EMBEDDING = f"{_OURS}embedding"
_TYPES = {"double": "float64", "float": "float32"}  # names of Arrow, and of `datasets`


def export(folder: Path, *, as_files: bool) -> dict[str, int]:
    """Write all examples into a new folder, and return how many each split has.

    Parameters
    ----------
    as_files : PNG or WAV files, with a table and embeddings for each split; else Parquet files

    Raises
    ------
    InputError
        If the folder is there and not empty, or cannot be written; or if files are asked for, but
        the examples are no files.
    """
    if folder.exists() and (not folder.is_dir() or _holds_something(folder)):
        raise InputError(f"{folder} is there already: name a new folder")
    examples = described(catalogue.read())
    classes = sorted(examples["label"].dropna().unique())
    remarks = Remarks()
    columns = _table_columns(examples, remarks)
    with writing(folder), _whole(folder) as unfinished:
        for split, part in examples.groupby("split", sort=True):
            if as_files:
                _write_files(unfinished / str(split), part)
            else:
                path = unfinished / "data" / f"{split}-00000-of-00001.parquet"
                _write_parquet(path, part, classes, columns)
    remarks.say(folder)
    return {str(split): int(count) for split, count in examples["split"].value_counts().items()}


def _holds_something(folder: Path) -> bool:
    """Whether a folder holds anything except the rest of a killed export."""
    return any(path.name != _UNFINISHED for path in folder.iterdir())


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Yield a folder to write to. Its content moves to `folder` if the block ends without error.

    After an error nothing is left. The yielded folder is inside `folder`, so both are on one disk.
    """
    unfinished = folder / _UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    was_there = folder.exists()
    try:
        yield unfinished
        for path in sorted(unfinished.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not was_there:
            with suppress(OSError):  # it is not empty: it holds the export
                folder.rmdir()


def described(examples: pd.DataFrame) -> pd.DataFrame:
    """The catalogue with `label`, the slices, and what Assay says of each label.

    The columns of Assay start with `assay_`, slices with `slice_`.
    """
    tables = [csv_files.read_csv(path) for path in (paths.ANNOTATED_LABELS, paths.TEST_LABELS)]
    in_use = pd.concat([table.to_pandas() for table in tables]).set_index("id")
    labels = in_use[["label", "source"]].rename(columns={"source": f"{_OURS}source"})
    judged = parquet_files.read_parquet(paths.QUALITY, ["id", *_JUDGED]).to_pandas()
    judged = judged.set_index("id").add_prefix(_OURS)
    known = examples.join(labels, on="id").join(judged, on="id")
    if payloads.payload_format(examples)["modality"] == "table":
        return known  # its columns are there already
    return known.join(catalogue.slices(examples).drop(columns="batch").add_prefix("slice_"))


def _facts(examples: pd.DataFrame) -> pd.DataFrame:
    """The columns other than payload, label and embedding."""
    return examples.drop(columns=["row", "split", "label", GROUP], errors="ignore")


def _table_columns(examples: pd.DataFrame, remarks: Remarks) -> dict[str, ExportedColumn]:
    """The columns of a table by feature; {} for other modalities."""
    encoder = payloads.payload_format(examples)
    if encoder["modality"] != "table":
        return {}
    taken = {*_facts(examples).columns, "label", _EMBEDDING}
    return table_columns.of_batches(examples["batch"].unique(), taken, encoder, remarks)


def _embeddings(examples: pd.DataFrame) -> np.ndarray:
    return np.concatenate([rows[:] for rows in catalogue.features(examples)])


def _write_parquet(
    path: Path, examples: pd.DataFrame, classes: list[str], columns: dict[str, ExportedColumn]
) -> None:
    """One Parquet file. Its schema names the classes, and says which columns are media."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = _tables(examples, classes, columns)
    first = next(tables)
    with pq.ParquetWriter(path, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)


def _tables(
    examples: pd.DataFrame, classes: list[str], columns: dict[str, ExportedColumn]
) -> Iterator[pa.Table]:
    """All columns of the export, block by block, with the description that `datasets` reads."""
    codes = class_names.codes(examples["label"], classes)  # -1 without a label, as in `datasets`
    facts = pa.Table.from_pandas(_facts(examples).assign(label=codes), preserve_index=False)
    embeddings = _embeddings(examples)
    width = embeddings.shape[1]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(embeddings.ravel()), width)
    facts = facts.append_column(_EMBEDDING, vectors)
    start = 0
    for payload in _payloads(examples, columns):
        part = facts.slice(start, len(payload))
        columns_of_block = [*payload.columns, *part.columns]
        table = pa.table(columns_of_block, [*payload.column_names, *part.column_names])
        features = {field.name: _feature(field, classes) for field in table.schema}
        description = {"info": {"features": features}}
        yield table.replace_schema_metadata({"huggingface": json.dumps(description)})
        start += len(payload)


def _feature(column: pa.Field, classes: list[str]) -> dict[str, Any]:
    """The description of a column for `datasets`."""
    if column.type == _FILE and column.name in hugging_face_columns.MEDIA:
        return {"_type": hugging_face_columns.MEDIA[column.name]}
    if pa.types.is_struct(column.type):  # files that `datasets` does not decode
        return {field.name: _feature(field, classes) for field in column.type}
    if column.name == "label":
        return {"names": classes, "_type": "ClassLabel"}
    if pa.types.is_fixed_size_list(column.type):
        value = {"dtype": "float32", "_type": "Value"}
        return {"feature": value, "length": column.type.list_size, "_type": "List"}
    name = str(column.type)
    return {"dtype": _TYPES.get(name, name), "_type": "Value"}


def _payloads(examples: pd.DataFrame, columns: dict[str, ExportedColumn]) -> Iterator[pa.Table]:
    """The payloads, block by block: encoded files, texts, or the columns of a table."""
    for block, payload_format in payloads.stored(examples, _ROWS):
        module = registry.named(payload_format["modality"])
        if module.COLUMN is None:
            yield table_columns.read(block, columns)
        elif module.SUFFIXES:
            contents = module.encode(block, payload_format)
            files = [{"bytes": content, "path": None} for content in contents]
            yield pa.table({module.COLUMN: pa.array(files, _FILE)})
        else:
            yield pa.table({module.COLUMN: block[module.COLUMN]})


def _write_files(folder: Path, examples: pd.DataFrame) -> None:
    """A file for each example, `metadata.csv` about all of them, and their embeddings."""
    modality = payloads.payload_format(examples)["modality"]
    module = registry.named(modality)
    if not module.SUFFIXES:
        raise InputError(f"examples of the modality {modality} are no files: leave out --files")
    names = [f"{id_}{module.ENDING}" for id_ in examples["id"]]
    folder.mkdir(parents=True, exist_ok=True)
    contents = (content for table in _payloads(examples, {}) for content in table[module.COLUMN])
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_bytes(content["bytes"].as_py())
    np.save(folder / "embeddings.npy", _embeddings(examples))  # rows as in the table
    table = _facts(examples).assign(file_name=names, label=examples["label"])
    csv_files.write_frame(folder / "metadata.csv", table.fillna("").astype(object))
