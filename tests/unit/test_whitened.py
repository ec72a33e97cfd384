"""The network for colour images whose first filters are computed."""

import numpy as np
import pytest
from sklearn.feature_extraction.image import extract_patches_2d

pytestmark = pytest.mark.slow
N, SIDE, CLASSES = 200, 12, 3


def pictures() -> np.ndarray:
    """Images whose neighbouring pixels are alike. Shape (N, SIDE, SIDE, 3)."""
    noise = np.random.default_rng(0).normal(size=(N, SIDE, SIDE, 3))
    smooth = noise.cumsum(axis=1).cumsum(axis=2)
    low, high = smooth.min(), smooth.max()
    return np.uint8(255 * (smooth - low) / (high - low))


def test_responses_of_the_first_filters_vary_alike_and_apart() -> None:
    from assay.training import whitened

    images = pictures()
    filters = whitened._whitening(images)
    height, width, channels, count = filters.shape
    assert (height, width, channels, count) == (5, 5, 3, 48)
    assert np.array_equal(filters[..., 24:], -filters[..., :24])
    patches = np.concatenate([extract_patches_2d(image, (5, 5)) for image in images])
    responses = patches.reshape(len(patches), -1) / 255 @ filters.reshape(-1, count)[:, :24]
    covariance = np.cov(responses, rowvar=False)
    main = covariance[12:, 12:]  # directions with a variance far above the floor
    assert np.allclose(np.diag(main), 1, atol=0.2)
    assert np.abs(main - np.diag(np.diag(main))).max() < 0.1


@pytest.mark.parametrize("side", [1, 3, 12])
def test_training_leaves_the_first_filters_as_they_are(side: int) -> None:
    from assay.training import fitting, whitened
    from assay.training.batches import Batches, Examples

    fitting.fix(0, portable=True, threads=1)
    images = pictures()[:, :side, :side]
    model = whitened.classifier(images, CLASSES)
    first = next(layer for layer in model.layers if "conv" in layer.name)
    before = first.get_weights()[0]
    targets = np.eye(CLASSES)[np.arange(N) % CLASSES]
    examples = Examples(images, targets, np.ones(N))
    batches = Batches(examples, 20, lambda payload, _rng: payload, 0)
    fitting.fit(model, batches, fitting.cross_entropy(0, soft=True), learning_rate=0.01, epochs=1)
    assert np.array_equal(first.get_weights()[0], before)
    assert fitting.logits(model, images).shape == (N, CLASSES)
    assert np.isfinite(fitting.logits(model, images)).all()
