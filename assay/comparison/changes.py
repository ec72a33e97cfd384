"""What differs between the data of two versions: examples, splits, labels, people, classes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from assay.annotation.example_names import plain

SUFFIXES = ("_a", "_b")  # of columns of versions A and B


def examples(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    """Count the examples of two catalogues by id, and those that changed splits: none should."""
    both = a.merge(b, left_index=True, right_index=True, suffixes=SUFFIXES)
    moved = both[both["split_a"] != both["split_b"]]
    moves = Counter(moved["split_a"] + " to " + moved["split_b"])
    return {**_counts(a.index, b.index), "moved": dict(moves)}


def is_unfair(data: Mapping[str, Any]) -> bool:
    """Whether examples moved into or out of the test split, by the counts from `examples`."""
    moves = data.get("examples", {}).get("moved", {})
    return any("test" in move.split(" to ") for move in moves)


def moves_unknown(data: Mapping[str, Any]) -> str:
    """Why nobody knows whether examples moved between splits; "" if it is known."""
    if "examples_not_found" not in data:
        return ""
    names = " and ".join(data["examples_not_found"])
    return f"the examples of {names} were not found, so moves between splits are not known"


def is_unjudged(data: Mapping[str, Any]) -> bool:
    """Whether no verdict is valid: examples moved into or out of the test split, or may have."""
    return is_unfair(data) or bool(moves_unknown(data))


def other_batches(a: pd.DataFrame, b: pd.DataFrame) -> list[list]:
    """Count the examples that came with another batch: `[old, new, count]` of each pair."""
    both = a.merge(b, left_index=True, right_index=True, suffixes=SUFFIXES)
    moved = both[both["batch_a"] != both["batch_b"]]
    return _pairs(moved, "batch")


def _pairs(changed: pd.DataFrame, column: str) -> list[list]:
    """How often another value replaced each value: [old, new, count], the most frequent first."""
    pairs = changed.groupby([f"{column}{end}" for end in SUFFIXES]).size()
    pairs = pairs.sort_values(ascending=False, kind="stable")
    return [[old, new, int(n)] for (old, new), n in pairs.items()]


def other_ids(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, int]:
    """Count the examples with the same batch and key in both catalogues, but another id.

    Keys that are row numbers are not compared: after a change of rows they mean other examples.

    Returns
    -------
    `examples`, and how many of them have another split, `moved`
    """
    gone = a[~a.index.isin(b.index)].dropna(subset="key")
    new = b[~b.index.isin(a.index)].dropna(subset="key")
    both = gone.merge(new, on=["batch", "key"], suffixes=SUFFIXES)
    return {"examples": len(both), "moved": int((both["split_a"] != both["split_b"]).sum())}


def labels(
    a: pd.DataFrame, b: pd.DataFrame, answers: pd.DataFrame | None, catalogue: pd.DataFrame | None
) -> dict[str, Any]:
    """Compare two lists with one label for each example: `label` and `source` by id.

    Parameters
    ----------
    answers : people's answers in B, by `name` of an example: its id, key or <batch>/<key>; or None
    catalogue : the examples of B, by id; None if only ids are known
    """
    both = a.merge(b, left_index=True, right_index=True, suffixes=SUFFIXES)
    changed = both[both["label_a"] != both["label_b"]]
    sources = _sources(changed, answers, catalogue)
    return {
        **_counts(a.index, b.index),
        "relabelled": len(changed),
        "relabelled_by": dict(sources.most_common()),
        "swaps": _pairs(changed, "label"),
    }


def _sources(
    changed: pd.DataFrame, answers: pd.DataFrame | None, catalogue: pd.DataFrame | None
) -> Counter[str]:
    """How many labels each source changed. The source `human` is split by person, where possible.

    These are the people whose last answer is the new label. Names of examples are compared as in
    `annotate`, but without the keys of exact copies.
    """
    sources = changed["source_b"]
    counts = Counter(sources)
    if answers is None or "human" not in counts:
        return counts
    ids = sources.index[sources == "human"]
    names = pd.Series(ids, ids)
    if catalogue is not None:
        named = catalogue.loc[ids].dropna(subset="key")
        key, batch = named["key"].astype(str), named["batch"]
        names = pd.concat([names, key, batch + "/" + key])
    id_of_name = dict(zip(names, names.index, strict=True))
    about = [id_of_name.get(name, id_of_name.get(plain(name))) for name in answers["name"]]
    said = answers.assign(id=about).dropna(subset="id")
    last = said.drop_duplicates(["id", "annotator"], keep="last")
    given = last[last["label"] == last["id"].map(changed["label_b"])]
    counts.update(f"by {annotator}" for annotator in given["annotator"])
    counts["human"] = len(ids) - given["id"].nunique()  # by unknown people
    return +counts  # without zeros


def people(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count the collected labels of each annotator in two versions, and how they differ."""
    vote = ["annotator", "id"]
    a, b = a.drop_duplicates(vote), b.drop_duplicates(vote)
    both = a.merge(b, "outer", vote, suffixes=SUFFIXES)
    old, new = both["label_a"].notna(), both["label_b"].notna()
    counted = pd.DataFrame({"a": old, "b": new, "added": new & ~old, "removed": old & ~new})
    counted["changed"] = old & new & (both["label_a"] != both["label_b"])
    return counted.groupby(both["annotator"]).sum().to_dict("index")


def classes(a: pd.Series, b: pd.Series) -> dict[str, list[int]]:
    """The number of labels of each class in two versions."""
    old, new = a.value_counts(), b.value_counts()
    names = sorted({*old.index, *new.index})
    return {name: [int(old.get(name, 0)), int(new.get(name, 0))] for name in names}


def _counts(a: pd.Index, b: pd.Index) -> dict[str, int]:
    added, removed = len(b.difference(a)), len(a.difference(b))
    return {"a": len(a), "b": len(b), "added": added, "removed": removed}
