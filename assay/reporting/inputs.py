"""What the report reads: small files as rows and counts. It avoids pandas: the import is slow."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from assay.catalogue import spreadsheets
from assay.contract import csv_files, files, parquet_files, paths, plain_files
from assay.contract.errors import InputError

Values = dict[str, Any]  # of a JSON file
Row = dict[str, str]  # of a CSV file
# columns that tables of older versions do not have
_NEW = {"classes": ["doubted"], "slices": ["doubted"], "regions": ["doubted"]}
_NEW |= {"people": ["accuracy_low", "accuracy_high"]}
WRONG = "estimated_label_noise"  # in metrics/clean.json
FINDING = "finding"  # the decision on a doubted label if another finding leaves its example out

_VALUES = {
    "clean": paths.CLEAN_METRICS,
    "agreement": paths.AGREEMENT_METRICS,
    "train": paths.TRAIN_METRICS,
    "evaluate": paths.EVALUATE_METRICS,
    "release": paths.RELEASE_INFO,
}
_ROWS = {
    "people": paths.ANNOTATORS,
    "pairs": paths.AGREEMENT,
    "classes": paths.CLASS_METRICS,
    "slices": paths.SLICE_METRICS,
    "regions": paths.REGIONS,
    "curve": paths.LEARNING_CURVE,
    "reliability": paths.RELIABILITY,
    "label_errors": paths.LABEL_ERRORS,
    "issues": paths.ISSUES,
    "queue": paths.QUEUE,
    "levers": paths.LEVERS,
    "forecast": paths.FORECAST_CURVE,
}


@dataclass(frozen=True)
class Inputs:
    """The contents of the files that say how good the data and the model are.

    Attributes
    ----------
    values, rows : of JSON and CSV files, by name
    batches : what `collecting.summary.facts` tells of each batch, in the order of arrival
    given, doubted : by class, how many labels there are, and how many of them are doubted
    decided : how many doubted labels there are by decision. Replaced or dropped labels that people
        then checked do not count. If another finding leaves the example out, the decision is
        FINDING
    left_out : how many examples other findings leave out, by the kind of the first finding
    learned, sources : how many labels the model learns from, by class and by source. Labels of the
        validation split count only if it learned from them too
    to_review, reviewed : how many labels wait for a person; how many waited, or were replaced or
        dropped, and then got an answer or were called not usable
    test_to_review, test_reviewed : how many of these are labels of the test split
    unlabelled : how many examples have no label in use, or only a pseudo-label. Examples that
        people call not usable, or that findings leave out, do not count
    noise : estimated share of wrong labels among those that the model learns from
    confusion : how many test examples there are of each answer and predicted class
    """

    values: dict[str, Values]
    rows: dict[str, list[Row]]
    batches: dict[str, Values]
    given: Counter[str]
    doubted: Counter[str]
    decided: Counter[str]
    left_out: Counter[str]
    learned: Counter[str]
    sources: Counter[str]
    to_review: int
    reviewed: int
    test_to_review: int
    test_reviewed: int
    unlabelled: int
    noise: float
    confusion: Counter[tuple[str, str]]


def read() -> Inputs:
    judged = parquet_files.read_parquet(paths.QUALITY, ["id", "given", "decision"]).to_pydict()
    decisions = list(zip(judged["id"], judged["given"], judged["decision"], strict=True))
    in_review = {id_ for id_, _, decision in decisions if decision == "review"}
    annotated = csv_files.read_csv(paths.ANNOTATED_LABELS, paths.LABEL_COLUMNS).to_pylist()
    in_use = annotated + csv_files.read_csv(paths.TEST_LABELS, ["id", "source"]).to_pylist()
    answered = {row["id"] for row in in_use if row["source"] == "human"}
    unusable = set(spreadsheets.read(paths.UNUSABLE)["id"].to_pylist())
    rows = {name: _rows(path, _NEW.get(name, [])) for name, path in _ROWS.items()}
    is_doubted = {row["id"] for row in rows["issues"] if row["kind"] == "label"}
    doubted = [row for row in decisions if row[0] in is_doubted]
    of_test = {row["id"] for row in rows["issues"] if row["split"] == "test"}
    checked = answered | unusable
    to_review = in_review - checked
    changed = {id_ for id_, _, decision in doubted if decision in ("relabel", "drop")}
    overruled = changed & checked  # people's answers count instead
    reviewed = (in_review & checked) | overruled
    decided = [(id_, decision) for id_, _, decision in doubted if id_ not in overruled]
    left_out = _left_out(rows["issues"])
    labelled = {row["id"] for row in in_use if row["source"] != "pseudo"}
    values = {name: files.read_json(path) for name, path in _VALUES.items()}
    listed = files.listed_batches()
    learns_validation = "validation" in values["release"].get("learned_splits", ())
    only_checked = set() if learns_validation else validation(listed)
    learned = [row for row in annotated if row["id"] not in only_checked]
    weights = [float(row["weight"]) for row in learned]
    return Inputs(
        values=values,
        rows=rows,
        batches={batch: files.read_json(paths.summary(batch)) for batch in listed},
        given=Counter(judged["given"]),
        doubted=Counter(label for _, label, _ in doubted),
        decided=Counter(FINDING if id_ in left_out else decision for id_, decision in decided),
        left_out=Counter(left_out.values()),
        learned=Counter(row["label"] for row in learned),
        sources=Counter(row["source"] for row in learned),
        to_review=len(to_review),
        reviewed=len(reviewed),
        test_to_review=len(to_review & of_test),
        test_reviewed=len(reviewed & of_test),
        unlabelled=values["clean"]["examples"] - len(labelled | unusable | left_out.keys()),
        noise=1 - sum(weights) / max(len(weights), 1),
        confusion=_confusion(paths.PREDICTIONS),
    )


def _confusion(path: Path) -> Counter[tuple[str, str]]:
    columns = ["answer", "predicted"]
    table = spreadsheets.parse_plotted(path, plain_files.read(path), columns)
    return Counter(zip(*(table[column].to_pylist() for column in columns), strict=True))


def _left_out(issues: list[Row]) -> dict[str, str]:
    """By id, the kind of the first finding because of which an example was left out."""
    kinds: dict[str, str] = {}
    for row in issues:
        if row["decision"] == "drop" and row["kind"] != "label":
            kinds.setdefault(row["id"], row["kind"])
    return kinds


def wrong_share(clean: Values) -> float | None:
    """The estimated share of wrong labels before cleaning, 0..1; None if it is not known.

    If no classifier predicts the labels, nothing has judged them, and the number says nothing.

    Parameters
    ----------
    clean : the values of metrics/clean.json
    """
    return None if "no_classifier_predicts" in clean else clean.get(WRONG)


def accuracy(row: Row) -> float:
    """The exact accuracy of a slice or region: its table has only four decimals.

    They tell how many predictions are right, for up to about 6,000 examples.
    """
    n = int(row["examples"])
    return round(n * float(row["accuracy"])) / n


def _rows(path: Path, columns: list[str]) -> list[Row]:
    try:
        return spreadsheets.read(path, columns).to_pylist()
    except InputError as error:
        raise InputError(f"{error}; write it again: `dvc repro`") from None


def validation(batches: list[str]) -> set[str]:
    """The ids of the validation split. A copy of a test example may be among them.

    `catalogue.read` tells them too, but it imports pandas, which is slow.
    """
    ids = set()
    for batch in batches:
        rows = parquet_files.read_parquet(paths.examples(batch), ["id", "split"])
        ids |= set(rows.filter(pc.equal(rows["split"], "validation"))["id"].to_pylist())
    return ids
