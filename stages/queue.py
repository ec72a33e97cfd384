"""Queue what to ask people next: labels to learn from, and labels of the test split to check."""

import numpy as np
import pandas as pd

from assay.annotation import answers, queue_order, whitening
from assay.catalogue import catalogue, payloads, spreadsheets
from assay.contract import csv_files, parameters, parquet_files, paths
from assay.contract.errors import counted, quiet, run, tell
from assay.contract.sampling import step_for

_COLUMNS = ["id", "batch", "key", "example", "split", "given", "suggested", "gain", "why"]
_CONFIDENCE = "confidence_of_suggested"  # what quality.parquet calls `confidence`
_HARDLY = 0.01  # probability that an answer changes the label in use
_JUDGED = ["given", "suggested", "quality", "reason", "check_order"]  # of doubts.csv


def main() -> None:
    params = parameters.load().annotate
    examples = catalogue.read()
    pred_probs, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
    left_out = csv_files.read_csv(paths.LEFT_OUT)["id"].to_pylist()
    with quiet():  # `annotate` has said what is wrong with the answers
        answered = answers.read(examples, classes)
    tied = answers.tied(answered)["example"].unique()
    waiting = examples.drop(index=answered.loc[~answered["example"].isin(tied), "example"])
    waiting = waiting[~waiting["id"].isin(left_out)]
    is_test = waiting["split"] == "test"

    judged = parquet_files.read_parquet(paths.QUALITY).to_pandas().set_index("id")
    judged = judged.rename(columns={"confidence": _CONFIDENCE})
    in_use = csv_files.read_csv(paths.ANNOTATED_LABELS).to_pandas().set_index("id")
    pseudo = in_use.loc[in_use["source"] == "pseudo", ["label", "weight"]]
    learnable = waiting[~is_test].join(judged, on="id").join(pseudo, on="id")
    ranked = to_learn_from(learnable, pred_probs[learnable.index], classes)
    ranked = tied_first(ranked, tied, pred_probs)
    doubts = spreadsheets.read(paths.DOUBTS).to_pandas().set_index("id")[_JUDGED]
    checkable = waiting[is_test].join(doubts, on="id")
    checks = to_check(checkable, pred_probs[checkable.index], classes)
    checks = tied_first(checks, tied, pred_probs)

    length = params.queue_length
    share = params.test_share
    n_checks = queue_order.number_of_checks(len(ranked), len(checks), length, share)
    n_learnable = length - n_checks
    again = ranked[ranked.index.isin(tied)].head(n_learnable)
    others = ranked[~ranked.index.isin(tied)]
    page = max(1, round(params.page * (1 - share)))
    questions = pd.concat([again, ask_for(others, n_learnable - len(again), page)])
    order = queue_order.evenly_mixed(len(questions), n_checks)
    checks = checks.head(n_checks)
    questions = pd.concat([questions, checks]).iloc[order]
    spreadsheets.write(paths.QUEUE, as_written(questions))
    tell(line(questions))


def as_written(questions: pd.DataFrame) -> pd.DataFrame:
    """The columns of queue.csv, with the payload of each example in a line. There may be no row."""
    lines = payloads.lines(questions) if len(questions) else ""
    return questions.assign(example=lines)[_COLUMNS]


def line(questions: pd.DataFrame) -> str:
    """How many questions there are, how many about test examples, and how many hardly matter."""
    has_label = questions.loc[questions["split"] == "test", "given"] != ""
    checked = counted(int(has_label.sum()), "check")
    text = (
        f"queue: {counted(len(questions), 'question')}, with {checked} of labels of the test split"
    )
    if n_unlabelled := int((~has_label).sum()):
        text += f" and {counted(n_unlabelled, 'test example')} without a label"
    sure = int((questions["gain"] < _HARDLY).sum())
    certain = f"for {sure:,} the label is almost certainly right (gain below {_HARDLY})"
    return f"{text}; {certain}" if sure else text


def to_learn_from(
    examples: pd.DataFrame, pred_probs: np.ndarray, classes: list[str]
) -> pd.DataFrame:
    """The examples to ask about, the most doubtful first.

    The `gain` of an answer is the probability that training, without it, would use a wrong label.
    The `doubt` is 1 minus the lead of the most probable class (smallest margin: Scheffer, Decomain
    and Wrobel 2001). For an example with a label or a pseudo-label, it is twice the gain, at most
    1. This is on the same scale: with two classes, 1 minus the lead is twice the probability of the
    less probable class.

    Parameters
    ----------
    examples : with the columns of quality.parquet, which are empty without a label (`confidence` is
        called `confidence_of_suggested`), and with `label` and `weight` of pseudo-labels, which are
        empty without a pseudo-label
    pred_probs : (n, classes)
    """
    names = np.array(classes, dtype=object)
    best = pred_probs.argmax(axis=1)
    probability = pred_probs.max(axis=1)
    others = pred_probs.copy()
    others[np.arange(len(best)), best] = -1
    second = others.argmax(axis=1)
    lead = probability - others.max(axis=1)

    gain = 1 - _trust(examples, probability)
    by_margin = examples["given"].isna() & examples["label"].isna()
    doubt = np.where(by_margin, 1 - lead, np.minimum(2 * gain, 1))
    columns = {
        "given": examples["given"].fillna(""),
        "suggested": _suggested(examples, names[best]),
        "gain": gain,
        "doubt": doubt,
        "why": _why(examples, names[best], names[second]),
    }
    asked = examples.assign(**columns)
    return asked.sort_values(["doubt", "gain"], ascending=False, kind="stable")


