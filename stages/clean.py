"""Judge every label: consensus, leave-one-out, confident learning, and a decision for each."""

import json

import numpy as np
import pandas as pd

from assay.catalogue import catalogue, payloads, shared_examples, spreadsheets
from assay.cleaning import (
    agreement,
    annotator_tables,
    annotators,
    class_findings,
    copied_labels,
    data_findings,
    evidence,
    gallery,
    out_of_sample,
    quality,
    small_classes,
    tied_labels,
)
from assay.cleaning.annotators import Votes
from assay.contract import class_names, csv_files, files, parameters, parquet_files, paths
from assay.contract.errors import InputError, counted, first_of, run, say, tell
from assay.contract.sections import Clean

_POSSIBLE = 0.01  # least probability of a class to be listed as an alternative
_WHERE = ["id", "batch", "key", "example", "split", "kind"]
_ISSUES = [*_WHERE, *quality.COLUMNS[1:], *evidence.COLUMNS]


def main() -> None:
    params = parameters.load()
    keep_listed_batches(params.batches)
    examples = catalogue.read()
    torn = torn_groups(examples)
    held_out = (examples["split"] == "test").to_numpy()
    named = catalogue.votes(examples)
    shared_examples.tell(examples)
    say_look_alikes(named, examples["batch"])
    votes, people, classes = encode(named, len(examples))
    labels = tied_labels.consensus(votes, examples, classes)
    learned = labels.loc[~labels["held_out"], "given"]
    small_classes.check(learned, classes, params.clean.smallest_class, examples)

    predicted = out_of_sample.predict(examples, learned, votes, params)
    pred_probs = predicted.pred_probs
    unpredicted = say_what_cannot_be_judged(pred_probs, learned, classes, params.clean)
    believed = quality.sure_of_unlearned(pred_probs, labels)
    posterior = annotators.consensus(votes, held_out, believed, predicted.confusion).probabilities
    judged = judge(labels, votes, believed, posterior, params.clean).join(examples)
    findings = data_findings.find(examples, labels["given"], pred_probs, classes, params)
    findings = small_classes.spare_last(findings, judged, classes, params.clean.smallest_class)
    left_out = data_findings.left_out(findings)
    doubted = judged[judged["decision"] != "keep"].sort_values(["quality", "id"])
    doubted = explain(evidence.find(doubted, examples, learned, predicted.linear), classes)
    judged = data_findings.drop(explain(judged, classes), left_out).sort_values("id")
    kept = cleaned(judged)
    small_classes.say_lost(kept, learned, classes)

    parquet_files.write_frame(paths.QUALITY, judged, quality.COLUMNS)
    csv_files.write_frame(paths.CLEANED_LABELS, kept, ["id", "label", "confidence", "source"])
    csv_files.write_frame(paths.ALTERNATIVES, alternatives(kept, posterior, classes))
    csv_files.write_frame(paths.LEFT_OUT, left_out)
    parquet_files.write_probabilities(paths.PRED_PROBS, examples["id"], pred_probs, classes)
    penalty = {"penalty": predicted.linear.penalty}
    files.write_bytes(paths.CLEAN_MODEL, f"{json.dumps(penalty)}\n".encode())
    n_of_kind = data_findings.counts(findings, examples)
    counts = summary(examples, judged) | penalty | torn | unpredicted | n_of_kind
    files.write_json(paths.CLEAN_METRICS, counts)
    issues = pd.concat([doubted.assign(kind="label").astype(object), findings])
    spreadsheets.write(paths.ISSUES, with_lines(issues, examples).fillna(""), _ISSUES)
    # The tables about people use test labels too, so nothing else may use `shown`.
    shown = annotators.consensus(votes, None, believed, predicted.confusion)
    spreadsheets.write(paths.ANNOTATORS, annotator_tables.table(votes, shown, people, classes))
    parts = annotator_tables.parts(votes, shown, people, classes, examples["batch"])
    spreadsheets.write(paths.ANNOTATOR_PARTS, parts)
    unanimous = agreement.against_model(votes, pred_probs)
    files.write_json(paths.AGREEMENT_METRICS, agreement.metrics(votes) | unanimous)
    pairs = agreement.kappas(votes, people)
    copies = copied_labels.pairs(votes, shown, people)
    copied_labels.say_copies(copies)
    spreadsheets.write(paths.AGREEMENT, pairs.merge(copies, "left", ["first", "second"]))
    files.write_bytes(paths.GALLERY, gallery.page(doubted, examples, named, classes).encode())
    tell_decisions(counts, len(findings))


