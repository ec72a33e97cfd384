"""The networks that are trained: one for each kind of payload, in Keras's own operations."""

import keras
import numpy as np
from keras import layers, ops

_WIDTHS = (8, 24, 48, 96)  # channels of each stage of the image encoder
_SMALLEST = 2  # pixels a side below which an image is not halved again
_HIDDEN = 128  # units of the table encoder's layers


def encoder(kind: dict) -> keras.Model:
    """A network from payload to embedding, with random weights."""
    build = {"image": _image_encoder, "table": _table_encoder}[kind["modality"]]
    return build(tuple(kind["shape"]))


def _image_encoder(shape: tuple[int, int, int]) -> keras.Model:
    payload = keras.Input(shape, name="payload", dtype="uint8")
    x = layers.Rescaling(1 / 255)(payload)
    for stage, width in enumerate(_WIDTHS):
        x = layers.Conv2D(width, stem_size(shape) if stage == 0 else 3, padding="same", kernel_initializer="he_normal")(
            x
        )
        if stage < len(_WIDTHS) - 1 and min(x.shape[1:3]) > _SMALLEST:
            x = layers.MaxPooling2D()(x)
        x = layers.ReLU()(x)
    return keras.Model(payload, layers.GlobalAveragePooling2D()(x), name="encoder")


def stem_size(shape: tuple[int, int, int]) -> int:
    """The side of the first layer's filters, in pixels."""
    return min(6, shape[0] // 2, shape[1] // 2)


def _table_encoder(shape: tuple[int]) -> keras.Model:
    payload = keras.Input(shape, name="payload")
    x = layers.Normalization(mean=0.0, variance=1.0)(payload)
    for _ in range(2):
        x = layers.Dense(_HIDDEN, activation="relu", kernel_initializer="he_normal")(x)
    return keras.Model(payload, x, name="encoder")


def classifier(trunk: keras.Model, n_classes: int) -> keras.Model:
    """`trunk` with a head that gives logits."""
    x = layers.BatchNormalization(momentum=0.9)(trunk.output)
    return keras.Model(trunk.input, layers.Dense(n_classes)(x), name="classifier")


def start_from(model: keras.Model, method: str, weights: dict[str, np.ndarray]) -> None:
    """Give a classifier the weights of an encoder that was learned by `method`, as far as it has a place for them."""
    if method == "patches":
        stem = model.layers[2]
        kernel = weights["filters"][: stem.filters].transpose(1, 2, 3, 0)  # (size, size, channels, filters)
        stem.kernel.assign(kernel / np.abs(kernel).sum(axis=(0, 1, 2)).mean())
    if method == "standardize":
        ...


def softmax(logits: keras.KerasTensor) -> keras.KerasTensor:
    """Softmax written out: ONNX Runtime's own gives other last bits on other processors."""
    shifted = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    return shifted / ops.sum(shifted, axis=-1, keepdims=True)
