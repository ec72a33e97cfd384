"""How well a model does on the parts of the test set that a column names: a speaker, a source, a batch."""

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from assay.evaluation import scores
from assay.measures import multiple_testing

COLUMNS = [
    "slice",
    "value",
    "examples",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "p_value",
    "worse",
]
_LEAST = 10  # examples that a slice must have to be told apart from chance
_VALUES = 100  # of a column with more values, such as names of people, only those are listed


def table(slices: pd.DataFrame, correct: np.ndarray, confidence: float) -> pd.DataFrame:
    """Accuracy of each value of each slice column, the one first that does worst for what chance would bring.

    Parameters
    ----------
    slices : a column a slice, a row a test example; "" is no value
    correct : (n,) bool
    confidence : of the intervals (Wilson 1927); and that no slice is called worse by chance alone

    Returns
    -------
    pd.DataFrame
        COLUMNS. `p_value` is the chance of so many errors if errors fell at random (Fisher's exact test), in view of
        the number of slices that have at least 10 examples (Holm 1979); `worse` where it is small.
    """
    rows, wrong = [], int((~correct).sum())
    for name in slices:
        groups = pd.Series(correct).groupby(slices[name].to_numpy(), sort=True)
        least = _LEAST if groups.ngroups > _VALUES else 1
        for value, own in groups:
            if value == "" or len(own) == len(correct) or len(own) < least:
                continue
            low, high = scores.wilson(int(own.sum()), len(own), confidence)
            chance = (
                hypergeom.sf((~own).sum() - 1, len(correct), wrong, len(own))
                if len(own) >= _LEAST
                else np.nan
            )
            rows.append((name, value, len(own), float(own.mean()), low, high, float(chance)))
    found = pd.DataFrame(rows, columns=COLUMNS[:-1]).sort_values(
        ["p_value", "slice", "value"], kind="stable"
    )
    tested = found["p_value"].notna()
    found.loc[tested, "p_value"] = multiple_testing.adjusted(
        found.loc[tested, "p_value"].to_numpy()
    )
    return found.assign(worse=found["p_value"] < 1 - confidence)
