"""Whitened random patches: an encoder of images that needs no training (Coates, Lee and Ng 2011; Coates and Ng 2011).

Each filter is a random patch of the data, contrast-normalised and ZCA-whitened. An image's embedding is the response
to every filter, positive and negative parts apart, averaged over each of nine regions, then its square root, which
keeps a few strong responses from drowning the others (Perronnin, Sánchez and Mensink 2010).

A. Coates, A. Ng: The Importance of Encoding Versus Training with Sparse Coding and Vector Quantization. ICML 2011.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from assay.training import onnx_graph

_CONTRAST_FLOOR = 10.0  # added to a patch's variance, for pixels 0..255 (Coates, Lee and Ng 2011)
_WHITENING_FLOOR = 0.1  # added to each eigenvalue of normalised patches (ibid.)
_LARGEST = (
    6,
    4,
)  # pixels a side, without and with a halving: what measured best from 28 to 32 pixels
_FLAT = 0.1  # variance of a normalised patch, which is near 1 where there is contrast
_TINY = 1e-12  # added to the length of a filter, which is 0 where all patches are flat
_SAMPLED_PATCHES = 100_000
_REGIONS = 3  # along each side of an image


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
    windows = np.lib.stride_tricks.sliding_window_view(
        images, (size, size), axis=(1, 2)
    )  # (n, y, x, c, size, size)
    patches = (
        windows[which, top, left]
        .transpose(0, 2, 3, 1)
        .reshape(_SAMPLED_PATCHES, -1)
        .astype(np.float64)
    )
    patches -= patches.mean(axis=1, keepdims=True)
    patches /= np.sqrt(patches.var(axis=1, keepdims=True) + _CONTRAST_FLOOR)
    mean = patches.mean(axis=0)
    values, vectors = np.linalg.eigh(
        np.cov(patches, rowvar=False, bias=True).reshape(len(mean), -1)
    )
    whitening = vectors / np.sqrt(values + _WHITENING_FLOOR) @ vectors.T
    varied = np.flatnonzero(patches.var(axis=1) > _FLAT)  # a flat patch whitens to noise
    chosen = rng.choice(varied if len(varied) else np.arange(len(patches)), count)
    filters = (patches[chosen] - mean) @ whitening
    filters /= np.linalg.norm(filters, axis=1, keepdims=True) + _TINY
    filters = filters @ whitening  # now they take patches that are normalised, not yet whitened
    offset = filters @ mean
    filters -= filters.mean(axis=1, keepdims=True)  # the same as subtracting each patch's mean
    return Patches(
        filters.reshape(count, size, size, channels).astype(np.float32),
        offset.astype(np.float32),
        halvings,
    )


def _halved(images: np.ndarray, halvings: int) -> np.ndarray:
    for _ in range(halvings):
        height, width = (side // 2 for side in images.shape[1:3])
        pairs = images[:, : 2 * height, : 2 * width].reshape(len(images), height, 2, width, 2, -1)
        images = pairs.mean(axis=(2, 4), dtype=np.float32)
    return images


def to_onnx(
    banks: Sequence[Patches], shape: tuple[int, int, int], *, mirror: bool = False
) -> bytes:
    """The encoder as a graph from `payload` (n, height, width, channels) uint8 to `embedding` float32.

    Its shape is (n, 18 filters) where an image has room for nine regions.

    Parameters
    ----------
    banks : filters at one scale each; what they respond with stands side by side
    shape : of an image
    mirror : whether what an image and its mirror image give is added up, for images that could as well be mirrored
    """
    graph = onnx_graph.Graph()
    image = graph("Transpose", graph("Cast", "payload", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    sides = (
        [image, graph("Slice", image, [-1], [-(2**31)], [3], [-1])] if mirror else [image]
    )  # the width, backwards
    features = [_responses(graph, bank, sides, shape) for bank in banks]
    seen = [graph("Concat", *each, axis=1) for each in zip(*features, strict=True)]
    graph("Sum", *seen, output="embedding")
    return graph.to_onnx("patches", (TensorProto.UINT8, shape))


def _responses(
    graph: onnx_graph.Graph, bank: Patches, images: Sequence[str], shape: tuple[int, int, int]
) -> list[str]:
    """The roots of each image's pooled responses (n, 18 filters)."""
    size, channels = bank.filters.shape[2:]
    positions = [(side >> bank.halvings) - size + 1 for side in shape[:2]]  # of a filter
    strides = [max(1, side // _REGIONS) for side in positions]
    pool = [
        max(1, side - (_REGIONS - 1) * stride)
        for side, stride in zip(positions, strides, strict=True)
    ]
    window = {"kernel_shape": pool, "strides": strides}
    filters = graph.constant(bank.filters.transpose(0, 3, 1, 2))
    average = graph.constant(np.full((1, channels, size, size), 1 / (channels * size * size)))
    found = []
    for image in images:
        x = image
        for _ in range(bank.halvings):
            x = graph("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
        mean, mean_of_squares = (
            graph("Conv", x, average),
            graph("Conv", graph("Mul", x, x), average),
        )
        variance = graph(
            "Max", graph("Sub", mean_of_squares, graph("Mul", mean, mean)), 0.0
        )  # rounding can leave less
        contrast = graph("Sqrt", graph("Add", variance, _CONTRAST_FLOOR))
        centred = graph(
            "Sub", graph("Div", graph("Conv", x, filters), contrast), bank.offset[:, None, None]
        )
        positive = graph("AveragePool", graph("Relu", centred), **window)
        negative = graph(
            "Sub", positive, graph("AveragePool", centred, **window)
        )  # relu(-x) = relu(x) - x
        both = graph("Concat", positive, negative, axis=1)
        found.append(graph("Flatten", graph("Sqrt", graph("Max", both, 0.0))))
    return found