def keep_listed_batches(batches: list[str]) -> None:
    """Remove the files of batches that left the list, and write the list for later stages."""
    files.keep_only(paths.COLLECTED, [paths.examples(batch).parent for batch in batches])
    files.keep_only(paths.EMBEDDED, map(paths.embeddings, batches))
    files.write_json(paths.LISTED, {"batches": batches})


def torn_groups(examples: pd.DataFrame) -> dict[str, int]:
    """Count the groups with examples both in and outside the test split; {} without groups."""
    torn = catalogue.torn_groups(examples)
    if torn:
        groups = f"{counted(len(torn), 'group')} with examples in the test split and outside it"
        say(f"{groups}, for example {torn[0]}: scores may be better than on new groups")
    return {} if torn is None else {"torn_groups": len(torn)}


def say_look_alikes(named: pd.DataFrame, batch_of: pd.Series) -> None:
    """Say which classes or people of different batches may be one; `collect` says it for one batch.

    Parameters
    ----------
    named : people's labels, from `catalogue.votes`
    batch_of : the batch of each example
    """
    batch = batch_of.loc[named["example"]].to_numpy()
    class_findings.say_apart(named["label"], batch)
    for column, things in (("label", "classes"), ("annotator", "people")):
        names = pd.DataFrame({"name": named[column], "batch": batch}).drop_duplicates()
        batches_of = names.groupby("name")["batch"].agg(set)
        alike = []
        for spellings in class_names.look_alikes(batches_of.index):
            of_all = set.intersection(*batches_of[spellings])  # batches in which collect says it
            if not of_all:
                alike.append(spellings)
        if alike:
            what = f"{things} of different batches that differ by spelling alone may be one"
            remedy = "give them one name if so"
            first = first_of(class_names.in_words(alike))
            say(f"{counted(len(alike), 'group')} of {what}: {first}: {remedy}")


def encode(named: pd.DataFrame, n_examples: int) -> tuple[Votes, list[str], list[str]]:
    """People's labels as numbers; the names of people and classes, in the order of the numbers."""
    if named.empty:
        where = f"{paths.RAW}/, in the batch itself or its {paths.ANNOTATIONS_FILE}"
        raise InputError(f"no example of any batch has a label: label some in {where}")
    classes = sorted(named["label"].unique())
    labels = class_names.codes(named["label"], classes)
    annotator, people = pd.factorize(named["annotator"], sort=True)
    shape = (n_examples, len(people), len(classes))
    return Votes(named["example"].to_numpy(), annotator, labels, shape), list(people), classes


def say_what_cannot_be_judged(
    pred_probs: np.ndarray, learned: pd.Series, classes: list[str], params: Clean
) -> dict[str, int]:
    """As `say_if_nothing_is_predicted`, or else say if labels are too few to judge them well."""
    unpredicted = say_if_nothing_is_predicted(pred_probs)
    if not unpredicted:
        small_classes.say_few(learned, classes, params)
    return unpredicted


def say_if_nothing_is_predicted(pred_probs: np.ndarray) -> dict[str, int]:
    """Say so, and return a count of 1, if the probabilities (examples, classes) say nothing."""
    if not class_findings.nothing_is_predicted(pred_probs):
        return {}
    cause = f"no classifier {class_findings.NO_BETTER.format('labels')}"
    say(f"{cause}, so people alone judge labels: is what tells the class in the examples?")
    return {"no_classifier_predicts": 1}


