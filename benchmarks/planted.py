"""Real images and their embeddings, and what the benchmarks of `beyond` plant among them."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq
from PIL import Image, ImageFilter

from assay.contract.inference import Model
from assay.encoders import patches
from assay.layouts import raw_folder
from benchmarks.workspace import SHARED

FILTERS = {"mnist": 64, "cifar10": 200}


def load(name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images and labels of both splits: `train` and `test`."""
    if name == "mnist":
        raw = raw_folder.read(SHARED / "mnist")
        images = np.stack([np.asarray(image) for image in raw.payload])[..., None]
        split = np.array([example.split for example in raw.examples])
        labels = np.array([example.label for example in raw.examples])
        return {side: (images[split == side], labels[split == side]) for side in ("train", "test")}
    tables = {
        side: pq.read_table(SHARED / f"cifar10n/{side}-dev.parquet") for side in ("train", "test")
    }
    return {
        side: (
            np.stack([decode(image) for image in table["image"].to_pylist()]),
            np.array(table["true_label"]),
        )
        for side, table in tables.items()
    }


def decode(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def encoder(name: str, images: np.ndarray):
    """A function from images to embeddings, learned from `images` as pretrain does."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        path.write_bytes(
            patches.encoder_graph([patches.learn(images, FILTERS[name], 0)], images.shape[1:])
        )
        model = Model(path, portable=False, threads=2)
    return lambda some: model.over(some[start : start + 64] for start in range(0, len(some), 64))


# Copies


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moved by a pixel along one or both axes, edges repeated."""
    moves = np.array([(a, b) for a in range(3) for b in range(3) if (a, b) != (1, 1)])[
        rng.integers(8, size=len(images))
    ]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    return np.stack(
        [image[a : a + height, b : b + width] for image, (a, b) in zip(padded, moves, strict=True)]
    )


def brighter(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (images * rng.choice([0.8, 1.2], (len(images), 1, 1, 1))).clip(0, 255).astype(np.uint8)


def noisy(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (images + rng.normal(0, 8, images.shape)).clip(0, 255).astype(np.uint8)


def recompressed(images: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    changed = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "jpeg", quality=50)
        changed.append(np.asarray(Image.open(file)).reshape(image.shape))
    return np.stack(changed)


COPIES = {
    "shifted": shifted,
    "brighter or darker": brighter,
    "noisy": noisy,
    "recompressed": recompressed,
}

# Bad pictures


def blurred(images: np.ndarray, radius: float) -> np.ndarray:
    kernel = ImageFilter.GaussianBlur(radius)
    return np.stack(
        [np.asarray(Image.fromarray(i.squeeze()).filter(kernel)).reshape(i.shape) for i in images]
    )


def blank(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    one_colour = rng.integers(256, size=(len(images), 1, 1, 1))
    return (one_colour + rng.normal(0, 1, images.shape)).clip(0, 255).astype(np.uint8)


def cut_off(images: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    changed = images.copy()
    changed[:, images.shape[1] // 2 :] = 128
    return changed


BAD = {
    ("blank", ""): blank,
    ("dark", ""): lambda images, _rng: (images * 0.12).astype(np.uint8),
    ("blurred", "σ 1.0"): lambda images, _rng: blurred(images, 1.0),
    ("blurred", "σ 1.5"): lambda images, _rng: blurred(images, 1.5),
    ("blurred", "σ 2.0"): lambda images, _rng: blurred(images, 2.0),
    ("cut_off", ""): cut_off,
}
