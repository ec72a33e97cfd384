"""Score the classifier on test examples and, where the truth is known, what cleaning found."""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.metrics import precision_recall_fscore_support as precision_recall_f1

from assay.catalogue import catalogue, payloads, spreadsheets
from assay.contract import class_names, csv_files, files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.contract.inference import Model
from assay.contract.time_left import shown
from assay.evaluation import scores, slices
from assay.evaluation.scores import Predictions
from assay.measures import leave_one_out, statistics

_AT_PRECISION = 0.8  # recall is given for the point where four of five flagged labels are wrong


def main() -> None:
    params = parameters.load()
    files.drop_checkpoint()  # this stage starts only after DVC has noted what was trained
    examples = catalogue.read()
    examples["truth"] = catalogue.truth(examples)
    people_labels = csv_files.read_csv(paths.TEST_LABELS).to_pandas()
    test = best_known(examples[examples["split"] == "test"], people_labels)
    if test.empty:
        remedy = "label some, or let collect.test hold some out"
        raise InputError(f"no test example has a label: {remedy}")
    predictions, classes = predict(test, params)

    columns = ["id", "given", "quality", "is_issue"]
    judged = examples.merge(parquet_files.read_parquet(paths.QUALITY, columns).to_pandas(), on="id")
    judged = judged[judged["split"] != "test"]
    annotated = examples.merge(csv_files.read_csv(paths.ANNOTATED_LABELS).to_pandas(), on="id")
    annotated = annotated[annotated["split"] != "test"]
    penalty = files.read_json(paths.CLEAN_MODEL)["penalty"]
    uncleaned = judged.assign(label=judged["given"])
    metrics = {
        **model_metrics(predictions, params.evaluate),
        "test_examples": len(test),
        "test_truth_share": float((test["truth"] != "").mean()),
        **cleaning_metrics(judged[judged["truth"] != ""]),
        "head_accuracy_uncleaned": head_accuracy(uncleaned, test, penalty),
        "head_accuracy_annotated": head_accuracy(annotated, test, penalty),
    }
    files.write_json(paths.EVALUATE_METRICS, metrics)
    spreadsheets.write(paths.CLASS_METRICS, class_metrics(predictions, classes))
    listed = slices.table(parts(test), predictions.correct, params.evaluate.confidence)
    spreadsheets.write(paths.SLICE_METRICS, listed)
    spreadsheets.write(paths.PREDICTIONS, by_id(test, predictions, classes))
    csv_files.write_frame(paths.RELIABILITY, scores.reliability(predictions))


def predict(test: pd.DataFrame, params: parameters.Parameters) -> tuple[Predictions, list[str]]:
    """What the classifier predicts for test examples; the names of its classes and of others."""
    memory, threads = params.memory_bytes, params.threads
    classifier = Model(paths.CLASSIFIER, portable=params.portable, threads=threads, memory=memory)
    blocks = shown(payloads.read(test, params.embed.batch_size), len(test), "evaluate")
    pred_probs = classifier.over(blocks)  # (n, classes)
    if not np.isfinite(pred_probs).all():
        remedy = "train again with a lower train.learning_rate"
        raise InputError(f"{paths.CLASSIFIER} gives probabilities that are no numbers: {remedy}")
    classes = files.read_json(paths.CLASSES)["classes"]
    classes = class_names.with_unknown(classes, test["answer"])
    answer = class_names.codes(test["answer"], classes)
    bins = params.evaluate.reliability_bins
    return Predictions.from_pred_probs(pred_probs.astype(np.float64), answer, bins), classes


def by_id(test: pd.DataFrame, predictions: Predictions, classes: list[str]) -> pd.DataFrame:
    """A row a test example, for `compare` and the confusion matrix."""
    columns = {
        "id": test["id"],
        "answer": test["answer"],
        "predicted": np.array(classes, dtype=object)[predictions.predicted],
        "confidence": predictions.confidence,
        "loss": np.abs(predictions.loss),  # without -0.0
    }
    return pd.DataFrame(columns).sort_values("id")


def parts(test: pd.DataFrame) -> pd.DataFrame:
    """The slice columns of test examples, and thirds of statistics and of numbers in tables."""
    frame = catalogue.slices(test)
    of_payloads = statistics.thirds(statistics.measure(test).values)
    of_columns = statistics.thirds(statistics.numbers(test))
    for name, third in (of_payloads | of_columns).items():
        frame[name] = third
    return frame


def best_known(test: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """The test examples with an `answer` to score against: the truth, or else people's label."""
    label = test["id"].map(labels.set_index("id")["label"]).fillna("")
    known = test.assign(answer=test["truth"].where(test["truth"] != "", label))
    return known[known["answer"] != ""]


def model_metrics(predictions: Predictions, params: parameters.Evaluate) -> dict[str, float]:
    """Each score with its interval."""
    metrics: dict[str, float] = {}
    for name, metric in scores.METRICS.items():
        if name == "accuracy":
            right, n = int(predictions.correct.sum()), len(predictions.answer)
            low, high = scores.wilson(right, n, params.confidence)
        else:
            low, high = scores.bootstrap(name, predictions, params.resamples, params.confidence)
        value = float(metric(predictions).mean())
        metrics |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return metrics


def cleaning_metrics(judged: pd.DataFrame) -> dict[str, float]:
    """How well wrong labels were found, among those whose truth is known; {} if none is wrong."""
    wrong = judged["given"] != judged["truth"]
    doubt, flagged = 1 - judged["quality"], judged["is_issue"]
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
    """Test accuracy of a closed-form head on the embeddings: what labels are worth, at low cost."""
    classes = class_names.of(learned["label"])
    codes = class_names.codes(learned["label"], classes)
    coef, intercept = leave_one_out.solve(catalogue.features(learned), codes, len(classes), penalty)
    logits = [rows[:] @ coef + intercept for rows in catalogue.features(test)]
    predicted = np.concatenate([batch_logits.argmax(axis=1) for batch_logits in logits])
    return float((np.array(classes)[predicted] == test["answer"]).mean())


def class_metrics(predictions: Predictions, classes: list[str]) -> pd.DataFrame:
    """Precision, recall and F1 of each class, and its number of test examples."""
    options = {"labels": np.arange(len(classes)), "zero_division": 0}
    columns = precision_recall_f1(predictions.answer, predictions.predicted, **options)
    names = ("precision", "recall", "f1", "test_examples")
    return pd.DataFrame({"label": classes, **dict(zip(names, columns, strict=True))})


if __name__ == "__main__":
    run(main)
