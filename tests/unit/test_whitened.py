"""The network for colour images whose first filters are computed."""

import numpy as np
import pytest
from sklearn.feature_extraction.image import extract_patches_2d

from assay.contract import parameters

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
    filters = whitened.filters(images, np.asarray)
    height, width, channels, count = filters.shape
    assert (height, width, channels, count) == (5, 5, 3, 48)
    assert np.array_equal(filters[..., 24:], -filters[..., :24])
    patches = np.concatenate([extract_patches_2d(image, (5, 5)) for image in images])
    responses = patches.reshape(len(patches), -1) / 255 @ filters.reshape(-1, count)[:, :24]
    covariance = np.cov(responses, rowvar=False)
    main = covariance[12:, 12:]  # directions with a variance far above the floor
    assert np.allclose(np.diag(main), 1, atol=0.2)
    assert np.abs(main - np.diag(np.diag(main))).max() < 0.1


def test_where_patches_do_not_vary_filters_are_zero() -> None:
    from assay.training import whitened

    images = np.repeat(pictures()[:, :1, :1], 6, axis=1).repeat(6, axis=2)  # one colour each
    filters = whitened.filters(images, np.asarray)
    assert np.isfinite(filters).all()
    assert 0 < np.abs(filters).sum(axis=(0, 1, 2)).astype(bool).sum() <= 2 * 3
    assert not whitened.filters(np.full_like(images, 7), np.asarray).any()


def test_few_images_are_read_at_a_time() -> None:
    """They may be too large to be in memory together."""
    from assay.training import whitened

    n_read = []

    def prepare(images: np.ndarray) -> np.ndarray:
        n_read.append(len(images))
        return images

    whitened.filters(pictures(), prepare)
    assert sum(n_read) == N
    assert max(n_read) <= 32


@pytest.mark.parametrize(("side", "large"), [(1, False), (3, False), (12, False), (12, True)])
def test_training_leaves_the_first_filters_as_they_are(side: int, large: bool) -> None:
    from assay.training import fitting, networks, whitened
    from assay.training.batches import Batches, Examples

    fitting.fix(0, portable=True, threads=1)
    images = pictures()[:, :side, :side]
    filters = whitened.filters(images, np.asarray)
    encoder = networks.encoder(images.shape[1:], large=large, first_filters=filters)
    model = networks.classifier(encoder, CLASSES, networks.highest)
    first = next(layer for layer in model.layers if "conv" in layer.name)
    before = first.get_weights()[0]
    targets = np.eye(CLASSES)[np.arange(N) % CLASSES]
    examples = Examples(images, targets, np.ones(N))
    batches = Batches(examples, 20, lambda payload, _rng: payload, 0)
    fitting.fit(model, batches, fitting.cross_entropy(0, soft=True), learning_rate=0.01, epochs=1)
    assert np.array_equal(first.get_weights()[0], before)
    assert fitting.logits(model, images).shape == (N, CLASSES)
    assert np.isfinite(fitting.logits(model, images)).all()


@pytest.mark.parametrize(
    ("shape", "computed"),
    [((12, 12, 3), True), ((12, 12, 1), False), ((7, 3), False), ((3,), False)],
)
def test_only_colour_images_get_computed_filters(
    shape: tuple[int, ...], computed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.training import trainable

    def unchanged(payload: np.ndarray) -> np.ndarray:
        return payload

    monkeypatch.setattr(trainable, "Model", lambda *_, **__: unchanged)
    params = parameters.load()
    payload = np.random.default_rng(0).integers(0, 256, (40, *shape)).astype(np.uint8)
    setup = trainable.OwnNetwork(payload[:1], {"modality": "image"}, params)
    filters = setup.first_filters(payload)
    assert (filters is not None) == computed
