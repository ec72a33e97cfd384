"""What cleaning is worth: test accuracy of one network on CIFAR-10N's raw labels, the cleaned ones,
and the true ones.

python -m benchmarks.cleaning_pays [SEEDS] [all]

The labels are those of one person (`label_1`) for 20,000 images. The test is on 4,000 other images
with true labels. All networks learn from the images of the pipeline's train split (19 of 20).
Cleaning leaves some of them out. Cleaned labels are those that `clean` decided. With `all`, soft
labels (`train.soft_labels`) are tested too: with the default settings, and with `clean.folds`.
"""

import shutil
import statistics
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from assay.catalogue import catalogue
from assay.contract import parameters
from assay.modalities import images
from assay.training import fitting, networks, whitened
from assay.training.batches import Batches, Examples
from benchmarks import planted
from benchmarks.label_quality import REPRO, SOURCE, THOROUGH, prepared
from benchmarks.workspace import clone, machine, row, set_parameters, timed
from stages import train

import keras  # isort: skip

EPOCHS, BATCH, RATE = 10, 128, 0.008


def accuracy(own: Examples, test: tuple[np.ndarray, np.ndarray], seed: int) -> float:
    """Of a network trained on labels, soft or not."""
    keras.utils.set_random_seed(seed)
    filters = whitened.filters(own.payload, np.asarray)
    encoder = networks.encoder(test[0].shape[1:], first_filters=filters)
    model = networks.classifier(encoder, 10, networks.highest)
    batches = Batches(own, BATCH, images.augment, seed)
    loss = fitting.cross_entropy(0.0, soft=own.labels.ndim > 1)
    fitting.fit(model, batches, loss, learning_rate=RATE, epochs=EPOCHS)
    return float(np.mean(fitting.logits(model, test[0]).argmax(axis=1) == test[1]))


def learned_from(folder: Path) -> np.ndarray:
    """The positions of the images in the train split, among all. Shape (n,)."""
    with chdir(folder):
        examples = catalogue.read()
    return examples.loc[examples["split"] == "train", "key"].astype(int).to_numpy()


def cleaned(folder: Path, payload: np.ndarray, *, soft: bool) -> Examples:
    """What train would learn from."""
    with chdir(folder):
        params = parameters.load().train.model_copy(update={"soft_labels": soft})
        examples, classes = train.with_labels(catalogue.read())
        examples = examples[examples["split"] == "train"]
        learned = train.training_split(examples, classes, params, size=1024)
        numbers = examples["key"].astype(int)
    return Examples(payload[numbers], learned.targets, learned.weights)


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    table, data = (
        pq.read_table(SOURCE, columns=["label_1", "true_label"]).to_pandas(),
        planted.load("cifar10"),
    )
    codes = {name: code for code, name in enumerate(sorted(map(str, table["true_label"].unique())))}
    payload, test = (
        data["train"][0],
        (data["test"][0], np.array([codes[str(each)] for each in data["test"][1]])),
    )
    labels = {name: table[name].astype(str).map(codes).to_numpy() for name in table.columns}
    with clone() as folder:
        prepared(folder, (1,))
        timed([*REPRO, "annotate"], folder)
        rows = learned_from(folder)
        raw, true = (
            Examples(payload[rows], labels[name][rows], np.ones(len(rows)))
            for name in ("label_1", "true_label")
        )
        sets = {"raw": raw, "true": true}
        sets["cleaned, as decided"] = cleaned(folder, payload, soft=False)
        if "all" in sys.argv:
            sets["cleaned, soft"] = cleaned(folder, payload, soft=True)
            shutil.rmtree(folder / "data/cleaned")
            set_parameters(folder, clean__folds=THOROUGH)
            timed([*REPRO, "annotate"], folder)
            name = f"cleaned with clean.folds: {THOROUGH}, soft"
            sets[name] = cleaned(folder, payload, soft=True)
    fitting.fix(0, portable=False, threads=2)
    print(f"# {machine()}\n")
    row("labels", "examples", "median test accuracy", "share of the gap closed", "seeds")
    row(*["---"] * 5)
    medians = {}
    for name, own in sets.items():
        found = [accuracy(own, test, seed) for seed in range(seeds)]
        medians[name] = statistics.median(found)
        gap = medians["true"] - medians["raw"] if "true" in medians else np.nan
        closed = f"{(medians[name] - medians['raw']) / gap:.2f}"
        row(
            name,
            f"{len(own):,}",
            f"{medians[name]:.4f}",
            closed,
            ", ".join(f"{each:.4f}" for each in found),
        )


if __name__ == "__main__":
    main()
