"""Decode sound files with libsndfile, and note what is lost or changed."""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.contract.remarks import Action, Remarks
from assay.modalities.undecodable import UndecodableError

if TYPE_CHECKING:
    from soundfile import SoundFile

# `seconds: auto` takes the first length that is enough for this share of the sounds, or the last.
# There are few, so that batches from one source get the same one. A sound of 30 s takes 1 MB.
_LENGTHS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0)
_HELD = 0.95
_UNKNOWN = 2**63 - 1  # frames, if the header does not say how many
_AT_ONCE = 2**22  # samples of all channels that are decoded at a time: 44 s of stereo at 48 kHz
# libsndfile writes this if the header and the file differ in their number of bytes
_CUT_SHORT = re.compile(
    r"^ *(?:data|SSND|BODY|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.MULTILINE
)
_STREAMED = 0x7FFF0000  # bytes: programs that do not know the length yet write this or more
_SLACK = 64  # bytes: some programs count a header as samples
_HEADERS = 256  # bytes: a file of the formats below without sound is smaller
_SIZED = ("WAV", "WAVEX", "AIFF", "AU")
_ESTIMATE = 0.95  # share of the told samples that must be there; an MP3's header may only estimate
_CANCELLED = 0.01  # channels cancel out if their mix has less than this power of the loudest one
_LOUD = 2.0  # peak, times full scale, that is too loud; lossy formats may slightly exceed 1
_CLIPPED = 1e-3  # a file of floats is too loud if more than this share is beyond full scale
_QUIET = 1e-3  # peak, of full scale (-60 dB); a quieter sound has at most 65 levels of 16 bits
_SILENT = 2**-16  # peak, of full scale; a quieter sound becomes only zeros
_FLOATS = ("FLOAT", "DOUBLE")
_MORE_THAN_16_BITS = (*_FLOATS, "PCM_24", "PCM_32", "ALAC_20", "ALAC_24", "ALAC_32", "DWVW_24")
_FEW_LEVELS = "sounds of more than 16 bits are below -60 dB and have 65 levels at most"
_REMEDY = "replace it or take it out"
_RATE = "collect.sample_rate in params.yaml sets it"
_LOST = f"frequencies above half of it are lost; {_RATE}"
_REMARKS: dict[str, tuple[Action, str, str]] = {
    "not finite": ("converted", "sounds hold values that are no numbers: they become silence", ""),
    "mixed": ("converted", "sounds have several channels: their mean is taken", ""),
    "lowered": ("converted", "sounds have a higher rate than {} Hz", _LOST),
    "raised": ("converted", "sounds have a lower rate than {} Hz", _RATE),
    "cancelled": ("converted", "sounds cancel out when mixed: their loudest channel is taken", ""),
    "loud": ("cut", "sounds go beyond full scale and are clipped", "scale them to -1..1"),
    "quiet": ("converted", _FEW_LEVELS, "make them louder"),
    "no end": ("doubtful", "Ogg files have no end mark, as if cut short", ""),
    "silent": ("doubtful", "sounds are silent, as far as kept", ""),
}


def lengths(files: Sequence[bytes | Path], places: Sequence[str]) -> np.ndarray:
    """The length of each sound in seconds, (n,); infinite if its header does not say it.

    Parameters
    ----------
    files : contents, or paths; of paths, only the headers are read, about 0.1 ms per sound
    places : the name of each sound in messages
    """
    seconds = np.zeros(len(files))
    for number, (content, place) in enumerate(zip(files, places, strict=True)):
        with _opened(content, place) as file:
            seconds[number] = file.frames / file.samplerate if file.frames < _UNKNOWN else np.inf
    return seconds


def choose_seconds(lengths: np.ndarray) -> float:
    """The length that `collect.seconds: auto` chooses, from the `lengths` in seconds, (n,)."""
    wanted = np.sort(lengths)[ceil(_HELD * len(lengths)) - 1]
    return next((length for length in _LENGTHS if length >= wanted), _LENGTHS[-1])


