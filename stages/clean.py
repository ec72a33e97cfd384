"""Judge every label by what the other examples say: consensus, leave-one-out, confident learning, a decision each."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assay.catalogue import catalogue, payloads, spreadsheets
from assay.cleaning import annotators, data_findings, evidence, gallery, out_of_sample, quality
from assay.cleaning.annotators import Consensus, Votes
from assay.cleaning.out_of_sample import Opinions
from assay.contract import class_names, csv_files, files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.contract.parameters import Clean

_POSSIBLE = 0.01  # probability of a class that is worth telling
_COLUMNS = [
    "id",
    "batch",
    "key",
    "example",
    "split",
    "kind",
    *quality.COLUMNS[1:],
    *evidence.COLUMNS,
]


def main() -> None:
    params = parameters.load()
    note(params.batches)
    examples = catalogue.read()
    held_out = (examples["split"] == "test").to_numpy()
    named = catalogue.votes(examples)
    votes, people, classes = count(named, len(examples))
    agreed = annotators.consensus(votes, held_out)
    labels = pd.DataFrame({"given": agreed.probabilities.argmax(axis=1), "held_out": held_out})
    labels = labels.loc[np.unique(votes.examples)]
    learned = labels[~labels["held_out"]]
    check_classes(learned["given"], classes, params.clean.smallest_class, examples)

    heard = out_of_sample.hear(
        examples, learned.index.to_numpy(), learned["given"].to_numpy(), len(classes), params
    )
    believed = annotators.consensus(votes, held_out, heard.pred_probs, heard.confusion)

    voted = np.zeros(heard.pred_probs.shape, bool)
    voted[votes.examples, votes.labels] = True
    thought = heard.pred_probs, believed.probabilities, voted
    sides = labels.groupby("held_out")  # no test label has a say in what becomes of the others
    judged = pd.concat(judge(side, thought, params.clean) for _, side in sides).join(examples)
    found = data_findings.findings(
        examples, learned["given"], heard.pred_probs, classes, params.clean.beyond
    )
    doubted = judged[judged["decision"] != "keep"].sort_values(["quality", "id"])
    doubted = explain(evidence.find(doubted, examples, learned["given"], heard.linear), classes)
    judged = data_findings.dropped(explain(judged, classes), found).sort_values("id")

    parquet_files.write_frame(paths.QUALITY, judged, quality.COLUMNS)
    issues = pd.concat([doubted.assign(kind="label").astype(object), found])
    spreadsheets.write(paths.ISSUES, with_lines(issues, examples).fillna(""), _COLUMNS)
    files.write_bytes(paths.GALLERY, gallery.page(doubted, examples).encode())
    kept = cleaned(judged)
    csv_files.write_frame(paths.CLEANED_LABELS, kept, ["id", "label", "confidence", "source"])
    others = alternatives(kept[kept["split"] == "train"], believed.probabilities, classes)
    csv_files.write_frame(paths.ALTERNATIVES, others)
    parquet_files.write_probabilities(paths.PRED_PROBS, examples["id"], heard.pred_probs, classes)
    files.write_json(
        paths.CLEAN_METRICS,
        summary(examples, judged, heard) | data_findings.counts(found, examples),
    )
    spreadsheets.write(paths.ANNOTATORS, table_of_people(votes, believed, people, classes))


def note(batches: list[str]) -> None:
    """Note the listed batches for the stages after this one, and clear what left the list."""
    files.keep_only(paths.COLLECTED, [paths.examples(batch).parent for batch in batches])
    files.keep_only(paths.EMBEDDED, map(paths.embeddings, batches))
    files.write_json(paths.LISTED, {"batches": batches})


def count(named: pd.DataFrame, n_examples: int) -> tuple[Votes, list[str], list[str]]:
    """People's labels by number, and the names of people and classes."""
    if named.empty:
        where = f"{paths.RAW}/, in the batch itself or its {paths.ANNOTATIONS_FILE}"
        raise InputError(f"no example of any batch has a label: label some in {where}")
    classes = class_names.of(named["label"])
    labels = class_names.codes(named["label"], classes)
    annotator, people = pd.factorize(named["annotator"], sort=True)
    shape = (n_examples, len(people), len(classes))
    return Votes(named["example"].to_numpy(), annotator, labels, shape), list(people), classes


