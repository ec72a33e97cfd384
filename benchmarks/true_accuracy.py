"""The accuracy against true labels, estimated from wrong test labels and a few answers: how large
is the error of the estimate?

python -m benchmarks.true_accuracy [NAME]...

There are five data sets with wrong labels. In scans (MNIST), texts (20 intents of banking77),
sounds (FSDD) and a made-up table, 8 % are planted; CIFAR-10N has those of real people. The pipeline
runs once on each. Then test labels are drawn again: other wrong labels are planted, or for
CIFAR-10N another 70 % of the test examples are taken. The first checks are answered with the true
labels. The interval is for these test examples, so it covers only the uncertainty of their labels.
"""

import io
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from scipy.stats import norm

from assay.catalogue import catalogue, payloads
from assay.contract import class_names, files, parquet_files, paths
from assay.contract.inference import Model
from assay.evaluation import held_out_labels, true_accuracy
from assay.layouts import raw_folder
from benchmarks.workspace import SHARED, clone, machine, row, set_parameters, timed

WRONG, IMAGES, INTENTS, ROWS = 0.08, 6000, 20, 4000
DRAWS, ANSWERS, CONFIDENCE = 20, (0, 30, 60, 120), 0.9


def planted(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The labels, some of them changed to another class."""
    classes, codes = np.unique(labels.astype(str), return_inverse=True)
    wrong = rng.random(len(codes)) < WRONG
    moved = codes + wrong * rng.integers(1, len(classes), len(codes))
    return classes[moved % len(classes)].astype(object)


def scans(rng: np.random.Generator) -> tuple[dict, np.ndarray]:
    raw = raw_folder.read(SHARED / "mnist")
    encoded, labels = [], []
    for index in rng.permutation(len(raw.payload))[:IMAGES]:
        file = io.BytesIO()
        Image.fromarray(np.asarray(raw.payload[index])).save(file, "png")
        encoded.append(file.getvalue())
        labels.append(raw.examples[index].label)
    return {"image": encoded}, np.array(labels, object)


def texts(_rng: np.random.Generator) -> tuple[dict, np.ndarray]:
    sides = [pd.read_csv(SHARED / f"banking77/{side}.csv") for side in ("train", "test")]
    table = pd.concat(sides).drop_duplicates("text")
    table = table[table["category"].isin(sorted(table["category"].unique())[:INTENTS])]
    return {"text": table["text"].tolist()}, table["category"].to_numpy(object)


def sounds(_rng: np.random.Generator) -> tuple[dict, np.ndarray]:
    files_ = sorted((SHARED / "fsdd").rglob("*.wav"))
    labels = np.array([path.name[0] for path in files_], object)
    return {"audio": [path.read_bytes() for path in files_]}, labels


def table(rng: np.random.Generator) -> tuple[dict, np.ndarray]:
    code = rng.integers(4, size=ROWS)
    town = np.where(rng.random(ROWS) < 0.7, code, rng.integers(4, size=ROWS))
    columns = {
        "size": rng.normal(code * 0.9).round(3),
        "height": rng.normal(code % 2 * 2 - 0.3 * code).round(3),
        "town": np.array(["Ulm", "Köln", "Bonn", "Kiel"], object)[town],
        "mass": rng.lognormal(code * 0.3).round(3),
    }
    return columns, np.array(list("abcd"), object)[code]


def cifar10n(rng: np.random.Generator) -> tuple[dict, np.ndarray, np.ndarray]:
    frame = pq.read_table(SHARED / "cifar10n/train-dev.parquet").to_pandas()
    frame = frame.iloc[rng.permutation(len(frame))[:IMAGES]].astype({"true_label": str})
    labels = frame["label_1"].astype(str).to_numpy(object)
    return {"image": frame["image"].tolist()}, frame["true_label"].to_numpy(object), labels


DATA = {"scans": scans, "texts": texts, "sounds": sounds, "table": table, "cifar10n": cifar10n}


def prepare(folder: Path, name: str, rng: np.random.Generator) -> None:
    """Write the raw batch, and run the pipeline on it."""
    columns, true, *given = DATA[name](rng)
    labels = given[0] if given else planted(true, rng)
    raw, keys = folder / "data/raw/mine", [f"k{number:05}" for number in range(len(true))]
    raw.mkdir(parents=True)
    pq.write_table(pa.table({"key": keys, **columns}), raw / "examples.parquet")
    frame = pd.DataFrame({"key": keys, "annotator": "", "label": labels})
    frame.to_csv(raw / "annotations.csv", index=False)
    pd.DataFrame({"key": keys, "label": true}).to_csv(raw / "truth.csv", index=False)
    set_parameters(folder, batches=["mine"], pretrain__batches=["mine"], portable=False)
    timed([sys.executable, "-m", "dvc", "repro", "train"], folder)


def held_out(folder: Path) -> tuple[list[np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """Predictions of clean and of the model, given labels, truth, and which are test labels."""
    with chdir(folder):
        examples = catalogue.read()
        examples["truth"] = catalogue.truth(examples)
        stored, classes = parquet_files.read_probabilities(paths.PRED_PROBS, examples["id"])
        quality = parquet_files.read_parquet(paths.QUALITY, ["id", "given"]).to_pandas()
        labelled = examples.join(quality.set_index("id"), on="id", how="inner")
        rows = labelled[labelled["split"] != "train"]
        known = files.read_json(paths.CLASSES)["classes"]
        model = Model(paths.CLASSIFIER, portable=False, threads=2)
        of_model = class_names.columns(model.over(payloads.read(rows, 64)), known, classes)
    given, truth = (class_names.codes(rows[name], classes) for name in ("given", "truth"))
    return [stored[rows.index], of_model], given, truth, (rows["split"] == "test").to_numpy()


def draw(name: str, seed: int, data: tuple, count: int) -> tuple[float, float, bool]:
    """How far the estimate and the raw accuracy are off; whether the interval holds."""
    predictions, given, truth, is_test = data
    rng, n_classes = np.random.default_rng(seed), predictions[0].shape[1]
    rows = np.arange(len(given))
    if name == "cifar10n":
        rows = rows[~is_test | (rng.random(len(rows)) < 0.7)]
    else:
        wrong = rng.random(len(truth)) < WRONG
        given = (truth + wrong * rng.integers(1, n_classes, len(truth))) % n_classes
    true = held_out_labels.posterior([part[rows] for part in predictions], given[rows])
    predicted = predictions[1][rows].argmax(axis=1)
    test = is_test[rows]
    right = true[np.arange(len(rows)), predicted][test]
    correct = (predicted == truth[rows])[test].astype(float)
    agrees = (predicted == given[rows])[test]
    order = true_accuracy.check_order([f"{seed} {row}" for row in rows[test]], right, agrees)
    answers = np.full(len(right), np.nan)
    first = np.argsort(order, kind="stable")[:count]
    answers[first] = correct[first]
    share, variance = true_accuracy.of_these(right, order, agrees, answers)
    off = share - correct.mean()
    holds = abs(off) <= norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt(variance) + 1e-9
    return off, agrees.mean() - correct.mean(), holds


def main() -> None:
    print(f"# {machine()}\n")
    off = ("raw accuracy is off by", "answers", "median error", "largest", "90 % interval holds")
    row("data", *off)
    row(*["---"] * 6)
    for name in sys.argv[1:] or DATA:
        with clone() as folder:
            prepare(folder, name, np.random.default_rng(1))
            data = held_out(folder)
        for count in ANSWERS:
            draws = np.array([draw(name, seed, data, count) for seed in range(DRAWS)])
            errors = np.abs(draws[:, 0])
            numbers = (np.median(errors), errors.max(), draws[:, 2].mean())
            row(name, f"{draws[:, 1].mean():.3f}", count, *(f"{part:.4f}" for part in numbers))


if __name__ == "__main__":
    main()
