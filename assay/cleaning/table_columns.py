"""The columns of a table, and slices: which tell the label, and which change between batches."""

from collections.abc import Iterator
from itertools import compress

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, poisson

from assay.catalogue import catalogue, payloads
from assay.cleaning import leaky_column
from assay.cleaning.near_duplicates import NamedValues
from assay.contract.errors import first_of
from assay.contract.memory import at_once
from assay.contract.parquet_files import GROUP
from assay.measures import multiple_testing

_ROWS = 65_536  # rows of a table read at a time
_LEVEL = 0.01  # of all columns of a batch together (Holm 1979)
_LEAST = 0.05  # difference of the shares of gaps; a smaller one is of no interest
_GIVEN_AWAY = 0.02  # share of the errors without a column that are left with it


def leaky(examples: pd.DataFrame, given: np.ndarray, memory: int) -> pd.DataFrame:
    """Read the columns of a table, and list those whose values nearly always tell the label.

    Other modalities have no such columns. See `leaky_column.errors`.

    Parameters
    ----------
    examples : rows of the catalogue that have a label
    given : (n,) int, their labels
    memory : bytes that may be taken, about
    """
    listed = []
    below = _GIVEN_AWAY * (1 - np.bincount(given).max() / len(given))
    for name, column, is_category in read(examples, memory):
        errors = leaky_column.errors(column, given, is_category=is_category, below=below)
        if errors < below:
            tells = f"the column {name} tells the label of {1 - errors:.1%} of the examples"
            listed.append({"kind": "leaky_column", "reason": f"{tells}: is it made from it?"})
    return pd.DataFrame(listed)


def read(examples: pd.DataFrame, memory: int) -> Iterator[NamedValues]:
    """Read each column of a table: its name, its values (n,), and whether they are categories.

    It reads as many at a time as memory allows. Other modalities have none.
    """
    types = payloads.payload_format(examples).get("features", {})
    names = list(types)
    step = at_once(8 * len(examples), memory, max(len(names), 1), "a column")
    for start in range(0, len(names), step):
        names_at_once = names[start : start + step]
        rows = np.concatenate(list(payloads.read(examples, _ROWS, names_at_once)))  # (n, names)
        for name, column in zip(names_at_once, rows.T, strict=True):
            yield name, column, types[name] == "category"


def changes(examples: pd.DataFrame, memory: int) -> pd.DataFrame:
    """List the batches with other shares of gaps, or with new values, than all batches before.

    A column is compared with the batches that have it.

    Parameters
    ----------
    examples : the catalogue
    memory : bytes that may be taken, about

    Returns
    -------
    pd.DataFrame
        `kind`, `batch` and `reason`, with counts.
    """
    number, batches = pd.factorize(examples["batch"])
    if len(batches) == 1:
        return pd.DataFrame()
    columns = catalogue.slices(examples, np.nan).drop(columns="batch")
    texts = columns.fillna("")
    has = columns.notna().groupby(number).any()  # (batches, names), whether there is such a column
    told = texts.drop(columns=_names_of_groups(examples, texts))  # new batches have new groups
    gaps = {name: np.bincount(number, is_gap) for name, is_gap in _gaps(examples, texts, memory)}
    sizes = np.bincount(number)
    listed = []
    for index, batch in enumerate(batches[1:], start=1):
        before = {name: _earlier(has, name, index, len(batches)) for name in gaps}
        of_batch = texts[number == index]
        earlier = {name: texts.loc[before[name][number], name] for name in told}
        tests_of_kind = {
            "null_rate": [
                _more_gaps(name, gaps[name], sizes, index, before[name]) for name in gaps
            ],
            "new_category": [_new_values(name, of_batch[name], earlier[name]) for name in told],
        }
        for kind, tests in tests_of_kind.items():
            p_values = np.array([p_value for p_value, _ in tests])
            reasons = [reason for _, reason in tests]
            is_significant = multiple_testing.adjusted(p_values) < _LEVEL
            significant = list(compress(reasons, is_significant))
            if significant:
                listed.append({"kind": kind, "batch": batch, "reason": "; ".join(significant)})
    return pd.DataFrame(listed)


def _earlier(has: pd.DataFrame, name: str, index: int, n_batches: int) -> np.ndarray:
    """Which batches come before one and have a column, (batches,) bool; all have a number."""
    is_before = np.arange(n_batches) < index
    return is_before & has[name].to_numpy() if name in has else is_before


def _names_of_groups(examples: pd.DataFrame, texts: pd.DataFrame) -> list[str]:
    """The columns whose values name the groups, one each: that of `collect.group`.

    An example without a group is one by itself, by its id, and has no value there.
    """
    groups = catalogue.groups(examples)
    if groups is None:
        return []
    has_group = (examples[GROUP] != examples["id"]).to_numpy()
    names = []
    for name in texts:
        values = texts[name].str.strip()
        pairs = pd.DataFrame({"value": values, "group": groups})[has_group].drop_duplicates()
        is_of_group = ((values != "") == has_group).all()
        if is_of_group and pairs["value"].is_unique and pairs["group"].is_unique:
            names.append(name)
    return names


def _gaps(
    examples: pd.DataFrame, texts: pd.DataFrame, memory: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Each column, and which examples have no value in it, (n,) bool."""
    for name in texts:
        yield name, (texts[name] == "").to_numpy()
    for name, values, is_category in read(examples, memory):
        if not is_category:
            yield name, np.isnan(values)


def _more_gaps(
    name: str, gaps: np.ndarray, sizes: np.ndarray, index: int, before: np.ndarray
) -> tuple[float, str]:
    """The p value (Fisher 1922) of another share of gaps in a batch, and the shares in words.

    Parameters
    ----------
    gaps, sizes : numbers of gaps and of examples, (batches,) each
    index : of the batch
    before : (batches,) bool, those to compare with
    """
    if not before.any():
        return 1.0, ""
    n_gaps = int(gaps[index])
    n = int(sizes[index])
    earlier_gaps = int(gaps[before].sum())
    n_earlier = int(sizes[before].sum())
    if abs(n_gaps / n - earlier_gaps / n_earlier) < _LEAST:
        return 1.0, ""
    p_value = fisher_exact([[n_gaps, n - n_gaps], [earlier_gaps, n_earlier - earlier_gaps]]).pvalue
    shares = f"{n_gaps} of {n} examples, before in {earlier_gaps} of {n_earlier}"
    return float(p_value), f"{name} is empty in {shares}"


def _new_values(name: str, of_batch: pd.Series, earlier: pd.Series) -> tuple[float, str]:
    """The p value of so many examples with new values, and their number in words.

    The share of values that came once before is the chance that another one is new (Good 1953).
    """
    counts = earlier.value_counts()
    new = of_batch[(of_batch != "") & ~of_batch.isin(counts.index)]
    if new.empty or earlier.empty:
        return 1.0, ""
    n_once = max(int((counts == 1).sum()), 1)
    expected = n_once / len(earlier) * len(of_batch)
    values = sorted(new.unique())
    shown = first_of([repr(value) for value in values])
    number = f"{len(new)} of {len(of_batch)} examples"
    reason = f"{name} has {len(values)} new values in {number}: {shown}"
    return float(poisson.sf(len(new) - 1, expected)), reason
