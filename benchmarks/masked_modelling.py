"""What masked modelling is worth with few labels, in all modalities: `pretrain.method: transformer`
from end to end.

[KERAS_BACKEND=jax] python -m benchmarks.masked_modelling [STEPS] [validation] [image] [audio]
[text] [table] [digits]

The Transformer learns from the training examples without labels. Then it is fine-tuned with 1 % and
10 % of their labels, at least one per class. It is compared with the same network from random
weights, and with the linear classifier on the modality's default encoder. The settings are the same
for all modalities and were not tuned. To tune them, use `validation`, which scores on a part of the
training examples. The test examples are scored once.
"""

import gzip
import sys
import time
from dataclasses import dataclass
from statistics import mean

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn import datasets
from sklearn.model_selection import train_test_split

from assay.contract.inference import Model
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect, Pretrain
from assay.encoders import inputs, learning
from assay.modalities import registry, tables
from assay.modalities.audio import canonical
from assay.training import fitting, linear_head, networks, trainable, transformer
from assay.training.batches import Batches, Examples
from benchmarks.modalities import mixed, sounds
from benchmarks.workspace import SHARED, machine, row

import keras  # isort: skip

IMAGES, TESTED = 10_000, 1_000  # at most, of the training and of the test examples
SHARES, SEEDS = (0.01, 0.1), 3
STEPS = 5_000  # of masked modelling
FINE_TUNED, BATCH, RATE = 500, 32, 0.001  # steps, examples a step, learning rate
EPOCH = (
    50 * BATCH
)  # examples at least, the labelled ones several times if need be: an epoch's end takes its time


@dataclass
class Data:
    """Payloads and labels."""

    kind: dict
    payload: np.ndarray
    labels: np.ndarray  # (n,) int
    test: np.ndarray  # (n,) bool


def mnist() -> Data:
    sides, rng = [], np.random.default_rng(0)
    for name, wanted in {"train": IMAGES, "t10k": TESTED}.items():
        files = [
            SHARED / f"mnist/{name}-{what}-ubyte.gz" for what in ("images-idx3", "labels-idx1")
        ]
        pixels, labels = (
            np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8) for file in files
        )
        rows = rng.permutation(len(labels) - 8)[:wanted]
        sides.append((pixels[16:].reshape(-1, 28, 28, 1)[rows], labels[8:][rows]))
    pixels, labels = (np.concatenate(both) for both in zip(*sides, strict=True))
    kind = {"modality": "image", "shape": [28, 28, 1]}
    return Data(kind, pixels, labels.astype(int), np.arange(len(labels)) >= IMAGES)


def fsdd() -> Data:
    frame = sounds()
    params = Collect.model_construct(sample_rate=16000, seconds=1.0)
    payload = canonical(
        [path.read_bytes() for path in frame["path"]], list(frame["file_name"]), params, Remarks()
    )[:]
    kind = {"modality": "audio", "shape": [16000], "sample_rate": 16000}
    labels, test = frame["label"].astype(int).to_numpy(), (frame["index"] < 5).to_numpy()
    return Data(kind, payload, labels, test)


def banking77() -> Data:
    frames = [pd.read_csv(SHARED / f"banking77/{side}.csv") for side in ("train", "test")]
    table = pd.concat(frames, ignore_index=True)
    test = np.arange(len(table)) >= len(frames[0])
    texts = table["text"].to_numpy(object)
    return Data({"modality": "text", "shape": []}, texts, pd.factorize(table["category"])[0], test)


def table(frame: pd.DataFrame) -> Data:
    features = pa.Table.from_pandas(frame.drop(columns="label"), preserve_index=False)
    features = features.replace_schema_metadata()
    payload = tables.canonical(features, range(len(frame)), None, Remarks())
    _, kind = tables.to_columns(payload, range(len(frame)), features, None)
    _, test = train_test_split(
        np.arange(len(frame)), test_size=0.3, random_state=0, stratify=frame["label"]
    )
    return Data(kind, payload, frame["label"].to_numpy(), np.isin(np.arange(len(frame)), test))


def digits() -> pd.DataFrame:
    loaded = datasets.load_digits(as_frame=True)
    return loaded.data.assign(label=loaded.target)


DATA = {
    "image": ("MNIST, 10,000 images", mnist),
    "audio": ("FSDD", fsdd),
    "text": ("banking77", banking77),
    "table": ("mixed", lambda: table(mixed())),
    "digits": ("digits as a table", lambda: table(digits())),
}


