"""The labels that a model is scored with: what is known of test examples, and of others."""

from dataclasses import dataclass
from typing import NoReturn

import pandas as pd

from assay.catalogue import catalogue, scored_examples, spreadsheets
from assay.contract import csv_files, parquet_files, paths
from assay.contract.errors import InputError

_JUDGED = ["id", "given", "suggested", "quality", "is_issue", "decision"]  # of quality.parquet


@dataclass
class Known:
    """What is known before the model is asked: rows of the catalogue.

    Attributes
    ----------
    examples : all, with their `truth`, whether they are `usable`, and whether they `had_label`
        before people's answers
    test : those to score with, with `answer`, and with the label `given` to them, if any
    validation : those with a label, as `judged`
    judged : usable ones with a label, and what `clean` said about it
    annotated : those that the model learned from, with their label
    human_labels : people's answers to questions, by id
    tied : people's answers that tie, by id: each id has several
    """

    examples: pd.DataFrame
    test: pd.DataFrame
    validation: pd.DataFrame
    judged: pd.DataFrame
    annotated: pd.DataFrame
    human_labels: pd.Series
    tied: pd.Series


def read() -> Known:
    """Read the catalogue and what other stages wrote.

    Examples that people call not usable are only in `examples`.
    """
    examples = catalogue.read()
    examples["truth"] = catalogue.truth(examples)
    quality = parquet_files.read_parquet(paths.QUALITY, _JUDGED).to_pandas().set_index("id")
    people_labels = csv_files.read_csv(paths.TEST_LABELS).to_pandas().set_index("id")
    examples["had_label"] = examples["id"].isin(quality.index)
    examples["usable"] = ~examples["id"].isin(spreadsheets.read(paths.UNUSABLE)["id"])
    usable = examples[examples["usable"]]
    test = best_known(usable[usable["split"] == "test"], people_labels["label"])
    label = test["id"].map(people_labels["label"])
    test["given"] = test["id"].map(quality["given"]).fillna(label)

    judged = usable.join(quality, on="id", how="inner")
    validation = judged[judged["split"] == "validation"]
    annotated = examples.merge(csv_files.read_csv(paths.ANNOTATED_LABELS).to_pandas(), on="id")
    annotated = annotated[annotated["split"] != "test"]
    people = pd.concat([people_labels, annotated.set_index("id")[["label", "source"]]])
    human_labels = people.loc[people["source"] == "human", "label"]
    tied = csv_files.read_csv(paths.TIES).to_pandas().set_index("id")["label"]
    return Known(examples, test, validation, judged, annotated, human_labels, tied)


def best_known(test: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """The test examples with an `answer` to score against: the truth, or else people's label.

    Parameters
    ----------
    labels : people's labels, by id
    """
    label = test["id"].map(labels).astype(object).fillna("")
    known = test.assign(answer=test["truth"].where(test["truth"] != "", label))
    return known[known["answer"] != ""]


def before_and_after(
    judged: pd.DataFrame, left_out: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The labels as given, and as cleaning made them: `label` of the same examples.

    The second lacks the labels that cleaning dropped. Neither has answers or pseudo-labels.

    Parameters
    ----------
    judged : labels to learn from, with `given`, `suggested` and `decision`
    left_out : ids of examples that other findings leave out; they are in neither
    """
    others = judged[~judged["id"].isin(left_out)]
    uncleaned = others.assign(label=others["given"])
    kept = uncleaned[others["decision"] != "drop"]
    is_replaced = kept["decision"] == "relabel"
    return uncleaned, kept.assign(label=kept["suggested"].where(is_replaced, kept["given"]))


def without_label(examples: pd.DataFrame, others: list[str]) -> int:
    """Count the examples that people can label for training: usable, and not of the test split.

    Parameters
    ----------
    examples : with `id`, `split` and `usable`
    others : ids that do not count, as they have a label in use or `clean` left them out
    """
    can_learn = examples["usable"] & (examples["split"] != "test")
    return int((can_learn & ~examples["id"].isin(others)).sum())


def refuse(known: Known) -> NoReturn:
    """Raise InputError, since no test example has a label. It says how to give some."""
    scored_examples.check(known.examples)
    count = int((known.examples["split"] == "test").sum())
    how = "type `python -m stages.queue && python -m assay review`, and label those of split test"
    raise InputError(f"none of {count} test examples has a label: {how}, then type `dvc repro`")
