"""Wide and long tables: what the stages up to `clean` cost, and how often `clean` is right.

python -m benchmarks.wide_tables [all] [sensors|genes|long ...]

The tables are 20,000 x 1,000 sensors, 100 x 20,000 genes, and 1,000,000 x 20 numbers and
categories. 8 % of the labels are wrong. On test rows, the accuracy of `clean` and of a closed-form
head is compared with that of scikit-learn's gradient boosting, or for genes of a linear support
vector machine. All learn from the same wrong labels. There are few rows of genes, so for them
everything is compared out of sample, with five folds.

With `all`, the stages after `clean` run too, to measure their seconds and memory.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from assay.catalogue import catalogue
from assay.contract import csv_files, files, parquet_files, paths
from assay.measures import leave_one_out
from benchmarks.workspace import ROOT, code_only, machine, row, set_parameters, timed

WRONG = 0.08
Columns = dict[str, np.ndarray]


def sensors(rng: np.random.Generator) -> tuple[Columns, np.ndarray]:
    """40 sources move 15 sensors each; 400 sensors are noise; half of the sources bend."""
    n, sources = 20_000, rng.normal(size=(20_000, 40)).astype(np.float32)
    mixing = np.repeat(np.eye(40, dtype=np.float32), 15, axis=1)
    mixing *= rng.uniform(0.5, 1.5, mixing.shape[1]).astype(np.float32)
    values = np.empty((n, 1000), np.float32)
    values[:, :600] = sources @ mixing + rng.normal(size=(n, 600))
    values[:, 600:] = rng.normal(size=(n, 400))
    bent = np.concatenate([sources[:, :20], sources[:, 20:30] ** 2 - 1, np.abs(sources[:, 30:])], 1)
    scores = bent @ rng.normal(size=(40, 5)) + rng.gumbel(size=(n, 5)) / 2
    names = rng.permutation(1000)
    return {f"sensor {name}": column for name, column in zip(names, values.T, strict=True)}, scores


def genes(rng: np.random.Generator) -> tuple[Columns, np.ndarray]:
    """20,000 counts as logarithms, of which 200 differ between the three classes."""
    labels = rng.permutation(np.arange(100) % 3)
    values = rng.normal(size=(100, 20_000)) + rng.normal(size=20_000) * 2 + 6
    shifts = np.zeros((3, 20_000))
    shifts[:, rng.choice(20_000, 200, replace=False)] = rng.normal(size=(3, 200)) * 1.5
    values += shifts[labels]
    columns = {f"gene {name}": column.round(3) for name, column in enumerate(values.T)}
    return columns, np.eye(3)[labels]


def long(rng: np.random.Generator) -> tuple[Columns, np.ndarray]:
    """12 numbers, some of them bent or skewed, and 8 categories."""
    n = 1_000_000
    numbers = rng.normal(size=(n, 12))
    levels = (2, 3, 5, 8, 12, 20, 40, 60)
    codes = [rng.integers(count, size=n) for count in levels]
    scores = numbers[:, :6] @ rng.normal(size=(6, 4)) + rng.gumbel(size=(n, 4))
    scores += np.sin(2 * numbers[:, 6:9]) @ rng.normal(size=(3, 4)) * 1.5
    for count, code in zip(levels[:6], codes, strict=False):
        scores += rng.normal(size=(count, 4))[code]
    numbers[:, 3:6] = np.exp(numbers[:, 3:6])
    columns = {f"number {index}": column.round(4) for index, column in enumerate(numbers.T)}
    for index, code in enumerate(codes):
        columns[f"category {index}"] = np.char.add("c", code.astype(str)).astype(object)
    return columns, scores


TABLES = {"sensors": sensors, "genes": genes, "long": long}


def write(name: str) -> None:
    """The raw batch `wide` in the current folder, and the truth beside it."""
    rng = np.random.default_rng(0)
    columns, scores = TABLES[name](rng)
    n, n_classes = scores.shape
    truth = scores.argmax(axis=1)
    wrong = rng.random(n) < WRONG
    given = np.where(wrong, (truth + rng.integers(1, n_classes, n)) % n_classes, truth)
    np.save("truth.npy", truth)
    np.save("given.npy", given)
    cells = {column: pa.array(values) for column, values in columns.items()}
    labels = pa.array(np.char.add("class ", given.astype(str)))
    folder = paths.RAW / "wide"
    folder.mkdir(parents=True)
    parquet_files.write_parquet(folder / "examples.parquet", pa.table({"label": labels, **cells}))


def score() -> None:
    """Write the accuracies of clean, of the head, and of the other library."""
    truth, given = np.load("truth.npy"), np.load("given.npy")
    examples = catalogue.read()
    numbers = examples["key"].astype(int).to_numpy()
    truth, given = truth[numbers], given[numbers]
    pred_probs, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
    kept = csv_files.read_csv(paths.CLEANED_LABELS).to_pandas().set_index("id")["label"]
    test = (examples["split"] == "test").to_numpy()
    learned = examples[~test & examples["id"].isin(kept.index)]
    codes = kept[learned["id"]].map({name: code for code, name in enumerate(classes)}).to_numpy()
    penalty = files.read_json(paths.CLEAN_MODEL)["penalty"]
    features = catalogue.features(learned)
    coef, intercept = leave_one_out.solve(features, codes, len(classes), penalty)
    rows = np.concatenate([part[:] for part in catalogue.features(examples[test])])
    head = ((rows @ coef + intercept).argmax(axis=1) == truth[test]).mean()
    table = parquet_files.read_parquet(paths.RAW / "wide" / "examples.parquet")
    table = table.drop_columns(["label"]).take(numbers)
    if len(examples) < 1000:
        values = np.stack([column.to_numpy() for column in table.columns], axis=1)
        model = make_pipeline(StandardScaler(), LinearSVC(dual=True))
        other = (cross_val_predict(model, values[~test], given[~test]) == truth[~test]).mean()
        side = ~test
    else:
        frame = table.to_pandas()
        texts = frame.select_dtypes(exclude="number").columns
        frame[texts] = frame[texts].astype("category")
        model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
        other = (model.fit(frame[~test], given[~test]).predict(frame[test]) == truth[test]).mean()
        side = test
    cleaned = (pred_probs[side].argmax(axis=1) == truth[side]).mean()
    Path("score.txt").write_text(f"{cleaned:.4f} {head:.4f} {other:.4f}")


def main(names: list[str]) -> None:
    print(f"# {machine()}\n")
    stages = ("collect@wide", "sample@wide", "pretrain", "embed@wide", "clean")
    row("table", *stages, "GiB before clean", "GiB of clean", "clean, head, other: right")
    row(*["---"] * 9)
    later = ("annotate", "train", "evaluate", "queue", "deploy") if "all" in names else ()
    script = "from benchmarks.wide_tables import {0}; {0}({1})"
    for name in [name for name in names if name != "all"] or TABLES:
        with code_only() as folder:
            set_parameters(folder, batches=["wide"], pretrain__batches=["wide"], portable=False)

            def python(*arguments: str, stage: str = "", folder: Path = folder) -> tuple:
                return timed(
                    [sys.executable, *arguments], folder, PYTHONPATH=str(ROOT), DVC_STAGE=stage
                )

            python("-c", script.format("write", repr(name)))
            taken = [python("-m", f"stages.{stage.split('@')[0]}", stage=stage) for stage in stages]
            seconds, memory = zip(*taken, strict=True)
            python("-c", script.format("score", ""))
            right = (folder / "score.txt").read_text()
            row(name, *seconds, max(memory[:-1]), memory[-1], right)
            for stage in later:
                took, most = python("-m", f"stages.{stage}", stage=stage)
                row(f"{name}, {stage}", f"{took:.3g} s", f"{most:.3g} GiB", *["-"] * 6)


if __name__ == "__main__":
    main(sys.argv[1:])