def judge(
    labels: pd.DataFrame, votes: Votes, pred_probs: np.ndarray, posterior: np.ndarray, params: Clean
) -> pd.DataFrame:
    """Add the doubts about each label, and the decision. Test labels do not influence others.

    Parameters
    ----------
    labels : `given`, `held_out` and `tied`, by row of the catalogue
    pred_probs, posterior : (examples, classes), before and after a label is known
    """
    voted = np.zeros(pred_probs.shape, bool)
    voted[votes.examples, votes.labels] = True
    sides = []
    for _, side in labels.groupby("held_out"):
        given, rows = side["given"].to_numpy(), side.index
        doubts = quality.doubt(given, pred_probs[rows], posterior[rows], voted[rows])
        decision = quality.decide(doubts, side["held_out"].to_numpy(), params)
        sides.append(side.join(doubts.assign(decision=decision).set_index(rows)))
    judged = pd.concat(sides)
    learned = labels.index[~labels["held_out"]]
    if class_findings.nothing_is_predicted(pred_probs[learned]):
        return tied_labels.keep(judged)
    return judged


def explain(judged: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Name the classes, and give the reason for each label that is not simply kept."""
    names = np.array(classes, dtype=object)
    given = names[judged["given"]]
    suggested = names[judged["suggested"]]
    named = judged.assign(given=given, suggested=suggested, reason="")
    doubted = named["decision"] != "keep"
    columns = ["given", "suggested", "quality", "confidence", "disputed"]
    rows = named.loc[doubted, columns].itertuples(index=False)
    named.loc[doubted, "reason"] = [quality.reason(*row) for row in rows]
    return named


def with_lines(issues: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Add `example`, a line that shows it; the findings of a batch or class have none."""
    shown = examples[examples["id"].isin(issues["id"])]
    lines = dict(zip(shown["id"], payloads.lines(shown), strict=True)) if len(shown) else {}
    return issues.assign(example=issues["id"].map(lines))


def cleaned(judged: pd.DataFrame) -> pd.DataFrame:
    """The labels that are left after relabelling and dropping."""
    kept = judged[judged["decision"] != "drop"]
    corrected = kept["decision"] == "relabel"
    label = kept["suggested"].where(corrected, kept["given"])
    confidence = kept["confidence"].where(corrected, kept["quality"])
    source = np.where(corrected, "corrected", "consensus")
    return kept.assign(label=label, confidence=confidence, source=source)


def alternatives(kept: pd.DataFrame, posterior: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """The other possible classes of the training examples whose labels are kept."""
    kept = kept[kept["split"] == "train"]
    names = np.array(classes, dtype=object)
    probabilities = posterior[kept.index]  # (kept, classes)
    is_other = names != kept["label"].to_numpy()[:, None]
    rows, others = np.nonzero((probabilities >= _POSSIBLE) & is_other)
    confidence = probabilities[rows, others].astype(float)
    columns = {"id": kept["id"].array[rows], "label": names[others], "confidence": confidence}
    return pd.DataFrame(columns)


def summary(examples: pd.DataFrame, judged: pd.DataFrame) -> dict[str, float]:
    """Count the labels by decision, and estimate how good they are."""
    decisions = {name: int((judged["decision"] == name).sum()) for name in quality.DECISIONS}
    return {
        "examples": len(examples),
        "labelled": len(judged),
        "issues": int(judged["is_issue"].sum()),
        **decisions,
        "mean_quality": float(judged["quality"].mean()),
        "estimated_label_noise": float(1 - judged.loc[~judged["held_out"], "quality"].mean()),
    }


def tell_decisions(counts: dict[str, float], n_findings: int) -> None:
    """Print what is decided about the labels, counted as in `summary`."""
    labels = counted(int(counts["labelled"]), "label")
    decided = "{relabel:,} replaced, {drop:,} left out, {review:,} for review".format(**counts)
    tell(f"clean: {labels} judged, {decided}; {counted(n_findings, 'other finding')}")


if __name__ == "__main__":
    run(main)