def _trust(examples: pd.DataFrame, probability: np.ndarray) -> np.ndarray:
    """The probability (n,) that the label which training would use is right.

    Parameters
    ----------
    examples : as in `to_learn_from`
    probability : (n,) of the most probable class
    """
    unlabelled = examples["given"].isna()
    has_pseudo = examples["label"].notna()
    of_unlabelled = np.where(has_pseudo, examples["weight"].astype(float), probability)
    stays = examples["decision"].isin(["keep", "review"])  # else the suggested label is used
    of_labelled = np.where(stays, examples["quality"], examples[_CONFIDENCE])
    return np.where(unlabelled, of_unlabelled, of_labelled)


def _suggested(examples: pd.DataFrame, best: np.ndarray) -> np.ndarray:
    """The suggested answer (n,): for an example with a label, the class that `why` names."""
    has_pseudo = examples["label"].notna()
    of_unlabelled = np.where(has_pseudo, examples["label"], best)
    return np.where(examples["given"].isna(), of_unlabelled, examples["suggested"])


def _why(examples: pd.DataFrame, best: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Why an answer is asked for (n,), in words; `best` and `second` are names of classes (n,)."""
    no_label = "no label; it may be " + best + " or " + second
    unsure = "kept; least sure of the remaining labels"
    of_labelled = np.where(examples["reason"] == "", unsure, examples["reason"])
    return np.where(examples["given"].isna(), no_label, of_labelled)


def to_check(test: pd.DataFrame, pred_probs: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """The test examples, in the order of the questions.

    Every second one has no label, as long as there are any: answers to these make the test set
    larger. They are ordered by id. An id is a hash, so the order is random: the choice must not
    depend on the model. The suggestion for them is the most probable class. The others are checks,
    in their `check_order`: doubtful labels tend to come early, but any label may come at any place
    (see `true_accuracy`).

    Parameters
    ----------
    test : `id`, and some columns of doubts.csv, as text, empty if there is no label
    pred_probs : (n, classes)
    """
    unlabelled = test["given"].isna()
    most_probable = np.array(classes, dtype=object)[pred_probs.argmax(axis=1)]
    suggested = np.where(unlabelled, most_probable, test["suggested"])
    doubtless = test["reason"] == ""
    check = "a check of the test labels, chosen by chance"
    why = np.select([unlabelled, doubtless], ["no label", check], test["reason"])
    gain = 1 - test["quality"].astype(float).fillna(0.0)
    order = pd.to_numeric(test["check_order"]).where(~unlabelled, test["id"].rank())
    rank = order.groupby(unlabelled).rank(method="first")  # 1, 2, 3, … of checks, and of others
    place = 2 * rank + unlabelled  # 2, 4, 6, … of checks, 3, 5, 7, … of those without a label
    given = test["given"].fillna("")
    columns = {"given": given, "suggested": suggested, "gain": gain, "why": why}
    return test.assign(**columns).loc[place.sort_values(kind="stable").index]


def tied_first(ranked: pd.DataFrame, tied: np.ndarray, pred_probs: np.ndarray) -> pd.DataFrame:
    """The same examples, those with tied answers first; their `gain` is that without a label.

    Parameters
    ----------
    ranked : from `to_learn_from` or `to_check`
    tied : rows of the catalogue
    pred_probs : (examples of the catalogue, classes)
    """
    is_tied = ranked.index.isin(tied)
    if not is_tied.any():
        return ranked
    again = ranked[is_tied]
    gain = 1 - pred_probs[again.index].max(axis=1)
    return pd.concat([again.assign(gain=gain, why=answers.TIE), ranked[~is_tied]])


def ask_for(ranked: pd.DataFrame, length: int, page: int) -> pd.DataFrame:
    """The first `length` rows to ask for; the `page` rows of one page are unlike each other."""
    if ranked.empty:
        return ranked
    step = step_for(len(ranked), queue_order.CANDIDATES)
    others = ranked.sort_index().index[::step]  # a sample of all
    candidates = ranked.index[: queue_order.CANDIDATES].sort_values()
    both = ranked.loc[others.union(candidates)]
    points = whitening.whiten(catalogue.features(both), queue_order.WHITENED_BY)
    of_candidates, of_others = (
        points[both.index.get_indexer(part)] for part in (candidates, others)
    )
    doubt = ranked.loc[candidates, "doubt"].to_numpy()
    asked = queue_order.choose(of_candidates, doubt, of_others, length, page)
    return ranked.loc[candidates[asked]]


if __name__ == "__main__":
    run(main)
