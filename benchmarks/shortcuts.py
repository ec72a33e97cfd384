"""Shortcuts planted in real data, and samples without any: how many are found, and how many are
reported falsely.

python -m benchmarks.shortcuts [DRAWS]

A shortcut marks four fifths of the examples of one class. The level was chosen on other images of
MNIST and CIFAR-10, but on all examples of FSDD and banking77.
"""

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from assay.cleaning import shortcuts
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.measures import image_statistics, sound_statistics, text_statistics
from assay.modalities import audio
from benchmarks import planted
from benchmarks.workspace import SHARED, machine, row

ROWS, STRENGTH, NONE = 5000, 0.8, "none"


def images(name: str) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = planted.load(name)["train"]
    return pixels[-10_000:], labels[-10_000:]


def sounds() -> tuple[np.ndarray, np.ndarray]:
    paths = sorted((SHARED / "fsdd").rglob("*.wav"))
    params = Collect.model_construct(sample_rate=16_000, seconds=1.0)
    files = [path.read_bytes() for path in paths]
    payload = audio.canonical(files, list(map(str, paths)), params, Remarks())[:]
    return payload, np.array([path.name[0] for path in paths])


def texts() -> tuple[np.ndarray, np.ndarray]:
    frame = pd.read_csv(SHARED / "banking77/train.csv")
    return frame["text"].to_numpy(object), frame["category"].to_numpy(str)


def dotted(pixels: np.ndarray) -> np.ndarray:
    changed = pixels.copy()
    changed[:, 0, 5] = np.where(changed[:, 0, 5] < 128, 255, 0)
    return changed


def framed(pixels: np.ndarray) -> np.ndarray:
    changed = np.full_like(pixels, 60)
    changed[:, 1:-1, 1:-1] = pixels[:, 1:-1, 1:-1]
    return changed


def quiet(payload: np.ndarray) -> np.ndarray:
    loudness = np.sqrt(np.square(payload.astype(float)).mean(axis=1, keepdims=True))
    return np.rint(payload * 40 / loudness).astype(np.int16)


def cut(payload: np.ndarray) -> np.ndarray:
    return np.where(np.arange(payload.shape[1]) < 1200, payload, 0).astype(np.int16)


def clipped(payload: np.ndarray) -> np.ndarray:
    peak = np.abs(payload.astype(int)).max(axis=1, keepdims=True)
    return (payload * (32767 * 8 / peak)).clip(-32768, 32767).astype(np.int16)


# what a shortcut does to payloads; None: it marks a column beside them
BESIDE = dict.fromkeys(["source", "batch", "type of file"])
CHANGES: dict[object, dict[str, Callable | None]] = {
    image_statistics: {
        "brightness": lambda pixels: (255 - (255 - pixels.astype(int)) * 0.1).astype(np.uint8),
        "sharpness": lambda pixels: planted.blurred(pixels, 2.0),
        "border": dotted,
        "border (frame)": framed,
    },
    sound_statistics: {"loudness": quiet, "length": cut, "clipping": clipped},
    text_statistics: {
        "length": lambda lines: np.array(
            [f"{line} " * (700 // len(line)) for line in lines], object
        ),
        "mojibake": lambda lines: np.array([f"{line} Ã©tÃ©" for line in lines], object),
    },
}


def found(module: object, payload: np.ndarray, labels: np.ndarray, kind: str, draw: int) -> set:
    """What is reported on a resample with one shortcut, or with none."""
    rng = np.random.default_rng(draw)
    rows = rng.permutation(len(labels))[: min(ROWS, len(labels) * 4 // 5)]
    payload, (classes, given) = payload[rows], np.unique(labels[rows], return_inverse=True)
    marked = (given == rng.integers(len(classes))) & (rng.random(len(given)) < STRENGTH)
    change = CHANGES[module].get(kind)
    if change:
        payload = payload.copy()
        payload[marked] = change(payload[marked])
    numbers = module.statistics(payload)
    values = {name: rng.integers(1, 4, len(given)) for name in BESIDE}
    categories = {name: np.where(marked & (name == kind), 0, values[name]) for name in BESIDE}
    columns = {name: column[:, None] for name, column in categories.items()}
    if module.border:
        columns["border"] = module.border(payload)
    listed = shortcuts.find(numbers, columns, given, list(classes))
    return set(listed["reason"].str.split(" alone ").str[0])


def share(count: int, of: int) -> str:
    low, high = binomtest(count, of).proportion_ci()
    return f"{count} of {of} ({low:.0%} to {high:.0%})"


def main() -> None:
    draws = int(sys.argv[1]) if sys.argv[1:] else 5
    print(f"# {machine()}\n")
    row("data", "planted", "found", "others reported too")
    row(*["---"] * 4)
    data = {
        "mnist": (image_statistics, *images("mnist")),
        "cifar10": (image_statistics, *images("cifar10")),
        "fsdd": (sound_statistics, *sounds()),
        "banking77": (text_statistics, *texts()),
    }
    hits = tries = false = 0
    for name, (module, payload, labels) in data.items():
        for kind in [*CHANGES[module], *BESIDE]:
            reported = [found(module, payload, labels, kind, draw) for draw in range(draws)]
            right = sum(kind.partition(" (")[0] in each for each in reported)
            others = Counter(one for each in reported for one in each)
            del others[kind.partition(" (")[0]]
            row(name, kind, share(right, draws), dict(others) or "")
            hits, tries = hits + right, tries + draws
        reported = [found(module, payload, labels, NONE, 100 + draw) for draw in range(5 * draws)]
        row(name, NONE, "", share(sum(map(bool, reported)), 5 * draws))
        false += sum(map(bool, reported))
    row("all", "", share(hits, tries), share(false, 5 * draws * len(data)))


if __name__ == "__main__":
    main()
