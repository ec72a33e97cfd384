"""All listed batches as one data set: which examples there are, which are copies, and where their rows lie."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from assay import dataset
from assay.errors import InputError


@dataclass
class Catalogue:
    """The examples of all batches, in the order of the batches, each content once.

    Attributes
    ----------
    batches : names, in the order of arrival
    ids, splits : (n,) of each example
    batch, row : (n,) int, which batch it is read from and in which row of that batch's files
    copies : number of rows that were left out because another batch holds the same content
    """

    batches: list[str]
    ids: pa.Array
    splits: np.ndarray
    batch: np.ndarray
    row: np.ndarray
    copies: int

    def __len__(self) -> int:
        return len(self.ids)


def read(batches: Sequence[str]) -> Catalogue:
    """Read which examples the batches hold.

    Of exact duplicates across batches the earliest stays, except that a test example always stays: its training
    copies go out.
    """
    tables = [dataset.read_parquet(dataset.examples(name), ["id", "split"]) for name in batches]
    sizes = [len(table) for table in tables]
    ids = pa.concat_arrays([table["id"].combine_chunks() for table in tables])
    splits = np.concatenate([table["split"].to_numpy() for table in tables])
    batch = np.repeat(np.arange(len(batches)), sizes)
    row = np.concatenate([np.arange(size) for size in sizes])
    held_out_first = np.argsort(splits != "test", kind="stable")
    first = np.full(len(ids), False)
    first[held_out_first[_first_of_each(ids.take(pa.array(held_out_first)))]] = True
    kept = np.flatnonzero(first)
    return Catalogue(
        list(batches), ids.take(pa.array(kept)), splits[kept], batch[kept], row[kept], len(ids) - len(kept)
    )


def _first_of_each(ids: pa.Array) -> np.ndarray:
    codes = ids.dictionary_encode().indices.to_numpy()
    return np.unique(codes, return_index=True)[1]


def votes(catalogue: Catalogue) -> pa.Table:
    """Every label of every person: columns row (of the catalogue), annotator, label.

    The labels of a training copy of a test example do not count.
    """
    tables = []
    for number, name in enumerate(catalogue.batches):
        table = dataset.read_csv(dataset.labels(name))
        row = dataset.index_of(table["id"], catalogue.ids)
        side = dataset.read_parquet(dataset.examples(name), ["id", "split"])
        own_side = side["split"].to_numpy()[dataset.index_of(table["id"], side["id"].combine_chunks())]
        counts = (catalogue.batch[row] == number) | (catalogue.splits[row] == own_side)
        table = table.append_column("row", pa.array(row)).select(["row", "annotator", "label"])
        tables.append(table.filter(pa.array(counts)))
    return pa.concat_tables(tables)


def keys(catalogue: Catalogue) -> np.ndarray:
    """The name that each example came with; unique within its batch. Shape (n,), object."""
    columns = [dataset.read_parquet(dataset.examples(name), ["key"])["key"].to_numpy() for name in catalogue.batches]
    starts = np.cumsum([0, *map(len, columns)])[:-1]
    return np.concatenate(columns)[starts[catalogue.batch] + catalogue.row]


def all_keys(catalogue: Catalogue) -> Iterator[tuple[str, int, str]]:
    """Every name that an example came with, those of its copies too: batch, row of the catalogue, key."""
    for name in catalogue.batches:
        table = dataset.read_parquet(dataset.examples(name), ["id", "key", "duplicates"])
        rows = dataset.index_of(table["id"], catalogue.ids).tolist()
        for row, key, others in zip(rows, table["key"].to_pylist(), table["duplicates"].to_pylist(), strict=True):
            for each in [key, *others]:
                yield name, row, each


def truth(catalogue: Catalogue) -> np.ndarray:
    """The known answer of each example, "" where there is none. For metrics only. Shape (n,), object."""
    known = np.full(len(catalogue), "", dtype=object)
    for name in catalogue.batches:
        table = dataset.read_csv(dataset.truth(name))
        known[dataset.index_of(table["id"], catalogue.ids)] = table["label"].to_numpy()
    return known


@dataclass
class Rows:
    """Some rows of an array on disk, read when a slice of them is asked for."""

    array: np.ndarray
    chosen: np.ndarray

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, part: slice) -> np.ndarray:
        return self.array[self.chosen[part]]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.chosen), *self.array.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype


def features(catalogue: Catalogue, chosen: np.ndarray) -> list[Rows]:
    """The embeddings of the chosen examples, one piece a batch, in the catalogue's order.

    Parameters
    ----------
    chosen : np.ndarray of shape (n,), bool
    """
    pieces = []
    for number, name in enumerate(catalogue.batches):
        array = np.load(dataset.embeddings(name), mmap_mode="r")
        if pieces and array.shape[1] != pieces[0].array.shape[1]:
            raise InputError(f"{dataset.embeddings(name)} has {array.shape[1]} columns; the others have more or fewer")
        pieces.append(Rows(array, catalogue.row[chosen & (catalogue.batch == number)]))
    return pieces
