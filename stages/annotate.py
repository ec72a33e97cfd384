"""Put people's answers over cleaned labels, and add pseudo-labels."""

import numpy as np
import pandas as pd

from assay.annotation import answers
from assay.catalogue import catalogue, spreadsheets
from assay.contract import class_names, csv_files, parameters, parquet_files, paths
from assay.contract.errors import counted, run, say, tell


def main() -> None:
    params = parameters.load().annotate
    examples = catalogue.read()
    pred_probs, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
    answered = answers.read(examples, classes)
    judged = parquet_files.read_parquet(paths.QUALITY, ["id"])["id"].to_pylist()

    dropped = csv_files.read_csv(paths.LEFT_OUT)["id"].to_pylist()  # leaks, for example
    left_out = examples.index[examples["id"].isin(dropped)]
    unused = answered[answered["example"].isin(left_out)]
    if len(unused):
        without = f"left out by clean (see {paths.LEFT_OUT}), so without effect"
        count = counted(len(unused), "answer")
        say(f"{count} about examples {without}: {unused['place'].iloc[0]}")
    answered = answered.drop(unused.index)
    unusable = answers.not_usable(answered)
    left_out = left_out.union(unusable.index)
    answered = answered[(answered["label"] != "") & ~answered["example"].isin(left_out)]

    cleaned = csv_files.read_csv(paths.CLEANED_LABELS).to_pandas().set_index("id")
    cleaned = cleaned.drop(examples["id"][unusable.index], errors="ignore")
    labels = override(cleaned, answered, examples)
    known = [*labels.index, *judged, *examples["id"][left_out]]
    unlabelled = examples[(examples["split"] == "train") & ~examples["id"].isin(known)]
    if params.pseudo_labels == "propagate" and len(unlabelled):
        learnable = examples[examples["split"] != "test"]
        pred_probs = pred_probs.copy()
        pred_probs[unlabelled.index] = propagated(learnable, labels, classes, unlabelled)
    if params.pseudo_labels != "none":
        # Hard examples teach most, so all propagated labels count, weighted by their probability.
        above = params.pseudo_above if params.pseudo_labels == "confident" else 0.0
        pseudo = pseudo_labels(unlabelled, pred_probs[unlabelled.index], classes, above)
        labels = pd.concat([labels, pseudo])

    labels = examples.join(labels, on="id", how="inner").sort_values("id")
    test = labels["split"] == "test"
    columns = ["id", "label", "weight", "source"]
    csv_files.write_frame(paths.ANNOTATED_LABELS, labels[~test], columns)
    csv_files.write_frame(paths.TEST_LABELS, labels[test], ["id", "label", "source"])
    reasons = pd.DataFrame({"id": examples["id"][unusable.index], "reason": unusable})
    spreadsheets.write(paths.UNUSABLE, reasons.sort_values("id"))
    sources = labels["source"].value_counts()
    origin = f"{sources.get('human', 0):,} by people's answers, {sources.get('pseudo', 0):,} pseudo"
    sides = f"{counted((~test).sum(), 'label')} to learn from, {test.sum():,} to test with"
    out = f"; {counted(len(unusable), 'example')} left out as not usable" if len(unusable) else ""
    if len(answered):
        tables = f"{paths.ANNOTATORS} and {paths.AGREEMENT}"
        apart = f"{tables} are about the labels of the batches alone"
        say(f"{counted(len(answered), 'answer')} of people taken; {apart}")
    tell(f"annotate: {sides}; of these {origin}{out}")


def override(cleaned: pd.DataFrame, answered: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """`label`, `weight` and `source` by id: what people answered, or else what cleaning kept."""
    settled = answered.groupby("example")["label"].agg(answers.settle)
    columns = {"label": settled.array, "weight": 1.0, "source": "human"}
    human = pd.DataFrame(columns, examples["id"][settled.index])
    others = cleaned.drop(index=human.index, errors="ignore")
    others = others.assign(weight=others["confidence"].astype(float))
    return pd.concat([others, human])[["label", "weight", "source"]]


def pseudo_labels(
    unlabelled: pd.DataFrame, pred_probs: np.ndarray, classes: list[str], above: float
) -> pd.DataFrame:
    """`label`, `weight` and `source` by id of examples that the model is sure of (Lee 2013)."""
    label = np.array(classes, dtype=object)[pred_probs.argmax(axis=1)]
    columns = {"label": label, "weight": pred_probs.max(axis=1), "source": "pseudo"}
    frame = pd.DataFrame(columns, unlabelled["id"])
    return frame[frame["weight"] >= above]


def propagated(
    examples: pd.DataFrame, labels: pd.DataFrame, classes: list[str], unlabelled: pd.DataFrame
) -> np.ndarray:
    """Class probabilities (m, classes) of the `unlabelled` among `examples`, from their labels."""
    from assay.annotation import propagation  # takes a second to import

    known = labels.reindex(examples["id"])
    codes = class_names.codes(known["label"], classes)
    weights = known["weight"].to_numpy()
    features = catalogue.features(examples)
    pred_probs = propagation.propagate(features, codes, weights, len(classes))
    return pred_probs[examples.index.get_indexer(unlabelled.index)]


if __name__ == "__main__":
    run(main)
