"""What may be wrong with data beside its labels: copies, leaks, outliers, bad pictures, drift, classes that overlap."""

import sys

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from assay.catalogue import catalogue, payloads
from assay.cleaning import drift, near_duplicates
from assay.contract.parameters import Beyond
from assay.measures import leave_one_out, outliers, statistics

_COPIES = {"near_duplicate", "leak"}
_MOST_COMPARED = 100_000  # half a minute on two cores
_DRIFT_ROWS = 4000  # of a batch, and of all before it, that are compared
COLUMNS = ["id", "batch", "key", "split", "kind", "given", "suggested", "reason"]
_GIVEN_AWAY = 0.02  # share of the errors without a column that are left with it
_OVERLAP = (
    0.8  # two names of one class have 1, up to chance; the cats and dogs of CIFAR-10 have 0.6
)


def findings(
    examples: pd.DataFrame,
    given: pd.Series,
    pred_probs: np.ndarray,
    classes: list[str],
    params: Beyond,
) -> pd.DataFrame:
    """What is found, a row each; a batch's or a class's finding has no id and key.

    Parameters
    ----------
    examples : the catalogue
    given : the labels that there are: index of the class, by row of `examples`
    pred_probs : (n, classes), out of sample
    classes : their names
    params : what is done about each kind: flag, drop or ignore

    Returns
    -------
    pd.DataFrame
        `id`, `batch`, `key`, `split`, `kind`, `given`, `suggested`, `decision` (review or drop), `reason`, and the
        columns of doubted labels that do not apply
    """
    wanted = {kind for kind, action in params if action != "ignore"}
    parts = []
    if wanted - {"class_overlap", "leaky_column"}:
        features = leave_one_out.rows_of(catalogue.features(examples))
        projected = np.concatenate([outliers.project(block) for _, block in features])
        compared = bool(wanted & _COPIES) and len(examples) <= _MOST_COMPARED
        looks = statistics.measure(examples, fingerprints=compared)
        problems, reasons = (
            dict(looks.problems),
            looks.reasons | {"outlier": "unlike all other examples"},
        )
        if compared:
            parts.append(
                copies(examples, projected if looks.fingerprints is None else looks.fingerprints)
            )
        elif wanted & _COPIES:
            said = f"copies are looked for among at most {_MOST_COMPARED:,} examples, not {len(examples):,}"
            print(said, file=sys.stderr)
        if "outlier" in wanted:
            problems["outlier"] = outliers.outliers(projected)
        parts += [
            examples[found].assign(kind=kind, reason=reasons[kind])
            for kind, found in problems.items()
        ]
        if "drift" in wanted:
            parts.append(drifts(examples["batch"], projected, pred_probs, classes, looks.values))
    parts += [
        overlaps(given, pred_probs, classes),
        leaky_columns(examples.loc[given.index], given.to_numpy()),
    ]
    found = pd.concat([pd.DataFrame(columns=COLUMNS), *parts], ignore_index=True)
    found = found[found["kind"].isin(wanted)].reindex(columns=COLUMNS).fillna("")
    drop = (found["kind"].map(dict(params)) == "drop") & (found["split"] != "test")
    found = found.assign(
        decision=np.where(drop, "drop", "review"), quality="", confidence="", is_issue=""
    )
    return found.sort_values(["kind", "id", "batch", "given", "suggested"], kind="stable")


