"""Read all listed batches as one data set: the catalogue of examples, and their labels and rows."""

from collections.abc import Callable, Iterator, Mapping
from mmap import mmap
from pathlib import Path

import numpy as np
import pandas as pd

from assay.catalogue import moved_copies
from assay.contract import csv_files, files, identity, parquet_files, paths
from assay.contract.errors import InputError
from assay.contract.parquet_files import FEATURE, GROUP, Format
from assay.modalities import formats
from assay.modalities.exact_values import as_text

_AT_ONCE = 2**24  # bytes of a file read at a time
_GAP = 2**16  # bytes: rows that are at most so far apart are read together


def read() -> pd.DataFrame:
    """Read the examples of all listed batches, in the order of arrival, without exact copies.

    Returns
    -------
    pd.DataFrame
        The catalogue. One row for each example, numbered from 0: `id`, `key`, `split`, `batch`, and
        its `row` in the files of that batch. `joined_without_copies` says which copy is kept. If
        examples have groups, also `group`; see `groups`.
    """
    return joined_without_copies({batch: _read_examples(batch) for batch in files.listed_batches()})


def joined_without_copies(batches: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the examples of batches to one catalogue, numbered, without exact copies.

    Exact copies have the same id. If they are in several splits, only the copies in one split
    count, see `identity.in_split_of_copies`. The first copy that counts is kept.

    Parameters
    ----------
    batches : frames with `id` and `split`, in the order of arrival
    """
    joined = _joined(batches)
    if not joined["id"].is_unique:
        is_counted = identity.in_split_of_copies(joined["id"], joined["split"])
        joined = joined[is_counted].drop_duplicates("id")
    kept = joined.reset_index(drop=True)
    if GROUP in kept:
        # an example of a batch that was collected without groups is a group of its own
        kept[GROUP] = kept[GROUP].fillna(kept["id"])
    return kept


def arrived() -> pd.DataFrame:
    """The examples of all listed batches with their `batch` and `row`, including exact copies."""
    return _joined({batch: _read_examples(batch) for batch in files.listed_batches()})


def _joined(batches: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(batches, names=["batch", "row"]).reset_index()


def _read_examples(batch: str) -> pd.DataFrame:
    path = paths.examples(batch)
    columns = ["id", "key", "split"]
    if parquet_files.has_groups(path):
        columns.append(GROUP)
    return parquet_files.read_parquet(path, columns).to_pandas()


def groups(examples: pd.DataFrame) -> np.ndarray | None:
    """The group of each example, (n,) int from 0; None if examples have no groups."""
    return pd.factorize(examples[GROUP])[0] if GROUP in examples else None


def torn_groups(examples: pd.DataFrame) -> list[str] | None:
    """The groups that are both in the test split and outside it, sorted; None without groups.

    Within a batch, only given splits divide a group. Over several batches, times may do so too.
    """
    if GROUP not in examples:
        return None
    n_sides = (examples["split"] == "test").groupby(examples[GROUP]).nunique()
    return sorted(n_sides.index[n_sides > 1])


def votes(examples: pd.DataFrame) -> pd.DataFrame:
    """Read every label of every person in all listed batches.

    The labels of an exact copy in another split do not count. A person has one vote for an
    example: if several batches have labels, the last one counts. If several batches give the same
    label themselves, it is one vote. Labels that do not count, and examples that a later batch
    moved to another split, are reported on stderr.

    Parameters
    ----------
    examples : the catalogue

    Returns
    -------
    pd.DataFrame
        `example` (row of `examples`), `annotator`, `label`
    """
    all_copies = arrived()
    labels = rows_of_files(paths.labels).merge(all_copies, "left", ["batch", "id"])
    row_of_id = pd.Series(examples.index, examples["id"])
    labels["example"] = labels["id"].map(row_of_id).astype(int)
    split = examples["split"].loc[labels["example"]].to_numpy()
    counted = labels[labels["split"] == split]
    moved_copies.tell_of_examples(all_copies, examples)
    moved_copies.tell_of_labels(labels[labels["split"] != split])
    is_given = counted["annotator"] == paths.GIVEN
    is_replaced = counted.duplicated(["example", "annotator"], keep="last") & ~is_given
    moved_copies.tell_of_replaced(counted[is_replaced], examples)
    columns = ["example", "annotator", "label"]
    first_batch = counted.groupby(columns)["batch"].transform("first")
    is_repeated = is_given & (counted["batch"] != first_batch)
    return counted.loc[~is_replaced & ~is_repeated, columns].reset_index(drop=True)


def truth(examples: pd.DataFrame) -> pd.Series:
    """Read the known answer of each example, "" if there is none. Only metrics use it.

    If batches have different answers, the first counts. The others are reported on stderr.
    """
    answers = rows_of_files(paths.truth)
    label_of_id = answers.drop_duplicates("id").set_index("id")["label"]
    moved_copies.tell_of_truth(answers, label_of_id, examples)
    label = examples["id"].map(label_of_id)
    return label.astype("str").fillna("")  # the type is float if no answer is known


def rows_of_files(path_of: Callable[[str], Path]) -> pd.DataFrame:
    """The rows of a CSV file of each listed batch, in the order of arrival, with the `batch`."""
    batches = files.listed_batches()
    tables = {batch: csv_files.read_csv(path_of(batch)).to_pandas() for batch in batches}
    return pd.concat(tables, names=["batch", None]).reset_index("batch")


def payload_format(batch: str) -> Format:
    """Read the format in which the payloads of a batch are read.

    For tables, it is the format of the encoder: the columns that it learned from, and their types.
    """
    stored = parquet_files.read_payload_format(paths.examples(batch))
    if stored["modality"] == "table":
        return formats.of_payload(files.read_json(paths.ENCODER_INFO))
    return stored


def slices(
    examples: pd.DataFrame, absent: str | float = "", *, with_features: bool = True
) -> pd.DataFrame:
    """Read the batch and the slices of some examples. `with_features` adds a table's categories.

    Returns
    -------
    pd.DataFrame of str, with the index of `examples`: "" if an example has no value, `absent` if
    its batch has no such column
    """
    frames = []
    for batch, rows in rows_of_batches(examples):
        path = paths.examples(batch)
        features = payload_format(batch) if with_features else {}
        name_of_column = parquet_files.slice_columns(path, features)
        table = parquet_files.read_parquet(path, ["id", *name_of_column]).take(rows.to_numpy())
        texts = {"batch": [batch] * len(rows)}
        for column, name in name_of_column.items():
            values = table[column].combine_chunks()
            texts[name] = as_text(values) if column.startswith(FEATURE) else values.to_pylist()
        frames.append(pd.DataFrame(texts, rows.index, dtype=object))
    return pd.concat(frames).reindex(examples.index).fillna(absent).sort_index(axis=1)


def rows_of_batches(examples: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """The batches of some examples, and the rows of these examples in the files of each batch."""
    for batch, rows in examples.groupby("batch", sort=False)["row"]:
        yield str(batch), rows


class Rows:
    """Some rows of an array on disk. They are read only when they are used.

    The file is not read through its memory map: each page that was read would count as memory.

    Parameters
    ----------
    array : (n, ...), a memory map from `np.load`, or an array in memory
    chosen : (m,) int, the numbers of the rows, from 0
    """

    def __init__(self, array: np.ndarray, chosen: np.ndarray) -> None:
        self.array = array
        self.chosen = chosen
        self.shape = (len(chosen), *array.shape[1:])
        self.dtype = array.dtype

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, part: slice | np.ndarray) -> np.ndarray:
        chosen = self.chosen[part]
        if isinstance(self.array.base, mmap) and self.array.flags.c_contiguous:
            return _read(self.array, chosen)
        return self.array[chosen]


def _read(mapped: np.memmap, chosen: np.ndarray) -> np.ndarray:
    """Rows of a mapped file (n, ...), read from the file. Shape (chosen, ...)."""
    row_bytes = max(1, mapped[:1].nbytes)
    values = np.empty((len(chosen), *mapped.shape[1:]), mapped.dtype)
    order = np.argsort(chosen, kind="stable")  # (chosen,), positions in `chosen`
    with Path(str(mapped.filename)).open("rb") as file:
        for places in np.split(order, _cuts(chosen[order], row_bytes)):
            if not len(places):  # `chosen` is empty
                continue
            rows = chosen[places]  # ascending
            first, last = int(rows[0]), int(rows[-1])
            file.seek(mapped.offset + first * row_bytes)
            together = np.fromfile(file, mapped.dtype, (last + 1 - first) * mapped[:1].size)
            values[places] = together.reshape(-1, *values.shape[1:])[rows - first]
    return values


def _cuts(rows: np.ndarray, row_bytes: int) -> np.ndarray:
    """Where ascending rows (m,) are cut into parts: close rows, at most `_AT_ONCE` bytes."""
    is_far = np.diff(rows, prepend=rows[:1]) > _GAP // row_bytes  # from the row before
    part = rows // max(1, _AT_ONCE // row_bytes)  # the part of the file that holds the row
    is_next = np.diff(part, prepend=part[:1]) > 0
    return np.flatnonzero(is_far | is_next)


def features(examples: pd.DataFrame) -> list[Rows]:
    """The embeddings of some examples, one piece for each batch, in the order of the examples.

    Raises
    ------
    InputError
        If a file is damaged, or the embeddings of batches have different dimensions.
    """
    pieces: list[Rows] = []
    for batch, rows in rows_of_batches(examples):
        path = paths.embeddings(batch)
        array = files.map_rows(path)
        if pieces and array.shape[1] != pieces[0].shape[1]:
            raise InputError(f"{path} has {array.shape[1]} columns, others {pieces[0].shape[1]}")
        pieces.append(Rows(array, rows.to_numpy()))
    return pieces
