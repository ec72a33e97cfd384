"""Wrong labels planted in tables: how many `clean` finds, with and without its tree classifier.

python -m benchmarks.planted_tables [seed ...]   (without: 3 and 4)

8 % of the labels are changed to another class at random. Two tables come with scikit-learn: breast
cancer, and the pixels of digits as columns. Three are made up. `orders` has categories, dates and
gaps, and columns that change the meaning of others. `clusters` has several clusters per class, some
columns cut into categories, a date, and gaps. In `rules`, nested rules give the class. Methods were
chosen on seeds 0 to 2. A row is a mean over seeds. Seconds are CPU time of only the predictions.
"""

import sys
import time
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.metrics import average_precision_score, precision_recall_curve

from assay.catalogue import catalogue
from assay.cleaning import annotators, boosted_trees, out_of_sample, tied_labels
from assay.contract import files, parameters, paths
from benchmarks.workspace import ROOT, code_only, machine, row, set_parameters, timed
from stages import clean

WRONG, PRECISION = 0.08, 0.9
STAGES = ("collect@planted", "sample@planted", "pretrain", "embed@planted")
Table = tuple[pd.DataFrame, np.ndarray]


def cancer(_rng: np.random.Generator) -> Table:
    """569 rows of 30 numbers, 2 classes."""
    return datasets.load_breast_cancer(return_X_y=True, as_frame=True)


def digits(_rng: np.random.Generator) -> Table:
    """1,797 rows of 64 numbers, 10 classes."""
    return datasets.load_digits(return_X_y=True, as_frame=True)


