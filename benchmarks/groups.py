"""Why split by group: FSDD's spoken digits, grouped by speaker.

python -m benchmarks.groups

Some speakers are held out of everything. The others are split by the hash of the content, or by the
hash of the speaker, with the functions of `collect`. The share of the test split is chosen so that
one speaker is in it, or the same number of examples. A linear head learns from the training
examples, from statistics of MFCC. Its score on the test split is compared with its score on the
speakers held out. Then, for all speakers: the accuracy of the closed-form head of `clean`, leaving
out one example or one speaker.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import t

from assay.collecting import splits
from assay.contract import identity
from assay.contract.sections import Collect
from assay.layouts.raw_batch import Example, RawBatch
from assay.measures import leave_group_out, leave_one_out
from assay.training import linear_head
from benchmarks.modalities import mfcc, sounds
from benchmarks.workspace import machine, row

PATTERN = "[^_]+_([^_]+)_"  # of file names such as 0_jackson_3.wav
CLASSES = 10


def split(frame: pd.DataFrame, group: str | None, test: float) -> np.ndarray:
    """The split of each recording, as `collect` chooses it."""
    examples = [Example(name, name) for name in frame["file_name"]]
    raw, ids = RawBatch("audio", examples, [], set()), frame["id"].tolist()
    params = Collect.model_construct(split_by="hash", test=test, validation=0.0)
    return np.array(splits.choose(raw, ids, splits.groups_of(raw, ids, group), params))


def one_in_test(speakers: Sequence[str]) -> float:
    """A share of the test split by which one of the speakers falls into it."""
    places = sorted(int(identity.hash_of_name(name)[:13], 16) / 16**13 for name in speakers)
    return (places[0] + places[1]) / 2


def scores(features: np.ndarray, frame: pd.DataFrame, learned: np.ndarray) -> np.ndarray:
    """Whether each recording is predicted rightly by a head that learned from some, (n,) bool."""
    labels = frame["code"].to_numpy()
    rows = (features - features[learned].mean(axis=0)) / features[learned].std(axis=0)
    head = linear_head.fit(rows[learned], labels[learned], np.ones(learned.sum()), CLASSES)
    return head.logits(rows).argmax(axis=1) == labels


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of a score over speakers, and the 95 % interval of Student's t."""
    mean, error = np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))
    reach = t.ppf(0.975, len(values) - 1) * error
    return float(mean), float(max(mean - reach, 0)), float(min(mean + reach, 1))


def hold_out(features: np.ndarray, frame: pd.DataFrame, count: int) -> None:
    """Hold out every choice of `count` speakers; print a row for each, and the means."""
    speakers = sorted(frame["speaker"].unique())
    on_test: dict[str | None, list[float]] = {None: [], PATTERN: []}
    unseen: dict[str, list[float]] = {name: [] for name in speakers}
    for names in combinations(speakers, count):
        away = frame["speaker"].isin(names).to_numpy()
        others = sorted(set(speakers) - set(names))
        cells = []
        for group, share in ((None, 1 / len(others)), (PATTERN, one_in_test(others))):
            sides = np.full(len(frame), "away", dtype=object)
            sides[~away] = split(frame[~away], group, share)
            right = scores(features, frame, sides == "train")
            on_test[group].append(right[sides == "test"].mean())
            cells += [f"{on_test[group][-1]:.3f}", f"{right[away].mean():.3f}"]
        for name in names:  # with the head that learned from whole speakers
            unseen[name].append(right[(frame["speaker"] == name).to_numpy()].mean())
        row(", ".join(names), *cells)
    mean, low, high = interval([float(np.mean(values)) for values in unseen.values()])
    plain, by_group = (f"**{np.mean(values):.3f}**" for values in on_test.values())
    row("mean", plain, "", by_group, f"**{mean:.3f}** ({low:.3f} to {high:.3f})")


def leave_out(features: np.ndarray, frame: pd.DataFrame) -> None:
    """Print the accuracy of the closed form without one example, and without one speaker."""
    labels, groups = frame["code"].to_numpy(), pd.factorize(frame["speaker"])[0]
    one = leave_one_out.fit([features], labels, CLASSES)
    of_group = leave_group_out.fit([features], labels, groups, CLASSES)
    row("closed form, all speakers", "accuracy", "penalty")
    row(*["---"] * 3)
    for name, model in (("one example left out", one), ("one speaker left out", of_group)):
        accuracy = float((model.scores.argmax(axis=1) == labels).mean())
        row(name, f"{accuracy:.3f}", model.penalty)


def main() -> None:
    print(f"# {machine()}\n")
    frame = sounds()
    names = frame["file_name"].map(identity.hash_of_name)  # stands for a hash of the content
    frame = frame.assign(code=frame["label"].astype(int), id=names)
    features = mfcc(frame)
    header = ("split by content: test", "held out", "split by speaker: test", "held out")
    row("speakers held out", *header)
    row(*["---"] * 5)
    for count in (1, 2):
        hold_out(features, frame, count)
    print()
    leave_out((features - features.mean(axis=0)) / features.std(axis=0), frame)


if __name__ == "__main__":
    main()
