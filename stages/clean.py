"""Judge every label by what the other examples say: consensus, leave-one-out, confident learning, a decision each."""

import numpy as np
import pandas as pd

from assay import annotators, beyond, catalogue, dataset, leave_one_out, parameters, quality
from assay.calibration import Calibration
from assay.errors import InputError, run
from assay.leave_one_out import LeaveOneOut


def main() -> None:
    params = parameters.load().clean
    examples = catalogue.read()
    labels, classes = agree(catalogue.votes(examples), examples["split"] == "test")
    learned = labels[~labels["held_out"]]
    check_classes(learned["given"], classes, params.smallest_class, examples)

    features = catalogue.features(examples.loc[learned.index])
    model = leave_one_out.fit(features, learned["given"].to_numpy(), len(classes))
    pred_probs = out_of_sample(model, examples, learned.index)

    sides = labels.groupby("held_out")  # no test label has a say in what becomes of the others
    judged = pd.concat(judge(side, pred_probs[side.index], model.calibration, params) for _, side in sides)
    judged = explain(judged, classes).join(examples).sort_values("id")
    found = beyond.findings(examples, labels["given"], pred_probs, classes, params.beyond)
    listed = pd.concat([issues(judged).assign(kind="label"), found])
    judged = beyond.dropped(judged, found)
    dataset.write_frame(dataset.QUALITY, judged, quality.COLUMNS)
    dataset.write_frame(dataset.ISSUES, listed, ["id", "batch", "key", "split", "kind", *quality.COLUMNS[1:]])
    dataset.write_frame(dataset.CLEANED_LABELS, cleaned(judged), ["id", "label", "confidence", "source"])
    dataset.write_probabilities(dataset.PRED_PROBS, examples["id"], pred_probs, classes)
    dataset.write_json(dataset.CLEAN_METRICS, summary(examples, judged, model) | beyond.counts(found))


def agree(votes: pd.DataFrame, held_out: pd.Series) -> tuple[pd.DataFrame, list[str]]:
    """People's votes to one label an example: `given` (index of the class); and whether it is `held_out`."""
    if votes.empty:
        raise InputError(
            "no example of any batch has a label: label some in data/raw/, in the batch itself or its annotations.csv"
        )
    rows, examples = pd.factorize(votes["example"], sort=True)
    label, classes = pd.factorize(votes["label"], sort=True)
    annotator, people = pd.factorize(votes["annotator"])
    shape = (len(examples), len(people), len(classes))
    held_out = held_out[examples]
    posterior = annotators.consensus(rows, annotator, label, shape, held_out.to_numpy()).probabilities
    frame = pd.DataFrame({"given": posterior.argmax(axis=1), "held_out": held_out}, index=examples)
    return frame, list(classes)


def check_classes(given: pd.Series, classes: list[str], smallest: int, examples: pd.DataFrame) -> None:
    """Raise where there is nothing to tell apart, or a class is too small to be judged."""
    counts = given.value_counts()
    if len(counts) < 2:
        only = (
            f"all {len(given)} labels to learn from are {classes[given.iloc[0]]!r}"
            if len(given)
            else "no label to learn from"
        )
        raise InputError(f"{only}: at least two classes are needed")
    if counts.iloc[-1] < smallest:
        rare, some = counts.index[-1], "1 example" if counts.iloc[-1] == 1 else f"{counts.iloc[-1]} examples"
        one = examples.loc[given.index[given == rare][0]]
        raise InputError(
            f"{dataset.RAW / one['batch']}: the class {classes[rare]!r} has {some} to learn from, "
            f"{one['key']}: add more, mend the label, or lower clean.smallest_class from {smallest}"
        )


def out_of_sample(model: LeaveOneOut, examples: pd.DataFrame, learned: pd.Index) -> np.ndarray:
    """Probabilities of the true class of each example, from labels other than its own. Shape (n, classes), float32."""
    scores = np.empty((len(examples), model.scores.shape[1]), np.float32)
    scores[learned] = model.scores
    others = examples.drop(learned)
    if len(others):
        scores[others.index] = np.concatenate([model.predict(rows[:]) for rows in catalogue.features(others)])
    return model.calibration.pred_probs(scores)


def judge(
    labels: pd.DataFrame, pred_probs: np.ndarray, calibration: Calibration, params: parameters.Clean
) -> pd.DataFrame:
    """Add what is thought of each label, and what is done about it."""
    given = labels["given"].to_numpy()
    posterior = calibration.given_label(pred_probs, given)
    found = quality.doubt(given, pred_probs, posterior)
    confidence = posterior.max(axis=1)
    decision = quality.decide(
        found, confidence, labels["held_out"], relabel_above=params.relabel_above, drop_below=params.drop_below
    )
    return labels.assign(**vars(found), confidence=confidence, decision=decision)


def explain(judged: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Name the classes, and give the reason for what is not simply kept."""
    names = np.array(classes, dtype=object)
    named = judged.assign(given=names[judged["given"]], suggested=names[judged["suggested"]], reason="")
    doubted = named[named["decision"] != "keep"]
    columns = (doubted[name] for name in ("given", "suggested", "quality", "confidence"))
    named.loc[doubted.index, "reason"] = list(map(quality.reason, *columns))
    return named


def issues(judged: pd.DataFrame) -> pd.DataFrame:
    """What is not simply kept, worst first."""
    return judged[judged["decision"] != "keep"].sort_values(["quality", "id"])


def cleaned(judged: pd.DataFrame) -> pd.DataFrame:
    """The labels that are left after relabelling and dropping."""
    kept = judged[judged["decision"] != "drop"]
    corrected = kept["decision"] == "relabel"
    return kept.assign(
        label=kept["suggested"].where(corrected, kept["given"]),
        confidence=kept["confidence"].where(corrected, kept["quality"]),
        source=np.where(corrected, "corrected", "consensus"),
    )


def summary(examples: pd.DataFrame, judged: pd.DataFrame, model: LeaveOneOut) -> dict:
    decided = judged["decision"].value_counts()
    return {
        "examples": len(examples),
        "labelled": len(judged),
        "issues": int(judged["is_issue"].sum()),
        **{decision: int(decided.get(decision, 0)) for decision in quality.DECISIONS},
        "mean_quality": float(judged["quality"].mean()),
        "estimated_label_noise": model.calibration.noise,
        "penalty": model.penalty,
        "temperature": model.calibration.temperature,
    }


if __name__ == "__main__":
    run(main)
