"""What cleaning is worth: test accuracy of one network on CIFAR-10N's raw labels, the cleaned ones, and the true ones.

One person's labels (`label_1`) of 20,000 images, tested on 4,000 others with true labels.

python -m benchmarks.cleaning_pays [SEEDS]
"""

import statistics
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from assay import dataset, images
from benchmarks import planted
from benchmarks.label_quality import REPRO, SOURCE, prepared
from benchmarks.workspace import clone, machine, row, timed

from assay import training  # isort: skip
import keras  # isort: skip

EPOCHS, BATCH, RATE = 10, 128, 0.008


def accuracy(payload: np.ndarray, labels: pd.DataFrame, test: tuple[np.ndarray, np.ndarray], seed: int) -> float:
    """Of a network trained on weighted labels: `number` of the image, `label`, `weight`."""
    keras.utils.set_random_seed(seed)
    model = training.networks.classifier(training.networks.encoder(payload.shape[1:]), 10)
    own = training.Examples(payload[labels["number"]], labels["label"].to_numpy(), labels["weight"].to_numpy())
    batches = training.Batches(own, BATCH, images.augment, seed)
    training.fit(model, batches, training.CROSS_ENTROPY, learning_rate=RATE, epochs=EPOCHS)
    return float(np.mean(training.logits(model, test[0]).argmax(axis=1) == test[1]))


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    table, data = pq.read_table(SOURCE, columns=["label_1", "true_label"]).to_pandas(), planted.load("cifar10")
    codes = {name: code for code, name in enumerate(sorted(map(str, table["true_label"].unique())))}
    everything = pd.DataFrame({"number": np.arange(len(table)), "weight": 1.0})
    with clone() as folder:
        prepared(folder, (1,))
        timed([*REPRO, "clean"], folder)
        keys = pq.read_table(folder / "data/collected/cifar10n/examples.parquet", columns=["id", "key"]).to_pandas()
        cleaned = dataset.read_csv(folder / "data/cleaned/labels.csv").to_pandas().merge(keys, on="id")
    sets = {
        "raw": everything.assign(label=table["label_1"].astype(str).map(codes)),
        "cleaned": pd.DataFrame(
            {
                "number": cleaned["key"].astype(int),
                "label": cleaned["label"].map(codes),
                "weight": cleaned["confidence"].astype(float),
            }
        ),
        "true": everything.assign(label=table["true_label"].astype(str).map(codes)),
    }
    payload, test = data["train"][0], (data["test"][0], np.array([codes[str(each)] for each in data["test"][1]]))
    training.fix(0, portable=False, threads=2)
    print(f"# {machine()}\n")
    row("labels", "examples", "median test accuracy", "seeds")
    row(*["---"] * 4)
    medians = {}
    for name, labels in sets.items():
        found = [accuracy(payload, labels, test, seed) for seed in range(seeds)]
        medians[name] = statistics.median(found)
        row(name, f"{len(labels):,}", f"{medians[name]:.4f}", ", ".join(f"{each:.4f}" for each in found))
    closed = (medians["cleaned"] - medians["raw"]) / (medians["true"] - medians["raw"])
    print(f"\nshare of the gap that cleaning closes: {closed:.2f}")


if __name__ == "__main__":
    main()
