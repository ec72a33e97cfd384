"""Score the classifier on test examples, and judge their labels. With the truth, score cleaning."""

import numpy as np
import pandas as pd

from assay.catalogue import catalogue, payloads, spreadsheets
from assay.contract import (
    class_names,
    csv_files,
    files,
    parameters,
    parquet_files,
    paths,
    rounding,
    time_left,
)
from assay.contract.errors import InputError, counted, run, tell
from assay.contract.inference import Model
from assay.evaluation import (
    forecast,
    head_accuracy,
    held_out_labels,
    known_labels,
    label_errors,
    levers,
    scores,
    true_accuracy,
    weak_regions,
)
from assay.evaluation.known_labels import Known
from assay.evaluation.scores import Predictions
from assay.measures import intervals, slices, statistics
from assay.modalities import registry


def main() -> None:
    params = parameters.load()
    files.drop_checkpoint()  # this stage starts only after DVC has noted what was trained
    known = known_labels.read()
    if known.test.empty:
        # `refuse` ends this stage; it asks for `python -m stages.queue`, which reads the doubts
        spreadsheets.write(paths.DOUBTS, pd.DataFrame(columns=held_out_labels.DOUBTS))
        known_labels.refuse(known)
    test = known.test
    described = files.read_json(paths.CLASSES)
    learned_classes = described["classes"]
    of_test = predict(test, learned_classes, params)  # (n, classes)
    of_validation = predict(known.validation, learned_classes, params)
    doubts = judge_held_out(known, of_test, of_validation, described)
    classes = class_names.with_unknown(learned_classes, test["answer"])
    answer = class_names.codes(test["answer"], classes)
    predictions = Predictions.from_pred_probs(of_test, answer, params.evaluate.reliability_bins)
    confidence = params.evaluate.confidence
    doubted_test = doubts[doubts["split"] == "test"]
    predicted = by_id(test, predictions, classes)
    unlabelled = test.assign(predicted=predicted["predicted"])[test["given"].isna()]
    metrics = {
        **model_metrics(predictions, params.evaluate),
        **true_accuracy.metrics(
            doubted_test, known.human_labels, confidence, known.tied, unlabelled=unlabelled
        ),
        "test_examples": len(test),
        "test_truth_share": float((test["truth"] != "").mean()),
        **cleaning_metrics(known),
    }
    files.write_json(paths.EVALUATE_METRICS, metrics)
    forecasts(known, metrics["head_accuracy_annotated"], params.evaluate)
    waiting = doubts[~doubts["id"].isin(known.human_labels.index)]
    spreadsheets.write(paths.DOUBTS, worst_first(waiting), held_out_labels.DOUBTS)
    doubted = waiting.loc[waiting["reason"] != "", "id"]
    test = test.assign(doubted=test["id"].isin(doubted) & (test["truth"] == ""))
    by_class = scores.by_class(predictions, classes, test["doubted"].to_numpy())
    spreadsheets.write(paths.CLASS_METRICS, by_class)
    scores.say_limits(by_class, metrics["accuracy"], learned_classes)
    frame = parts(test)
    by_slice = slices.table(frame, predictions.correct, confidence)
    spreadsheets.write(paths.SLICE_METRICS, slices.with_doubted(by_slice, frame, test["doubted"]))
    spreadsheets.write_plotted(paths.PREDICTIONS, predicted)
    spreadsheets.write(paths.REGIONS, regions(test, frame, predicted, confidence))
    csv_files.write_frame(paths.RELIABILITY, scores.reliability(predictions))
    tell(line(metrics))


def judge_held_out(
    known: Known, of_test: np.ndarray, of_validation: np.ndarray, described: files.Values
) -> pd.DataFrame:
    """The labels of test and validation examples, and how doubtful they are.

    Parameters
    ----------
    of_test, of_validation : (n, classes) what the model predicts for these examples
    described : the description of the model, written by `train`
    """
    labelled = known.test["given"].notna().to_numpy()
    held_out = pd.concat([known.test[labelled], known.validation])
    of_model = np.concatenate([of_test[labelled], of_validation])
    of_clean, names = parquet_files.read_probabilities(paths.PRED_PROBS, known.examples["id"])
    classes, splits = described["classes"], described.get("learned_splits", ())
    of_both = of_clean[held_out.index], of_model
    return held_out_labels.doubt(held_out, *of_both, names, classes, learned_splits=splits)


def cleaning_metrics(known: Known) -> dict[str, float]:
    """How well label errors were found, and what labels are worth, cleaned and not.

    The precision at each recall is written to a file.
    """
    learned = known.judged[known.judged["split"] != "test"]
    truly_known = learned[learned["truth"] != ""]
    csv_files.write_frame(paths.LABEL_ERRORS, label_errors.curve(truly_known))
    penalty = files.read_json(paths.CLEAN_MODEL)["penalty"]
    left_out = csv_files.read_csv(paths.LEFT_OUT)["id"].to_pylist()
    uncleaned, cleaned = known_labels.before_and_after(learned, left_out)
    labels = {"uncleaned": uncleaned, "cleaned": cleaned, "annotated": known.annotated}
    accuracies = head_accuracy.of_each(labels, known.test, penalty)
    of_heads = {f"head_accuracy_{name}": accuracy for name, accuracy in accuracies.items()}
    return label_errors.metrics(truly_known) | of_heads


