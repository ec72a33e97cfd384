"""Wrong labels planted in many kinds of tables: what `clean` finds in each, and what it spoils.

python -m benchmarks.many_tables [SEED]   (without: 0; 2 to 3 minutes)

The number in a name is the percentage of wrong labels. They are at random in any other class,
unless the name says: `flip` (from class 0 to class 1), `pairs` (each class into the next one), or
`region` (only where one column is large). The columns say little about the class in `weak`,
`churn`, `diabetes`, and half of `half easy`. All counts are of labels outside the test split.
"""

import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn import datasets

from assay.contract import files, paths
from benchmarks.workspace import clone, machine, row, set_parameters, timed

BATCH = "planted"
STAGES = f"""
import os
from stages import clean, collect, embed, pretrain, sample
for stage in (collect, sample, pretrain, embed, clean):
    os.environ["DVC_STAGE"] = stage.__name__.removeprefix("stages.") + "@{BATCH}"
    stage.main()
"""
Rng = np.random.Generator
Table = tuple[pd.DataFrame, np.ndarray]  # columns; the true class of each row
Make = Callable[[Rng], Table]
Noise = Callable[[Rng, pd.DataFrame, np.ndarray, float], np.ndarray]


def named(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(values).round(4)).add_prefix("f")


def from_sklearn(load: Callable) -> Make:
    return lambda _rng: load(return_X_y=True, as_frame=True)


def corners(
    n: int, n_columns: int, n_classes: int, apart: float = 1.0, shares: tuple[float, ...] = ()
) -> Make:
    """A cluster for each class, at a corner of a cube; `apart` is half the length of an edge."""

    def make(rng: Rng) -> Table:
        values, truth = datasets.make_classification(
            n, n_columns, n_classes=n_classes, n_informative=min(n_columns, max(4, n_classes)),
            n_redundant=0, n_clusters_per_class=1, flip_y=0, class_sep=apart,
            weights=list(shares) or None, random_state=int(rng.integers(2**31)),
        )  # fmt: skip
        return named(values), truth

    return make


def weak(n: int, n_classes: int) -> Make:
    """The truth is drawn by probabilities that five columns change a little."""

    def make(rng: Rng) -> Table:
        values = rng.normal(size=(n, 10))
        score = values[:, :5] @ rng.normal(size=(5, n_classes)) * 0.35
        return named(values), (score + rng.gumbel(size=(n, n_classes))).argmax(axis=1)

    return make


def churn(rng: Rng, n: int = 2000) -> Table:
    """Who leaves: a rare class that is hard to predict."""
    spend, plan, months = rng.lognormal(3, 1, n), rng.integers(3, size=n), rng.integers(1, 70, n)
    score = -2.5 + 0.8 * (plan == 0) - 0.04 * months + 0.5 * (np.log(spend) - 3)
    leaves = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    plans = np.array(["basic", "plus", "pro"], object)[plan]
    phone = rng.choice(["yes", "no"], n)
    columns = {"plan": plans, "tenure": months, "spend": spend.round(2), "phone": phone}
    return pd.DataFrame(columns), leaves


def diabetes(rng: Rng) -> Table:
    """A measurement cut into three classes of one size."""
    frame, progress = from_sklearn(datasets.load_diabetes)(rng)
    return frame, pd.qcut(progress, 3, labels=False)


def half_easy(rng: Rng, n: int = 1500) -> Table:
    """The columns give the class away in 60 % of the rows, and say nothing in the others."""
    truth, easy = rng.integers(3, size=n), rng.random(n) < 0.6
    values = rng.normal(size=(n, 6))
    values[:, :3] += 4 * easy[:, None] * np.eye(3)[truth]
    return named(values), truth


def unrelated(rng: Rng, n: int = 1000) -> Table:
    return named(rng.normal(size=(n, 8))), rng.integers(3, size=n)


def codes(rng: Rng, n: int = 1000) -> Table:
    """The first two letters of a code give the class; the rest of it is different in each row."""
    letters = np.array(["AB", "CD", "EF", "GH", "KX", "ZZ"])
    group, numbers = rng.integers(6, size=n), rng.integers(0, 10000, n)
    code = [f"{letters[a]}-{b:04d}" for a, b in zip(group, numbers, strict=True)]
    weight, price = (rng.normal(size=n) + group % 3).round(3), rng.lognormal(2, 0.5, n).round(2)
    return pd.DataFrame({"sku": code, "weight": weight, "price": price}), group % 3


def wide(n: int, n_columns: int, n_classes: int, apart: float, useful: int) -> Make:
    """Only the first columns, as many as `useful`, differ by class."""

    def make(rng: Rng) -> Table:
        truth = rng.integers(n_classes, size=n)
        values = rng.normal(size=(n, n_columns))
        values[:, :useful] += (rng.normal(size=(n_classes, useful)) * apart)[truth]
        return named(values.round(3)), truth

    return make


def anywhere(rng: Rng, _frame: pd.DataFrame, truth: np.ndarray, rate: float) -> np.ndarray:
    n_classes = truth.max() + 1
    chosen = rng.random(len(truth)) < rate
    return np.where(chosen, (truth + rng.integers(1, n_classes, len(truth))) % n_classes, truth)


def flip(rng: Rng, _frame: pd.DataFrame, truth: np.ndarray, rate: float) -> np.ndarray:
    of_class = min(0.45, rate / (truth == 0).mean())
    return np.where((truth == 0) & (rng.random(len(truth)) < of_class), 1, truth)


def pairs(rng: Rng, _frame: pd.DataFrame, truth: np.ndarray, rate: float) -> np.ndarray:
    return np.where(rng.random(len(truth)) < rate, (truth + 1) % (truth.max() + 1), truth)


