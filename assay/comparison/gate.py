"""Whether a comparison fails a condition of `compare --fail-if`. What cannot be judged fails."""

import re

from assay.comparison import changes
from assay.comparison.data_lines import CLASSES, Result
from assay.comparison.verdict import LEAST, RECALL, UNJUDGED
from assay.contract.errors import InputError, first_of
from assay.evaluation.scores import LARGER_IS_BETTER, METRICS

_CLASS = "worse-class"
_VERDICTS = ("worse", "not-better", _CLASS)
_METRIC = rf"({'|'.join(METRICS)}|{RECALL}.+?)(:\d*\.?\d+)?"
_DIGITS = 9  # a change is rounded to these: in floating point, 0.9 - 0.8 is less than 0.1


def metric_of(condition: str) -> str | None:
    """The metric, or the recall of a class, that a condition is about; None if it is about all.

    Raises
    ------
    InputError
        If it is no condition.
    """
    metric = re.fullmatch(_METRIC, condition)
    if not metric and condition not in _VERDICTS:
        known = ", ".join(["worse", "not-better", *METRICS, _CLASS, f"{RECALL}CLASS"])
        example = "a metric may be followed by the change that is tolerated, as in accuracy:0.01"
        raise InputError(f"--fail-if {condition!r} is none of {known}; {example}")
    return metric[1] if metric else None


def judge(result: Result, conditions: list[str]) -> Result:
    """The verdict of the gate: `fail_if`, whether it `fails`, and the `reasons`.

    With `worse-class` also `not_tested`: the number of test examples of each class with too few.
    """
    reasons = [reason for condition in conditions for reason in _reasons(result, condition)]
    verdict = {"fail_if": conditions, "fails": bool(reasons)}
    verdict["reasons"] = list(dict.fromkeys(reasons))
    if _CLASS in conditions and "recall" in result["model"]:
        scored = _scored(result)
        verdict["not_tested"] = {name: n for name, n in scored.items() if n < LEAST}
    return verdict


def _scored(result: Result) -> dict[str, int]:
    """The number of test examples of both versions of each class, 0 for a class in labels alone."""
    recall = result["model"].get("recall", {})
    scored = {name: judged["scored"] for name, judged in recall.items()}
    return scored | {name: 0 for name in result["data"].get("classes", {}) if name not in scored}


def _reasons(result: Result, condition: str) -> list[str]:
    metrics = result["model"].get("metrics")
    if changes.is_unfair(result["data"]):
        return ["examples changed sides, so nothing can be judged"]
    if not metrics:
        return [f"nothing can be judged {_why_not(result['model'])}"]
    if changes.moves_unknown(result["data"]):
        return ["examples were not found, so moves between splits are not known"]
    classes = result["model"].get("recall", {}).items()
    recall = {f"{RECALL}{name}": judged for name, judged in classes}
    # a class may be named as another one with a tolerance
    is_class = condition in {f"{RECALL}{name}" for name in _scored(result)}
    if name := condition if is_class else metric_of(condition):
        tolerated = condition.removeprefix(name).removeprefix(":")
        judged = (recall | metrics).get(name)
        if judged is None and name.startswith(RECALL):
            return [_unknown_class(name, [class_ for class_, _ in classes])]
        return _loss(name, judged, float(tolerated or 0))
    unknown = result["model"].get("unknown", [])
    is_of_classes = condition == _CLASS
    return _worse_classes(recall) if is_of_classes else _verdicts(metrics, unknown, condition)


def _verdicts(metrics: Result, unknown: list[str], condition: str) -> list[str]:
    verdicts = {name: judged["verdict"] for name, judged in metrics.items()}
    fails = {"worse": "is worse", UNJUDGED: UNJUDGED}
    reasons = [f"{name} {fails[word]}" for name, word in verdicts.items() if word in fails]
    reasons += [f"{name} {UNJUDGED}, since it is known of no example" for name in unknown]
    if condition == "not-better" and not reasons and "better" not in verdicts.values():
        return ["no metric is better"]
    return reasons


def _worse_classes(recall: Result) -> list[str]:
    verdicts = {name: judged["verdict"] for name, judged in recall.items()}
    if {*verdicts.values()} == {UNJUDGED}:
        return ["no class has enough test examples"]
    return [f"{name} is worse" for name, word in verdicts.items() if word == "worse"]


def _why_not(model: Result) -> str:
    if stages := sorted({*model.get("yet_to_run", {}).values()}):
        return f"before `dvc repro` has run {' and '.join(stages)}"
    if unknown := model.get("unknown"):
        return f"since {', '.join(unknown)} of no example is known"
    if "other_classes" in model:
        return "where the classes differ"
    if "not_scored" in model:
        return "without a test example in common"
    return "without the predictions of both"


def _unknown_class(name: str, classes: list[str]) -> str:
    no_example = f"no test example of both has the class '{name.removeprefix(RECALL)}'"
    return f"{name} {UNJUDGED}: {no_example}; classes: {first_of(classes, CLASSES)}"


def _loss(name: str, judged: Result | None, tolerated: float) -> list[str]:
    """The reason, if the measured change is more than is tolerated, significant or not; else []."""
    if judged is None:
        return [f"{name} cannot be judged"]
    loss = -judged["change"] if LARGER_IS_BETTER.get(name, True) else judged["change"]
    passes = round(loss, _DIGITS) <= tolerated
    return [] if passes else [f"{name} is worse by {loss:.4f}, where {tolerated:g} is tolerated"]
