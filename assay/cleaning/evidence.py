"""Why a label is doubted: the examples that speak most for the suggested label, and for the given one.

A leave-one-out prediction of ridge regression is a weighted sum of the other examples' labels, exactly: example j
enters the score of example i with the weight H[i, j] / (1 - H[i, i]), where H is the hat matrix (see `leave_one_out`).
"""

import numpy as np
import pandas as pd

from assay.catalogue import catalogue
from assay.measures.leave_one_out import LeaveOneOut

COLUMNS = ["speaks_for_suggested", "speaks_for_given"]
MOST = 500  # doubted labels, the worst first, that evidence is given for
_EACH = 3  # examples on either side
_CELLS = 20_000_000  # weights that are held at a time


def find(
    doubted: pd.DataFrame, examples: pd.DataFrame, learned: pd.Series, linear: LeaveOneOut
) -> pd.DataFrame:
    """Add the examples that speak loudest, by name (COLUMNS) and as lists of rows of the catalogue (`rows_…`).

    Parameters
    ----------
    doubted : the labels to explain, worst first, by row of the catalogue: `given`, `suggested`, by number
    examples : the catalogue
    learned : the label by number of every example that was learned from, by row of the catalogue
    """
    doubted = doubted.assign(
        **dict.fromkeys(COLUMNS, ""), **{f"rows_{name}": [[]] * len(doubted) for name in COLUMNS}
    )
    worst = doubted.index[:MOST].sort_values()
    if worst.empty:
        return doubted
    asked = np.concatenate([rows[:] for rows in catalogue.features(examples.loc[worst])])
    features, labels = catalogue.features(examples.loc[learned.index]), learned.to_numpy()
    names = (examples["batch"] + "/" + examples["key"]).to_numpy()
    heard = {name: [] for name in COLUMNS}
    own, step = learned.index.get_indexer(worst), max(1, _CELLS // len(labels))
    for start in range(0, len(worst), step):
        part = slice(start, start + step)
        for row, place, weights in zip(
            worst[part], own[part], linear.weights(asked[part], features), strict=True
        ):
            if place >= 0:
                weights[place] = 0  # its own label was left out
            for name, side in zip(COLUMNS, ("suggested", "given"), strict=True):
                heard[name].append(
                    loudest(weights, labels == doubted.loc[row, side], learned.index)
                )
    for name, rows in heard.items():
        doubted[f"rows_{name}"] = pd.Series(rows, worst).reindex(doubted.index, fill_value=[])
        doubted.loc[worst, name] = ["; ".join(names[row]) for row in rows]
    return doubted


def loudest(weights: np.ndarray, speaks: np.ndarray, names: pd.Index) -> list:
    """The names of the few among those that speak (n,) whose weight is largest, and above 0."""
    some = np.flatnonzero(speaks & (weights > 0))
    if len(some) > _EACH:
        some = np.sort(some[np.argpartition(-weights[some], _EACH)[:_EACH]])
    return names[some[np.argsort(-weights[some], kind="stable")]].tolist()
