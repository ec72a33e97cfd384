"""Text, sound and tables through the whole pipeline, each compared with the usual recipe: test
accuracy and seconds.

python -m benchmarks.modalities [banking77] [fsdd] [speakers] [tables]

Text is banking77; its recipe is word and character TF-IDF with logistic regression. Sound is FSDD,
with its usual split, and with each speaker left out in turn; its recipe is MFCC statistics with a
support vector machine. Tables are those of scikit-learn, and one with categories and gaps; their
recipe is HistGradientBoosting. The recipes have common settings.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from scipy.fft import dct
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from assay.contract import files, paths
from assay.contract.inference import Model
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.encoders import log_mel
from assay.modalities.audio import canonical
from benchmarks.workspace import SHARED, clone, machine, row, set_parameters, timed

REPRO = [sys.executable, "-m", "dvc", "repro"]


def prepared(
    folder: Path, make: Callable[[Path], object], encoder: Path | None = None, **changes: object
) -> None:
    """A clone whose only batch is what `make` writes into a folder; its encoder a file or folder
    from elsewhere.
    """
    raw = folder / "data/raw/mine"
    raw.mkdir(parents=True)
    make(raw)
    set_parameters(folder, batches=["mine"], pretrain__batches=["mine"], portable=False, **changes)
    if encoder:
        copy = shutil.copytree if encoder.is_dir() else shutil.copy
        copy(encoder, folder / "models/pretrained" / encoder.name)
        set_parameters(folder, pretrain__encoder=encoder.name)


def ours(
    make: Callable[[Path], object], encoder: Path | None = None, **changes: object
) -> tuple[float, float, set[str]]:
    """Test accuracy and seconds of `dvc repro`, and the keys of the examples that it left to learn
    from.
    """
    with clone() as folder:
        prepared(folder, make, encoder, **changes)
        seconds, _ = timed(REPRO, folder)
        examples = pd.read_parquet(folder / paths.examples("mine"), columns=["id", "key", "split"])
        learned = examples["id"].isin(pd.read_csv(folder / paths.ANNOTATED_LABELS)["id"])
        keys = set(examples["key"][learned & (examples["split"] != "test")])
        return files.read_json(folder / paths.EVALUATE_METRICS)["accuracy"], seconds, keys


def usual(model: object, train: tuple, test: tuple) -> tuple[float, float]:
    start = time.perf_counter()
    return model.fit(*train).score(*test), time.perf_counter() - start


def compare(
    name: str,
    make: Callable[[Path], object],
    recipe: tuple[float, float],
    encoder: Path | None = None,
    **changes: object,
) -> set[str]:
    """Print a row; the keys of the examples that were left to learn from."""
    accuracy, seconds, keys = ours(make, encoder, **changes)
    row(name, f"{accuracy:.4f}", f"{seconds:.0f}", f"{recipe[0]:.4f}", f"{recipe[1]:.0f}")
    return keys


def banking77(encoder: Path | None = None, **changes: object) -> None:
    sides = {side: pd.read_csv(SHARED / f"banking77/{side}.csv") for side in ("train", "test")}
    tfidf = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    recipe = make_pipeline(tfidf, LogisticRegression(C=30, max_iter=300))
    table = pd.concat(
        [frame.assign(split=side) for side, frame in sides.items()], ignore_index=True
    )
    table = table.rename(columns={"category": "label"}).rename_axis("key").reset_index()
    pairs = [(frame["text"], frame["category"]) for frame in sides.values()]

    def make(raw: Path) -> None:
        table.to_csv(raw / "examples.csv", index=False)

    keys = compare("banking77", make, usual(recipe, *pairs), encoder, **changes)
    if not encoder:
        left = table[table["key"].astype(str).isin(keys)]
        accuracy, seconds = usual(recipe, (left["text"], left["label"]), pairs[1])
        row(
            "the recipe, on the examples that ours learned from",
            "",
            "",
            f"{accuracy:.4f}",
            f"{seconds:.0f}",
        )


def sounds() -> pd.DataFrame:
    paths = sorted((SHARED / "fsdd").rglob("*.wav"))
    names = [path.stem.split("_") for path in paths]
    frame = pd.DataFrame(names, columns=["label", "speaker", "index"]).astype({"index": int})
    return frame.assign(path=paths, file_name=[path.name for path in paths])


def mfcc(frame: pd.DataFrame) -> np.ndarray:
    """Mean and deviation over time of 20 coefficients and their differences, of each sound without
    its padding.
    """
    params = Collect.model_construct(sample_rate=16000, seconds=1.0)
    payload = canonical(
        [path.read_bytes() for path in frame["path"]], list(frame["file_name"]), params, Remarks()
    )[:]
    spectrogram = Model(
        log_mel.spectrogram_graph({"shape": [16000], "sample_rate": 16000}),
        portable=False,
        threads=2,
    )
    lengths = [min(98, int(soundfile.info(path).duration * 100)) for path in frame["path"]]
    rows = []
    for shown, length in zip(spectrogram(payload)[..., 0].astype(float), lengths, strict=True):
        coefficients = dct(shown[:, :length], axis=0, norm="ortho")[:20]
        both = np.concatenate([coefficients, np.gradient(coefficients, axis=1)])
        rows.append(np.concatenate([both.mean(axis=1), both.std(axis=1)]))
    return np.array(rows)


def speech(name: str, test: pd.Series, frame: pd.DataFrame, encoder: Path | None = None) -> None:
    def make(raw: Path) -> None:
        for path in frame["path"]:
            shutil.copy(path, raw)
        table = frame.assign(split=np.where(test, "test", "train"))
        table[["file_name", "label", "speaker", "split"]].to_csv(raw / "metadata.csv", index=False)

    features, labels = mfcc(frame), frame["label"].to_numpy()
    recipe = make_pipeline(StandardScaler(), SVC(C=10))
    compare(
        name,
        make,
        usual(recipe, (features[~test], labels[~test]), (features[test], labels[test])),
        encoder,
    )


def fsdd() -> None:
    frame = sounds()
    speech("FSDD, customary split", frame["index"] < 5, frame)


def speakers(encoder: Path | None = None) -> None:
    frame = sounds()
    for speaker in sorted(frame["speaker"].unique()):
        speech(f"FSDD without {speaker}", frame["speaker"] == speaker, frame, encoder)


def mixed(n: int = 6000) -> pd.DataFrame:
    """As forest cover data are: numbers that interact, categories, dates, and gaps in a tenth of
    the cells.
    """
    rng = np.random.default_rng(0)
    x, y = datasets.make_classification(
        n, 12, n_informative=8, n_classes=4, n_clusters_per_class=2, random_state=0
    )
    frame = pd.DataFrame(x, columns=[f"x{number}" for number in range(12)])
    frame["soil"] = np.array(list("abcdefgh"))[(rng.integers(0, 6, n) + y) % 8]
    frame["seen"] = (
        pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 400, n) + 90 * y, "D")
    ).strftime("%Y-%m-%d")
    return frame.mask(rng.random(frame.shape) < 0.1).assign(label=y)


def tables() -> None:
    def frames() -> Iterator[tuple[str, pd.DataFrame]]:
        for name, load in {
            "breast cancer": datasets.load_breast_cancer,
            "wine": datasets.load_wine,
        }.items():
            loaded = load(as_frame=True)
            yield name, loaded.data.assign(label=loaded.target)
        digits = datasets.load_digits(as_frame=True)
        yield "digits as a table", digits.data.assign(label=digits.target)
        yield "mixed", mixed()

    for name, frame in frames():
        train, test = train_test_split(
            frame, test_size=0.3, random_state=0, stratify=frame["label"]
        )
        table = pd.concat([train.assign(split="train"), test.assign(split="test")])
        coded = table.drop(columns=["label", "split"])
        for column in coded.select_dtypes(exclude="number"):
            coded[column] = coded[column].astype("category").cat.codes.replace(-1, np.nan)
        is_test = (table["split"] == "test").to_numpy()
        pairs = [(coded[side], table["label"][side]) for side in (~is_test, is_test)]
        recipe = usual(HistGradientBoostingClassifier(random_state=0), *pairs)
        compare(
            name, lambda raw, table=table: table.to_csv(raw / "examples.csv", index=False), recipe
        )


def head() -> None:
    row("data", "Assay", "seconds", "the usual recipe", "seconds")
    row(*["---"] * 5)


def main() -> None:
    print(f"# {machine()}\n")
    head()
    parts = {"banking77": banking77, "fsdd": fsdd, "speakers": speakers, "tables": tables}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
