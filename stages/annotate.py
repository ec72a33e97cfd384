"""Replace cleaned labels by people's answers, and add pseudo-labels."""

import numpy as np
import pandas as pd

from assay.annotation import answers, contradicted
from assay.catalogue import catalogue, spreadsheets
from assay.contract import class_names, csv_files, parameters, parquet_files, paths
from assay.contract.errors import counted, first_of, run, say, tell

_CHANCE = 0.01  # the probability that pseudo-labels are of one class by chance, to say nothing


def main() -> None:
    params = parameters.load().annotate
    examples = catalogue.read()
    pred_probs, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
    answered = answers.read(examples, classes)
    judged = parquet_files.read_parquet(paths.QUALITY, ["id"])["id"].to_pylist()

    dropped = csv_files.read_csv(paths.LEFT_OUT)["id"].to_pylist()  # leaks, for example
    left_out = examples.index[examples["id"].isin(dropped)]
    answered = with_effect(answered, left_out)
    unusable = answers.not_usable(answered)
    left_out = left_out.union(unusable.index)
    tied = answers.tied(answered)
    answered = without_ties(answered, tied)
    answered = answered[(answered["label"] != "") & ~answered["example"].isin(left_out)]
    contradicted.tell(answered, pred_probs, classes)

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
        say_if_one_class(pseudo["label"], labels["label"])
        labels = pd.concat([labels, pseudo])

    labels = examples.join(labels, on="id", how="inner").sort_values("id")
    test = labels["split"] == "test"
    csv_files.write_frame(paths.ANNOTATED_LABELS, labels[~test], paths.LABEL_COLUMNS)
    csv_files.write_frame(paths.TEST_LABELS, labels[test], ["id", "label", "source"])
    of_ties = {"id": examples["id"].reindex(tied["example"]), "label": tied["label"].array}
    csv_files.write_frame(paths.TIES, pd.DataFrame(of_ties).sort_values(["id", "label"]))
    reasons = pd.DataFrame({"id": examples["id"][unusable.index], "reason": unusable})
    spreadsheets.write(paths.UNUSABLE, reasons.sort_values("id"))
    report(labels, len(answered), len(unusable))


def with_effect(answered: pd.DataFrame, left_out: pd.Index) -> pd.DataFrame:
    """The answers about examples that `clean` did not leave out; say how many are lost.

    Parameters
    ----------
    answered : people's answers, from `answers.read`
    left_out : rows of the catalogue
    """
    lost = answered[answered["example"].isin(left_out)]
    if len(lost):
        reason = f"left out by clean (see {paths.LEFT_OUT}), so without effect"
        say(f"{counted(len(lost), 'answer')} about examples {reason}: {lost['place'].iloc[0]}")
    return answered.drop(lost.index)


def without_ties(answered: pd.DataFrame, tied: pd.DataFrame) -> pd.DataFrame:
    """The answers without those that tie, as if nobody had given them; say how many ties there are.

    Parameters
    ----------
    answered : people's answers, from `answers.read`
    tied : those of them that tie, from `answers.tied`
    """
    if len(tied):
        n = counted(tied["example"].nunique(), "example")
        of_first = tied[tied["example"] == tied["example"].iloc[0]]
        places = (of_first["place"] + " " + of_first["label"].map(repr)).to_list()
        say(f"{n} asked again, since people's answers tie and do not count: {first_of(places)}")
    return answered.drop(tied.index)


def override(cleaned: pd.DataFrame, answered: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """`label`, `weight` and `source` by id: what people answered, or else what cleaning kept."""
    label = answers.standing(answered)["label"]
    columns = {"label": label.array, "weight": 1.0, "source": "human"}
    human = pd.DataFrame(columns, examples["id"][label.index])
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


def say_if_one_class(pseudo: pd.Series, others: pd.Series) -> None:
    """Say if all pseudo-labels are of one class, and this class is not so frequent among others."""
    if len(pseudo) and (pseudo == pseudo.iloc[0]).all():
        share = (others == pseudo.iloc[0]).mean()
        if share ** len(pseudo) < _CHANCE:
            of_one = f"all {len(pseudo):,} pseudo-labels are of the class {pseudo.iloc[0]!r}"
            compare = "compare with annotate.pseudo_labels: none"
            say(f"{of_one}, but {share:.0%} of the other labels: {compare}")


def report(labels: pd.DataFrame, n_answers: int, n_unusable: int) -> None:
    """Tell how many labels there are, by split and source."""
    if n_answers:
        tables = f"{paths.ANNOTATORS} and {paths.AGREEMENT}"
        say(f"{counted(n_answers, 'answer')} of people taken; they do not change {tables}")
    n_in = labels["split"].value_counts()
    by_split = f"{counted(n_in.get('train', 0), 'label')} to learn from"
    if "validation" in n_in:
        by_split += f", {n_in['validation']:,} to validate with"
    by_split += f", {n_in.get('test', 0):,} to test with"
    n_of = labels["source"].value_counts()
    by_people = f"{counted(n_of.get('human', 0), 'label')} from answers"
    by_source = f"{by_people} and {counted(n_of.get('pseudo', 0), 'pseudo-label')}"
    line = f"annotate: {by_split}; of these, {by_source}"
    if n_unusable:
        line += f"; {counted(n_unusable, 'example')} left out as not usable"
    tell(line)


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
