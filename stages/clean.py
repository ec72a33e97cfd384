"""Judge every label by what the other examples say: consensus, leave-one-out, confident learning, a decision each."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay import annotators, catalogue, dataset, leave_one_out, parameters, quality
from assay.catalogue import Catalogue
from assay.errors import InputError, run
from assay.leave_one_out import LeaveOneOut


@dataclass
class Labels:
    """What people agree on; `given` and `agreement` mean nothing where an example is not `labelled`."""

    classes: np.ndarray  # (classes,) names, sorted
    labelled: np.ndarray  # (n,) bool
    given: np.ndarray  # (n,) int, index of the class
    agreement: np.ndarray  # (n,) 0..1, how sure people's votes are of it


def main() -> None:
    params = parameters.load().clean
    examples = catalogue.read(dataset.listed())
    labels = agree(catalogue.votes(examples), len(examples))
    held_out = examples.splits == "test"
    learned = labels.labelled & ~held_out
    check_classes(labels, learned, examples, params.smallest_class)

    model = leave_one_out.fit(catalogue.features(examples, learned), labels.given[learned], len(labels.classes))
    pred_probs = out_of_sample(model, examples, learned)

    judged = pa.concat_tables(
        [
            judge(np.flatnonzero(learned), labels, pred_probs, params, held_out=False),
            judge(np.flatnonzero(labels.labelled & held_out), labels, pred_probs, params, held_out=True),
        ]
    )
    judged = judged.add_column(0, "id", examples.ids.take(judged["row"])).sort_by("id")
    dataset.write_parquet(dataset.QUALITY, judged.drop_columns(["row", "agreement", "confidence"]))
    dataset.write_csv(dataset.ISSUES, *issues(judged, examples))
    dataset.write_csv(dataset.CLEANED_LABELS, *cleaned(judged))
    dataset.write_probabilities(dataset.PRED_PROBS, examples.ids, pred_probs, labels.classes)
    dataset.write_json(dataset.CLEAN_METRICS, summary(judged, examples, model, labels.given[learned]))


def agree(votes: pa.Table, n: int) -> Labels:
    """People's votes to one label for each of `n` examples."""
    if not len(votes):
        raise InputError("no example of any batch has a label: label some, in data/raw/ or data/annotations/")
    person, label = (votes[name].combine_chunks().dictionary_encode() for name in ("annotator", "label"))
    names = np.array(label.dictionary.to_pylist(), dtype=object)
    order = np.argsort(names, kind="stable")
    rank = np.argsort(order, kind="stable")
    rows = votes["row"].to_numpy()
    shape = (n, len(person.dictionary), len(names))
    people = annotators.consensus(rows, person.indices.to_numpy(), rank[label.indices.to_numpy()], shape)
    given = people.probabilities.argmax(axis=1)
    labelled = np.bincount(rows, minlength=n) > 0
    return Labels(names[order], labelled, given, people.probabilities[np.arange(n), given])


def check_classes(labels: Labels, learned: np.ndarray, examples: Catalogue, smallest: int) -> None:
    """Raise where there is nothing to tell apart, or a class is too small to be judged."""
    counts = np.bincount(labels.given[learned], minlength=len(labels.classes))
    if np.count_nonzero(counts) < 2:
        only = labels.classes[counts.argmax()]
        raise InputError(f"all labels to learn from are {only!r}: at least two classes are needed")
    for rare in np.flatnonzero((counts > 0) & (counts < smallest)):
        row = np.flatnonzero(learned & (labels.given == rare))[0]
        raise InputError(
            f"data/collected/{examples.batches[examples.batch[row]]}: the class {labels.classes[rare]!r} has "
            f"{counts[rare]} example to learn from (id {examples.ids[row]}): add more, mend the label, "
            f"or set clean.smallest_class to {counts[rare]}"
        )


def out_of_sample(model: LeaveOneOut, examples: Catalogue, learned: np.ndarray) -> np.ndarray:
    """Probabilities of each class for each example from labels other than its own. Shape (n, classes), float32."""
    pred_probs = np.empty((len(examples), model.scores.shape[1]), np.float32)
    pred_probs[learned] = model.pred_probs(model.scores)
    others = [model.pred_probs(model.predict(rows[:])) for rows in catalogue.features(examples, ~learned)]
    pred_probs[~learned] = np.concatenate(others)
    return pred_probs


def judge(
    rows: np.ndarray, labels: Labels, pred_probs: np.ndarray, params: parameters.Clean, *, held_out: bool
) -> pa.Table:
    """What is thought of the labels in some rows of the catalogue, and what is done about each."""
    given, pred_probs = labels.given[rows], pred_probs[rows]
    found = quality.doubt(given, pred_probs, sure_above=params.relabel_above)
    confidence = pred_probs.max(axis=1)
    decision = quality.decide(
        found, confidence, relabel_above=params.relabel_above, drop_below=params.drop_below, held_out=held_out
    )
    return pa.table(
        {
            "row": rows,
            "given": pa.array(labels.classes[given]),
            "suggested": pa.array(labels.classes[found.suggested]),
            "quality": found.quality.astype(np.float32),
            "is_issue": found.is_issue,
            "decision": decision,
            "agreement": labels.agreement[rows],
            "confidence": confidence,
        }
    )


def issues(judged: pa.Table, examples: Catalogue) -> tuple[list[str], list[tuple]]:
    """Header and rows of issues.csv: what is not simply kept, worst first."""
    doubted = judged.filter(pc.not_equal(judged["decision"], "keep")).sort_by("quality")
    keys = catalogue.keys(examples)
    rows = [
        (
            row["id"],
            examples.batches[examples.batch[row["row"]]],
            keys[row["row"]],
            examples.splits[row["row"]],
            row["given"],
            row["suggested"],
            f"{row['quality']:.4f}",
            row["decision"],
            quality.reason(**{name: row[name] for name in ("given", "suggested", "quality", "confidence", "decision")}),
        )
        for row in doubted.to_pylist()
    ]
    return ["id", "batch", "key", "split", "given", "suggested", "quality", "decision", "reason"], rows


def cleaned(judged: pa.Table) -> tuple[list[str], list[tuple]]:
    """Header and rows of labels.csv: what is left after relabelling and dropping, by id."""
    kept = judged.filter(pc.not_equal(judged["decision"], "drop"))
    corrected = pc.equal(kept["decision"], "relabel")
    label = pc.if_else(corrected, kept["suggested"], kept["given"])
    confidence = pc.if_else(corrected, pc.cast(kept["confidence"], pa.float64()), kept["agreement"])
    source = pc.if_else(corrected, "corrected", "consensus")
    columns = (kept["id"].to_pylist(), label.to_pylist(), confidence.to_pylist(), source.to_pylist())
    return ["id", "label", "confidence", "source"], [(*row[:2], f"{row[2]:.4f}", row[3]) for row in zip(*columns)]


def summary(judged: pa.Table, examples: Catalogue, model: LeaveOneOut, given: np.ndarray) -> dict:
    decided = judged["decision"].to_numpy()
    return {
        "examples": len(examples),
        "copies_across_batches": examples.copies,
        "labelled": len(judged),
        "issues": int(pc.sum(judged["is_issue"]).as_py() or 0),
        **{decision: int(np.sum(decided == decision)) for decision in quality.DECISIONS},
        "mean_quality": float(np.mean(judged["quality"].to_numpy(), dtype=np.float64)),
        "leave_one_out_accuracy": float(np.mean(model.scores.argmax(axis=1) == given)),
        "penalty": model.penalty,
        "temperature": model.temperature,
    }


if __name__ == "__main__":
    run(main)
