"""One label for each example from the labels of several people, also if the labels tie.

Labels tie if several classes are equally probable: as many people gave each class, and none of
these people is known to be more reliable. A label to learn from is then chosen by chance, not by
the alphabet, and the classifiers judge it. A test label is left out: a score against it would be a
score against chance.
"""

import numpy as np
import pandas as pd

from assay.cleaning import annotators
from assay.cleaning.annotators import Votes
from assay.contract.errors import counted, say

_EQUAL = 1e-6  # probabilities in float32 that differ by less are equal


def consensus(votes: Votes, examples: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """The labels of the examples that people labelled, without test labels that tie. Say the ties.

    Parameters
    ----------
    votes : people's labels of `examples`
    examples : the catalogue
    classes : their names

    Returns
    -------
    pd.DataFrame
        `given`, a class; `held_out`, whether it is of the test split; and `tied`, whether it is
        chosen by chance. By row of the catalogue.
    """
    held_out = (examples["split"] == "test").to_numpy()
    given = annotators.consensus(votes, held_out).probabilities.argmax(axis=1)
    labels = pd.DataFrame({"given": given, "held_out": held_out, "tied": False})
    labels = labels.loc[np.unique(votes.examples)]
    equal = _equal_classes(votes, held_out)
    # Ids are hashes of content: their choice is as good as chance, and the same in each run.
    ids = examples["id"][equal.index]
    by_id = [codes[int(id_, 16) % len(codes)] for id_, codes in zip(ids, equal, strict=True)]
    labels.loc[equal.index, "given"] = by_id
    tied = equal[equal.map(len) > 1]
    labels.loc[tied.index, "tied"] = True
    of_test = tied.index[held_out[tied.index]]
    if len(tied):
        _say(tied, len(of_test), examples, classes)
    return labels.drop(index=of_test)


def keep(judged: pd.DataFrame) -> pd.DataFrame:
    """Keep the labels that tie, if there are no predictions to decide.

    Without predictions, the most frequent class is the most probable one, so it would get them all.

    Parameters
    ----------
    judged : `tied`, `is_issue`, `disputed` and `decision`
    """
    others = ~judged["tied"]
    is_issue, disputed = judged["is_issue"] & others, judged["disputed"] & others
    decision = judged["decision"].where(others, "keep")
    return judged.assign(is_issue=is_issue, disputed=disputed, decision=decision)


def _equal_classes(votes: Votes, held_out: np.ndarray) -> pd.Series:
    """The most probable classes that people gave, for examples with several most probable classes.

    All wrong labels are equally likely here. Where two people disagree, nothing tells which class
    is taken for which. A confusion matrix would give all these examples to the rarer class.

    Returns
    -------
    pd.Series
        Lists of int by row of the catalogue, both ascending. A list has only one class if people
        gave none of the other most probable classes.
    """
    given = votes.frame().drop_duplicates(["example", "label"]).sort_values(["example", "label"])
    if given["example"].is_unique:  # nobody disagrees
        return pd.Series(index=pd.Index([], dtype=int), dtype=object)
    probabilities = annotators.consensus(votes, held_out, alike=True).probabilities
    is_most = probabilities > probabilities.max(axis=1, keepdims=True) - _EQUAL
    several = is_most.sum(axis=1) > 1  # (examples,)
    rows, labels = given["example"].to_numpy(), given["label"].to_numpy()
    is_equal = several[rows] & is_most[rows, labels]
    return given[is_equal].groupby("example")["label"].agg(list)


def _say(tied: pd.Series, n_test: int, examples: pd.DataFrame, classes: list[str]) -> None:
    """Say how many examples have labels that tie, and what happens to these labels."""
    first = examples.loc[tied.index[0]]
    names = " and ".join(repr(classes[code]) for code in tied.iloc[0])
    where = f"{counted(len(tied), 'example')}, {names} on {first['batch']}/{first['key']}"
    fates = []
    if n_learned := len(tied) - n_test:
        fates.append(f"chance chooses {counted(n_learned, 'label')} to learn from")
    if n_test:
        fates.append(f"{counted(n_test, 'test example')} will have no label")
    until = ", and ".join(fates)
    say(f"people's labels tie on {where}: let one more person label them; until then {until}")
