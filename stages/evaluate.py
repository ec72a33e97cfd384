"""Score the classifier on the test examples, and, where the truth is known, what cleaning found and changed."""

from functools import partial

import numpy as np
import pyarrow as pa
from sklearn.metrics import average_precision_score, precision_recall_curve, precision_recall_fscore_support

from assay import catalogue, dataset, leave_one_out, parameters, payloads, scores
from assay.catalogue import Catalogue
from assay.errors import InputError, run
from assay.inference import Model
from assay.scores import Predictions

_AT_PRECISION = 0.8  # recall is given for the point where four of five flagged labels are wrong


def main() -> None:
    params = parameters.load()
    examples = catalogue.read(dataset.listed())
    truth = catalogue.truth(examples)
    answers = best_known(examples, truth)
    scored = (examples.splits == "test") & (answers != "")
    if not scored.any():
        raise InputError("no test example has a label: label some, or let collect.test hold some out")

    classes = dataset.read_json(dataset.CLASSES)["classes"]
    classifier = Model(dataset.CLASSIFIER, portable=params.portable, threads=params.threads)
    pred_probs = classifier.over(payloads.of_chosen(examples, scored, params.embed.batch_size))
    classes += sorted(set(answers[scored]) - set(classes))  # the model does not know these
    predictions = Predictions(dataset.index_of(answers[scored], classes), pred_probs.astype(np.float64))

    metrics = model_metrics(predictions, params.evaluate)
    metrics["test_truth_share"] = float(np.mean(truth[scored] != ""))
    metrics |= cleaning_metrics(dataset.read_parquet(dataset.QUALITY), examples, truth)
    metrics |= head_metrics(examples, answers, scored)
    dataset.write_json(dataset.EVALUATE_METRICS, metrics)
    dataset.write_csv(dataset.CLASS_METRICS, *by_class(predictions, classes))
    dataset.write_csv(dataset.PREDICTIONS, *listing(predictions, examples.ids.filter(pa.array(scored)), classes))
    reliable = scores.reliability(predictions, params.evaluate.reliability_bins)
    rows = [(f"{confidence:.4f}", f"{accuracy:.4f}", count) for confidence, accuracy, count in reliable]
    dataset.write_csv(dataset.RELIABILITY, ["confidence", "accuracy", "examples"], rows)


def best_known(examples: Catalogue, truth: np.ndarray) -> np.ndarray:
    """The answer that each test example is scored against: the truth, or else its label, or else "". Shape (n,)."""
    known = truth.copy()
    table = dataset.read_csv(dataset.TEST_LABELS)
    at = dataset.index_of(table["id"], examples.ids)
    known[at] = np.where(truth[at] != "", truth[at], table["label"].to_numpy())
    return known


def model_metrics(of: Predictions, params: parameters.Evaluate) -> dict:
    """Each score with its interval."""
    everything = np.arange(len(of.labels))
    metrics = {"accuracy": scores.accuracy(of, everything)}
    correct = int(of.correct.sum())
    metrics["accuracy_low"], metrics["accuracy_high"] = scores.wilson(correct, len(everything), params.confidence)
    calibration_error = partial(scores.calibration_error, bins=params.reliability_bins)
    for name, score in (
        ("macro_f1", scores.macro_f1),
        ("log_loss", scores.log_loss),
        ("calibration_error", calibration_error),
    ):
        low, high = scores.bootstrap(score, of, resamples=params.resamples, confidence=params.confidence)
        metrics |= {name: score(of, everything), f"{name}_low": low, f"{name}_high": high}
    return metrics | {"test_examples": len(everything)}


def cleaning_metrics(judged: pa.Table, examples: Catalogue, truth: np.ndarray) -> dict:
    """How well wrong labels were found among those that are learned from; {} where no truth is known of any."""
    at = dataset.index_of(judged["id"], examples.ids)
    known = (truth[at] != "") & (examples.splits[at] != "test")
    wrong = judged["given"].to_numpy()[known] != truth[at][known]
    if not wrong.any():
        return {}
    flagged = judged["is_issue"].to_numpy()[known]
    doubt = 1 - judged["quality"].to_numpy()[known]
    precision, recall, _ = precision_recall_curve(wrong, doubt)
    return {
        "label_errors": int(wrong.sum()),
        "label_errors_precision": float(wrong[flagged].mean()) if flagged.any() else 0.0,
        "label_errors_recall": float(flagged[wrong].mean()),
        "label_errors_average_precision": float(average_precision_score(wrong, doubt)),
        "label_errors_recall_at_precision_80": float(recall[precision >= _AT_PRECISION].max()),
    }


def head_metrics(examples: Catalogue, answers: np.ndarray, scored: np.ndarray) -> dict:
    """What cleaning and annotating changed: test accuracy of one closed-form head on the labels before and after."""
    penalty = dataset.read_json(dataset.CLEAN_METRICS)["penalty"]
    test = [rows[:] for rows in catalogue.features(examples, scored)]
    metrics = {}
    for name, path, column in (
        ("head_accuracy_uncleaned", dataset.QUALITY, "given"),
        ("head_accuracy", dataset.ANNOTATED_LABELS, "label"),
    ):
        table = dataset.read_parquet(path, ["id", column]) if path == dataset.QUALITY else dataset.read_csv(path)
        label = np.full(len(examples), "", dtype=object)
        label[dataset.index_of(table["id"], examples.ids)] = table[column].to_numpy()
        learned = (label != "") & (examples.splits != "test")
        classes = sorted(set(label[learned]))
        codes = dataset.index_of(label[learned], classes)
        coef, intercept = leave_one_out.solve(catalogue.features(examples, learned), codes, len(classes), penalty)
        predicted = np.concatenate([(rows @ coef + intercept).argmax(axis=1) for rows in test])
        metrics[name] = float(np.mean(np.array(classes, dtype=object)[predicted] == answers[scored]))
    return metrics


def by_class(of: Predictions, classes: list[str]) -> tuple[list[str], list[tuple]]:
    """Header and rows of the table of classes."""
    every = np.arange(len(classes))
    columns = precision_recall_fscore_support(of.labels, of.predicted, labels=every, zero_division=0)
    rows = [(name, *(f"{value:.4f}" for value in values[:3]), values[3]) for name, *values in zip(classes, *columns)]
    return ["label", "precision", "recall", "f1", "test_examples"], rows


def listing(of: Predictions, ids: pa.Array, classes: list[str]) -> tuple[list[str], list[tuple]]:
    """Header and rows of the predictions, by id."""
    names = np.array(classes, dtype=object)
    rows = zip(ids.to_pylist(), names[of.labels], names[of.predicted], of.confidence, strict=True)
    lines = sorted((id_, label, predicted, f"{confidence:.4f}") for id_, label, predicted, confidence in rows)
    return ["id", "label", "predicted", "confidence"], lines


if __name__ == "__main__":
    run(main)
