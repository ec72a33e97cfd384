"""Why a label is doubted: the examples that speak most for the suggested label, and for the given one.

A leave-one-out prediction of ridge regression is a weighted sum of the other examples' labels, exactly: example j
enters the score of example i with the weight H[i, j] / (1 - H[i, i]), where H is the hat matrix (see `leave_one_out`).
"""

import numpy as np
import pandas as pd

from assay import catalogue
from assay.leave_one_out import LeaveOneOut

COLUMNS = ["speaks_for_suggested", "speaks_for_given"]
_MOST = 500  # doubted labels, the worst first, that evidence is given for
_EACH = 3  # examples on either side


def find(doubted: pd.DataFrame, examples: pd.DataFrame, learned: pd.Series, linear: LeaveOneOut) -> pd.DataFrame:
    """Add the examples that speak loudest, by name (COLUMNS) and as lists of rows of the catalogue (`rows_…`).

    Parameters
    ----------
    doubted : the labels to explain, worst first, by row of the catalogue: `given`, `suggested`, by number
    examples : the catalogue
    learned : the label by number of every example that was learned from, by row of the catalogue
    """
    doubted = doubted.assign(**dict.fromkeys(COLUMNS, ""), **{f"rows_{name}": [[]] * len(doubted) for name in COLUMNS})
    worst = doubted.index[:_MOST].sort_values()
    if worst.empty:
        return doubted
    asked = np.concatenate([rows[:] for rows in catalogue.features(examples.loc[worst])])
    weights = linear.weights(asked, catalogue.features(examples.loc[learned.index]))  # (asked, learned)
    own = learned.index.get_indexer(worst)
    weights[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf  # its own label was left out
    names = (examples["batch"] + "/" + examples["key"]).to_numpy()
    for name, side in zip(COLUMNS, ("suggested", "given"), strict=True):
        same = learned.to_numpy() == doubted.loc[worst, side].to_numpy()[:, None]
        heard = np.where(same, weights, -np.inf)
        loudest = np.argsort(-heard, axis=1, kind="stable")[:, :_EACH]
        rows = [learned.index[row[heard[i, row] > 0]].tolist() for i, row in enumerate(loudest)]
        doubted[f"rows_{name}"] = pd.Series(rows, worst).reindex(doubted.index, fill_value=[])
        doubted.loc[worst, name] = ["; ".join(names[row]) for row in rows]
    return doubted
