"""What changed between two versions of the data, and which of them is better."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from assay.comparison import changes, training_variance, verdict
from assay.comparison.versions import Version
from assay.contract import parameters, paths
from assay.contract.errors import InputError
from assay.evaluation.scores import SMALLEST, Predictions


def compare(a: str, b: str | None, *, why: bool, metrics: Sequence[str]) -> dict:
    """All that is known of two revisions, `b` None being the workspace: what `--json` prints."""
    params = parameters.load().evaluate
    old, new = Version(a), Version(b)
    found = {
        "a": old.name,
        "b": new.name,
        "data": _data(old, new),
        "model": _model(old, new, metrics, params, why=why),
    }
    found["missing"] = _folders(old.missing + new.missing)
    return found | {
        "absent": {
            version.name: _folders(version.absent) for version in (old, new) if version.absent
        }
    }


def _data(old: Version, new: Version) -> dict:
    """What differs, as far as the files are there: what is not known of both is left out."""
    found: dict = {"parameters": new.parameters_since(old)}
    batches = [version.batches() for version in (old, new)]
    if _there(*batches):
        found["batches"] = batches
    answers = [version.answers() for version in (old, new)]
    if _there(*answers):
        found["answers"] = [len(each) for each in answers]
    found["counts"] = [version.json(paths.CLEAN_METRICS) for version in (old, new)]
    if _there(old.examples, new.examples):
        found["examples"] = changes.examples(old.examples, new.examples)
    if _there(old.learned, new.learned):
        found["labels"] = changes.labels(old.learned, new.learned, answers[1], new.examples)
        found["classes"] = changes.classes(old.learned["label"], new.learned["label"])
    tests = [version.csv(paths.TEST_LABELS, ["id", "label", "source"]) for version in (old, new)]
    if _there(*tests):
        found["test_labels"] = changes.labels(
            *(each.set_index("id") for each in tests), answers[1], new.examples
        )
    votes = [version.votes() for version in (old, new)]
    if _there(*votes):
        found["people"] = changes.people(*votes)
    return found


def _model(
    old: Version, new: Version, metrics: Sequence[str], params: parameters.Evaluate, *, why: bool
) -> dict:
    """Each metric of both models with a verdict; without their predictions, the metrics that git holds."""
    tables = [version.csv(paths.CLASS_METRICS, ["label"]) for version in (old, new)]
    if _there(*tables):
        odd = set(tables[0]["label"]) ^ set(tables[1]["label"])
        if odd:
            raise InputError(
                f"{old.name} and {new.name} have other classes: only one has {min(odd)!r}; none is better"
            )
    columns = ["id", "answer", "predicted", "confidence", "loss"]
    predictions = [version.csv(paths.PREDICTIONS, columns) for version in (old, new)]
    if not _there(*predictions):
        recorded = [version.json(paths.EVALUATE_METRICS) for version in (old, new)]
        names = [name for name in metrics if all(name in each for each in recorded)]
        ends = ("", "_low", "_high")
        return {
            "recorded": {
                name: [[each[f"{name}{end}"] for end in ends] for each in recorded]
                for name in names
            }
        }
    both = predictions[0].merge(predictions[1], on="id", suffixes=("_a", "_b"))
    if both.empty:
        raise InputError(
            f"{old.name} and {new.name} have no test example in common to compare them on"
        )
    found = {
        "test_examples": len(both),
        "answers_changed": int((both["answer_a"] != both["answer_b"]).sum()),
    }

    learned = [each for each in (old.learned, new.learned) if each is not None]
    known = sorted(set().union(*(each["label"].unique() for each in learned)))
    classes = known + sorted(
        {*np.unique(both[["answer_b", "predicted_a", "predicted_b"]])} - set(known)
    )
    said = [_said(both, end, classes, params.reliability_bins) for end in ("_a", "_b")]
    penalty = new.json(paths.CLEAN_METRICS).get("penalty", 1.0)
    about = {"answer": said[1].answer, "n_classes": len(known), "penalty": penalty}
    chance = _chance(old, new, both["id"], known, about) if len(learned) == 2 else {}
    judged = verdict.judge(*said, chance, metrics=metrics, confidence=params.confidence)
    found["metrics"] = {each.metric: asdict(each) for each in judged}
    found["chance_in_training"] = chance or None
    alone = _shares(old, new, both["id"], known, about) if why and chance else {}
    if "nothing" in alone:
        base = alone.pop("nothing")[1]
        for name, (n, head) in alone.items():
            judged = verdict.judge(
                base, head, chance, metrics=["accuracy"], confidence=params.confidence
            )
            found.setdefault("why", {})[name] = {"examples": n, **asdict(judged[0])}
    return found


def _said(both: pd.DataFrame, end: str, classes: list[str], bins: int) -> Predictions:
    """What one of two versions said, against the answers of B; the loss for another answer is known in part."""
    answer, own, predicted = both["answer_b"], both[f"answer{end}"], both[f"predicted{end}"]
    confidence = both[f"confidence{end}"].astype(float)
    of_predicted = -np.log(np.maximum(confidence, SMALLEST))
    loss = (
        both[f"loss{end}"]
        .astype(float)
        .where(own == answer, of_predicted.where(predicted == answer))
    )
    codes = [pd.Categorical(column, classes).codes.astype(int) for column in (answer, predicted)]
    return Predictions(*codes, confidence.to_numpy(), loss.to_numpy(), bins)


def _chance(
    old: Version, new: Version, tests: pd.Series, classes: list[str], about: dict
) -> dict[str, float]:
    """How much chance in training moves test examples together; {} where embeddings are missing."""
    learned, asked, validation = [], [], 0
    for version in (old, new):
        examples, labels = version.examples, version.learned
        some = labels.sample(min(training_variance.ROWS, len(labels)), random_state=0)
        if (
            examples is None
            or (features := version.features(examples.loc[[*some.index, *tests]])) is None
        ):
            return {}
        codes = pd.Categorical(some["label"], classes).codes.astype(int)
        learned.append(training_variance.Learned(features[: len(some)], codes, len(labels)))
        asked.append(features[len(some) :])
        validation = int((examples.loc[labels.index, "split"] == "validation").sum())
    return training_variance.chance(*learned, asked, validation=validation, **about)


def _shares(old: Version, new: Version, tests: pd.Series, classes: list[str], about: dict) -> dict:
    """What each kind of change does to the head alone, on B's embeddings, and on A's of what B does not hold."""
    both = {"left_index": True, "right_index": True, "how": "outer", "suffixes": ("_a", "_b")}
    every = old.learned[["label"]].merge(new.learned[["label"]], **both)
    held = every.index.isin(new.examples.index)
    encoders = [version.read(paths.ENCODER) for version in (old, new)]
    same_encoder = _there(*encoders) and encoders[0] == encoders[1]
    features = new.features(new.examples.loc[every.index[held]])
    if same_encoder and not held.all():
        features = np.concatenate([features, old.features(old.examples.loc[every.index[~held]])])
        every = pd.concat([every[held], every[~held]])
    else:
        every = every[held]
    before, after = (
        pd.Categorical(every[name], classes).codes.astype(int) for name in ("label_a", "label_b")
    )
    return training_variance.shares(
        features, before, after, new.features(new.examples.loc[tests]), **about
    )


def _there(*tables: object) -> bool:
    return all(table is not None for table in tables)


def _folders(paths: Sequence[str]) -> list[str]:
    """Two levels of each path: a batch's own files are not listed one by one."""
    return sorted({"/".join(path.split("/")[:2]) for path in paths})