def orders(rng: np.random.Generator) -> Table:
    """3,000 rows: 4 numbers, 3 categories and 2 dates with gaps, 3 classes."""
    n = 6000  # of which the half nearest to the border of two classes is left out
    plan, region, channel = (rng.integers(count, size=n) for count in (4, 6, 3))
    amount, visits, age, delay = rng.lognormal(3, 1, n), rng.poisson(6, n), rng.uniform(18, 80, n), rng.normal(size=n)  # fmt: skip
    since, last = rng.integers(0, 3650, n), rng.integers(0, 730, n)
    wealth, years, steady = np.log(amount) - 3, (since - 1825) / 1000, (visits - 6) / 2.5
    score = (
        np.outer(wealth, [1, 0, -1]) + np.outer(years, [-1, 1, 0]) + np.outer(steady, [0, -1, 1])
    )
    score += rng.normal(size=(4, 3))[plan] + rng.normal(size=(6, 3))[region]
    score += np.outer(np.where(plan % 2, wealth, -wealth), [1, -1, 0])  # a column turns another
    score += np.outer(np.where(channel == 0, years, -years), [0, 1, -1])
    score += np.outer(np.where(last > 365, 1, -1) * (age - 49) / 18, [-1, 0, 1])
    second, first = np.sort(score, axis=1).T[1:]
    clear = np.argsort(second - first, kind="stable")[: n // 2]
    day = np.datetime64("2015-01-01")
    frame = pd.DataFrame({
        "plan": np.array(["basic", "plus", "team", "trial"], object)[plan],
        "region": np.array(["north", "east", "south", "west", "sea", "hills"], object)[region],
        "channel": np.array(["shop", "web", "phone"], object)[channel],
        "amount": amount.round(2), "visits": visits.astype(float), "age": age.round(),
        "delay": delay.round(2), "since": (day + since).astype(str).astype(object),
        "last seen": (day + 3650 + last).astype(str).astype(object),
    })  # fmt: skip
    frame = frame.iloc[np.sort(clear)].reset_index(drop=True)
    return gaps(frame, rng), score.argmax(axis=1)[np.sort(clear)]


def clusters(rng: np.random.Generator) -> Table:
    """3,000 rows: 16 numbers, 3 categories and a date with gaps, 3 classes of 3 clusters each."""
    values, labels = datasets.make_classification(
        3000, 20, n_informative=8, n_redundant=6, n_classes=3, n_clusters_per_class=3, flip_y=0,
        class_sep=2, random_state=int(rng.integers(2**31)),
    )  # fmt: skip
    frame = pd.DataFrame(values.round(3)).add_prefix("number ")
    for column in ("number 0", "number 5", "number 10"):
        frame[column] = pd.qcut(frame[column], 6, labels=list("ABCDEF")).astype(object)
    days = (frame["number 3"] * 100).round().to_numpy().astype("timedelta64[D]")
    frame["number 3"] = (np.datetime64("2020-01-01") + days).astype(str).astype(object)
    return gaps(frame, rng), labels


def rules(rng: np.random.Generator) -> Table:
    """3,000 rows: 6 numbers, 3 categories with gaps; 24 nested rules give one of 3 classes."""
    n = 3000
    numbers, codes = rng.normal(size=(n, 6)), rng.integers(4, size=(n, 3))
    place = np.zeros(n, int)
    for leaf in range(1, 24):  # one more rule splits the leaf with the most rows
        largest = np.bincount(place).argmax()
        rows = np.flatnonzero(place == largest)
        column = rng.integers(9)
        side = codes[:, column - 6] < 2 if column > 5 else numbers[:, column] < np.median(numbers[rows, column])  # fmt: skip
        place[rows[side[rows]]] = leaf
    frame = pd.DataFrame(numbers.round(3)).add_prefix("number ")
    for column, code in enumerate(codes.T):
        frame[f"category {column}"] = np.array(["low", "mid", "high", "top"], object)[code]
    return gaps(frame, rng), rng.permutation(np.arange(24) % 3)[place]


def gaps(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The table without 6 % of its cells."""
    return frame.mask(rng.random(frame.shape) < 0.06)


TABLES = {
    "cancer": cancer,
    "digits": digits,
    "orders": orders,
    "clusters": clusters,
    "rules": rules,
}


def prepare(folder: Path, name: str, seed: int) -> pd.Series:
    """Write a batch with wrong labels, run the stages before `clean`, and return the truth by key."""
    rng = np.random.default_rng(seed)
    frame, labels = TABLES[name](rng)
    truth = np.asarray(labels).astype(int)
    n_classes = truth.max() + 1
    other = (truth + rng.integers(1, n_classes, len(truth))) % n_classes
    given = np.where(rng.random(len(truth)) < WRONG, other, truth)
    raw = folder / paths.RAW / "planted"
    raw.mkdir(parents=True)
    named = [f"class {label}" for label in given]
    frame.assign(label=named).to_csv(raw / "examples.csv", index=False)
    set_parameters(folder, batches=["planted"], pretrain__batches=["planted"])
    for stage in STAGES:
        module = f"stages.{stage.split('@')[0]}"
        timed([sys.executable, "-m", module], folder, PYTHONPATH=str(ROOT), DVC_STAGE=stage)
    return pd.Series([f"class {label}" for label in truth], map(str, range(len(truth))))


def judge(truth: pd.Series) -> list[float]:
    """Judge the labels in the current folder by the voices there are.

    Returns
    -------
    list of float
        Precision and recall of the issues; recall at a precision of 0.9, by quality; average
        precision; seconds of CPU.
    """
    files.write_json(paths.LISTED, {"batches": ["planted"]})
    examples = catalogue.read()
    votes, _, classes = clean.encode(catalogue.votes(examples), len(examples))
    held_out = (examples["split"] == "test").to_numpy()
    labels = tied_labels.consensus(votes, examples, classes)
    learned, params = labels.loc[~labels["held_out"], "given"], parameters.load()
    start = time.process_time()
    predicted = out_of_sample.predict(examples, learned, votes, params)
    seconds = time.process_time() - start
    consensus = annotators.consensus(votes, held_out, predicted.pred_probs, predicted.confusion)
    posterior = consensus.probabilities
    judged = clean.judge(labels, votes, predicted.pred_probs, posterior, params.clean)
    judged = judged[~judged["held_out"]]
    true = np.searchsorted(classes, truth[examples["key"][judged.index]])
    wrong = true != judged["given"].to_numpy()
    right = (judged["is_issue"] & wrong).sum()
    precision, recall, _ = precision_recall_curve(wrong, -judged["quality"])
    return [
        right / judged["is_issue"].sum(),
        right / wrong.sum(),
        recall[precision >= PRECISION].max(),
        average_precision_score(wrong, -judged["quality"]),
        seconds,
    ]


def main(seeds: list[int]) -> None:
    print(f"# {machine()}, seeds {seeds}\n")
    row("table", "voices", "precision", "recall", "recall at 0.9", "AP", "seconds")
    row(*["---"] * 7)
    of_table, trees = out_of_sample._of_table, boosted_trees.log_probabilities
    voices = {
        "before": {"of_table": lambda *_: [], "trees": trees},
        "and products": {"of_table": of_table, "trees": lambda *_: None},
        "and trees, as it is now": {"of_table": of_table, "trees": trees},
    }
    for name in TABLES:
        judged: dict[str, list] = {}
        for seed in seeds:
            with code_only() as folder:
                truth = prepare(folder, name, seed)
                with chdir(folder):
                    for heard, some in voices.items():
                        out_of_sample._of_table = some["of_table"]
                        boosted_trees.log_probabilities = some["trees"]
                        judged.setdefault(heard, []).append(judge(truth))
        for heard, rows in judged.items():
            row(name, heard, *(f"{value:.3f}" for value in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [3, 4])
