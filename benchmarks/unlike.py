"""Examples of no class of the training data: are they found by `unlike`, and by other scores?

python -m benchmarks.unlike [mnist] [banking77] [fsdd] [digits] [table]

A model is trained on known classes. Test examples of these classes are compared with other
examples. For MNIST the others are drawn clothes, letters, noise, inverted and rotated digits; for
banking77, 20 intents; for FSDD and digits, two classes that were held out, and noise. AUROC: 0.5 is
chance, 1 is perfect. cleanlab's score (`OutOfDistribution`) gets the same embeddings: the input of
the network's last layer, or the encoder's embedding if the encoder is frozen. The method was chosen
on draws 0 to 2.
"""

import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from cleanlab.outlier import OutOfDistribution
from PIL import Image, ImageDraw, ImageFont
from scipy.io import wavfile
from scipy.special import log_softmax, softmax
from sklearn.covariance import empirical_covariance
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from assay.contract import files, parameters, paths
from assay.contract.inference import UNLIKE, Model
from assay.encoders import learning
from assay.layouts import raw_folder
from assay.training import linear_head, linear_probe, onnx_graph, unlike
from assay.training.classifier import LabelledExamples, Trained
from benchmarks.workspace import ROOT, SHARED, machine, row

DRAWS, IMAGES, OTHERS, VALIDATION = range(3, 8), 10_000, 500, 0.06
INTENTS, CLASSES = 20, 2  # that are held out
FAST = (40, (30.0,))  # iterations and strengths for n-grams; the defaults take 5 minutes a draw
ONE_SECOND = 8000
CLOTHES = [  # corners on a canvas of 112 pixels: shirt, trousers, shoe, bag, dress
    [24, 16, 88, 16, 108, 40, 90, 50, 84, 104, 28, 104, 22, 50, 4, 40],
    [32, 8, 80, 8, 84, 104, 62, 104, 56, 40, 50, 104, 28, 104],
    [8, 80, 10, 56, 40, 60, 72, 36, 100, 56, 104, 80],
    [14, 44, 34, 44, 40, 20, 72, 20, 78, 44, 98, 44, 98, 98, 14, 98],
    [44, 8, 68, 8, 96, 104, 16, 104],
]


class Data:
    """Known classes to learn from and to test with, and others: name to payloads."""

    def __init__(self, payload_format: dict, train: tuple, test: np.ndarray, others: dict) -> None:
        self.format, (self.payload, labels), self.test = payload_format, train, test
        self.others = others
        self.classes, self.codes = np.unique(np.asarray(labels, str), return_inverse=True)


def drawing(rng: np.random.Generator, paint: Callable) -> np.ndarray:
    image = Image.new("L", (112, 112))
    paint(ImageDraw.Draw(image))
    turned = image.rotate(float(rng.normal(0, 8)), Image.Resampling.BILINEAR)
    return np.asarray(turned.resize((28, 28), Image.Resampling.BOX))[..., None]


def clothes(rng: np.random.Generator) -> np.ndarray:
    corners = CLOTHES[rng.integers(len(CLOTHES))]
    moved = (np.array(corners) + rng.integers(-8, 9, len(corners))).tolist()
    grey = int(rng.integers(90, 256))
    smooth = drawing(rng, lambda canvas: canvas.polygon(moved, fill=grey))
    woven = smooth * (1 + 0.15 * rng.normal(size=smooth.shape))
    return woven.clip(0, 255).astype(np.uint8)


def letter(rng: np.random.Generator) -> np.ndarray:
    font = ImageFont.load_default(int(rng.integers(80, 105)))
    shown = rng.choice(list("ABCDEFGHJKLMNPQRTUVWXYabdefghkmnpqrtwy"))  # like no digit
    return drawing(rng, lambda canvas: canvas.text((56, 56), shown, 255, font, anchor="mm"))


def mnist(draw: int) -> Data:
    rng = np.random.default_rng(draw)
    raw = raw_folder.read(SHARED / "mnist")
    labels = np.array([example.label for example in raw.examples])
    in_test = np.array([example.split == "test" for example in raw.examples])
    of_train, of_test = (
        rng.permutation(np.flatnonzero(rows))[:n]
        for rows, n in ((~in_test, IMAGES), (in_test, 2000))
    )
    train, test = (
        np.stack([np.asarray(raw.payload[row]).reshape(28, 28, 1) for row in rows]).astype(np.uint8)
        for rows in (of_train, of_test)
    )
    noise = rng.integers(0, 256, (OTHERS, 28, 28, 1), dtype=np.uint8)
    others = {
        "clothes": np.stack([clothes(rng) for _ in range(OTHERS)]),
        "letters": np.stack([letter(rng) for _ in range(OTHERS)]),
        "noise": noise,
        "blots": np.kron(noise[:, :7, :7], np.ones((4, 4, 1), np.uint8)),
        "inverted": 255 - test[:OTHERS],
        "rotated": np.rot90(test[:OTHERS], axes=(1, 2)).copy(),
    }
    return Data(
        {"modality": "image", "shape": [28, 28, 1]}, (train, labels[of_train]), test, others
    )


