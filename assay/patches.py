"""Whitened random patches: an encoder of images that needs no training (Coates, Lee and Ng 2011; Coates and Ng 2011).

Each filter is a random patch of the data, contrast-normalised and ZCA-whitened. An image's embedding is the response
to every filter, positive and negative parts apart, averaged over each of nine regions, then its square root, which
keeps a few strong responses from drowning the others (Perronnin, Sánchez and Mensink 2010).

A. Coates, A. Ng: The Importance of Encoding Versus Training with Sparse Coding and Vector Quantization. ICML 2011.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from onnx import TensorProto

from assay import graphs

_CONTRAST_FLOOR = 10.0  # added to a patch's variance, for pixels 0..255 (Coates, Lee and Ng 2011)
_WHITENING_FLOOR = 0.1  # added to each eigenvalue of normalised patches (ibid.)
_LARGEST = (6, 4)  # pixels a side, without and with a halving: what measured best from 28 to 32 pixels
_FLAT = 0.1  # variance of a normalised patch, which is near 1 where there is contrast
_TINY = 1e-12  # added to the length of a filter, which is 0 where all patches are flat
_SAMPLED_PATCHES = 100_000
_REGIONS = 3  # along each side of an image
_CHANNELS_FIRST = {"perm": [0, 3, 1, 2]}
_MIRRORED = {"last": -1, "before_first": -(2**31), "width_axis": 3, "backwards": -1}  # starts, ends, axes, steps


@dataclass
class Patches:
    """A bank of filters: the response to patch x is (filters · (x - mean x)) / sqrt(var x + floor) - offset."""

    filters: np.ndarray  # (count, size, size, channels) float32
    offset: np.ndarray  # (count,) float32
    halvings: int = 0  # of the images' sides, by averaging pixels, before the filters see them


def learn(images: np.ndarray, count: int, seed: int, *, halvings: int = 0) -> Patches:
    """Draw and whiten `count` filters.

    Parameters
    ----------
    images : np.ndarray of shape (n, height, width, channels), uint8
    count : number of filters
    seed : of the draw
    halvings : of the images' sides, for coarser structure; leaves at least a pixel
    """
    rng = np.random.default_rng(seed)
    halvings = min(halvings, min(images.shape[1:3]).bit_length() - 1)
    images = _halved(images, halvings)
    n, height, width, channels = images.shape
    size = min(_LARGEST[halvings > 0], max(1, height // 2), max(1, width // 2))
    which = rng.integers(n, size=_SAMPLED_PATCHES)
    top = rng.integers(height - size + 1, size=_SAMPLED_PATCHES)
    left = rng.integers(width - size + 1, size=_SAMPLED_PATCHES)
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))  # (n, y, x, c, size, size)
    patches = windows[which, top, left].transpose(0, 2, 3, 1).reshape(_SAMPLED_PATCHES, -1).astype(np.float64)
    patches -= patches.mean(axis=1, keepdims=True)
    patches /= np.sqrt(patches.var(axis=1, keepdims=True) + _CONTRAST_FLOOR)
    mean = patches.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(patches, rowvar=False, bias=True).reshape(len(mean), -1))
    whitening = vectors / np.sqrt(values + _WHITENING_FLOOR) @ vectors.T
    varied = np.flatnonzero(patches.var(axis=1) > _FLAT)  # a flat patch whitens to noise
    chosen = rng.choice(varied if len(varied) else np.arange(len(patches)), count)
    filters = (patches[chosen] - mean) @ whitening
    filters /= np.linalg.norm(filters, axis=1, keepdims=True) + _TINY
    filters = filters @ whitening  # now they take patches that are normalised, not yet whitened
    offset = filters @ mean
    filters -= filters.mean(axis=1, keepdims=True)  # the same as subtracting each patch's mean
    return Patches(filters.reshape(count, size, size, channels).astype(np.float32), offset.astype(np.float32), halvings)


def _halved(images: np.ndarray, halvings: int) -> np.ndarray:
    for _ in range(halvings):
        height, width = (side // 2 for side in images.shape[1:3])
        pairs = images[:, : 2 * height, : 2 * width].reshape(len(images), height, 2, width, 2, -1)
        images = pairs.mean(axis=(2, 4), dtype=np.float32)
    return images


def to_onnx(banks: Sequence[Patches], shape: tuple[int, int, int], *, mirror: bool = False) -> bytes:
    """The encoder as a graph from `payload` (n, height, width, channels) uint8 to `embedding` float32.

    Its shape is (n, 18 filters) where an image has room for nine regions.

    Parameters
    ----------
    banks : filters at one scale each; what they respond with stands side by side
    shape : of an image
    mirror : whether what an image and its mirror image give is added up, for images that could as well be mirrored
    """
    nodes = [
        ("Cast", "payload", "pixels", {"to": TensorProto.FLOAT}),
        ("Transpose", "pixels", "image", _CHANNELS_FIRST),
    ]
    constants = {"floor": np.float32(_CONTRAST_FLOOR), "zero": np.float32(0)}
    for scale, bank in enumerate(banks):
        size, channels = bank.filters.shape[2:]
        constants |= {
            f"filters{scale}": bank.filters.transpose(0, 3, 1, 2),
            f"ones{scale}": np.full((1, channels, size, size), 1 / (channels * size * size), np.float32),
            f"offset{scale}": bank.offset.reshape(1, -1, 1, 1),
        }
    sides = ["image"]
    if mirror:
        constants |= {name: np.array([value]) for name, value in _MIRRORED.items()}
        nodes.append(("Slice", f"image {' '.join(_MIRRORED)}", "mirrored"))
        sides.append("mirrored")
    for side in sides:
        for scale, bank in enumerate(banks):
            nodes += _responses(bank, scale, side, shape)
        own = " ".join(f"{side}_features{scale}" for scale in range(len(banks)))
        nodes.append(("Concat", own, f"{side}_embedding", {"axis": 1}))
    nodes.append(("Sum", " ".join(f"{side}_embedding" for side in sides), "embedding"))
    return graphs.to_onnx("patches", (TensorProto.UINT8, shape), nodes, constants)


def _responses(bank: Patches, scale: int, image: str, shape: tuple[int, int, int]) -> list[tuple]:
    """The nodes from an image to the roots of its pooled responses (n, 18 filters)."""
    positions = [(side >> bank.halvings) - bank.filters.shape[1] + 1 for side in shape[:2]]  # of a filter
    strides = [max(1, side // _REGIONS) for side in positions]
    pool = [max(1, side - (_REGIONS - 1) * stride) for side, stride in zip(positions, strides, strict=True)]
    window, halve = {"kernel_shape": pool, "strides": strides}, {"kernel_shape": [2, 2], "strides": [2, 2]}
    own = f"{image}_{{}}{scale}".format
    halved = [image, *(own(f"halved{number}_") for number in range(bank.halvings))]
    x = halved[-1]
    return [
        *(("AveragePool", before, after, halve) for before, after in pairwise(halved)),
        ("Mul", f"{x} {x}", own("squares")),
        ("Conv", f"{x} ones{scale}", own("mean")),
        ("Conv", f"{own('squares')} ones{scale}", own("mean_of_squares")),
        ("Mul", f"{own('mean')} {own('mean')}", own("square_of_mean")),
        ("Sub", f"{own('mean_of_squares')} {own('square_of_mean')}", own("raw_variance")),
        ("Max", f"{own('raw_variance')} zero", own("variance")),  # rounding can leave it below 0
        ("Add", f"{own('variance')} floor", own("floored")),
        ("Sqrt", own("floored"), own("contrast")),
        ("Conv", f"{x} filters{scale}", own("responses")),
        ("Div", f"{own('responses')} {own('contrast')}", own("normalised")),
        ("Sub", f"{own('normalised')} offset{scale}", own("centred")),
        ("Relu", own("centred"), own("positive")),
        ("AveragePool", own("positive"), own("pooled_positive"), window),
        ("AveragePool", own("centred"), own("pooled"), window),
        ("Sub", f"{own('pooled_positive')} {own('pooled')}", own("pooled_negative")),  # relu(-x) = relu(x) - x
        ("Concat", f"{own('pooled_positive')} {own('pooled_negative')}", own("both"), {"axis": 1}),
        ("Max", f"{own('both')} zero", own("not_negative")),
        ("Sqrt", own("not_negative"), own("root")),
        ("Flatten", own("root"), own("features")),
    ]
