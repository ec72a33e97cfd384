"""Made-up inputs of the stage `report`, in the working directory: no other stage needs to run."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from assay.contract import csv_files, files, parquet_files, paths

ROWS = 40  # examples of a batch, at least


def payload(modality: str, text: str) -> tuple[object, pa.DataType, dict]:
    """The payload of an example as Parquet holds it, its type there, and its format."""
    pixels = np.arange(64, dtype=np.uint8) * 4
    sound = np.full(800, 1000, "<i2").tobytes()
    return {
        "text": (text, pa.string(), {"shape": []}),
        "image": (pixels.tobytes(), pa.binary(64), {"shape": [8, 8, 1]}),
        "audio": (sound, pa.binary(1600), {"shape": [800], "sample_rate": 8000}),
        "table": (text, pa.string(), {"shape": [1], "features": {"x": "category"}}),
    }[modality]


def write(
    classes: Sequence[str] = ("cat", "dog"),
    people: Sequence[str] = ("anna", "bela"),
    batches: Sequence[str] = ("b", "c"),
    *,
    modality: str = "text",
    text: str = "a text",
    **scores: float,
) -> None:
    """Write inputs in which a quarter of the labels is doubted.

    Parameters
    ----------
    scores : values in clean.json, agreement.json or evaluate.json that replace the usual ones
    """
    n = max(ROWS, len(classes))
    issues, judged, used = [], [], []
    for batch in batches:
        ids = [f"{batch}-{number:05}" for number in range(n)]
        content, type_, format_ = payload(modality, text)
        columns = {"id": ids, "key": ids, "split": ["train"] * n}
        columns = {name: pa.array(cells) for name, cells in columns.items()}
        name = f"{parquet_files.FEATURE}x" if modality == "table" else modality
        columns[name] = pa.array([content] * n, type_)
        parquet_files.write_examples(batch, {"modality": modality} | format_, columns)
        labels = [classes[number % len(classes)] for number in range(n)]
        facts = {
            "examples": n,
            "splits": {"train": n},
            "labels_by_class": {label: labels.count(label) for label in classes},
            "labels_by_person": dict.fromkeys(people, n),
        }
        files.write_json(paths.summary(batch), facts)
        for number, (id_, label) in enumerate(zip(ids, labels, strict=True)):
            decision = "keep" if number % 4 else "review"
            other = classes[(number + 1) % len(classes)]
            judged.append((id_, label, decision))
            used.append((id_, label, 1.0, "consensus"))
            if decision == "review":
                issues.append(
                    (id_, batch, id_, "label", label, other, 0.1, decision, "why", "train")
                )
    issues += [
        (
            f"{batches[0]}-00001",
            batches[0],
            "1",
            "outlier",
            "",
            "",
            "",
            "review",
            "unlike",
            "train",
        ),
        ("", batches[-1], "", "drift", "", "", "", "review", "unlike the batches before", ""),
    ]
    total = n * len(batches)
    clean = {"examples": total, "labelled": total, "relabel": 0, "drop": 0, "review": total // 4}
    clean |= {"estimated_label_noise": 0.1}
    clean |= {"near_duplicate": 0, "leak": 0, "outlier": 1, "drift": 1}
    evaluate = {"test_examples": 1000, "test_truth_share": 1.0}
    for name in ("accuracy", "macro_f1", "log_loss", "calibration_error"):
        evaluate |= {name: 0.9, f"{name}_low": 0.88, f"{name}_high": 0.92}
    evaluate |= {"head_accuracy_cleaned": 0.9, "head_accuracy_uncleaned": 0.8}
    evaluate |= {"head_accuracy_annotated": 0.5}
    if "accuracy_true" in scores:
        evaluate |= {
            f"accuracy_true{end}": scores["accuracy_true"] for end in ("", "_low", "_high")
        }
    evaluate |= {"label_errors": 20, "label_errors_precision": 0.8, "label_errors_recall": 0.5}
    agreement = {"alpha": 0.9, "alpha_low": 0.8, "alpha_high": 0.95, "labelled_by_several": total}
    for path, values in (
        (paths.LISTED, {"batches": list(batches)}),
        (paths.CLEAN_METRICS, clean),
        (paths.AGREEMENT_METRICS, agreement),
        (paths.EVALUATE_METRICS, evaluate),
        (paths.TRAIN_METRICS, {"train_examples": total, "validation_examples": 0}),
        (paths.RELEASE_INFO, {"classes": list(classes), "modality": modality, "labels": "0" * 32}),
    ):
        known = {name: value for name, value in scores.items() if name in values}
        files.write_json(path, values | known)
    write_tables(classes, people, issues, used[: int(scores.get("labelled", total))])
    table = pa.table(dict(zip(("id", "given", "decision"), zip(*judged, strict=True), strict=True)))
    parquet_files.write_parquet(paths.QUALITY, table)


def write_tables(classes: Sequence[str], people: Sequence[str], issues: list, used: list) -> None:
    columns = ["id", "batch", "key", "kind", "given", "suggested", "quality", "decision", "reason"]
    columns += ["split"]
    bins = np.linspace(0.1, 1, 10)
    for path, header, rows in (
        (paths.ISSUES, columns, issues),
        (paths.QUEUE, ["id", "batch", "key", "given", "suggested"], [issue[:3] + issue[4:6] for issue in issues[:9]]),
        (paths.TEST_LABELS, ["id", "label", "source"], []),
        (paths.UNUSABLE, ["id", "reason"], []),
        (paths.ANNOTATED_LABELS, ["id", "label", "weight", "source"], used),
        (paths.ANNOTATORS, ["annotator", "labels", "accuracy", "accuracy_low", "accuracy_high", "confuses"], [(name, 9, 0.9, 0.8, 0.95, f"{classes[0]} as {classes[1]} (2)") for name in people]),
        (paths.AGREEMENT, ["first", "second", "same_errors", "expected", "copies"], []),
        (paths.CLASS_METRICS, ["label", "precision", "recall", "f1", "test_examples", "doubted"], [(name, 0.9, 0.9, 0.9, 3, 0) for name in classes]),
        (paths.SLICE_METRICS, ["slice", "value", "examples", "accuracy", "accuracy_low", "accuracy_high", "p_value", "worse", "doubted"], [("site", name, 9, 0.9, 0.8, 0.95, 1, "False", 0) for name in classes[:20]]),
        (paths.REGIONS, ["region", "examples", "accuracy", "accuracy_low", "accuracy_high", "p_value", "worse", "doubted", "predicted_as", "described", "nearest"], [(1, 30, 0.5, 0.3, 0.7, 0.001, "True", 7, classes[0], f"site = {classes[-1]} (90%, of all 10%)", classes[-1])]),
        (paths.LEARNING_CURVE, ["epoch", "accuracy", "loss"], [(1, 0.5, 1.5), (2, 0.9, 0.2)]),
        (paths.LEVERS, ["lever", "gain", "low", "high", "step", "now", "found"], [("more_rows", 0.03, -0.01, 0.05, 1000, 800, 0), ("more_labels", 0.03, 0.01, 0.05, 600, 1, 0), ("corrected_labels", 0.01, -0.01, 0.03, 600, 70, 60), ("larger_encoder", "nan", "nan", "nan", 2, 40, 0)]),
        (paths.FORECAST_CURVE, ["rows", "accuracy", "forecast", "forecast_low", "forecast_high"], [(40, 0.8, 0.8, 0.7, 0.9), (80, 0.9, 0.9, 0.8, 1.1), (160, "nan", 0.93, 0.8, 1.1)]),
        (paths.RELIABILITY, ["confidence", "accuracy", "examples"], [(share, share, 10 * share) for share in bins]),
        (paths.LABEL_ERRORS, ["recall", "precision"], [(0, 1), (0.5, 0.9), (1, 0.1)]),
        (paths.PREDICTIONS, ["answer", "predicted"], [*zip(classes, classes, strict=True), *zip(classes, classes[::-1], strict=True)]),
    ):  # fmt: skip
        csv_files.write_csv(path, header, rows)
