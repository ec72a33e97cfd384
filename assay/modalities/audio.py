"""Audio: decoded to one channel at one rate and one length, signed 16-bit samples, as its canonical payload."""

import base64
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay.contract.errors import InputError
from assay.contract.parameters import Collect
from assay.modalities import arrays

SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".opus"}
MEDIUM = "audio"  # as what people are shown it
HTML = '<audio controls src="{}"></audio>'  # of what `show` gives, on a page
STEPS = 600  # that training takes at least where params.yaml leaves it open
_FULL_SCALE = 2**15
# at most: log of it, share of the length, log of it, of full scale
_SPEED, _SHIFT, _GAIN, _NOISE = 0.15, 0.1, 0.5, 0.01


def canonical(raw: Sequence[bytes], places: Sequence[str], params: Collect) -> np.ndarray:
    """Decode sounds, mix their channels, resample, and cut or pad the end.

    Parameters
    ----------
    raw : encoded files
    places : for each sound, what to call it in a message
    params : `sample_rate` in Hz and `seconds` that every sound is brought to

    Returns
    -------
    np.ndarray of shape (n, samples), int16

    Raises
    ------
    InputError
        If a sound cannot be decoded.
    """
    samples = round(params.seconds * params.sample_rate)
    sounds, cut = np.zeros((len(raw), samples), np.int16), 0
    for sound, content, place in zip(sounds, raw, places, strict=True):
        decoded, whole = _decode(content, place, params)
        sound[: len(decoded)] = decoded[:samples]
        cut += not whole
    if cut:
        lost = f"{cut} of {len(raw)} sounds are longer than {params.seconds} s and were cut"
        print(
            f"assay: {places[0]} and others: {lost}: see collect.seconds in params.yaml",
            file=sys.stderr,
        )
    return sounds


def _decode(content: bytes, place: str, params: Collect) -> tuple[np.ndarray, bool]:
    """As many samples as are kept (samples,), int16, and whether that is all of them."""
    import soundfile  # a tenth of a second, for those who have sound
    import soxr

    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            wanted = int(params.seconds * file.samplerate) + 1
            sound = file.read(wanted, dtype="float32", always_2d=True).mean(axis=1)
            whole = len(sound) < wanted or not len(file.read(1))
            rate = file.samplerate
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        reason = str(error).partition(": ")[2] or error
        raise InputError(
            f"{place} cannot be decoded ({reason}): replace it or take it out"
        ) from None
    if rate != params.sample_rate and len(sound):
        sound = soxr.resample(sound, rate, params.sample_rate)
    scaled = np.nan_to_num(sound, nan=0.0, posinf=1.0, neginf=-1.0) * _FULL_SCALE
    return np.rint(scaled).clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16), whole


def to_columns(
    payload: np.ndarray, _rows: object, _raw: object, params: Collect
) -> tuple[dict[str, pa.Array], dict]:
    """Columns for Parquet, a sound's samples as one value of fixed size, and what they are."""
    kind = {
        "modality": "audio",
        "shape": list(payload.shape[1:]),
        "sample_rate": params.sample_rate,
    }
    return {"audio": arrays.to_column(payload)}, kind


def from_columns(rows: pa.RecordBatch, kind: dict) -> np.ndarray:
    """The payload of rows that `to_columns` made. Shape (n, samples), int16."""
    return arrays.from_column(rows["audio"], "<i2", kind["shape"])


def show(rows: pa.RecordBatch, kind: dict) -> list[str]:
    """Sounds for people's ears: a data URI of each as WAV, without the silence at its end."""
    import soundfile

    shown = []
    for sound in from_columns(rows, kind):
        file = io.BytesIO()
        soundfile.write(file, np.trim_zeros(sound, "b"), kind["sample_rate"], format="WAV")
        shown.append(f"data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}")
    return shown


def augment(payload: np.ndarray, rng: np.random.Generator, _reach: int = 1) -> np.ndarray:
    """Training sounds, each played faster or slower, earlier or later, louder or softer, and with some noise."""
    n, samples = payload.shape
    speed, gain = np.exp(rng.uniform(-_SPEED, _SPEED, n)), np.exp(rng.uniform(-_GAIN, _GAIN, n))
    shift, noise = (
        rng.uniform(-_SHIFT, _SHIFT, n) * samples,
        _FULL_SCALE * rng.uniform(0, _NOISE, (n, 1)) ** 2,
    )
    time = np.arange(samples)
    played = zip(payload, speed, shift, strict=True)
    moved = [np.interp(time * fast - late, time, sound, 0, 0) for sound, fast, late in played]
    changed = np.stack(moved) * gain[:, None] + rng.normal(0, 1, payload.shape) * noise
    return np.rint(changed).clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


view = augment


def read_file(path: Path, kind: dict) -> tuple[list[str], np.ndarray]:
    """One sound file, what to call it and as a payload of the released model: (1, samples), int16."""
    params = Collect.model_construct(
        sample_rate=kind["sample_rate"], seconds=kind["shape"][0] / kind["sample_rate"]
    )
    return [str(path)], canonical([path.read_bytes()], [str(path)], params)