def check_classes(
    given: pd.Series, classes: list[str], smallest: int, examples: pd.DataFrame
) -> None:
    """Raise where there is nothing to tell apart, or a class is too small to be judged."""
    counts = given.value_counts()
    if len(counts) < 2:
        only = ", ".join(repr(classes[index]) for index in counts.index) or "missing"
        raise InputError(
            f"all {len(given)} labels to learn from are {only}: at least two classes are needed"
        )
    rare, count = counts.index[-1], int(counts.iloc[-1])
    if count < smallest:
        one = examples.loc[given.index[given == rare][0]]
        few = f"the class {classes[rare]!r} has {count} example{'s' * (count > 1)} to learn from, {one['key']}"
        remedy = f"add more, mend the label, or lower clean.smallest_class from {smallest}"
        raise InputError(f"{paths.RAW / one['batch']}: {few}: {remedy}")


def judge(labels: pd.DataFrame, thought: Sequence[np.ndarray], params: Clean) -> pd.DataFrame:
    """Add what is to be said of each label, given what is `thought` of all examples, and what is done about it."""
    own = (each[labels.index] for each in thought)
    found = quality.doubt(labels["given"].to_numpy(), *own).set_index(labels.index)
    return labels.join(found).assign(decision=quality.decide(found, labels["held_out"], params))


def explain(judged: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Name the classes, and give the reason for what is not simply kept."""
    names = np.array(classes, dtype=object)
    named = judged.assign(
        given=names[judged["given"]], suggested=names[judged["suggested"]], reason=""
    )
    doubted = named["decision"] != "keep"
    columns = ["given", "suggested", "quality", "confidence", "disputed"]
    rows = named.loc[doubted, columns].itertuples(index=False)
    named.loc[doubted, "reason"] = [quality.reason(*row) for row in rows]
    return named


def with_lines(issues: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Add `example`, by which a person knows it; a finding about a whole batch or class has none."""
    found = examples[examples["id"].isin(issues["id"])]
    line_of = dict(zip(found["id"], payloads.lines(found), strict=True)) if len(found) else {}
    return issues.assign(example=issues["id"].map(line_of))


def cleaned(judged: pd.DataFrame) -> pd.DataFrame:
    """The labels that are left after relabelling and dropping."""
    kept = judged[judged["decision"] != "drop"]
    corrected = kept["decision"] == "relabel"
    return kept.assign(
        label=kept["suggested"].where(corrected, kept["given"]),
        confidence=kept["confidence"].where(corrected, kept["quality"]),
        source=np.where(corrected, "corrected", "consensus"),
    )


def alternatives(kept: pd.DataFrame, believed: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """The other classes that are possible for the examples whose labels are kept."""
    probabilities, names = believed[kept.index], np.array(classes, dtype=object)
    rows, others = np.nonzero(
        (probabilities >= _POSSIBLE) & (names != kept["label"].to_numpy()[:, None])
    )
    confidence = probabilities[rows, others].astype(float)
    return pd.DataFrame(
        {"id": kept["id"].array[rows], "label": names[others], "confidence": confidence}
    )


def summary(examples: pd.DataFrame, judged: pd.DataFrame, heard: Opinions) -> dict:
    return {
        "examples": len(examples),
        "labelled": len(judged),
        "issues": int(judged["is_issue"].sum()),
        **{decision: int((judged["decision"] == decision).sum()) for decision in quality.DECISIONS},
        "mean_quality": float(judged["quality"].mean()),
        "estimated_label_noise": float(1 - judged.loc[~judged["held_out"], "quality"].mean()),
        "penalty": heard.linear.penalty,
    }


def table_of_people(
    votes: Votes, believed: Consensus, people: list[str], classes: list[str]
) -> pd.DataFrame:
    """How far each person can be trusted, and what they most often take for what."""
    labels = np.bincount(votes.annotators, minlength=len(people))
    said = pd.DataFrame({"annotator": votes.annotators, "label": votes.labels})
    said["true"] = believed.probabilities[votes.examples].argmax(axis=1)
    wrong = said[said["label"] != said["true"]].value_counts().reset_index(name="times")
    wrong = wrong.sort_values(
        ["annotator", "times", "true", "label"], ascending=[True, False, True, True]
    )
    worst = wrong.drop_duplicates("annotator").set_index("annotator")
    confuses = [
        f"{classes[row.true]} as {classes[row.label]} ({row.times})" for row in worst.itertuples()
    ]
    frame = pd.DataFrame({"annotator": people, "labels": labels, "accuracy": believed.accuracy})
    return frame.assign(confuses=pd.Series(confuses, worst.index, dtype=object)).fillna(
        {"confuses": ""}
    )


if __name__ == "__main__":
    run(main)
