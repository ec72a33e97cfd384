"""Report on stderr which examples or keys are in several batches."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from assay.catalogue import catalogue, repeated_keys
from assay.contract import parquet_files, paths
from assay.contract.errors import counted, first_of, say
from assay.contract.parquet_files import GROUP


def tell(examples: pd.DataFrame) -> None:
    """Say how many examples are in several batches, and whether their labels or slices differ.

    Also say how many examples have the key of an earlier example, but other content.

    Parameters
    ----------
    examples : the catalogue
    """
    arrived = catalogue.arrived()
    if GROUP not in examples or (examples[GROUP] != examples["key"]).any():
        _tell_of_keys(arrived)
    shared = arrived[arrived.duplicated("id", keep=False)]
    if shared.empty:
        return
    labels = catalogue.rows_of_files(paths.labels)
    labels = labels[(labels["annotator"] == paths.GIVEN) & labels["id"].isin(shared["id"])]
    _tell_of_labels(shared, labels)
    _tell_of_slices(shared, examples)


def _tell_of_keys(arrived: pd.DataFrame) -> None:
    """Say how many examples have the key of an example in an earlier batch, but other content.

    Parameters
    ----------
    arrived : `batch`, `id`, `key`, `split` of all batches, in the order of arrival
    """
    batches = [str(name) for name in arrived["batch"].unique()]
    named = [name for name in batches if not parquet_files.is_numbered(paths.examples(name))]
    arrived = arrived[arrived["batch"].isin(named)]
    again = arrived.loc[arrived.duplicated("key"), "key"].unique()
    if not again.size:
        return
    pairs = list(_pairs(arrived, again))
    if not pairs:
        return
    both = pd.concat(pairs)
    n_learned = int(((both["split_before"] == "test") & (both["split"] != "test")).sum())
    of_test = f"; {counted(n_learned, 'earlier one')} in the test split, unlike the later"
    key, one = both.index[0], both.iloc[0]
    example = f"{one['batch']}/{key} and {one['batch_before']}/{key}{of_test if n_learned else ''}"
    what = "with the key of an example of an earlier batch, but other content"
    say(f"{counted(len(both), 'example')} {what}: {example}: {repeated_keys.REMEDY}")


def _pairs(arrived: pd.DataFrame, again: np.ndarray) -> Iterator[pd.DataFrame]:
    """For each batch, the examples whose key an earlier batch has with other content.

    Each row has the columns of the example. The columns of the last earlier example with this key
    end with `_before`. The index is the key.

    Parameters
    ----------
    arrived : as in `_tell_of_keys`
    again : the keys that come more than once
    """
    before = arrived.iloc[:0].set_index("key")  # the last example of each key in `again` so far
    for _, batch in arrived.set_index("key").groupby("batch", sort=False):
        ids = batch["id"].to_dict()
        keys = repeated_keys.of_other_content(ids, before["id"].to_dict(), ids)
        if keys:
            yield batch.loc[keys].join(before.loc[keys].add_suffix("_before"))
        repeated = batch[batch.index.isin(again)]
        before = pd.concat([before[~before.index.isin(repeated.index)], repeated])


def _tell_of_labels(shared: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Say how many examples are in several batches, and how many have different labels there.

    Parameters
    ----------
    shared : `batch`, `id`, `key` of the copies in all batches, in the order of arrival
    labels : `batch`, `id`, `label`: the labels that the batches themselves give to these examples
    """
    labels = labels.drop_duplicates(["batch", "id", "label"])
    n_batches = labels.groupby("id")["batch"].transform("nunique")
    n_agreeing = labels.groupby(["id", "label"])["batch"].transform("count")
    differing = labels.loc[n_agreeing < n_batches, "id"].unique()
    number = shared["id"].nunique()
    verb = "is" if number == 1 else "are"
    which = f", {len(differing):,} of them with different labels" if len(differing) else ""
    places = shared["batch"] + "/" + shared["key"]
    example = differing[0] if len(differing) else shared["id"].iloc[0]
    copies = first_of(list(places[shared["id"] == example]), 2)
    what = f"{counted(number, 'example')} {verb} in more than one batch{which}"
    say(f"{what}, for example {copies}; equal labels of several batches count once")


def _tell_of_slices(shared: pd.DataFrame, examples: pd.DataFrame) -> None:
    """Say how many examples have a slice value that differs from the copy that counts.

    Parameters
    ----------
    shared : `batch`, `row`, `id`, `key` of the copies in all batches
    examples : the catalogue
    """
    values = catalogue.slices(shared, with_features=False).drop(columns="batch")
    kept = examples.set_index("id").loc[shared["id"]].set_index(shared.index)
    slices_of_kept = catalogue.slices(kept, with_features=False)
    kept_values = slices_of_kept.reindex(columns=values.columns, fill_value="")
    is_lost = (values != kept_values) & (values != "")
    if not is_lost.any(axis=None):
        return
    n_lost = {name: shared.loc[lost, "id"].nunique() for name, lost in is_lost.items()}
    names = [name for name, n in n_lost.items() if n]
    row = is_lost[names[0]].idxmax()
    place = f"{kept.loc[row, 'batch']}/{kept.loc[row, 'key']}"
    ours, theirs = kept_values.loc[row, names[0]], values.loc[row, names[0]]
    differs = f"{place} is {ours!r}, but {theirs!r} in {shared.loc[row, 'batch']}"
    number = shared.loc[is_lost.any(axis=1), "id"].nunique()
    what = f"{counted(number, 'example')} with other values in another batch, which do not count"
    say(f"{what}: {first_of([f'{name!r} ({n_lost[name]:,})' for name in names])}; {differs}")
