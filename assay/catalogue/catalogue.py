"""All listed batches as one data set: which examples there are, which are copies, and where their rows lie."""

import sys

import numpy as np
import pandas as pd

from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import InputError


def read() -> pd.DataFrame:
    """The examples of all listed batches, in the order of arrival, each content once.

    Of exact duplicates across batches the earliest stays, except that a test example always stays: its training
    copies go out.

    Returns
    -------
    pd.DataFrame
        A row an example, numbered from 0: `id`, `key`, `split`, `batch`, and `row` of that batch's files.
    """
    return once({batch: _of_batch(batch) for batch in files.listed_batches()})


def once(batches: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The examples of batches with a row an example, as `read` has them: numbered, each content once."""
    every = pd.concat(batches, names=["batch", "row"]).reset_index()
    test_first = every.sort_values("split", key=lambda split: split != "test", kind="stable")
    return test_first.drop_duplicates("id").sort_index().reset_index(drop=True)


def _of_batch(batch: str) -> pd.DataFrame:
    return parquet_files.read_parquet(paths.examples(batch), ["id", "key", "split"]).to_pandas()


def votes(examples: pd.DataFrame) -> pd.DataFrame:
    """Every label of every person: `example` (row of `examples`), `annotator`, `label`.

    The labels of a training copy of a test example do not count. A person has one vote for an example: of labels in
    several batches the later counts, which is said on stderr.
    """
    place = pd.Series(examples.index, examples["id"])
    frames = []
    for batch in files.listed_batches():
        frame = csv_files.read_csv(paths.labels(batch)).to_pandas()
        own_side = frame["id"].map(_of_batch(batch).set_index("id")["split"])
        frame["example"] = frame["id"].map(place).astype(int)
        side = examples["split"][frame["example"]].to_numpy()
        frames.append(frame[(own_side == "test") | (side != "test")])
    every = pd.concat(frames, ignore_index=True)[["example", "annotator", "label"]]
    before = every.duplicated(["example", "annotator"], keep="last") & (
        every["annotator"] != paths.GIVEN
    )
    if before.any():
        example, annotator, _ = every[before].iloc[0]
        first = f"{examples['batch'][example]}/{examples['key'][example]} by {annotator!r}"
        said = "labels are of a person who labelled the example again in a later batch, and the later counts"
        print(f"assay: {before.sum()} {said}: {first}", file=sys.stderr)
    return every[~before].reset_index(drop=True)


def truth(examples: pd.DataFrame) -> pd.Series:
    """The known answer of each example, "" where there is none. For metrics only."""
    known = pd.concat(
        [csv_files.read_csv(paths.truth(batch)).to_pandas() for batch in files.listed_batches()]
    )
    return examples["id"].map(known.drop_duplicates("id").set_index("id")["label"]).fillna("")


def slices(examples: pd.DataFrame) -> pd.DataFrame:
    """The batch and the slice columns of some examples, as text, in their order; "" where there is no value."""
    frames = []
    for batch, rows in examples.groupby("batch", sort=False)["row"]:
        path = paths.examples(batch)
        names = parquet_files.slice_columns(path)
        own = parquet_files.read_parquet(path, ["id", *names]).to_pandas().iloc[rows.to_numpy()]
        frames.append(
            own.rename(columns=names).drop(columns="id").assign(batch=batch).set_index(rows.index)
        )
    return pd.concat(frames).reindex(examples.index).fillna("").sort_index(axis=1)


class Rows:
    """Some rows of an array on disk, read when a slice of them is asked for."""

    def __init__(self, array: np.ndarray, chosen: np.ndarray) -> None:
        self.array, self.chosen = array, chosen
        self.shape, self.dtype = (len(chosen), *array.shape[1:]), array.dtype

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, part: slice) -> np.ndarray:
        return self.array[self.chosen[part]]


def features(examples: pd.DataFrame) -> list[Rows]:
    """The embeddings of some examples, in their order, one piece a batch."""
    pieces = []
    for batch, rows in examples.groupby("batch", sort=False)["row"]:
        array = np.load(paths.embeddings(batch), mmap_mode="r")
        if pieces and array.shape[1] != pieces[0].shape[1]:
            raise InputError(
                f"{paths.embeddings(batch)} has {array.shape[1]} columns, others {pieces[0].shape[1]}"
            )
        pieces.append(Rows(array, rows.to_numpy()))
    return pieces
