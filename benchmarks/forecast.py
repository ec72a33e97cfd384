"""Forecasts of accuracy compared with the accuracy that came true, and the best lever by forecast
compared with the best one in fact.

python -m benchmarks.forecast [twice] [levers] [FIRST DRAW] [DRAWS]

`twice`: half of the labelled rows is drawn, and the accuracy on all rows is forecast. The data are
MNIST, CIFAR-10N (one person's labels), banking77 and FSDD, with all rows and with fewer.
`levers`: twelve simulated situations, in which the step of each lever is really taken.
The settings were chosen on draws 0 and 1; the other draws are reported.
"""

import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import yaml

from assay.cleaning import noise_layer
from assay.contract.inference import Model
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect, Evaluate, Pretrain
from assay.encoders import learning
from assay.evaluation import forecast, levers
from assay.measures import leave_one_out
from assay.modalities.audio import canonical
from benchmarks import planted
from benchmarks.modalities import sounds
from benchmarks.workspace import ROOT, SHARED, machine, row

SHARES = {  # of the labelled rows of each data set that are the "whole"
    "fsdd": (1.0, 0.5),
    "banking77": (1.0, 0.4),
    "cifar10n": (1.0, 0.2),
    "mnist": (0.4, 0.05),
}
CHOOSING = 3000  # rows that the penalty is chosen on
PARAMS = Evaluate(confidence=0.9, resamples=1000, reliability_bins=10, answers_per_hour=600)
SMALL, USUAL = (
    {"mnist": 72, "banking77": 32, "cifar10n": 64},  # dimensions
    {"mnist": 576, "banking77": 256, "cifar10n": 512},
)
KINDS = {  # labelled rows, unlabelled rows, share of wrong labels, dimensions
    "few rows": (400, 0, 0.02, USUAL),
    "many wrong labels": (3000, 0, 0.4, USUAL),
    "many unlabelled": (400, 5000, 0.02, USUAL),
    "poor encoder": (4000, 0, 0.02, SMALL),
}
POOL = 8000  # rows of a situation, with those that a lever adds