def region(column: str) -> Noise:
    """All wrong labels are in the quarter of the rows that has the largest values."""

    def noise(rng: Rng, frame: pd.DataFrame, truth: np.ndarray, rate: float) -> np.ndarray:
        inside = frame[column] > frame[column].quantile(0.75)
        return np.where(inside, anywhere(rng, frame, truth, 4 * rate), truth)

    return noise


class Planted(NamedTuple):
    make: Make
    rate: float = 0.08
    noise: Noise = anywhere


TABLES = {
    "ten clear classes 0": Planted(corners(1500, 12, 10, 3.0), 0),
    "ten clear classes 8": Planted(corners(1500, 12, 10, 3.0)),
    "five classes 8": Planted(corners(2000, 12, 5)),
    "two classes 20": Planted(corners(1000, 10, 2), 0.2),
    "two classes 35": Planted(corners(1000, 10, 2), 0.35),
    "iris 8": Planted(from_sklearn(datasets.load_iris)),
    "wine pairs 20": Planted(from_sklearn(datasets.load_wine), 0.2, pairs),
    "cancer 8": Planted(from_sklearn(datasets.load_breast_cancer)),
    "cancer flip 15": Planted(from_sklearn(datasets.load_breast_cancer), 0.15, flip),
    "digits pairs 20": Planted(from_sklearn(datasets.load_digits), 0.2, pairs),
    "region 8": Planted(corners(2000, 8, 3, 1.5), 0.08, region("f0")),
    "one in 50 is rare 2": Planted(corners(2000, 10, 2, 1.5, (0.98, 0.02)), 0.02),
    "five shares 8": Planted(corners(2000, 10, 5, 1.5, (0.75, 0.1, 0.08, 0.05, 0.02))),
    "wide, 300 rows 20": Planted(wide(300, 800, 4, 1.2, 30), 0.2),
    "wide, weak, 200 rows 0": Planted(wide(200, 500, 2, 0.5, 20), 0),
    "120 rows 0": Planted(corners(120, 6, 3), 0),
    "200 rows 8": Planted(corners(200, 6, 3)),
    "codes 8": Planted(codes),
    "half easy 8": Planted(half_easy),
    "unrelated 0": Planted(unrelated, 0),
    "diabetes 0": Planted(diabetes, 0),
    "churn 8": Planted(churn),
    "weak 0": Planted(weak(1500, 2), 0),
    "weak, three classes 0": Planted(weak(1500, 3), 0),
    "weak, three classes 8": Planted(weak(1500, 3)),
}


class Counts(NamedTuple):
    """Of labels outside the test split."""

    labels: int
    wrong: int
    doubted: int
    doubted_wrong: int
    replaced: int
    replaced_right: int  # labels that were right before
    wrong_after: int  # of those that are not left out


def clean(folder: Path, name: str, seed: int) -> tuple[Counts, float]:
    """Run the stages on a table; what `clean` did, and its estimate of the share of wrong labels."""
    subprocess.run(["git", "clean", "-xdffq"], cwd=folder, check=True)  # of the table before
    planted = TABLES[name]
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    frame, true = planted.make(rng)
    given = planted.noise(rng, frame, np.asarray(true), planted.rate)
    raw = folder / paths.RAW / BATCH
    raw.mkdir()
    table = frame.assign(label=[f"class {label}" for label in given])
    table.to_csv(raw / "examples.csv", index=False)
    timed([sys.executable, "-c", STAGES], folder)  # one process, since imports take longest

    judged = pd.read_parquet(folder / paths.QUALITY).set_index("id")
    examples = pd.read_parquet(folder / paths.examples(BATCH), columns=["id", "key", "split"])
    examples = examples[examples["split"] != "test"].set_index("id")
    judged = judged.join(examples, how="inner")
    truth = "class " + pd.Series(true).astype(str)[judged["key"].astype(int)].to_numpy()
    wrong, doubted = judged["given"] != truth, judged["is_issue"]
    replaced, left_out = judged["decision"] == "relabel", judged["decision"] == "drop"
    wrong_after = judged["suggested"].where(replaced, judged["given"]) != truth
    spoiled, left_wrong = replaced & ~wrong, wrong_after & ~left_out
    columns = (wrong, doubted, doubted & wrong, replaced, spoiled, left_wrong)
    counts = Counts(len(judged), *(int(column.sum()) for column in columns))
    return counts, files.read_json(folder / paths.CLEAN_METRICS)["estimated_label_noise"]


def show(name: str, counts: Counts, noise: str) -> None:
    doubted = f"{counts.doubted} ({counts.doubted_wrong})"
    replaced = f"{counts.replaced} ({counts.replaced_right})"
    row(name, counts.labels, counts.wrong, doubted, replaced, noise, counts.wrong_after)


def main(seed: int) -> None:
    print(f"# {machine()}, seed {seed}\n")
    row("table", "labels", "wrong", "doubted (wrong)", "replaced (right before)",
        "noise: estimated, true", "wrong after")  # fmt: skip
    row(*["---"] * 7)
    all_counts, errors = [], []
    with clone() as folder:
        set_parameters(folder, batches=[BATCH], pretrain__batches=[BATCH])
        for name in TABLES:
            counts, estimate = clean(folder, name, seed)
            noise = counts.wrong / counts.labels
            show(name, counts, f"{estimate:.3f}, {noise:.3f}")
            all_counts.append(counts)
            errors.append(abs(estimate - noise))
    everything, of_tables = np.ones(len(errors), bool), np.array(all_counts)
    for title, rows in (("all", everything), ("no wrong label", of_tables[:, 1] == 0)):
        total = Counts(*(int(count) for count in of_tables[rows].sum(axis=0)))
        show(f"{title}: {sum(rows)} tables", total, f"off by {np.array(errors)[rows].mean():.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
