"""What changed between two versions of the data, and which model of them is better."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from assay.comparison import changes, past_answers, training_variance, unreadable, verdict
from assay.comparison.training_variance import Learned, RidgeHead
from assay.comparison.versions import Version
from assay.contract import class_names, files, parameters, paths, rounding
from assay.evaluation.scores import METRICS, SMALLEST, Predictions

T = TypeVar("T")


def compare(a: str, b: str | None, *, why: bool, metrics: Sequence[str]) -> dict[str, Any]:
    """Compare two revisions; this is what `--json` prints.

    Parameters
    ----------
    b : None for the workspace
    why : also judge each kind of change alone
    metrics : names from `scores.METRICS`

    Raises
    ------
    InputError
        If a revision is empty, or if a version cannot be read or is damaged.
    """
    unreadable.refuse_empty(a, b)
    old, new = Version(a), Version(b)
    params = new.evaluate()
    data = _data(old, new)
    model = _model(old, new, metrics, params, why=why)
    levels = data["parameters"].get("evaluate.confidence")
    if levels and (model.get("recorded") or model.get("estimated")):
        model["levels"] = levels  # of the recorded intervals, which evaluate wrote
    if "metrics" in model or (model.get("recorded") and not levels):
        model["confidence"] = params.confidence
    if changes.is_unjudged(data):
        judged = {"metrics", "recall", "why"} & set(model)
        model |= {part: verdict.withheld(model[part]) for part in judged}
    missing = unreadable.folders(old.missing + new.missing)
    without = [version for version in (old, new) if version.absent]
    absent = {version.name: unreadable.folders(version.absent) for version in without}
    names = {"a": old.name, "b": new.name}
    return {**names, "data": data, "model": model, "missing": missing, "absent": absent}


def _data(old: Version, new: Version) -> dict[str, Any]:
    """How the data differs; what one of the versions lacks is left out."""
    data: dict[str, Any] = {"parameters": new.parameters_since(old)}
    if batches := _both(old.batches(), new.batches()):
        data["batches"] = batches
    old_answers, new_answers = past_answers.read(old), past_answers.read(new)
    if answers := _both(old_answers, new_answers):
        data["answers"] = [int((rows["label"] != "").sum()) for rows in answers]
    data["counts"] = [version.json(paths.CLEAN_METRICS, files.Numbers) for version in (old, new)]
    if examples := _both(old.examples, new.examples):
        data["examples"] = changes.examples(*examples)
        if other_batches := changes.other_batches(*examples):
            data["other_batches"] = other_batches
        other_ids = changes.other_ids(*examples)
        if other_ids["examples"]:
            data["other_ids"] = other_ids
    else:
        not_found = [version.name for version in (old, new) if version.examples is None]
        data["examples_not_found"] = not_found
    if learned := _both(old.learned, new.learned):
        data["labels"] = changes.labels(*learned, new_answers, new.examples)
        data["classes"] = changes.classes(learned[0]["label"], learned[1]["label"])
    if tests := _both(old.labels(paths.TEST_LABELS), new.labels(paths.TEST_LABELS)):
        data["test_labels"] = changes.labels(*tests, new_answers, new.examples)
    if votes := _both(old.votes(), new.votes()):
        data["people"] = changes.people(*votes)
    return data


def _model(
    old: Version, new: Version, metrics: Sequence[str], params: parameters.Evaluate, *, why: bool
) -> dict[str, Any]:
    """Judge each metric of both models; without their predictions, return the recorded metrics."""
    if why_not := _why_no_verdict(old, new, metrics):
        return why_not
    predictions = _both(old.predictions(), new.predictions())
    if predictions is None:
        return {"recorded": _recorded(old, new, metrics)}
    both = predictions[0].merge(predictions[1], on="id", suffixes=changes.SUFFIXES).reset_index()
    not_scored = [[len(frame) - len(both), len(frame)] for frame in predictions]
    if both.empty:
        return {"recorded": _recorded(old, new, metrics), "not_scored": not_scored}
    learned = [version.learned["label"] for version in (old, new) if version.learned is not None]
    known = sorted(set(chain.from_iterable(learned)))
    seen = np.unique(both[["answer_b", "predicted_a", "predicted_b"]])
    classes = class_names.with_unknown(known, seen)
    a, b = (_predictions(both, end, classes, params.reliability_bins) for end in changes.SUFFIXES)
    penalty = new.json(paths.CLEAN_METRICS, files.Numbers).get("penalty", 1.0)
    test = _Test(both["id"], known, RidgeHead(b.answer, len(known), penalty))
    chance = _chance(old, new, test)
    verdicts = verdict.judge(a, b, chance, metrics=metrics, confidence=params.confidence)
    model = {
        "test_examples": len(both),
        "not_scored": not_scored,
        "answers_changed": int((both["answer_a"] != both["answer_b"]).sum()),
        "metrics": {judged.metric: asdict(judged) for judged in verdicts},
        "recall": verdict.judge_recall(a, b, chance, classes, confidence=params.confidence),
        "unknown": sorted({*metrics} - {judged.metric for judged in verdicts}),
        "chance_in_training": {name: chance[name] for name in METRICS if chance} or None,
        "estimated": _recorded(old, new, ["accuracy_true"]),
    }
    if why and chance:
        model |= _why(old, new, test, chance, params.confidence)
    return model


def _why_no_verdict(old: Version, new: Version, metrics: Sequence[str]) -> dict[str, Any]:
    """Why models cannot be judged: a stage has yet to run, or the classes differ; else {}."""
    stages = {version.name: version.yet_to_run() for version in (old, new)}
    yet_to_run = {name: stage for name, stage in stages.items() if stage}
    if yet_to_run:
        return {"recorded": {}, "yet_to_run": yet_to_run}  # what is recorded is of an older model
    classes = _both(old.classes(), new.classes())
    if classes and classes[0] != classes[1]:
        alone = [sorted(classes[0] - classes[1]), sorted(classes[1] - classes[0])]
        return {"recorded": _recorded(old, new, metrics), "other_classes": alone}
    return {}


def _recorded(old: Version, new: Version, metrics: Sequence[str]) -> dict[str, list[list[float]]]:
    """Each metric of both versions with its interval, as evaluate wrote it."""
    then, now = (version.json(paths.EVALUATE_METRICS, files.Numbers) for version in (old, new))
    recorded = {}
    for name in metrics:
        if intervals := _both(rounding.interval(then, name), rounding.interval(now, name)):
            recorded[name] = list(intervals)
    return recorded


def _predictions(both: pd.DataFrame, suffix: str, classes: list[str], bins: int) -> Predictions:
    """What one version predicted, scored against the answers of B.

    The file has the loss for the version's own answer. If B has another answer, the loss is known
    only if B's answer is the predicted class.
    """
    answer, predicted = both["answer_b"], both[f"predicted{suffix}"]
    confidence = both[f"confidence{suffix}"]
    same_answer = both[f"answer{suffix}"] == answer
    losses = [both[f"loss{suffix}"], -np.log(np.maximum(confidence, SMALLEST))]
    loss = np.select([same_answer, predicted == answer], losses, np.nan)
    codes, predicted_codes = (class_names.codes(column, classes) for column in (answer, predicted))
    return Predictions(codes, predicted_codes, confidence.to_numpy(), loss, bins)


@dataclass
class _Test:
    """The ids (m,) of the test examples of both versions; what a head needs to be scored on them.

    The classes are those of the training examples of both versions. The answers are those of B.
    """

    ids: pd.Series
    classes: list[str]
    head: RidgeHead


def _chance(old: Version, new: Version, test: _Test) -> dict[str, float]:
    """The variance by chance in training; {} if embeddings or labels are missing."""
    if (then := _learned(old, test)) is None or (now := _learned(new, test)) is None:
        return {}
    (a, test_a, _), (b, test_b, n_validation) = then, now
    return training_variance.chance(a, b, [test_a, test_b], test.head, n_validation)


def _learned(version: Version, test: _Test) -> tuple[Learned, np.ndarray, int] | None:
    """What a version learns from, the features of `test` (m, features), and how many validate it.

    None if embeddings or labels are missing.
    """
    examples, labels = version.examples, version.learned
    if examples is None or labels is None:
        return None
    sample = labels.sample(min(training_variance.ROWS, len(labels)), random_state=0)
    features = version.features(examples.loc[[*sample.index, *test.ids]])
    if features is None:
        return None
    codes = class_names.codes(sample["label"], test.classes)
    learned = Learned(features[: len(sample)], codes, len(labels))
    n_validation = int((examples.loc[labels.index, "split"] == "validation").sum())
    return learned, features[len(sample) :], n_validation


def _why(
    old: Version, new: Version, test: _Test, chance: dict[str, float], confidence: float
) -> dict[str, dict[str, Any]]:
    """Judge each kind of change alone, by the accuracy of a head on embeddings.

    The embeddings are those of B. For examples that B lacks, they are those of A if both versions
    have the same encoder. Else the labels of these examples are left out.

    Returns
    -------
    `why` : the verdict on each kind of change
    `why_left_out` : the number of `labels` left out, and whether the `other_encoder` is the cause
    """
    labels = _both(old.learned, new.learned)
    examples = _both(old.examples, new.examples)
    if labels is None or examples is None:
        return {}
    labels_a = labels[0][["label"]]
    labels_b = labels[1][["label"]]
    in_either = labels_a.join(labels_b, how="outer", suffixes=changes.SUFFIXES)
    in_b = in_either.index.isin(examples[1].index)
    rows, others = in_either[in_b], in_either[~in_b]
    features = new.features(examples[1].loc[rows.index])
    test_features = new.features(examples[1].loc[test.ids])
    if features is None or test_features is None:
        return {}
    encoders = _both(old.read(paths.ENCODER), new.read(paths.ENCODER))
    is_same = encoders is not None and encoders[0] == encoders[1]
    more = old.features(examples[0].loc[others.index]) if is_same else None
    left_out = {}
    if more is not None:
        features = np.concatenate([features, more])
        rows = pd.concat([rows, others])
    elif len(others):
        other_encoder = encoders is not None and not is_same
        left_out["why_left_out"] = {"labels": len(others), "other_encoder": other_encoder}
    codes_a = class_names.codes(rows["label_a"], test.classes)
    codes_b = class_names.codes(rows["label_b"], test.classes)
    heads = training_variance.shares(features, codes_a, codes_b, test_features, test.head)
    if "nothing" not in heads:
        return left_out
    _, base = heads.pop("nothing")
    shares = {}
    for change, (n, head) in heads.items():
        judged = verdict.judge(base, head, chance, metrics=["accuracy"], confidence=confidence)
        shares[change] = {"examples": n, **asdict(judged[0])}
    return left_out | ({"why": shares} if shares else {})


def _both(a: T | None, b: T | None) -> tuple[T, T] | None:
    """What both versions have; None if either lacks it."""
    return None if a is None or b is None else (a, b)
