"""What differs between the data of two versions: examples, splits, labels by source and person, classes."""

from collections import Counter

import pandas as pd

_SUFFIXES = ("_a", "_b")


def examples(a: pd.DataFrame, b: pd.DataFrame) -> dict:
    """Of two catalogues by id: how many there are, came and went, and which changed sides, which none may."""
    both = a.merge(b, left_index=True, right_index=True, suffixes=_SUFFIXES)
    moved = both[both["split_a"] != both["split_b"]]
    moves = Counter(moved["split_a"] + " to " + moved["split_b"])
    return {**_counts(a.index, b.index), "moved": dict(moves)}


def labels(
    a: pd.DataFrame, b: pd.DataFrame, answers: pd.DataFrame | None, catalogue: pd.DataFrame | None
) -> dict:
    """Of two lists of one label an example, with `label` and `source` by id; who relabelled what.

    Parameters
    ----------
    answers : people's answers in B, by `name` of an example: its id, key or <batch>/<key>; None: not known
    catalogue : the examples of B, by id; None: only ids are known
    """
    both = a.merge(b, left_index=True, right_index=True, suffixes=_SUFFIXES)
    changed = both[both["label_a"] != both["label_b"]]
    by = Counter(changed["source_b"])
    if answers is not None and by.pop("human", 0):
        human = changed.index[changed["source_b"] == "human"]
        names = pd.Series(human, human)
        if catalogue is not None:
            key, batch = (catalogue.loc[human, column] for column in ("key", "batch"))
            names = pd.concat([names, key, batch + "/" + key])
        said = answers[answers["name"].isin(names)].drop_duplicates(["name", "annotator"])
        by.update(f"by {annotator}" for annotator in said["annotator"])
    swaps = (
        changed.groupby(["label_a", "label_b"]).size().sort_values(ascending=False, kind="stable")
    )
    return {
        **_counts(a.index, b.index),
        "relabelled": len(changed),
        "relabelled_by": dict(by.most_common()),
        "swaps": [[*pair, int(n)] for pair, n in swaps.items()],
    }


def people(a: pd.DataFrame, b: pd.DataFrame) -> dict:
    """Of all collected labels of two versions: each annotator's, counted."""
    vote = ["annotator", "id"]
    both = a.drop_duplicates(vote).merge(b.drop_duplicates(vote), "outer", vote, suffixes=_SUFFIXES)
    old, new = both["label_a"].notna(), both["label_b"].notna()
    found = pd.DataFrame({"a": old, "b": new, "added": new & ~old, "removed": old & ~new})
    found["changed"] = old & new & (both["label_a"] != both["label_b"])
    return found.groupby(both["annotator"]).sum().to_dict("index")


def classes(a: pd.Series, b: pd.Series) -> dict[str, list[int]]:
    """The number of labels of each class."""
    old, new = a.value_counts(), b.value_counts()
    return {
        name: [int(old.get(name, 0)), int(new.get(name, 0))]
        for name in sorted({*old.index, *new.index})
    }


def _counts(a: pd.Index, b: pd.Index) -> dict[str, int]:
    return {
        "a": len(a),
        "b": len(b),
        "added": len(b.difference(a)),
        "removed": len(a.difference(b)),
    }
