"""The columns of a table, and slices: which tell the label, and which change between batches."""

from collections.abc import Iterator
from itertools import compress

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, poisson

from assay.catalogue import catalogue, payloads
from assay.cleaning import leaky_column
from assay.cleaning.class_findings import Finding
from assay.cleaning.near_duplicates import NamedValues
from assay.contract.errors import first_of
from assay.contract.memory import at_once
from assay.contract.parquet_files import GROUP
from assay.measures import intervals, multiple_testing

_ROWS = 65_536  # rows of a table read at a time
_LEVEL = 0.01  # of all columns of a batch together (Holm 1979)
_LEAST = 0.05  # difference of the shares of gaps; a smaller one is of no interest
_GIVEN_AWAY = 0.02  # a leaky column leaves less than this share of the errors made without it
_CONFIDENCE = 0.95  # of the intervals of this share, of all columns of a table together
_LEFT = 0.1  # the interval must lie below; two classes 3 standard deviations apart leave 0.13
_LEFT_BY_NAMES = 0.4  # the same for a category, and for a number that names its class


def leaky(examples: pd.DataFrame, given: np.ndarray, memory: int) -> Iterator[Finding]:
    """Read the columns of a table, and list those whose values nearly always tell the label.

    Other modalities have no such columns. See `leaky_column.errors`. With few rows, a column of
    real content may make no error by chance. So the upper end of the interval of the share of
    errors that are left (Wilson 1927) must be small too. The limit is higher for categories, and
    for numbers that name the label: as real content, these are hardly ever without error.

    Parameters
    ----------
    examples : rows of the catalogue that have a label
    given : (n,) int, their labels
    memory : bytes that may be taken, about
    """
    most = np.bincount(given).max()
    below = _GIVEN_AWAY * (1 - most / len(given))
    n_columns = len(payloads.payload_format(examples).get("features", {}))
    confidence = 1 - (1 - _CONFIDENCE) / max(n_columns, 1)  # Bonferroni
    for name, column, is_category in read(examples, memory):
        errors = leaky_column.errors(column, given, is_category=is_category, below=below)
        if errors >= below:
            continue
        _, left = intervals.wilson(errors * len(given), len(given) - most, confidence)
        if left >= _LEFT_BY_NAMES:
            continue
        if left < _LEFT or is_category or leaky_column.are_names_of_labels(column, given):
            tells = f"the column {name} tells the label of {1 - errors:.1%} of the examples"
            n_values = len(np.unique(column[~np.isnan(column)]))
            is_grouped = catalogue.groups(examples) is not None
            may_be_source = not is_grouped and len(np.unique(given)) < n_values <= len(given) / 2
            source = f", or does it name a source? then set collect.group: {name}"
            question = f"is it made from it{source if may_be_source else '?'}"
            yield {"kind": "leaky_column", "reason": f"{tells}: {question}"}


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


def changes(examples: pd.DataFrame, memory: int) -> Iterator[Finding]:
    """List the batches with new values, or with a different share of gaps than the batches before.

    A column is compared with the batches that have it.

    Parameters
    ----------
    examples : the catalogue
    memory : bytes that may be taken, about
    """
    number, batches = pd.factorize(examples["batch"])
    if len(batches) == 1:
        return
    columns = catalogue.slices(examples, np.nan).drop(columns="batch")
    texts = columns.fillna("")
    told = texts.drop(columns=_names_of_groups(examples, texts))  # new batches have new groups
    sizes = np.bincount(number)
    gaps = {name: np.bincount(number, texts[name] == "") for name in texts}  # (batches,) each
    for name, values, is_category in read(examples, memory):
        if not is_category:
            gaps[name] = np.bincount(number, np.isnan(values))
    has = columns.notna().groupby(number).any()  # (batches, names), whether there is such a column
    has = has.reindex(columns=list(gaps), fill_value=True)  # numbers are in all batches
    for index, batch in enumerate(batches[1:], start=1):
        earlier = {name: np.flatnonzero(has[name].iloc[:index]) for name in gaps}  # batches
        more_gaps = [_more_gaps(name, gaps[name], sizes, index, earlier[name]) for name in gaps]
        new_values = [_new_values(told[name], number, index, earlier[name]) for name in told]
        for kind, tests in (("null_rate", more_gaps), ("new_category", new_values)):
            p_values = multiple_testing.adjusted(np.array([p_value for p_value, _ in tests]))
            reasons = [reason for _, reason in compress(tests, p_values < _LEVEL)]
            if reasons:
                yield {"kind": kind, "batch": str(batch), "reason": "; ".join(reasons)}


def _names_of_groups(examples: pd.DataFrame, texts: pd.DataFrame) -> list[str]:
    """The columns with one value for each group, such as the column of `collect.group`.

    An example without a group has its id as its group, and no value in such a column.
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


def _more_gaps(
    name: str, gaps: np.ndarray, sizes: np.ndarray, index: int, earlier: np.ndarray
) -> tuple[float, str]:
    """The p value (Fisher 1922) of a different share of gaps in a batch, and the shares in words.

    Parameters
    ----------
    gaps, sizes : numbers of gaps and of examples, (batches,) each
    index, earlier : the number of the batch, and the numbers of the batches to compare with
    """
    n_gaps = int(gaps[index])
    n = int(sizes[index])
    earlier_gaps = int(gaps[earlier].sum())
    n_earlier = int(sizes[earlier].sum())
    if not n_earlier or abs(n_gaps / n - earlier_gaps / n_earlier) < _LEAST:
        return 1.0, ""
    p_value = fisher_exact([[n_gaps, n - n_gaps], [earlier_gaps, n_earlier - earlier_gaps]]).pvalue
    shares = f"{n_gaps} of {n} examples, before in {earlier_gaps} of {n_earlier}"
    return float(p_value), f"{name} is empty in {shares}"


def _new_values(
    texts: pd.Series, number: np.ndarray, index: int, earlier: np.ndarray
) -> tuple[float, str]:
    """The p value of the number of examples with new values, and this number in words.

    The share of values that came once before is the chance that the next one is new (Good 1953).

    Parameters
    ----------
    texts : a column, by example; "" is no value
    number : (examples,) the index of each example's batch
    index, earlier : the number of the batch, and the numbers of the batches to compare with
    """
    of_batch = texts[number == index]
    before = texts[np.isin(number, earlier)]
    counts = before.value_counts()
    new = of_batch[(of_batch != "") & ~of_batch.isin(counts.index)]
    if new.empty or before.empty:
        return 1.0, ""
    n_once = max(int((counts == 1).sum()), 1)
    expected = n_once / len(before) * len(of_batch)
    values = sorted(new.unique())
    shown = first_of([repr(value) for value in values])
    share = f"{len(new)} of {len(of_batch)} examples"
    reason = f"{texts.name} has {len(values)} new values in {share}: {shown}"
    return float(poisson.sf(len(new) - 1, expected)), reason
