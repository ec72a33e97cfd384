"""Put people's answers over the cleaned labels, pseudo-label what is certain, and queue what to ask next."""

import numpy as np
import pandas as pd

from assay.annotation import answers, queue_order, whitening
from assay.catalogue import catalogue, payloads, spreadsheets
from assay.contract import csv_files, parameters, parquet_files, paths
from assay.contract.errors import run


def main() -> None:
    params = parameters.load().annotate
    examples = catalogue.read()
    pred_probs, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
    answered = answers.read(examples, classes)
    judged = parquet_files.read_parquet(paths.QUALITY).to_pandas().set_index("id")

    issues = csv_files.read_csv(paths.ISSUES).to_pandas()
    dropped = issues[
        (issues["decision"] == "drop") & (issues["kind"] != "label")
    ]  # a leak, say, whatever its label
    left_out = examples.index[examples["id"].isin(dropped["id"])]
    answered = answered[~answered["example"].isin(left_out)]

    labels = override(
        csv_files.read_csv(paths.CLEANED_LABELS).to_pandas().set_index("id"), answered, examples
    )
    known = [*labels.index, *judged.index, *examples["id"][left_out]]
    unlabelled = examples[(examples["split"] == "train") & ~examples["id"].isin(known)]
    if params.pseudo_labels == "propagate" and len(unlabelled):
        pred_probs = pred_probs.copy()
        pred_probs[unlabelled.index] = propagated(
            examples[examples["split"] != "test"], labels, classes, unlabelled
        )
    if params.pseudo_labels != "none":
        # what is propagated teaches most where it is hard, so its weight alone says how sure it is
        above = params.pseudo_above if params.pseudo_labels == "confident" else 0.0
        pseudo = pseudo_labels(unlabelled, pred_probs[unlabelled.index], classes, above)
        labels = pd.concat([labels, pseudo])
    asked = queue(examples.join(judged, on="id"), pred_probs, classes).drop(
        index=left_out.union(answered["example"])
    )
    asked = diverse(asked, params.queue_length, params.page)

    labels = examples.join(labels, on="id", how="inner").sort_values("id")
    test = labels["split"] == "test"
    csv_files.write_frame(
        paths.ANNOTATED_LABELS, labels[~test], ["id", "label", "weight", "source"]
    )
    csv_files.write_frame(paths.TEST_LABELS, labels[test], ["id", "label", "source"])
    if len(asked):
        asked["example"] = payloads.lines(asked)
    columns = ["id", "batch", "key", "example", "split", "given", "suggested", "gain", "why"]
    spreadsheets.write(paths.QUEUE, asked.reindex(columns=columns))


def override(cleaned: pd.DataFrame, answered: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """`label`, `weight` and `source` by id: what people answered, or else what cleaning left."""
    labels = cleaned.assign(weight=cleaned["confidence"].astype(float))
    settled = answered.groupby("example")["label"].agg(answers.settle)
    human = pd.DataFrame(
        {"label": settled.array, "weight": 1.0, "source": "human"}, examples["id"][settled.index]
    )
    return pd.concat([labels.drop(index=human.index, errors="ignore"), human])[
        ["label", "weight", "source"]
    ]


def pseudo_labels(
    unlabelled: pd.DataFrame, pred_probs: np.ndarray, classes: list[str], above: float
) -> pd.DataFrame:
    """`label`, `weight` and `source` by id of those examples that the model is certain of (Lee 2013)."""
    label = np.array(classes, dtype=object)[pred_probs.argmax(axis=1)]
    frame = pd.DataFrame(
        {"label": label, "weight": pred_probs.max(axis=1), "source": "pseudo"}, unlabelled["id"]
    )
    return frame[frame["weight"] >= above]


def propagated(
    examples: pd.DataFrame, labels: pd.DataFrame, classes: list[str], of: pd.DataFrame
) -> np.ndarray:
    """Probabilities of the classes of the examples `of`, among all `examples`, some of which have `labels`."""
    from assay.annotation import propagation

    own = labels.reindex(examples["id"])
    codes = pd.Categorical(own["label"], classes).codes
    every = propagation.propagate(
        catalogue.features(examples), codes, own["weight"].to_numpy(), len(classes)
    )
    return every[examples.index.get_indexer(of.index)]


def queue(examples: pd.DataFrame, pred_probs: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """All examples, the one first whose label is most worth asking for (least confidence: Lewis and Gale 1994).

    What an answer gains is the probability that the label is wrong that training would use without it.
    """
    names = np.array(classes, dtype=object)
    best, others = pred_probs.argmax(axis=1), pred_probs.copy()
    others[np.arange(len(best)), best] = -1
    first, second = names[best], names[others.argmax(axis=1)]
    unlabelled, stays = examples["given"].isna(), examples["decision"].isin(["keep", "review"])
    trust = (
        examples["quality"]
        .where(stays, examples["confidence"])
        .where(~unlabelled, pred_probs.max(axis=1))
    )
    why = examples["reason"].where(
        examples["reason"] != "", "among the least sure of the labels that are kept"
    )
    why = why.where(~unlabelled, "no label; it may be " + first + " or " + second)
    frame = examples.assign(
        suggested=first, given=examples["given"].fillna(""), gain=1 - trust, why=why
    )
    return frame.sort_values("gain", ascending=False, kind="stable")


def diverse(asked: pd.DataFrame, length: int, page: int) -> pd.DataFrame:
    """The first `length` to ask for, such that those of a page differ."""
    listed = asked.head(queue_order.SHORT_LIST + length).sort_index()
    if listed.empty:
        return listed
    points = whitening.whiten(catalogue.features(listed), queue_order.WHITENED_BY)
    return listed.iloc[queue_order.by_page(points, listed["gain"].to_numpy(), length, page)]


if __name__ == "__main__":
    run(main)