def dropped(judged: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The judged labels, those of examples that are left out for another reason dropped too."""
    why = found[found["decision"] == "drop"].drop_duplicates("id").set_index("id")["reason"]
    why = judged["id"].map(why)
    kept = why.isna()
    return judged.assign(
        decision=judged["decision"].where(kept, "drop"), reason=judged["reason"].where(kept, why)
    )


def counts(found: pd.DataFrame, examples: pd.DataFrame) -> dict[str, int]:
    """How many findings of each kind there are, of those that were looked for."""
    unasked = statistics.foreign(examples) | (_COPIES if len(examples) > _MOST_COMPARED else set())
    return {
        kind: int((found["kind"] == kind).sum())
        for kind in Beyond.model_fields
        if kind not in unasked
    }


def copies(examples: pd.DataFrame, fingerprints: np.ndarray) -> pd.DataFrame:
    """Near-duplicates, each once: the training copy of a test example as a leak, else the later one."""
    shown = np.flatnonzero(fingerprints.any(axis=1))  # blank images have no fingerprint
    if not len(shown):
        return examples[:0]
    first, second, share = near_duplicates.copies(near_duplicates.nearest(fingerprints[shown]))
    first, second = shown[first], shown[second]
    test = (examples["split"] == "test").to_numpy()
    turned = test[second] & ~test[first]  # a test example is what is copied, whenever it came
    original, copy = np.where(turned, second, first), np.where(turned, first, second)
    leak = test[original] & ~test[copy]
    best = np.lexsort(
        [share, ~leak]
    )  # a leak, or else the nearest, if an example is a copy of several
    best = best[np.unique(copy[best], return_index=True)[1]]
    of = examples.iloc[original[best]]
    looks_like = "looks like " + of["batch"] + "/" + of["key"] + " in " + of["split"]
    near = [f", {1 - each:.2f} nearer than its other neighbours" for each in share[best]]
    kind = np.where(leak[best], "leak", "near_duplicate")
    return examples.iloc[copy[best]].assign(
        kind=kind, reason=looks_like.to_numpy() + np.array(near, dtype=object)
    )


def drifts(
    batch: pd.Series,
    projected: np.ndarray,
    pred_probs: np.ndarray,
    classes: list[str],
    values: dict,
) -> pd.DataFrame:
    """The batches that do not come from where all before them did, and what differs."""
    rng, found = np.random.default_rng(0), []
    number, names = pd.factorize(batch)
    for index, name in enumerate(names[1:], start=1):
        sides = [
            rng.permutation(np.flatnonzero(side))[:_DRIFT_ROWS]
            for side in (number == index, number < index)
        ]
        rows = np.sort(np.concatenate(sides))
        new, own = number[rows] == index, {key: each[rows] for key, each in values.items()}
        predicted = pred_probs[rows].argmax(axis=1)
        differs = drift.significant(drift.p_values(new, projected[rows], predicted, own))
        if differs:
            shares = {each: predicted == index for index, each in enumerate(classes)}
            said = [drift.describe(each, new, own, shares) for each in differs]
            found.append(
                {
                    "batch": name,
                    "kind": "drift",
                    "reason": "unlike the batches before: " + ", ".join(said),
                }
            )
    return pd.DataFrame(found)


def overlaps(given: pd.Series, pred_probs: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """Pairs of classes that predictions do not tell apart, and that might be one.

    With M the mean of `pred_probs` by given class, M_ab M_ba / (M_aa M_bb) is 1 for two names of one class, however
    many examples either has, and 0 for classes that are never confused.
    """
    means = pd.DataFrame(pred_probs[given.index]).groupby(given.to_numpy()).mean()
    means = means.reindex(range(len(classes)), fill_value=0).to_numpy(np.float64)
    own = np.diag(means)
    known = own > 0.5 / len(classes)  # a class that is never predicted is no name of another
    overlap = np.triu(
        np.sqrt(means * means.T / np.maximum(np.outer(own, own), 1e-12)), 1
    ) * np.outer(known, known)
    rows = [
        {"kind": "class_overlap", "given": classes[a], "suggested": classes[b],
         "reason": f"predictions confuse {classes[a]} and {classes[b]} ({overlap[a, b]:.2f} of what one class would)"}
        for a, b in np.argwhere(overlap >= _OVERLAP)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def leaky_columns(examples: pd.DataFrame, given: np.ndarray) -> pd.DataFrame:
    """Columns of a table that give the label away: equal values have equal labels, almost without exception.

    Each row's label is guessed by the most frequent one among the other rows of the same value (1R: Holte 1993).

    Parameters
    ----------
    examples : those with a label, rows of the catalogue
    given : (n,) int, their labels
    """
    features = payloads.payload_format(examples).get("features")
    if not features:
        return pd.DataFrame()
    rows, found = np.concatenate(list(payloads.read(examples, _DRIFT_ROWS))), []
    usual = 1 - np.bincount(given).max() / len(given)
    for name, values in zip(features, rows.T, strict=True):
        value = np.unique(values, return_inverse=True)[1]
        counts = csr_array((np.ones(len(given), int), (value, given))).toarray()
        second, most = np.sort(counts, axis=1)[:, -2:].T  # of the labels of each value
        errors = 1 - most[most > second + 1].sum() / len(
            given
        )  # the most frequent is still so among all others
        if errors < _GIVEN_AWAY * usual:
            reason = f"the column {name} tells the label of {1 - errors:.1%} of the examples: is it made from it?"
            found.append({"kind": "leaky_column", "reason": reason})
    return pd.DataFrame(found)
