"""Measures of sounds without a model: loudness and length, and problems."""

import numpy as np

REASONS = {"silent": "nothing is heard", "clipped": "too loud for its recording: peaks are cut off"}
fingerprint = None  # copies are found by the embeddings
border = None
_FULL_SCALE = 2**15
_SILENT = -60.0  # dB of full scale, over all samples
_CLIPPED = 0.001  # share of the samples at full scale that follow another sample at full scale


def statistics(sounds: np.ndarray) -> dict[str, np.ndarray]:
    """Measure sounds (n, samples) int16. By name, (n,) each.

    `loudness` is in dB of full scale, at least -100. `length` is the share of the samples before
    the silence at the end. `clipping` is the share of samples at full scale that follow another
    sample at full scale.
    """
    full = (sounds >= _FULL_SCALE - 1) | (sounds <= 1 - _FULL_SCALE)  # (n, samples)
    power = np.square(sounds / np.float32(_FULL_SCALE)).mean(axis=1)
    n_samples = sounds.shape[1]
    silence_at_end = (sounds[:, ::-1] != 0).argmax(axis=1)  # 0 if all is silent
    sounding = np.where(sounds.any(axis=1), n_samples - silence_at_end, 0)
    return {
        "loudness": 10 * np.log10(power + 1e-10),
        "length": sounding / n_samples,
        "clipping": (full[:, 1:] & full[:, :-1]).mean(axis=1),
    }


def problems(statistics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The problems of sounds with these statistics. By problem, (n,) bool each."""
    loudness, clipping = statistics["loudness"], statistics["clipping"]
    return {"silent": loudness < _SILENT, "clipped": clipping > _CLIPPED}