def payloads(name: str) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Format, payloads, given labels, true labels, and which of the rows are test examples."""
    if name == "banking77":
        sides = [pd.read_csv(SHARED / f"banking77/{side}.csv") for side in ("train", "test")]
        labels = pd.concat(sides)["category"].to_numpy()
        texts = pd.concat(sides)["text"].to_numpy(dtype=object)
        is_test = np.repeat([False, True], [len(side) for side in sides])
        return {"modality": "text"}, texts, labels, labels, is_test
    if name == "fsdd":
        frame = sounds()
        params = Collect.model_construct(sample_rate=16000, seconds=1.0)
        content = [path.read_bytes() for path in frame["path"]]
        waves = canonical(content, list(frame["file_name"]), params, Remarks())[:]
        labels = frame["label"].to_numpy()
        audio = {"modality": "audio", "shape": [16000], "sample_rate": 16000}
        return audio, waves, labels, labels, (frame["index"] < 5).to_numpy()
    sides = planted.load("mnist" if name == "mnist" else "cifar10")
    images = np.concatenate([sides[side][0] for side in ("train", "test")])
    truth = np.concatenate([sides[side][1] for side in ("train", "test")]).astype(str)
    is_test = np.arange(len(images)) >= len(sides["train"][0])
    given = truth.copy()
    if name == "cifar10n":
        people = pq.read_table(SHARED / "cifar10n/train-dev.parquet", columns=["label_1"])
        given[~is_test] = np.array(people["label_1"]).astype(str)
    return {"modality": "image", "shape": list(images.shape[1:])}, images, given, truth, is_test


def embedded(name: str) -> tuple[np.ndarray, ...]:
    """Embeddings as pretrain and embed make them, given labels, true labels, and the test rows."""
    payload_format, payload, given, truth, is_test = payloads(name)
    params = Pretrain(**yaml.safe_load((ROOT / "params.yaml").read_text())["pretrain"])
    learned = payload[~is_test][: params.examples]
    encoder = learning.learn(payload_format, learned, params, portable=False, threads=2)
    model = Model(encoder.onnx, portable=False, threads=2)
    blocks = (payload[start : start + 64] for start in range(0, len(payload), 64))
    return model.over(blocks), given, truth, is_test


def penalty(rows: np.ndarray, labels: np.ndarray, n_classes: int) -> float:
    chosen = leave_one_out.fit([rows[:CHOOSING]], labels[:CHOOSING], n_classes).penalty
    return chosen * min(1, CHOOSING / len(rows))


def head(rows: np.ndarray, labels: np.ndarray, test: np.ndarray, answer: np.ndarray):
    some = forecast.sampled_head([rows], labels, [test], answer, 1.0)
    some.penalty = penalty(some.features, some.labels, int(answer.max()) + 1)
    return some


def accuracy(rows: np.ndarray, labels: np.ndarray, test: np.ndarray, answer: np.ndarray) -> float:
    """Of a head on all features."""
    strength = penalty(rows, labels, int(answer.max()) + 1)
    coef, intercept = leave_one_out.solve([rows], labels, int(answer.max()) + 1, strength)
    return float(((test @ coef + intercept).argmax(axis=1) == answer).mean())


def twice(first: int, draws: int) -> None:
    row(
        "data",
        "rows forecast",
        "median error",
        "largest",
        "inside the 90 % interval",
        "cannot tell",
    )
    row(*["---"] * 6)
    for name, shares in SHARES.items():
        features, given, truth, is_test = embedded(name)
        classes, answer = np.unique(truth, return_inverse=True)
        labels = np.searchsorted(classes, given)
        test = features[is_test], answer[is_test]
        for share in shares:
            errors, inside = [], []
            for draw in range(first, first + draws):
                whole = np.random.default_rng(100 + draw).permutation(np.flatnonzero(~is_test))
                whole = whole[: int(len(whole) * share)]
                half = whole[: len(whole) // 2]
                curve = forecast.curve(head(features[half], labels[half], *test))
                all_rows = head(features[whole], labels[whole], *test)
                actual = all_rows.accuracy(*all_rows.sums(np.arange(len(all_rows.labels))))
                value, low, high = curve.at(len(whole), PARAMS.confidence)
                errors.append(100 * abs(value - actual))
                inside.append(low <= actual <= high)
            told = ~np.isnan(errors)
            row(
                name,
                f"{len(half):,} to {len(whole):,}",
                f"{np.nanmedian(errors):.2f}",
                f"{np.nanmax(errors):.2f}",
                f"{np.sum(inside)} of {told.sum()}",
                int((~told).sum()),
            )


def in_order(name: str, width: int) -> np.ndarray:
    """The features in the order in which a larger encoder would add them."""
    if name == "mnist":  # nine regions of each filter, above and below zero
        places = np.arange(width).reshape(2, width // 18, 9)
        steps = np.split(places, [4, 8, 32], axis=1)
        return np.concatenate([filters.ravel() for filters in steps])
    return np.arange(width) if name == "banking77" else np.random.default_rng(9).permutation(width)


def made_wrong(name: str, share: float, truth: np.ndarray, people: np.ndarray, rng) -> np.ndarray:
    """Labels (n,) of which a share is wrong: half of them as the next class; CIFAR's as people's."""
    n_classes = truth.max() + 1
    random = rng.integers(n_classes, size=len(truth))
    if name == "cifar10n" and share > 0.1:
        mixed = np.where(rng.random(len(truth)) < share / 2, random, truth)
        return np.where(people != truth, people, mixed)
    other = np.where(rng.random(len(truth)) < 0.5, (truth + 1) % n_classes, random)
    return np.where(rng.random(len(truth)) < share, other, truth)


def doubts(rows: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """The probability that each label is wrong, as `clean` judges it by its ridge."""
    scores = leave_one_out.fit([rows], labels, n_classes).scores
    right = noise_layer.fit([scores], labels).posterior([scores], labels)
    return 1 - right[np.arange(len(labels)), labels]


def situation(name: str, kind: str, data: tuple, draw: int) -> bool:
    """Print the gain of each lever, forecast and in fact; whether the best one was named."""
    features, given, truth, is_test = data
    n, unlabelled, share, dimensions = KINDS[kind]
    width, rng = dimensions[name], np.random.default_rng(draw)
    classes, codes = np.unique(truth, return_inverse=True)
    pool = rng.permutation(np.flatnonzero(~is_test))[:POOL]
    right, people = codes[pool], np.searchsorted(classes, given)[pool]
    labels = made_wrong(name, share, right, people, rng)
    larger = features[:, in_order(name, features.shape[1])[: 2 * width]]
    now, test, answer = larger[:, :width], larger[is_test], codes[is_test]

    def gives(chosen: np.ndarray, labels: np.ndarray) -> float:
        return accuracy(now[pool[chosen]], labels, test[:, :width], answer)

    def added(count: int) -> float:
        draws = (rng.choice(np.arange(n, POOL), count, replace=False) for _ in range(2))
        more = [np.append(first, some) for some in draws]
        return float(np.mean([gives(chosen, labels[chosen]) for chosen in more]))

    first = np.arange(n)
    before = gives(first, labels[:n])
    doubt = doubts(now[pool[:n]], labels[:n], len(classes))
    some = head(now[pool[:n]], labels[:n], test[:, :width], answer)
    whole, curve = (width, before), forecast.curve(some)
    told = levers.table(some, curve, doubt, whole, unlabelled=unlabelled, params=PARAMS)
    corrected, asked = labels[:n].copy(), np.argsort(-doubt, kind="stable")[:600]
    corrected[asked] = right[asked]
    fact = {
        "more_rows": added(1000 * n // (n + unlabelled)),
        "more_labels": added(600) if unlabelled else before,
        "corrected_labels": gives(first, corrected),
        "larger_encoder": accuracy(larger[pool[:n]], labels[:n], test, answer),
    }
    best, named = max(fact, key=fact.get), told["lever"].iloc[0]
    gains = told.set_index("lever")["gain"]
    cells = [
        f"{100 * gains.get(lever, 0):.1f} / {100 * (fact[lever] - before):.1f}" for lever in fact
    ]
    row(f"{name}, {kind}", f"{before:.3f}", *cells, "yes" if best == named else "no")
    return best == named


def best_lever(first: int, draws: int) -> None:
    row("situation", "accuracy", "rows", "labels", "corrections", "encoder", "best named")
    row(*["---"] * 7)
    sets = {name: embedded(name) for name in USUAL}
    for draw in range(first, first + draws):
        hits = [situation(name, kind, sets[name], draw) for name in sets for kind in KINDS]
        print(f"\ndraw {draw}: {sum(hits)} of {len(hits)}\n", flush=True)


def main() -> None:
    print(f"# {machine()}\n")
    first, draws = [int(word) for word in sys.argv[1:] if word.isdigit()] or (2, 5)
    parts = {"twice": twice, "levers": best_lever}
    for name in [word for word in sys.argv[1:] if word in parts] or parts:
        parts[name](first, draws)


if __name__ == "__main__":
    main()
