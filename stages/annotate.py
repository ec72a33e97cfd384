"""Put people's answers over cleaned labels, add pseudo-labels, and queue what to ask next."""

import numpy as np
import pandas as pd

from assay.annotation import answers, queue_order, whitening
from assay.catalogue import catalogue, payloads, spreadsheets
from assay.contract import class_names, csv_files, parameters, parquet_files, paths
from assay.contract.errors import run


def main() -> None:
    params = parameters.load().annotate
    examples = catalogue.read()
    pred_probs, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
    answered = answers.read(examples, classes)
    judged = parquet_files.read_parquet(paths.QUALITY).to_pandas().set_index("id")

    dropped = csv_files.read_csv(paths.LEFT_OUT)["id"].to_pylist()  # leaks, for example
    left_out = examples.index[examples["id"].isin(dropped)]
    answered = answered[~answered["example"].isin(left_out)]

    cleaned = csv_files.read_csv(paths.CLEANED_LABELS).to_pandas().set_index("id")
    labels = override(cleaned, answered, examples)
    known = [*labels.index, *judged.index, *examples["id"][left_out]]
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
    ranked = queue(examples.join(judged, on="id"), pred_probs, classes)
    ranked = ranked.drop(index=left_out.union(answered["example"]))
    asked = diverse(ranked, params.queue_length, params.page)

    labels = examples.join(labels, on="id", how="inner").sort_values("id")
    test = labels["split"] == "test"
    columns = ["id", "label", "weight", "source"]
    csv_files.write_frame(paths.ANNOTATED_LABELS, labels[~test], columns)
    csv_files.write_frame(paths.TEST_LABELS, labels[test], ["id", "label", "source"])
    if len(asked):
        asked["example"] = payloads.lines(asked)
    columns = ["id", "batch", "key", "example", "split", "given", "suggested", "gain", "why"]
    spreadsheets.write(paths.QUEUE, asked.reindex(columns=columns))


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
    codes, weights = class_names.codes(known["label"], classes), known["weight"].to_numpy()
    features = catalogue.features(examples)
    pred_probs = propagation.propagate(features, codes, weights, len(classes))
    return pred_probs[examples.index.get_indexer(unlabelled.index)]


def queue(examples: pd.DataFrame, pred_probs: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """All examples, first those whose label is most worth asking for.

    The `gain` of an answer is the probability that training, without it, would use a wrong label
    (least confidence: Lewis and Gale 1994).

    Parameters
    ----------
    examples : with the columns of quality.parquet, empty where there is no label
    pred_probs : (n, classes)
    """
    names = np.array(classes, dtype=object)
    best = pred_probs.argmax(axis=1)
    others = pred_probs.copy()
    others[np.arange(len(best)), best] = -1
    first, second = names[best], names[others.argmax(axis=1)]

    unlabelled = examples["given"].isna()
    stays = examples["decision"].isin(["keep", "review"])  # else the suggested label is used
    conditions, trust = [unlabelled, stays], [pred_probs.max(axis=1), examples["quality"]]
    gain = 1 - np.select(conditions, trust, examples["confidence"])

    no_label = "no label; it may be " + first + " or " + second
    unsure = "among the least sure of the labels that are kept"
    conditions = [unlabelled, examples["reason"] == ""]
    why = np.select(conditions, [no_label, unsure], examples["reason"])

    given = examples["given"].fillna("")
    frame = examples.assign(suggested=first, given=given, gain=gain, why=why)
    return frame.sort_values("gain", ascending=False, kind="stable")


def diverse(ranked: pd.DataFrame, length: int, page: int) -> pd.DataFrame:
    """The first `length` to ask for, such that those of a page differ."""
    short_list = ranked.head(queue_order.SHORT_LIST + length).sort_index()
    if short_list.empty:
        return short_list
    points = whitening.whiten(catalogue.features(short_list), queue_order.WHITENED_BY)
    gain = short_list["gain"].to_numpy()
    return short_list.iloc[queue_order.by_page(points, gain, length, page)]


if __name__ == "__main__":
    run(main)
