"""Label errors in MNIST's test set that people confirmed (Northcutt, Athalye and Mueller 2021): how
many are among our 100 worst labels?

python -m benchmarks.test_errors

Five people each judged 100 test labels again. An error is confirmed if fewer than three of them
keep the given class. The pipeline learns from no test label. `clean` judges test labels by the
60,000 training images, and `evaluate` also by the released model.
"""

import csv
import sys

import pandas as pd
import pyarrow.parquet as pq

from benchmarks.mnist import prepare
from benchmarks.workspace import SHARED, clone, machine, row, timed

WORST, MAJORITY = 100, 3


def confirmed() -> set[str]:
    """The keys of the confirmed errors."""
    with (SHARED / "mnist" / "t10k-label-review.csv").open(newline="") as file:
        return {
            f"t10k/{int(each['test_index'])}"
            for each in csv.DictReader(file)
            if int(each["votes_given"]) < MAJORITY
        }


def worst(table: pd.DataFrame) -> set[str]:
    """The keys of the test labels that are worst."""
    test = table[table["split"] == "test"]
    return set(test.sort_values("quality", kind="stable").head(WORST)["key"])


def main() -> None:
    print(f"# {machine()}\n")
    row("judged by", "confirmed errors", f"among our {WORST} worst of 10,000", "seconds")
    row(*["---"] * 4)
    known = confirmed()
    with clone() as folder:
        prepare(folder, portable=False)
        seconds, _ = timed([sys.executable, "-m", "dvc", "repro", "evaluate"], folder)
        judged = pq.read_table(folder / "data/cleaned/quality.parquet").to_pandas()
        columns = ["id", "key", "split"]
        path = folder / "data/collected/mnist/examples.parquet"
        examples = pq.read_table(path, columns=columns).to_pandas()
        by_clean = worst(examples.merge(judged[["id", "quality"]], on="id"))
        row("clean", len(known), len(known & by_clean), "")
        by_both = worst(pd.read_csv(folder / "data/evaluated/doubts.csv", dtype={"key": str}))
        row("clean and the released model", len(known), len(known & by_both), seconds)
        predicted = pd.read_csv(folder / "plots/predictions.csv")
        losses = examples.merge(predicted[["id", "loss"]], on="id")
        by_loss = worst(losses.assign(quality=-losses["loss"]))
        row("the released model's loss", len(known), len(known & by_loss), "")
        print((folder / "metrics/evaluate.json").read_text())


if __name__ == "__main__":
    main()