def predict(
    examples: pd.DataFrame, classes: list[str], params: parameters.Parameters
) -> np.ndarray:
    """Read the payloads of `examples`; what the classifier predicts for them, (n, classes)."""
    if examples.empty:
        return np.empty((0, len(classes)))
    memory, threads = params.memory_bytes, params.threads
    classifier = Model(paths.CLASSIFIER, portable=params.portable, threads=threads, memory=memory)
    blocks = payloads.read(examples, params.embed.batch_size)
    pred_probs = classifier.over(time_left.with_progress(blocks, len(examples), "evaluate"))
    if not np.isfinite(pred_probs).all():
        remedy = "train again with a lower train.learning_rate"
        raise InputError(f"{paths.CLASSIFIER} gives probabilities that are no numbers: {remedy}")
    return pred_probs.astype(np.float64)


def line(metrics: dict[str, float]) -> str:
    """The scores of metrics/evaluate.json in one line, rounded as in the report."""
    score = rounding.as_text(metrics, "accuracy")
    text = f"evaluate: accuracy {score} on {counted(int(metrics['test_examples']), 'test example')}"
    if "accuracy_true" in metrics:
        of_truth = rounding.as_text(metrics, "accuracy_true")
        text += f"; accuracy against true labels, estimated: {of_truth}"
    if metrics.get("test_doubts"):
        text += f"; doubtful test labels: {metrics['test_doubts']:,}"
    return text


def worst_first(doubts: pd.DataFrame) -> pd.DataFrame:
    """The doubts, worst label first, with a line for each example and its place in the checks."""
    place = doubts["check_order"].rank(method="first").astype("Int64").astype(object).fillna("")
    ranked = doubts.assign(check_order=place).sort_values(["quality", "id"], kind="stable")
    return ranked.assign(example=payloads.lines(ranked) if len(ranked) else "")


def by_id(test: pd.DataFrame, predictions: Predictions, classes: list[str]) -> pd.DataFrame:
    """One row for each test example, for `compare` and the confusion matrix."""
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


def regions(
    test: pd.DataFrame, frame: pd.DataFrame, predicted: pd.DataFrame, confidence: float
) -> pd.DataFrame:
    """Read the embeddings and texts of test examples; groups of similar ones, the weakest first.

    Parameters
    ----------
    test : with `doubted`, (n,) bool
    frame, predicted : their slices, from `parts`; their predictions, from `by_id`
    """
    points = weak_regions.components(catalogue.features(test))
    modality = registry.named(payloads.payload_format(test)["modality"])
    has_words = modality.COLUMN is not None and modality.MEDIUM == "text"
    traits = weak_regions.traits_of(frame, payloads.shown(test) if has_words else ())
    names = predicted["predicted"].loc[test.index].to_numpy()
    correct, doubted = names == test["answer"].to_numpy(), test["doubted"].to_numpy()
    table = weak_regions.table(points, correct, names, traits, confidence, doubted=doubted)
    nearest_examples = [" | ".join(payloads.lines(test.iloc[rows])) for rows in table["nearest"]]
    return table.assign(nearest=nearest_examples)


def model_metrics(predictions: Predictions, params: parameters.Evaluate) -> dict[str, float]:
    """Each score with its interval."""
    metrics: dict[str, float] = {}
    for name, metric in scores.METRICS.items():
        if name == "accuracy":
            right, n = int(predictions.correct.sum()), len(predictions.answer)
            low, high = map(float, intervals.wilson(right, n, params.confidence))
        else:
            low, high = scores.bootstrap(name, predictions, params.resamples, params.confidence)
        metrics |= intervals.as_metric(name, float(metric(predictions).mean()), low, high)
    return metrics


def forecasts(known: Known, accuracy: float, params: parameters.Evaluate) -> None:
    """Write the learning curve of a head and its forecast, and what each lever would give.

    Parameters
    ----------
    accuracy : of a head on all labels and all dimensions
    """
    learned = known.annotated[known.annotated["source"] != "pseudo"]
    n = len(learned)
    labels, classes = pd.factorize(learned["label"], sort=True)
    answer = class_names.codes(known.test["answer"], classes)
    penalty = files.read_json(paths.CLEAN_MODEL)["penalty"]
    features = catalogue.features(learned)
    head = forecast.sampled_head(features, labels, catalogue.features(known.test), answer, penalty)
    curve = forecast.curve(head)
    doubt = 1 - learned["weight"].to_numpy(float)
    left_out = csv_files.read_csv(paths.LEFT_OUT)["id"].to_pylist()
    unlabelled = known_labels.without_label(known.examples, [*learned["id"], *left_out])
    if n < len(known.annotated):  # pseudo-labels are not in the forecast
        accuracy = head_accuracy.of_labels(learned, known.test, penalty)
    table = levers.table(
        head,
        curve,
        doubt,
        (features[0].shape[1], accuracy),
        unlabelled=unlabelled,
        params=params,
        has_answers=bool((learned["source"] == "human").any()),
    )
    spreadsheets.write(paths.LEVERS, table)
    files.write_json(paths.FORECAST, levers.metrics(curve, table, n, params.confidence))
    csv_files.write_frame(paths.FORECAST_CURVE, curve.table(n, params.confidence))


if __name__ == "__main__":
    run(main)