class Decoder:
    """Decodes the sounds of a batch, and remembers what it changed.

    Parameters
    ----------
    seconds : the seconds of a sound that are kept, from its start
    rate : of the samples, in Hz
    """

    def __init__(self, seconds: float, rate: int) -> None:
        self.seconds = seconds
        self.rate = rate
        self.rest: dict[str, float] = {}  # seconds that are cut, by place
        self.places: dict[str, list[str]] = defaultdict(list)  # by key of `_REMARKS`

    def samples(self, content: bytes, place: str) -> np.ndarray:
        """The first part of a sound, (samples,) float32, full scale at 1.

        Raises
        ------
        UndecodableError
            If it cannot be decoded, has no samples, or is cut short.
        """
        import soxr  # only where there is sound

        with _opened(content, place) as file:
            if file.samplerate != self.rate:
                self.places["lowered" if file.samplerate > self.rate else "raised"].append(place)
            wanted = int(self.seconds * file.samplerate) + 1
            is_long = min(wanted, file.frames) * file.channels > _AT_ONCE
            parts = _parts(file, wanted)
            whole = [] if is_long else list(parts)  # one part or none
            n_read, channel = self._look_over(whole or parts, file.subtype, place)
            _refuse_cut_short(file, content, n_read, wanted, place)
            if not n_read:
                raise UndecodableError(f"{place} cannot be decoded (it has no samples): {_REMEDY}")
            if n_read == wanted and len(file.read(1)):
                rest = file.frames / file.samplerate - self.seconds
                self.rest[place] = rest if file.frames < _UNKNOWN else 0.0
            if is_long:  # decode it again, part by part
                with _opened(content, place) as again:
                    sounds = (_mixed(part, channel) for part in _parts(again, wanted))
                    sound = _resampled(sounds, file.samplerate, self.rate)
            else:
                sound = _mixed(whole[0], channel)
                if file.samplerate != self.rate:
                    sound = soxr.resample(sound, file.samplerate, self.rate)
        if content.startswith(b"OggS") and not _has_end(content):
            self.places["no end"].append(place)
        return sound

    def _look_over(
        self, parts: Iterable[np.ndarray], subtype: str, place: str
    ) -> tuple[int, int | None]:
        """The number of samples, and the channel to take if the channels cancel out, else None."""
        is_finite = True
        n_read = n_values = n_beyond = 0
        peak = 0.0
        power = np.zeros(1, np.float32)  # (channels,)
        power_of_mean = np.float32(0)  # of the mean of the channels
        for part in parts:
            n_read += len(part)
            finite = _finite(part)
            is_finite &= finite is part
            loudness = np.abs(finite)
            peak = max(peak, float(loudness.max(initial=0)))
            n_values += loudness.size
            n_beyond += int((loudness > 1).sum())
            if part.shape[1] > 1:
                power = power + np.square(finite).sum(axis=0)
                power_of_mean += np.square(finite.mean(axis=1)).sum()
        is_clipped = subtype in _FLOATS and n_beyond > _CLIPPED * n_values
        cancelled = power_of_mean < _CANCELLED * power.max()
        is_true = {
            "not finite": not is_finite,
            "loud": peak > _LOUD or is_clipped,
            "quiet": _SILENT <= peak < _QUIET and subtype in _MORE_THAN_16_BITS,
            "cancelled": cancelled,
            "mixed": len(power) > 1 and not cancelled,
        }
        for what in compress(is_true, is_true.values()):
            self.places[what].append(place)
        return n_read, int(power.argmax()) if cancelled else None

    def remark(self, n_sounds: int, remarks: Remarks) -> None:
        """Add what was done to the sounds to the remarks."""
        in_all = f"({sum(self.rest.values()):.1f} s in all)"
        cut = f"of {n_sounds} sounds are longer than {self.seconds:g} s {in_all}"
        longest = max(self.rest, key=lambda place: self.rest[place], default="")
        remarks.add("cut", len(self.rest), cut, longest, "set collect.seconds in params.yaml")
        for done, (action, what, remedy) in _REMARKS.items():
            remarks.note(action, self.places[done], what.format(self.rate), remedy)


def _parts(file: "SoundFile", wanted: int) -> Iterator[np.ndarray]:
    """The first `wanted` samples of a sound in parts (samples, channels) float32."""
    size = max(1, _AT_ONCE // file.channels)
    if size < wanted:
        file.seekable = lambda: False  # else `read` seeks, and an MP3 continues at a wrong place
    for start in range(0, wanted, size):
        part = file.read(min(size, wanted - start), dtype="float32", always_2d=True)
        if not len(part):
            return
        yield part


def _finite(channels: np.ndarray) -> np.ndarray:
    """The channels with NaN as 0 and infinities as ±1. Resampling would spread NaN."""
    if np.isfinite(channels).all():
        return channels
    return np.nan_to_num(channels, nan=0.0, posinf=1.0, neginf=-1.0)


def _mixed(channels: np.ndarray, channel: int | None) -> np.ndarray:
    """One channel (samples,) of several (samples, channels): number `channel`, or their mean."""
    channels = _finite(channels)
    if channels.shape[1] == 1 or channel is not None:
        return channels[:, channel or 0]
    return channels.mean(axis=1)


def _resampled(sounds: Iterable[np.ndarray], rate: int, wanted_rate: int) -> np.ndarray:
    """A sound at the wanted rate in Hz, from its parts (samples,) at another rate."""
    import soxr

    if rate == wanted_rate:
        return np.concatenate([*sounds])
    stream = soxr.ResampleStream(rate, wanted_rate, 1, dtype="float32")
    parts = [stream.resample_chunk(sound) for sound in sounds]
    end = stream.resample_chunk(np.zeros(0, np.float32), last=True)
    return np.concatenate([*parts, end])


@contextmanager
def _opened(content: bytes | Path, place: str) -> Iterator["SoundFile"]:
    """An open sound file. An error of a library becomes an UndecodableError of one line."""
    import soundfile  # takes a tenth of a second, so only where there is sound

    try:
        stream = content if isinstance(content, Path) else io.BytesIO(content)
        with soundfile.SoundFile(stream) as file:
            yield file
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).partition(": ")[2] or error
        raise UndecodableError(f"{place} cannot be decoded ({reason}): {_REMEDY}") from None


def _refuse_cut_short(
    file: "SoundFile", content: bytes, n_read: int, wanted: int, place: str
) -> None:
    """Raise if a file holds less than its header says; libsndfile would read the rest silently."""
    notes = _CUT_SHORT.findall(file.extra_info)  # pairs of sizes
    told, held = map(int, notes[0]) if notes else (0, 0)
    if held + _SLACK < told < _STREAMED:
        wrong = f"its header tells of {told} bytes of sound, and it holds {held}"
    elif not file.frames and file.format in _SIZED and len(content) > _HEADERS:
        wrong = f"its header tells of no sound, but it has {len(content)} bytes"
    elif n_read < _ESTIMATE * min(wanted, file.frames):
        wrong = f"its header tells of {file.frames} samples, and {n_read} of them can be read"
    else:
        return
    raise UndecodableError(f"{place} is cut short ({wrong}): {_REMEDY}")


def _has_end(content: bytes) -> bool:
    """Whether the last page of an Ogg file is marked as the end of its stream (RFC 3533)."""
    last_page = content.rfind(b"OggS")
    flags = content[last_page + 5 : last_page + 6]  # empty if the file is cut there
    return bool(flags) and bool(flags[0] & 4)
