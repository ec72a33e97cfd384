"""Wrong labels made by real people: average precision and seconds of `clean`, compared with a
cross-validated network and cleanlab.

python -m benchmarks.label_quality [thorough]

The data are 20,000 images of CIFAR-10N with one person's label each (`label_1`). The true labels
are read only for scoring. Scores are of the odd images, with a 95 % interval. But while methods
were tried, the scores of all images were seen.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.metrics import average_precision_score

from assay.contract import csv_files
from benchmarks import planted
from benchmarks.workspace import SHARED, clone, environment, machine, row, set_parameters, timed

SOURCE = SHARED / "cifar10n" / "train-dev.parquet"
REPRO = [sys.executable, "-m", "dvc", "repro"]
FOLDS, EPOCHS, BATCH, RATE, SMOOTHING = 4, 10, 128, 0.008, 0.1  # of the usual recipe
THOROUGH = 3  # clean.folds


def batch(folder: Path, people: tuple[int, ...]) -> None:
    """The images as a raw batch, all for training, with the labels of some of the three people
    each.
    """
    table = pq.read_table(SOURCE)
    keys = [f"{number:05}" for number in range(len(table))]
    folder.mkdir(parents=True)
    pq.write_table(
        pa.table({"key": keys, "image": table["image"], "split": ["train"] * len(keys)}),
        folder / "examples.parquet",
    )
    rows = [
        (key, f"worker {worker}", str(label))
        for number in people
        for key, worker, label in zip(
            keys,
            table[f"worker_{number}"].to_pylist(),
            table[f"label_{number}"].to_pylist(),
            strict=True,
        )
    ]
    if len(people) == 1:  # as most data comes: nobody noted who labelled what
        rows = [(key, "", label) for key, _, label in rows]
    csv_files.write_csv(folder / "annotations.csv", ["key", "annotator", "label"], rows)
    truth = zip(keys, map(str, table["true_label"].to_pylist()), strict=True)
    csv_files.write_csv(folder / "truth.csv", ["key", "label"], truth)


def prepared(folder: Path, people: tuple[int, ...], **changes: object) -> None:
    """A clone whose only batch is CIFAR-10N, collected."""
    batch(folder / "data/raw/cifar10n", people)
    set_parameters(
        folder, batches=["cifar10n"], pretrain__batches=["cifar10n"], portable=False, **changes
    )
    timed([*REPRO, "collect@cifar10n", "sample@cifar10n"], folder)


def network() -> None:
    """The usual recipe, in a process of its own: K folds of a small network, label smoothing,
    flips, one cycle.
    """
    import keras
    from cleanlab.rank import get_label_quality_scores
    from keras import layers

    table = pq.read_table(SOURCE)
    images = planted.load("cifar10")["train"][0]
    classes, labels = np.unique(table["label_1"].to_pylist(), return_inverse=True)
    keras.utils.set_random_seed(0)
    fold = np.random.default_rng(0).permutation(len(labels)) % FOLDS
    pred_probs = np.zeros((len(labels), len(classes)))
    for left_out in range(FOLDS):
        inside = np.flatnonzero(fold != left_out)
        payload = keras.Input((32, 32, 3))
        x = layers.RandomFlip("horizontal")(layers.Rescaling(1 / 127.5, -1)(payload))
        x = layers.RandomTranslation(0.1, 0.1)(x)
        for width in (32, 64, 128):
            x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layers.MaxPooling2D()(x)))
        x = layers.ReLU()(
            layers.BatchNormalization(momentum=0.9)(layers.Conv2D(128, 3, padding="same")(x))
        )
        model = keras.Model(payload, layers.Dense(len(classes))(layers.GlobalAveragePooling2D()(x)))
        steps = EPOCHS * (len(inside) // BATCH)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps - steps // 5, 0.0, "rate", RATE, steps // 5
        )
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING)
        model.compile(keras.optimizers.AdamW(rate, weight_decay=0.05), loss)
        onehot = np.eye(len(classes), dtype=np.float32)[labels]
        model.fit(images[inside], onehot[inside], batch_size=BATCH, epochs=EPOCHS, verbose=0)
        logits = model.predict(images[fold == left_out], batch_size=1024, verbose=0)
        pred_probs[fold == left_out] = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    np.save(sys.argv[2], get_label_quality_scores(labels, pred_probs, method="self_confidence"))


def ours(folder: Path) -> tuple[float, np.ndarray]:
    """Seconds from collected images to judged labels, and the quality of each label, by number."""
    seconds, _ = timed([*REPRO, "clean"], folder)
    found = (
        pq.read_table(folder / "data/cleaned/quality.parquet")
        .to_pandas()
        .set_index("id")["quality"]
    )
    keys = pq.read_table(
        folder / "data/collected/cifar10n/examples.parquet", columns=["id", "key"]
    ).to_pandas()
    return seconds, found[keys.sort_values("key")["id"]].to_numpy()


def report(name: str, seconds: float, quality: np.ndarray, against: float) -> None:
    table = pq.read_table(SOURCE, columns=["label_1", "true_label"])
    wrong = np.array(table["label_1"].to_pylist()) != np.array(table["true_label"].to_pylist())
    odd = np.arange(1, len(wrong), 2)[: len(quality) // 2]
    rng = np.random.default_rng(0)
    draws = (rng.choice(odd, len(odd)) for _ in range(200))
    low, high = np.quantile(
        [average_precision_score(wrong[some], -quality[some]) for some in draws], [0.025, 0.975]
    )
    precision = average_precision_score(wrong[odd], -quality[odd])
    everything = average_precision_score(wrong, -quality)
    row(
        name,
        f"{seconds:.0f}",
        f"{seconds / against:.2f}",
        f"{precision:.3f} ({low:.3f} to {high:.3f})",
        f"{everything:.3f}",
    )


def main() -> None:
    if "--network" in sys.argv:
        network()
        return
    arguments = sys.argv[1:]
    print(f"# {machine()}\n")
    row("method", "seconds", "of the network's", "average precision, odd half", "all")
    row(*["---"] * 5)
    with clone() as folder:
        start = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "benchmarks.label_quality",
            "--network",
            str(folder / "quality.npy"),
        ]
        subprocess.run(command, check=True, env=environment(), stderr=subprocess.DEVNULL)
        baseline = time.perf_counter() - start
        report(
            f"{FOLDS}-fold network, cleanlab's self-confidence",
            baseline,
            np.load(folder / "quality.npy"),
            baseline,
        )
    with clone() as folder:
        prepared(folder, (1,))
        report("default", *ours(folder), baseline)
        if "thorough" in arguments:
            shutil.rmtree(folder / "data/embedded")
            set_parameters(folder, clean__folds=THOROUGH)
            report(f"thorough (clean.folds: {THOROUGH})", *ours(folder), baseline)
        print(json.dumps(json.loads((folder / "metrics/clean.json").read_text())))


if __name__ == "__main__":
    main()
