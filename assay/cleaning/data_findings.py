"""What may be wrong with data beside its labels.

Copies, leaks, outliers, bad payloads, drift, shortcuts, and what other modules find.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from assay.catalogue import catalogue, payloads
from assay.cleaning import class_findings, drift, near_duplicates, shortcuts, table_columns
from assay.cleaning.class_findings import Finding
from assay.cleaning.leaky_column import spread
from assay.cleaning.near_duplicates import NamedValues
from assay.contract.errors import say
from assay.contract.parameters import Parameters
from assay.contract.sections import COPIES, Beyond
from assay.measures import outliers, statistics

COLUMNS = ["id", "batch", "key", "split", "kind", "given", "suggested", "reason"]
_WITHOUT_CONTENT = {"class_overlap", "leaky_column", "imbalance", "missing_class", "sorted_labels"}
_WITHOUT_CONTENT |= {"null_rate", "new_category"}
_MOST_COMPARED = 100_000  # examples among which copies are looked for: half a minute on two cores
_DRIFT_ROWS = 4000  # rows of a batch, and of all before it, that are compared
_CHANCE_IN_TABLES = 0.01  # that a neighbour is taken for a copy, before columns are compared


def find(
    examples: pd.DataFrame,
    labels: pd.Series,
    pred_probs: np.ndarray,
    classes: list[str],
    params: Parameters,
) -> pd.DataFrame:
    """Read the embeddings and payloads of the examples, and list what may be wrong with them.

    Parameters
    ----------
    examples : the catalogue
    labels : the known ones: index of the class, by row of `examples`
    pred_probs : (n, classes), out of sample
    classes : their names
    params : `clean.beyond`: what to do about each kind of finding: flag, drop or ignore

    Returns
    -------
    pd.DataFrame
        One row for each finding: `id`, `batch`, `key`, `split`, `kind`, `given`, `suggested`,
        `decision` (review or drop), `reason`, and empty columns that only doubted labels fill. A
        finding about a batch or a class has no id and key.
    """
    actions = dict(params.clean.beyond)
    wanted = {kind for kind, action in actions.items() if action != "ignore"}
    split = examples["split"]
    memory = params.memory_bytes
    given = labels[split[labels.index] != "test"]  # test labels are not examined
    learned = examples.loc[given.index]
    codes = given.to_numpy()
    rows = [
        *class_findings.overlaps(given, pred_probs, classes),
        *class_findings.imbalance(given, classes),
        *class_findings.missing(labels, split, classes),
        *class_findings.sorted_labels(learned, codes),
        *table_columns.leaky(learned, codes, memory),
        *table_columns.changes(examples, memory),
    ]
    parts = [pd.DataFrame(rows, columns=COLUMNS, dtype=object)]
    if wanted - _WITHOUT_CONTENT:
        parts += _of_content(examples, given, pred_probs, classes, wanted=wanted, memory=memory)
    listed = decided(pd.concat(parts, ignore_index=True), actions)
    listed[["quality", "confidence", "is_issue"]] = ""
    return listed.sort_values(["kind", "id", "batch", "given", "suggested"], kind="stable")


def decided(findings: pd.DataFrame, actions: dict[str, str]) -> pd.DataFrame:
    """The findings that are not ignored, with COLUMNS and their `decision`: review or drop.

    Parameters
    ----------
    findings : `kind`, and some of the other COLUMNS
    actions : by kind: flag, drop or ignore

    Raises
    ------
    KeyError
        If a kind has no action. All kinds are fields of `Beyond`, so no user meets this.
    """
    if unknown := sorted(set(findings["kind"]) - set(actions)):
        raise KeyError(f"{unknown[0]!r} is no field of Beyond, in assay/contract/sections.py")
    is_wanted = findings["kind"].map(actions) != "ignore"
    listed = findings[is_wanted].reindex(columns=COLUMNS).astype(object).fillna("")
    drop = (listed["kind"].map(actions) == "drop") & (listed["split"] != "test")
    listed["decision"] = np.where(drop, "drop", "review")
    return listed


def left_out(findings: pd.DataFrame) -> pd.DataFrame:
    """The examples that the findings leave out: `id`, and the `reason` of the first finding."""
    dropped = findings.loc[findings["decision"] == "drop", ["id", "reason"]]
    return dropped.drop_duplicates("id").sort_values("id")


def drop(judged: pd.DataFrame, left_out: pd.DataFrame) -> pd.DataFrame:
    """Drop the judged labels of the examples that the function `left_out` returned."""
    reason = judged["id"].map(left_out.set_index("id")["reason"])
    kept = reason.isna()
    decision = judged["decision"].where(kept, "drop")
    return judged.assign(decision=decision, reason=judged["reason"].where(kept, reason))


def counts(findings: pd.DataFrame, examples: pd.DataFrame) -> dict[str, int]:
    """The number of findings of each kind that can be found; a kind set to `ignore` counts 0."""
    not_compared = COPIES if len(examples) > _MOST_COMPARED else set()
    skipped = statistics.foreign(examples) | not_compared
    kinds = [kind for kind in Beyond.model_fields if kind not in skipped]
    return {kind: int((findings["kind"] == kind).sum()) for kind in kinds}


def _of_content(
    examples: pd.DataFrame,
    given: pd.Series,
    pred_probs: np.ndarray,
    classes: list[str],
    *,
    wanted: set[str],
    memory: int,
) -> list[pd.DataFrame]:
    """The findings from embeddings and payloads."""
    projected = outliers.projected(catalogue.features(examples))
    compared = bool(wanted & COPIES) and len(examples) <= _MOST_COMPARED
    rows = given.index.to_numpy()[spread(len(given))]
    measured = statistics.measure(examples, fingerprints=compared, bordered=rows)
    problems = dict(measured.problems)
    if "outlier" in wanted:
        problems["outlier"] = outliers.outliers(projected)
    reasons = measured.reasons | {"outlier": "unlike all other examples"}
    parts = []
    for kind, has_problem in problems.items():
        parts.append(examples[has_problem].assign(kind=kind, reason=reasons[kind]))
    if compared:
        prints = projected[:] if measured.fingerprints is None else measured.fingerprints
        is_table = "features" in payloads.payload_format(examples)
        columns = table_columns.read(examples, memory) if is_table else None
        known = pred_probs.argmax(axis=1)  # (n,) the label, or what is predicted
        known[given.index] = given
        parts.append(copies(examples, prints, columns, known))
    elif wanted & COPIES:
        say(f"no copies are looked for: there are more than {_MOST_COMPARED:,} examples")
    if "shortcut" in wanted:
        beside = shortcuts.beside_content(examples.loc[rows], measured, rows)
        parts.append(shortcuts.find(*beside, given[rows].to_numpy(), classes))
    if "drift" in wanted:
        drifted = drifts(examples["batch"], projected, pred_probs, classes, measured.values)
        parts.append(pd.DataFrame(drifted))
    return parts


def copies(
    examples: pd.DataFrame,
    fingerprints: np.ndarray,
    columns: Iterable[NamedValues] | None,
    classes: np.ndarray,
) -> pd.DataFrame:
    """Find near-duplicates, and list each copy once.

    Of a test example and its training copy, the training copy is a leak. Else the later example is
    the copy.

    Parameters
    ----------
    examples : the catalogue
    fingerprints : (n, width), close to each other for copies; a row of zeros is no fingerprint
    columns : of a table, else None; a copy must be alike in these too
    classes : see `near_duplicates.copies`
    """
    has_print = np.flatnonzero(fingerprints.any(axis=1))
    if not len(has_print):
        return examples[:0]
    chance = near_duplicates.CHANCE if columns is None else _CHANCE_IN_TABLES
    # distance: relative to the distance of their other neighbours
    first, second, distance = near_duplicates.copies(
        fingerprints[has_print], classes[has_print], chance
    )
    first, second = has_print[first], has_print[second]
    if columns is not None:
        batch, _ = pd.factorize(examples["batch"])
        is_copy = near_duplicates.alike(np.stack([first, second]), batch, columns)
        first, second, distance = first[is_copy], second[is_copy], distance[is_copy]
    is_test = (examples["split"] == "test").to_numpy()
    swapped = is_test[second] & ~is_test[first]  # a test example is the original
    original = np.where(swapped, second, first)
    copy = np.where(swapped, first, second)
    leak = is_test[original] & ~is_test[copy]
    columns_of_pairs = {"original": original, "copy": copy, "distance": distance, "leak": leak}
    pairs = pd.DataFrame(columns_of_pairs)
    # of several originals of one copy, a test example (a leak) comes first, then the nearest
    pairs = pairs.sort_values(["leak", "distance"], ascending=[False, True], kind="stable")
    pairs = pairs.drop_duplicates("copy").sort_values("copy")
    reasons = []
    originals = examples.iloc[pairs["original"]].itertuples()
    for row, share in zip(originals, pairs["distance"], strict=True):
        looks_like = f"looks like {row.batch}/{row.key} in {row.split}"
        closer = f"{100 * (1 - share):.0f} % closer than its other neighbours"
        reasons.append(f"{looks_like}, {closer}")
    kind = np.where(pairs["leak"], "leak", "near_duplicate")
    return examples.iloc[pairs["copy"]].assign(kind=kind, reason=reasons)


def drifts(
    batch: pd.Series,
    projected: np.ndarray | outliers.Projected,
    pred_probs: np.ndarray,
    classes: list[str],
    values: dict[str, np.ndarray],
) -> Iterator[Finding]:
    """List the batches that differ from all batches before them, and what differs.

    Parameters
    ----------
    batch : (n,) the batch of each example, in the order of arrival
    projected : (n, width) embeddings, from `outliers.projected`
    pred_probs : (n, classes)
    values : statistics by name, (n,) each
    """
    rng = np.random.default_rng(0)
    number, names = pd.factorize(batch)
    for index, name in enumerate(names[1:], start=1):
        of_batch = rng.permutation(np.flatnonzero(number == index))[:_DRIFT_ROWS]
        earlier = rng.permutation(np.flatnonzero(number < index))[:_DRIFT_ROWS]
        rows = np.sort(np.concatenate([of_batch, earlier]))
        is_new = number[rows] == index
        predicted = pred_probs[rows].argmax(axis=1)
        measured = {statistic: column[rows] for statistic, column in values.items()}
        p_values = drift.p_values(is_new, projected[rows], predicted, measured)
        has_class = {label: predicted == code for code, label in enumerate(classes)}
        tests = drift.significant(p_values)
        if tests:
            differences = [drift.describe(test, is_new, measured, has_class) for test in tests]
            reason = "unlike the batches before: " + ", ".join(differences)
            yield {"batch": name, "kind": "drift", "reason": reason}
