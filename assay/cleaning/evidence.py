"""Why a label is doubted: the examples that support the suggested label, and the given one.

A leave-one-out prediction of ridge regression is exactly a weighted sum of the other examples'
labels. Example j enters the score of example i with the weight H[i, j] / (1 - H[i, i]), where H is
the hat matrix (see `leave_one_out`). Examples of the same group as i are left out: they are no
evidence.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from assay.catalogue import catalogue
from assay.contract.sampling import step_for
from assay.measures.leave_one_out import LeaveOneOut

_SIDES = {"speaks_for_suggested": "suggested", "speaks_for_given": "given"}
COLUMNS = list(_SIDES)
MOST = 500  # doubted labels that evidence is given for, the worst first
_OF_A_SIDE = 3  # examples for either label
_LEARNED = 200_000  # learned examples that are searched, at most; of more, every k-th one
_CELLS = 20_000_000  # weights in memory at a time
_LEAST = 64  # doubted labels at a time, at least, since each time all embeddings are read


def find(
    doubted: pd.DataFrame, examples: pd.DataFrame, learned: pd.Series, linear: LeaveOneOut
) -> pd.DataFrame:
    """Read embeddings, and add the examples with the largest weights for either label.

    Parameters
    ----------
    doubted : the labels to explain, worst first, by row of the catalogue: `given` and `suggested`,
        as numbers of classes
    examples : the catalogue
    learned : the class of every example that was learned from, by row of the catalogue
    linear : fitted on the examples of `learned`

    Returns
    -------
    pd.DataFrame
        `doubted`, with the names of these examples in COLUMNS, and lists of their rows of the
        catalogue in `rows_…`.
    """
    learned = learned.iloc[:: step_for(len(learned), _LEARNED)]
    labels = learned.to_numpy()
    worst = doubted.index[:MOST].sort_values()
    supporting: dict[tuple[str, int], list[int]] = {}
    for row, weights in _weights(worst, examples, learned.index, linear):
        for column, side in _SIDES.items():
            of_side = labels == doubted.loc[row, side]
            supporting[column, row] = strongest(weights, of_side, learned.index)
    names = (examples["batch"] + "/" + examples["key"]).to_numpy()
    for column in COLUMNS:
        rows = [supporting.get((column, row), []) for row in doubted.index]
        texts = ["; ".join(names[rows_of_label]) for rows_of_label in rows]
        doubted = doubted.assign(**{column: texts, f"rows_{column}": rows})
    return doubted


def _weights(
    rows: pd.Index, examples: pd.DataFrame, learned: pd.Index, linear: LeaveOneOut
) -> Iterator[tuple[int, np.ndarray]]:
    """Each row of the catalogue, ascending, with the weights (learned,) of the others' labels."""
    if rows.empty:
        return
    explained = np.concatenate([part[:] for part in catalogue.features(examples.loc[rows])])
    features = catalogue.features(examples.loc[learned])
    groups = catalogue.groups(examples)
    places = learned.get_indexer(rows)  # -1 for a test example
    step = max(_LEAST, _CELLS // len(learned))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        weights_of_rows = linear.weights(explained[part], features)  # (part, learned)
        for row, place, weights in zip(rows[part], places[part], weights_of_rows, strict=True):
            if place >= 0:
                weights[place] = 0  # its own label was left out
            if groups is not None:
                weights[groups[learned] == groups[row]] = 0  # and those of its group
            yield row, weights


def strongest(weights: np.ndarray, of_side: np.ndarray, names: pd.Index) -> list[int]:
    """The names of up to 3 rows of a side (n,) bool: those with the largest weights above 0."""
    places = np.flatnonzero(of_side & (weights > 0))
    if len(places) > _OF_A_SIDE:
        largest = np.argpartition(-weights[places], _OF_A_SIDE)[:_OF_A_SIDE]
        places = np.sort(places[largest])
    order = np.argsort(-weights[places], kind="stable")
    return names[places[order]].tolist()