def labelled(labels: np.ndarray, rows: np.ndarray, share: float, seed: int) -> np.ndarray:
    """One row of each class, and as many others as make up the share."""
    mixed_rows = np.random.default_rng(seed).permutation(rows)
    _, first = np.unique(labels[mixed_rows], return_index=True)
    others = np.delete(mixed_rows, first)
    return np.concatenate(
        [mixed_rows[first], others[: max(0, round(share * len(rows)) - len(first))]]
    )


def masked(
    data: Data, train: np.ndarray, score: np.ndarray, chosen: dict, steps: int
) -> dict[str, dict]:
    """Accuracy of the Transformer from masked modelling and from random weights, by share and seed."""
    n_classes, augment = int(data.labels.max()) + 1, registry.named(data.kind["modality"]).augment
    of_modality = inputs.OF_MODALITY[data.kind["modality"]]
    front, tokens = of_modality.tokens(data.kind, data.payload[train])
    prepare = Model(front, portable=False, threads=2)
    prepared = prepare.over(np.array_split(data.payload, 20))
    fitting.fix(0, portable=False, threads=2)
    start = time.perf_counter()
    learned = transformer.learn(
        prepared[train], tokens, epochs=1, steps=steps, seed=0
    ).get_weights()
    print(f"  {prepared.shape}, {time.perf_counter() - start:.0f} s", file=sys.stderr)
    found: dict[str, dict] = {"masked": {}, "scratch": {}}
    for (share, seed), rows in chosen.items():
        for name, scores in found.items():
            keras.utils.set_random_seed(100 + seed)
            trunk = trainable.trunk(prepared.shape[1:], tokens)
            if name == "masked":
                trunk.set_weights(learned)
            model = networks.classifier(trunk, n_classes)
            often = np.tile(rows, -(-EPOCH // len(rows)))
            examples = Examples(data.payload[often], data.labels[often], np.ones(len(often)))
            batches = Batches(examples, BATCH, lambda raw, rng: prepare(augment(raw, rng)), seed)
            fitting.fit(
                model,
                batches,
                fitting.CROSS_ENTROPY,
                learning_rate=RATE,
                epochs=1,
                steps=FINE_TUNED,
            )
            scores[share, seed] = np.mean(
                fitting.logits(model, prepared[score]).argmax(axis=1) == data.labels[score]
            )
    return found


def default(data: Data, train: np.ndarray, score: np.ndarray, chosen: dict) -> dict:
    """Accuracy of the linear classifier on what the modality's default encoder gives."""
    encoder = learning.learn(
        data.kind,
        data.payload[train],
        Pretrain.model_construct(**PRETRAIN),
        portable=False,
        threads=2,
    )
    model = Model(encoder.onnx, linear_head.FEATURES, portable=False, threads=2)
    n_classes, found = int(data.labels.max()) + 1, {}

    def features(rows: np.ndarray) -> np.ndarray:
        return linear_head.gather(
            map(model, np.array_split(data.payload[rows], -(-len(rows) // 500)))
        )

    scored = features(score)
    for key, rows in chosen.items():
        head = linear_head.fit(features(rows), data.labels[rows], np.ones(len(rows)), n_classes)
        found[key] = float(np.mean(head.logits(scored).argmax(axis=1) == data.labels[score]))
    return found


PRETRAIN = {
    "encoder": None, "method": "auto", "patches": "auto", "coarse_patches": "auto", "mirror": "auto", "windows": 1,
    "epochs": 12, "steps": 800, "seed": 0,
}  # fmt: skip


def main() -> None:
    names = [name for name in sys.argv[1:] if name in DATA] or list(DATA)
    validating = "validation" in sys.argv
    steps = int(next(filter(str.isdecimal, sys.argv[1:]), STEPS))
    print(
        f"# {machine()}, {keras.backend.backend()}{', validation' * validating}; {steps:,} steps of masked modelling\n"
    )
    row("data", "labels", "masked", "from scratch", "default encoder, linear")
    row(*["---"] * 5)
    for name in names:
        title, load = DATA[name]
        data = load()
        train, score = np.flatnonzero(~data.test), np.flatnonzero(data.test)
        score = np.random.default_rng(0).permutation(score)[:TESTED]
        if validating:
            score, train = np.split(np.random.default_rng(1).permutation(train), [len(train) // 5])
        chosen = {
            (share, seed): labelled(data.labels, train, share, seed)
            for share in SHARES
            for seed in range(SEEDS)
        }
        found = masked(data, train, score, chosen, steps) | {
            "default": default(data, train, score, chosen)
        }
        for share in SHARES:
            cells = [[each[share, seed] for seed in range(SEEDS)] for each in found.values()]
            shown = [
                f"{mean(each):.3f} ({', '.join(f'{one:.3f}' for one in each)})" for each in cells
            ]
            row(title, len(chosen[share, 0]), *shown)


if __name__ == "__main__":
    main()
