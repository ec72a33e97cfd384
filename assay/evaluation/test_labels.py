"""What test examples are scored against, and what to do if there is nothing."""

from typing import NoReturn

import pandas as pd

from assay.contract.errors import InputError


def best_known(test: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """The test examples with an `answer` to score against: the truth, or else people's label.

    Parameters
    ----------
    labels : people's labels, by id
    """
    label = test["id"].map(labels).astype(object).fillna("")
    known = test.assign(answer=test["truth"].where(test["truth"] != "", label))
    return known[known["answer"] != ""]


def refuse(count: int) -> NoReturn:
    """Raise InputError, since none of the test examples has a label. It says how to give some.

    Parameters
    ----------
    count : of test examples
    """
    if not count:
        remedy = "raise collect.test in params.yaml, or give a batch a column `split`"
        raise InputError(f"no example is in the test split: {remedy}, and type `dvc repro`")
    how = "type `python -m stages.queue && python -m assay review`, and label those of split test"
    raise InputError(f"none of {count} test examples has a label: {how}, then type `dvc repro`")
