"""Label errors in MNIST's test set that people confirmed (Northcutt, Athalye and Mueller 2021),
among our 100 worst.

Five people each re-judged 100 test labels; an error counts as confirmed where fewer than three of
them stay with the given class. No test label is learned from; they are judged by what the 60,000
training images say.
"""

import csv
import sys

import pyarrow.parquet as pq

from benchmarks.mnist import prepare
from benchmarks.workspace import SHARED, clone, machine, row, set_parameters, timed

WORST, MAJORITY = 100, 3


def confirmed() -> set[str]:
    """The keys of the confirmed errors."""
    with (SHARED / "mnist" / "t10k-label-review.csv").open(newline="") as file:
        return {
            f"t10k/{int(each['test_index'])}"
            for each in csv.DictReader(file)
            if int(each["votes_given"]) < MAJORITY
        }


def main() -> None:
    print(f"# {machine()}\n")
    row("folds", "confirmed errors", f"among our {WORST} worst of 10,000", "seconds")
    row(*["---"] * 4)
    known = confirmed()
    with clone() as folder:
        prepare(folder, portable=False)
        for folds in (0, 4) if "thorough" in sys.argv else (0,):
            set_parameters(folder, clean__folds=folds)
            seconds, _ = timed([sys.executable, "-m", "dvc", "repro", "clean"], folder)
            judged = (
                pq.read_table(folder / "data/cleaned/quality.parquet").to_pandas().set_index("id")
            )
            columns = ["id", "key", "split"]
            examples = pq.read_table(
                folder / "data/collected/mnist/examples.parquet", columns=columns
            ).to_pandas()
            test = examples[examples["split"] == "test"].set_index("id").join(judged["quality"])
            worst = test.sort_values("quality", kind="stable").head(WORST)["key"]
            row(folds, len(known), len(known & set(worst)), seconds)


if __name__ == "__main__":
    main()
