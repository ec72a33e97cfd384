"""The parts of the page, as rows for tables and charts. Long lists are cut; the rest is counted."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import ceil, floor, log10
from typing import Any, NamedTuple

from assay.contract.sections import COPIES, Beyond
from assay.reporting.answer import largest_first, worse_slices
from assay.reporting.inputs import Inputs, Row, Values

_LISTED = 15  # rows of a table
_CLASSES = 30  # that a matrix shows
_BATCHES = 10  # columns of a matrix, the latest ones
_WORST = 12  # labels in pictures
_OF_KIND = 4  # examples of a kind of finding
_TICKS = 5  # of an axis, at most, beside its start
_FORECAST = ("rows", "forecast", "forecast_low", "forecast_high")  # columns of its table


class Listed(NamedTuple):
    """The first rows of a list, and how many more there are."""

    rows: Sequence[Any]
    more: int


def first(rows: Sequence[Any], most: int = _LISTED) -> Listed:
    return Listed(rows[:most], max(0, len(rows) - most))


def matrix(rows: Sequence[str], columns: Sequence[str], counts: Mapping[Any, int]) -> Values:
    """Counts of (row, column) as a table; the largest count of each column, and of all errors."""
    cells = {row: [counts.get((row, column), 0) for column in columns] for row in rows}
    largest = [max(column) or 1 for column in zip(*cells.values(), strict=True)]
    error = max((n for (row, column), n in counts.items() if row != column), default=1) or 1
    return {"columns": columns, "rows": cells, "largest": largest, "error": error}


def quantity(inputs: Inputs) -> Values:
    rarest_first = [label for label, _ in reversed(largest_first(inputs.given))]
    tested = {row["label"]: int(row["test_examples"]) for row in inputs.rows["classes"]}
    latest = list(inputs.batches)[-_BATCHES:]
    counts = {}  # by class and batch
    for batch in latest:
        for label, n in inputs.batches[batch]["labels_by_class"].items():
            counts[label, batch] = n
    return {
        "batches": first(list(inputs.batches.items())[::-1]),
        "classes": first(rarest_first),
        "tested": tested,
        "matrix": matrix(rarest_first[:_CLASSES], latest, counts) if len(latest) > 1 else None,
    }


def quality(inputs: Inputs, ignored: Collection[str]) -> Values:
    """Doubted labels and findings; `ignored` are the kinds that `clean.beyond` ignores."""
    counted = [kind for kind in Beyond.model_fields if kind in inputs.values["clean"]]
    sought = set(counted) - set(ignored)
    unsought = (set(counted) | COPIES) - sought
    shares = {label: inputs.doubted[label] / n for label, n in inputs.given.items()}
    labels = [row for row in inputs.rows["issues"] if row["kind"] == "label"]
    suggestions = [(row["given"], row["suggested"]) for row in labels]
    pairs = Counter(pair for pair in suggestions if pair[0] != pair[1])
    kinds: dict[str, list[Row]] = {}
    for row in inputs.rows["issues"]:
        if row["kind"] != "label":
            kinds.setdefault(row["kind"], []).append(row)
    return {
        "classes": first(largest_first(shares)),
        "pairs": first(largest_first(pairs)),
        "worst": first(labels, _WORST),
        "sought": bool(sought),
        "unsought": [kind for kind in Beyond.model_fields if kind in unsought],
        "findings": [(kind, first(rows, _OF_KIND)) for kind, rows in sorted(kinds.items())],
    }


def annotation(inputs: Inputs) -> Values:
    worst_first = sorted(inputs.rows["people"], key=lambda row: float(row["accuracy"]))
    chance = 1 / len(inputs.values["release"]["classes"])
    return {
        "people": first(worst_first),
        "swaps": first([row for row in worst_first if _is_below(row, chance)]),
        "guesses": first([row for row in worst_first if _may_guess(row, chance)]),
        "copies": first([row for row in inputs.rows["pairs"] if row["copies"] == "True"]),
        "queue": first(inputs.rows["queue"], _OF_KIND),
        "sources": largest_first(inputs.sources),
    }


def _is_below(row: Row, chance: float) -> bool:
    """Whether a person is shown to be right less often than by chance."""
    return float(row["accuracy_high"]) < chance


def _may_guess(row: Row, chance: float) -> bool:
    """Whether a person may label at random. A wide interval, after few labels, is not enough."""
    low, high = float(row["accuracy_low"]), float(row["accuracy_high"])
    return low <= chance <= high < (chance + 1) / 2  # halfway to being always right


def model(inputs: Inputs) -> Values:
    names = [row["label"] for row in inputs.rows["classes"]]
    tested = [row for row in inputs.rows["classes"] if int(row["test_examples"])]
    errors = Counter({pair: n for pair, n in inputs.confusion.items() if len(set(pair)) > 1})
    slices = sorted(inputs.rows["slices"], key=_order_of_slices)
    classes = first(sorted(tested, key=lambda row: float(row["f1"])))
    exact_classes = [row | exact(row, inputs.confusion) for row in classes.rows]
    return {
        "matrix": matrix(names, names, inputs.confusion) if len(names) <= _CLASSES else None,
        "pairs": first(largest_first(errors)),
        "classes": classes._replace(rows=exact_classes),
        "slices": first(slices),
        "lowest": slices[0] if slices and _is_lower(slices[0], inputs) else None,
        "worse": len(worse_slices(inputs)),
        "regions": [row for row in inputs.rows["regions"] if row["worse"] == "True"],
    }


def exact(row: Row, confusion: Mapping[tuple[str, str], int]) -> Values:
    """The exact scores of a class, from counts: the table has only four decimals.

    Parameters
    ----------
    row : of metrics/classes.csv
    confusion : number of test examples by answer and prediction
    """
    label = row["label"]
    right = confusion.get((label, label), 0)
    answered = sum(n for (answer, _), n in confusion.items() if answer == label)
    predicted = sum(n for (_, name), n in confusion.items() if name == label)
    shares = {"precision": (right, predicted), "recall": (right, answered)}
    shares["f1"] = (2 * right, predicted + answered)
    return {name: part / whole for name, (part, whole) in shares.items() if whole}


def ticks(bottom: float, top: float) -> list[float]:
    """Round numbers along an axis: the first is at most `bottom`, the last at least `top`."""
    top = top if top > bottom else bottom + 1
    wide = (top - bottom) / _TICKS
    power = 10.0 ** floor(log10(wide))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= wide * (1 - 1e-9))
    start, end = floor(bottom / step + 1e-9), ceil(top / step - 1e-9)
    return [number * step for number in range(start, end + 1)]


def _is_lower(row: Row, inputs: Inputs) -> bool:
    """Whether a slice was tested and its accuracy is below the overall one."""
    overall = inputs.values["evaluate"]["accuracy"]
    return row["p_value"] != "nan" and float(row["accuracy"]) < overall


def _order_of_slices(row: Row) -> tuple[bool, bool, float]:
    """A key to sort slices: first those shown to be worse, last those with too few examples."""
    return row["p_value"] == "nan", row["worse"] != "True", float(row["accuracy"])


def learning_curve(inputs: Inputs) -> Values:
    """Accuracy by number of labels: what was measured, and the forecast with its interval."""
    rows = inputs.rows["forecast"]
    with_forecast = [row for row in rows if row["forecast"] != "nan"]
    with_accuracy = [row for row in rows if row["accuracy"] != "nan"]
    measured = [(float(row["rows"]), float(row["accuracy"])) for row in with_accuracy]
    columns = [[float(row[name]) for row in with_forecast] for name in _FORECAST]
    labels, accuracy, low, high = columns
    return {
        "measured": measured,
        "forecast": list(zip(labels, accuracy, strict=True)),
        "bottom": max(0, floor(10 * min([*low, 0.9])) / 10),  # where the axis starts
        "band": [(x, max(a, 0), min(b, 1)) for x, a, b in zip(labels, low, high, strict=True)],
    }


def pictured(quality: Values, annotation: Values) -> Iterator[Row]:
    """The examples that the page shows, the most important ones first."""
    yield from quality["worst"].rows
    yield from annotation["queue"].rows
    for _, listed in quality["findings"]:
        yield from listed.rows