def banking77(draw: int) -> Data:
    rng = np.random.default_rng(draw)
    train, test = (pd.read_csv(SHARED / f"banking77/{side}.csv") for side in ("train", "test"))
    held_out = rng.permutation(sorted(train["category"].unique()))[:INTENTS]
    known = train[~train["category"].isin(held_out)].sample(frac=1, random_state=draw)
    is_other = test["category"].isin(held_out)
    letters = rng.choice(list("abcdefghijklmnopqrstuvwxyz      "), (OTHERS, 60))
    pages = [path.read_text().splitlines() for path in sorted((ROOT / "docs").glob("*.md"))]
    lines = [line for page in pages for line in page if 60 < len(line) < 200][:OTHERS]
    others = {
        "intents": test["text"][is_other].to_numpy(object),
        "gibberish": np.array(["".join(text) for text in letters], object),
        "these docs": np.array(lines, object),
    }
    learned = known["text"].to_numpy(object), known["category"]
    test_texts = test["text"][~is_other].to_numpy(object)
    return Data({"modality": "text", "shape": []}, learned, test_texts, others)


def fsdd(draw: int) -> Data:
    rng = np.random.default_rng(draw)
    names = sorted((SHARED / "fsdd").glob("*.wav"))
    samples = [wavfile.read(path)[1][:ONE_SECOND] for path in names]
    sounds = np.stack([np.pad(sound, (0, ONE_SECOND - len(sound))) for sound in samples])
    labels = np.array([path.name[0] for path in names])
    in_test = np.array([int(path.stem.split("_")[2]) < 10 for path in names])
    noise = (rng.normal(size=(OTHERS // 2, ONE_SECOND)) * 2000).astype(np.int16)
    described = {"modality": "audio", "shape": [ONE_SECOND], "sample_rate": ONE_SECOND}
    return split(described, (sounds, labels), in_test, noise, rng)


def digits(draw: int) -> Data:
    rng = np.random.default_rng(draw)
    loaded = load_digits()
    pictures = (loaded.images * 15.9).astype(np.uint8)[..., None]
    noise = rng.integers(0, 256, (OTHERS, 8, 8, 1), dtype=np.uint8)
    in_test = rng.random(len(pictures)) < 0.2
    described = {"modality": "image", "shape": [8, 8, 1]}
    return split(described, (pictures, loaded.target), in_test, noise, rng)


def table(draw: int) -> Data:
    rng = np.random.default_rng(draw)
    loaded = load_digits()
    shuffled = np.stack([rng.permutation(column)[:OTHERS] for column in loaded.data.T], axis=1)
    columns = {f"c{number}": "number" for number in range(loaded.data.shape[1])}
    described = {"modality": "table", "shape": [len(columns)], "features": columns}
    in_test = rng.random(len(loaded.data)) < 0.2
    return split(described, (loaded.data, loaded.target), in_test, shuffled, rng)


def split(
    described: dict,
    all_examples: tuple[np.ndarray, np.ndarray],
    in_test: np.ndarray,
    noise: np.ndarray,
    rng: np.random.Generator,
) -> Data:
    """Two classes are held out."""
    payload, labels = all_examples
    known = ~np.isin(labels, rng.permutation(np.unique(labels))[:CLASSES])
    rows = rng.permutation(np.flatnonzero(known & ~in_test))
    others = {"classes": payload[~known], "noise": noise}
    return Data(described, (payload[rows], labels[rows]), payload[known & in_test], others)


def blocks(payload: np.ndarray) -> list[np.ndarray]:
    return np.array_split(payload, -(-len(payload) // 256))


def trained(data: Data, start: str) -> tuple[Trained, bytes, Callable, int]:
    """The classifier, its graph with `unlike`, what cleanlab's score reads, training examples."""
    params = parameters.load().model_copy(update={"portable": False})
    encoder = learning.learn(data.format, data.payload, params.pretrain, portable=False, threads=2)
    files.write_bytes(paths.ENCODER, encoder.onnx)
    files.write_bytes(paths.ENCODER_FRONT, encoder.front)
    files.write_arrays(paths.ENCODER_WEIGHTS, encoder.weights)
    about = {"method": encoder.method, "elsewhere": False, "start": encoder.start, **data.format}
    files.write_json(paths.ENCODER_INFO, about)
    n_checked = int(VALIDATION * len(data.payload))
    checked, train = (
        LabelledExamples(
            np.arange(len(codes)).astype(str),
            codes,
            np.ones(len(codes)),
            codes,
            lambda x=x: blocks(x),
        )
        for x, codes in zip(
            np.split(data.payload, [n_checked]), np.split(data.codes, [n_checked]), strict=True
        )
    )
    n_classes = len(data.classes)
    if start == "frozen":
        model = linear_probe.fit(train, checked, n_classes, params)
    else:
        from assay.training import supervised

        model = supervised.train(train, checked, n_classes, params, encoder=about, start=start)
    how = {"portable": False, "threads": 2}
    graph, _ = unlike.attach(model, train, checked, n_classes, **how)
    if data.format["modality"] == "text":
        embed = Model(paths.ENCODER, "embedding", **how)
    else:
        evidence = Model(model.onnx, onnx_graph.EVIDENCE, **how)

        def embed(payload: np.ndarray) -> np.ndarray:
            return evidence(payload)[:, n_classes:]

    return model, graph, embed, n_checked


def scores(data: Data, start: str) -> dict[str, list[np.ndarray]]:
    """What each method says of the test examples, then of the others: a list by method."""
    model, graph, embed, n_checked = trained(data, start)
    how = {"portable": False, "threads": 2}
    evidence, share = Model(model.onnx, onnx_graph.EVIDENCE, **how), Model(graph, UNLIKE, **how)
    n_classes, sets = len(data.classes), [data.test, *data.others.values()]
    known = data.payload[n_checked:][:4000]
    of_known = np.concatenate([evidence(part)[:, :n_classes] for part in blocks(known)])
    usual = np.concatenate([embed(part) for part in blocks(known)]).astype(float)
    logits = [np.concatenate([evidence(part)[:, :n_classes] for part in blocks(x)]) for x in sets]
    points = [np.concatenate([embed(part) for part in blocks(x)]).astype(float) for x in sets]
    by_features, by_probabilities = OutOfDistribution(), OutOfDistribution()
    by_features.fit_score(features=usual, verbose=False)
    codes = data.codes[n_checked:][:4000]
    by_probabilities.fit_score(pred_probs=softmax(of_known, axis=1), labels=codes, verbose=False)
    inner, whole = (spread(usual, group) for group in (codes, np.zeros_like(codes)))
    relative = [inner(x) - whole(x) for x in points]
    return {
        "unlike": [np.concatenate([share(part) for part in blocks(x)]) for x in sets],
        "cleanlab": [-by_features.score(features=x) for x in points],
        "cleanlab, probabilities": [
            -by_probabilities.score(pred_probs=softmax(x, axis=1)) for x in logits
        ],
        "largest logit": [-x.max(axis=1) for x in logits],
        "largest probability": [-log_softmax(x, axis=1).max(axis=1) for x in logits],
        "Mahalanobis": [inner(x) for x in points],
        "relative Mahalanobis": relative,
    }


def spread(usual: np.ndarray, groups: np.ndarray) -> Callable:
    """The squared Mahalanobis distance from the nearest mean of groups."""
    means = np.stack([usual[groups == group].mean(axis=0) for group in np.unique(groups)])
    place = np.searchsorted(np.unique(groups), groups)
    covariance = empirical_covariance(usual - means[place], assume_centered=True)
    ridge = 0.1 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    inverse = np.linalg.inv(covariance + ridge)
    return lambda x: np.min(
        [np.einsum("ij,jk,ik->i", x - mean, inverse, x - mean, optimize=True) for mean in means],
        axis=0,
    )


def measure(name: str, start: str) -> None:
    found: dict[str, list[list[float]]] = {}
    flagged = []
    for draw in DRAWS:
        data = globals()[name](draw)
        with TemporaryDirectory() as folder, chdir(folder):
            Path("params.yaml").write_text((ROOT / "params.yaml").read_text())
            Path("dvc.lock").touch()
            for path in (paths.ENCODER, paths.CLASSIFIER):
                path.parent.mkdir(parents=True)
            values = scores(data, start)
        flagged.append([np.mean(part > 0.99) for part in values["unlike"]])
        for method, (test, *others) in values.items():
            areas = [
                roc_auc_score(np.repeat([0, 1], [len(test), len(x)]), np.append(test, x))
                for x in others
            ]
            found.setdefault(method, []).append(areas)
    print(f"\n{name}, {start}, draws {DRAWS[0]} to {DRAWS[-1]}: mean AUROC\n")
    row("method", *data.others, "mean")
    row(*["---"] * (len(data.others) + 2))
    for method, areas in found.items():
        mean = np.mean(areas, axis=0)
        row(method, *[f"{area:.4f}" for area in [*mean, mean.mean()]])
    shares = [f"{share:.1%}" for share in np.mean(flagged, axis=0)]
    print(f"\n`unlike` > 0.99: {shares[0]} of test examples; of the others {', '.join(shares[1:])}")
    pairs = zip(found["unlike"], found["cleanlab"], strict=True)
    first = [f"{ours[0]:.3f}/{theirs[0]:.3f}" for ours, theirs in pairs]
    print(f"first column by draw, unlike/cleanlab: {', '.join(first)}", flush=True)


def main() -> None:
    print(f"# {machine()}")
    starts = {"banking77": ["frozen"], "table": ["scratch"]}
    for name in sys.argv[1:] or ("mnist", "banking77", "fsdd", "digits", "table"):
        if name == "banking77":
            linear_head._ITERATIONS, strengths = FAST
            linear_head.fit.__kwdefaults__["strengths"] = strengths
        for start in starts.get(name, ["scratch", "frozen"]):
            measure(name, start)


if __name__ == "__main__":
    main()
