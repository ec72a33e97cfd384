"""Score the classifier on the test examples, and, where the truth is known, what cleaning found and changed."""

import numpy as np
import pandas as pd
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_recall_fscore_support,
)

from assay.catalogue import catalogue, payloads, spreadsheets
from assay.contract import csv_files, files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.contract.inference import Model
from assay.evaluation import scores, slices
from assay.evaluation.scores import Predictions
from assay.measures import leave_one_out, statistics

_AT_PRECISION = 0.8  # recall is given for the point where four of five flagged labels are wrong


def main() -> None:
    params = parameters.load()
    files.drop_checkpoint()  # DVC has noted what was trained: it starts this stage only then
    examples = catalogue.read()
    examples["truth"] = catalogue.truth(examples)
    test = best_known(
        examples[examples["split"] == "test"], csv_files.read_csv(paths.TEST_LABELS).to_pandas()
    )
    if test.empty:
        raise InputError(
            "no test example has a label: label some, or let collect.test hold some out"
        )

    classes = files.read_json(paths.CLASSES)["classes"]
    classifier = Model(paths.CLASSIFIER, portable=params.portable, threads=params.threads)
    pred_probs = classifier.over(payloads.read(test, params.embed.batch_size)).astype(np.float64)
    classes += sorted(set(test["answer"]) - set(classes))  # these the model does not know
    answer = pd.Categorical(test["answer"], classes).codes.astype(int)
    predictions = Predictions.from_pred_probs(pred_probs, answer, params.evaluate.reliability_bins)

    judged = parquet_files.read_parquet(
        paths.QUALITY, ["id", "given", "quality", "is_issue"]
    ).to_pandas()
    judged = examples.merge(judged, on="id")
    annotated = examples.merge(csv_files.read_csv(paths.ANNOTATED_LABELS).to_pandas(), on="id")
    metrics = model_metrics(predictions, params.evaluate)
    metrics |= {"test_examples": len(test), "test_truth_share": float((test["truth"] != "").mean())}
    metrics |= cleaning_metrics(judged[(judged["truth"] != "") & (judged["split"] != "test")])
    penalty = files.read_json(paths.CLEAN_METRICS)["penalty"]
    for name, learned in (
        ("uncleaned", judged.assign(label=judged["given"])),
        ("annotated", annotated),
    ):
        metrics[f"head_accuracy_{name}"] = head_accuracy(
            learned[learned["split"] != "test"], test, penalty
        )

    predicted = np.array(classes, dtype=object)[predictions.predicted]
    said = {
        "predicted": predicted,
        "confidence": predictions.confidence,
        "loss": np.abs(predictions.loss),
    }  # no -0.0
    ranked = test.assign(**said).sort_values("id")
    files.write_json(paths.EVALUATE_METRICS, metrics)
    csv_files.write_frame(paths.CLASS_METRICS, class_metrics(predictions, classes))
    parts = catalogue.slices(test)
    parts = parts.assign(
        **statistics.thirds(statistics.of(test).values),
        **statistics.thirds(statistics.numbers(test)),
    )
    found = slices.table(parts, predictions.correct, params.evaluate.confidence)
    spreadsheets.write(paths.SLICE_METRICS, found)
    csv_files.write_frame(
        paths.PREDICTIONS, ranked, ["id", "answer", "predicted", "confidence", "loss"]
    )
    csv_files.write_frame(paths.RELIABILITY, scores.reliability(predictions))


def best_known(test: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """The test examples with the `answer` that they are scored against: the truth, or else people's label."""
    label = test["id"].map(labels.set_index("id")["label"]).fillna("")
    known = test.assign(answer=test["truth"].where(test["truth"] != "", label))
    return known[known["answer"] != ""]


def model_metrics(predictions: Predictions, params: parameters.Evaluate) -> dict[str, float]:
    """Each score with its interval."""
    metrics = {}
    for name, metric in scores.METRICS.items():
        if name == "accuracy":
            low, high = scores.wilson(
                int(predictions.correct.sum()), len(predictions.answer), params.confidence
            )
        else:
            low, high = scores.bootstrap(
                name, predictions, resamples=params.resamples, confidence=params.confidence
            )
        metrics |= {
            name: float(metric(predictions).mean()),
            f"{name}_low": low,
            f"{name}_high": high,
        }
    return metrics


def cleaning_metrics(judged: pd.DataFrame) -> dict[str, float]:
    """How well wrong labels were found, among labels whose truth is known; {} where none is wrong."""
    wrong, doubt, flagged = (
        judged["given"] != judged["truth"],
        1 - judged["quality"],
        judged["is_issue"],
    )
    if not wrong.any():
        return {}
    precision, recall, _ = precision_recall_curve(wrong, doubt)
    return {
        "label_errors": int(wrong.sum()),
        "label_errors_precision": float(wrong[flagged].mean()) if flagged.any() else 0.0,
        "label_errors_recall": float(flagged[wrong].mean()),
        "label_errors_average_precision": float(average_precision_score(wrong, doubt)),
        "label_errors_recall_at_precision_80": float(recall[precision >= _AT_PRECISION].max()),
    }


def head_accuracy(learned: pd.DataFrame, test: pd.DataFrame, penalty: float) -> float:
    """Test accuracy of a closed-form head on the embeddings, for some labels: what they are worth, at no cost."""
    codes, classes = pd.factorize(learned["label"], sort=True)
    coef, intercept = leave_one_out.solve(catalogue.features(learned), codes, len(classes), penalty)
    predicted = np.concatenate(
        [(rows[:] @ coef + intercept).argmax(axis=1) for rows in catalogue.features(test)]
    )
    return float((np.array(classes)[predicted] == test["answer"]).mean())


def class_metrics(predictions: Predictions, classes: list[str]) -> pd.DataFrame:
    """Precision, recall and F1 of each class, and its number of test examples."""
    every = np.arange(len(classes))
    columns = precision_recall_fscore_support(
        predictions.answer, predictions.predicted, labels=every, zero_division=0
    )
    names = ("precision", "recall", "f1", "test_examples")
    return pd.DataFrame({"label": classes, **dict(zip(names, columns, strict=True))})


if __name__ == "__main__":
    run(main)
