"""What becomes of sounds that are not plain: long, cut short, out of phase, in rare formats."""

import io
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from assay.contract.errors import InputError
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.modalities import arrays, audio, audio_files, registry

RATE = 16_000
TONE = 0.3 * np.sin(np.arange(3 * RATE) / 10)


def encoded(
    samples: np.ndarray = TONE, form: str = "WAV", subtype: str | None = None, rate: int = RATE
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


def canonical(*files: bytes, seconds: object = 3.0) -> tuple[np.ndarray, Remarks]:
    """The samples (n, samples), full scale at 1, and what was said."""
    said = Remarks()
    params = Collect.model_construct(sample_rate=RATE, seconds=seconds)
    places = [f"{number}.wav" for number in range(len(files))]
    return audio.canonical(files, places, params, said)[:] / 2**15, said


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([0.1], 0.5),
        ([0.5], 0.5),
        ([0.2, 0.51], 1.0),
        ([1.0] * 95 + [4.0] * 5, 1.0),
        ([1.0] * 94 + [4.0] * 6, 5.0),
        ([7.5, 30.0], 30.0),
        ([12.0, 3600.0], 30.0),
        ([np.inf], 30.0),
        ([0.0], 0.5),
    ],
)
def test_the_length_holds_most_sounds(lengths: list[float], expected: float) -> None:
    assert audio_files.choose_seconds(np.array(lengths)) == expected


def test_lengths_are_read_from_headers(tmp_path: Path) -> None:
    paths = [tmp_path / "a.wav", tmp_path / "b.flac"]
    paths[0].write_bytes(encoded())
    paths[1].write_bytes(encoded(TONE[: RATE // 2], "FLAC"))
    contents = [path.read_bytes() for path in paths]
    for files in (paths, contents):
        assert audio_files.lengths(files, ["a", "b"]).tolist() == [3.0, 0.5]
    paths[0].write_bytes(b"RIFF")
    with pytest.raises(InputError, match=r"^a cannot be decoded"):
        audio_files.lengths(paths, ["a", "b"])


def test_auto_gives_what_the_number_gives() -> None:
    files = [encoded(TONE[:length]) for length in (20_000, 30_000, 1000)]
    sounds, said = canonical(*files, seconds="auto")
    assert np.array_equal(sounds, canonical(*files, seconds=2.0)[0])
    assert [(remark.action, remark.count) for remark in said] == [("guessed", 3)]
    assert "collect.seconds: 2 " in said[0].remedy


def test_what_is_cut_is_told_in_seconds_and_sounds() -> None:
    said = canonical(encoded(), encoded(TONE[:8000]), encoded(TONE[:20_000]), seconds=1.0)[1]
    assert len(said) == 1
    assert (said[0].action, said[0].count, said[0].example) == ("cut", 2, "0.wav")
    assert said[0].what == "of 3 sounds are longer than 1 s (2.2 s in all)"


@pytest.mark.parametrize("rate", [8000, RATE])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_value_that_is_no_number(rate: int, value: float) -> None:
    samples = TONE[:rate].copy()
    damaged = samples.copy()
    damaged[4000] = value
    good, _ = canonical(encoded(samples, "WAV", "FLOAT", rate))
    found, said = canonical(encoded(damaged, "WAV", "FLOAT", rate))
    assert (np.abs(found - good) > 0.05).sum() < 40  # the filter of the resampler rings for a while
    whats = [remark.what for remark in said]
    assert "sound holds values that are no numbers" in whats[0]
    assert whats[1:] == [f"sound has a lower rate than {RATE} Hz"] * (rate != RATE)


def test_frequencies_are_lost_only_where_the_rate_is_lowered() -> None:
    rates = (8000, 48_000, RATE, 11_025)
    said = canonical(*[encoded(TONE, "WAV", "PCM_16", rate) for rate in rates])[1]
    lowered, raised = [remark for remark in said if "rate" in remark.what]
    assert lowered.text().startswith(f"1 sound has a higher rate than {RATE} Hz: 1.wav; freq")
    assert "are lost" in lowered.remedy
    assert (raised.count, raised.example) == (2, "0.wav")
    assert "lost" not in raised.text()


def sized(form: str, mark: bytes, size: int) -> bytes:
    """A sound whose header tells of so many bytes."""
    content = bytearray(encoded(form=form))
    at = content.find(mark) + 4
    content[at : at + 4] = struct.pack(">I" if form in ("AIFF", "AU") else "<I", size)
    return bytes(content)


CUT_SHORT = {
    **{form: encoded(form=form) for form in ("WAV", "WAVEX", "AIFF", "AU", "W64", "RF64", "SVX")},
    "FLAC": encoded(form="FLAC"),
    "OGG": encoded(form="OGG"),
    "MP3": encoded(np.tile(TONE, 3), form="MP3"),
}


@pytest.mark.parametrize("form", CUT_SHORT)
def test_half_a_file_is_refused(form: str) -> None:
    whole = CUT_SHORT[form]
    assert canonical(whole, seconds=9.0)[0].any()
    with pytest.raises(InputError, match=r"^0\.wav (is cut short|cannot be decoded) \(.+\): repl"):
        canonical(whole[: len(whole) // 2], seconds=9.0)


@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
@pytest.mark.parametrize("silent", [False, True])
def test_a_header_that_tells_of_no_sound(form: str, silent: bool) -> None:
    content = sized(form, b"data", 0)
    content = content[:100] + bytes(len(content) - 100) if silent else content
    with pytest.raises(InputError, match=r"0\.wav is cut short \(its header tells of no sound"):
        canonical(content)
    with pytest.raises(InputError, match="tells of no sound"):
        canonical(sized("AU", b"\0\0\0\x18", 0))


@pytest.mark.parametrize("form", ["WAV", "AIFF", "AU", "OGG"])
@pytest.mark.parametrize("seconds", [3.0, "auto"])
def test_a_sound_of_no_samples_is_refused_as_an_empty_picture_is(
    form: str, seconds: float | str
) -> None:
    empty = encoded(TONE[:0], form)
    said = r"^1\.wav cannot be decoded \(it has no samples\): replace it or take it out$"
    with pytest.raises(InputError, match=said):
        canonical(encoded(), empty, seconds=seconds)
    with pytest.raises(InputError, match=r"take it out; 1 more cannot be read: 2\.wav$"):
        canonical(encoded(), empty, empty, seconds=seconds)


def test_an_encoded_silent_sound_can_be_read_again() -> None:
    silent, _ = canonical(encoded(np.zeros(RATE)))
    rows = pa.record_batch({"audio": arrays.to_column(silent.astype("<i2"))})
    payload_format = {"shape": [silent.shape[1]], "sample_rate": RATE}
    again, said = canonical(*audio.encode(rows, payload_format))
    assert np.array_equal(again, silent)
    assert [remark.what for remark in said] == ["sound is silent, as far as kept"]


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x80000000, 0x7FFFF000, 96_044])
def test_sizes_that_programs_write_ahead_or_miscount(size: int) -> None:
    sounds, said = canonical(sized("WAV", b"data", size))
    assert np.array_equal(sounds, canonical(encoded())[0])
    assert said == []


def test_an_ogg_file_without_its_end() -> None:
    whole = encoded(np.tile(TONE, 4), "OGG", "OPUS")
    assert canonical(whole, seconds=12.0)[1] == []
    assert "no end mark" in canonical(whole[: len(whole) // 2], seconds=12.0)[1][0].what


@pytest.mark.parametrize("left", [4, 5])  # bytes of the last page; its flags are the sixth
def test_an_ogg_file_cut_in_the_mark_of_its_last_page(left: int) -> None:
    whole = encoded(np.tile(TONE, 4), "OGG", "OPUS")
    remarks = canonical(whole[: whole.rfind(b"OggS") + left], seconds=12.0)[1]
    assert "no end mark" in remarks[0].what


def test_channels_that_cancel_out() -> None:
    loud, soft = TONE, -0.9 * TONE
    sounds, said = canonical(encoded(np.stack([soft, loud], axis=1)))
    assert np.array_equal(sounds, canonical(encoded(loud))[0])
    assert [(remark.action, remark.count) for remark in said] == [("converted", 1)]


@pytest.mark.parametrize("other", [TONE, np.roll(TONE, 16), np.zeros(len(TONE))])
def test_other_channels_are_mixed(other: np.ndarray) -> None:
    sounds, said = canonical(encoded(np.stack([TONE, other], axis=1), subtype="DOUBLE"))
    assert np.allclose(sounds, (TONE + other) / 2, atol=2e-5)
    assert [remark.what for remark in said] == ["sound has several channels: their mean is taken"]


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
@pytest.mark.parametrize("other", [TONE, -TONE])
def test_a_long_sound_is_decoded_in_parts(
    form: str, other: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encoded(np.stack([TONE, other], axis=1), form, rate=44_100)
    whole, said = canonical(content, seconds=1.05)
    monkeypatch.setattr(audio_files, "_AT_ONCE", 20_000)
    in_parts, said_again = canonical(content, seconds=1.05)
    assert said_again == said
    assert np.abs(whole - in_parts).max() < 1e-3


def test_silence_is_told() -> None:
    said = canonical(encoded(np.concatenate([np.zeros(RATE), TONE])), encoded(), seconds=0.5)[1]
    assert [(remark.action, remark.count) for remark in said] == [("cut", 2), ("doubtful", 1)]
    assert "silent" in said[1].what


def test_samples_on_another_scale() -> None:
    said = canonical(encoded(TONE * 2**15, subtype="FLOAT"), encoded(TONE * 4, subtype="FLOAT"))[1]
    assert [(remark.action, remark.count) for remark in said] == [("cut", 2)]
    assert "full scale" in said[0].what


@pytest.mark.parametrize(
    ("form", "subtype", "peak", "n_cut"),
    [
        ("WAV", "FLOAT", 1.9, 1),
        ("WAV", "DOUBLE", 1.1, 1),
        ("WAV", "FLOAT", 1.0, 0),
        ("WAV", "PCM_24", 1.9, 0),  # what wrote it has clipped it
        ("OGG", "VORBIS", 1.2, 0),
    ],
)
def test_floats_beyond_full_scale(form: str, subtype: str, peak: float, n_cut: int) -> None:
    content = encoded(TONE / 0.3 * peak, form, subtype)
    said = canonical(content)[1]
    assert [(remark.action, remark.count) for remark in said] == [("cut", 1)] * n_cut


def test_a_few_samples_beyond_full_scale_are_no_loss() -> None:
    samples = TONE.copy()
    samples[:40] = 1.2
    assert canonical(encoded(samples, subtype="FLOAT"))[1] == []
    samples[:60] = 1.2
    assert len(canonical(encoded(samples, subtype="FLOAT"))[1]) == 1


@pytest.mark.parametrize(
    ("subtype", "peak", "n_quiet"),
    [
        ("FLOAT", 1e-4, 1),
        ("PCM_24", 1e-4, 1),
        ("PCM_24", 2e-3, 0),
        ("PCM_16", 1e-4, 0),  # it has no more levels itself
    ],
)
def test_quiet_sounds_of_many_bits(subtype: str, peak: float, n_quiet: int) -> None:
    sounds, said = canonical(encoded(TONE / 0.3 * peak, subtype=subtype))
    assert [(remark.action, remark.count) for remark in said] == [("converted", 1)] * n_quiet
    if n_quiet:
        assert len(np.unique(sounds)) == 7
        assert (
            said[0].what == "sound of more than 16 bits is below -60 dB and has 65 levels at most"
        )


def test_what_is_rounded_to_silence_is_told_once() -> None:
    said = canonical(encoded(TONE * 3e-5, subtype="FLOAT"))[1]
    assert [remark.action for remark in said] == ["doubtful"]


def test_another_rate_names_what_it_costs() -> None:
    (said,) = canonical(encoded(rate=384_000))[1]
    assert (said.action, said.count) == ("converted", 1)
    assert said.remedy.startswith("frequencies above half of it are lost; collect.sample_rate")


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_samples_of_any_kind(subtype: str) -> None:
    sounds, said = canonical(encoded(subtype=subtype))
    assert np.allclose(sounds, TONE, atol=0.01)
    assert said == []


@pytest.mark.parametrize(
    ("form", "suffix"),
    [
        ("AIFF", ".aiff"),
        ("CAF", ".caf"),
        ("W64", ".w64"),
        ("RF64", ".rf64"),
        ("AU", ".au"),
        ("OGG", ".oga"),
        ("MP3", ".mp3"),
    ],
)
def test_formats(form: str, suffix: str) -> None:
    sounds, said = canonical(encoded(form=form))
    assert abs(np.corrcoef(sounds[0, 2000:-2000], TONE[2000:-2000])[0, 1]) > 0.9
    assert said == []
    assert registry.modality_of_file(f"a/b{suffix.upper()}") == "audio"


def test_opus() -> None:
    assert canonical(encoded(form="OGG", subtype="OPUS"))[0].any()
    assert registry.modality_of_file("a.opus") == "audio"


def test_a_header_of_a_stream_that_does_not_tell_its_length() -> None:
    content = bytearray(encoded(form="FLAC"))
    content[21] &= 0xF0  # STREAMINFO: 36 bits of samples
    content[22:26] = bytes(4)
    sounds, said = canonical(bytes(content), seconds=1.0)
    assert np.allclose(sounds[0], TONE[:RATE], atol=1e-4)
    assert said[0].what == "of 1 sounds is longer than 1 s (0.0 s in all)"


@pytest.mark.parametrize("seconds", ["auto", 1.0])
def test_all_broken_sounds_are_told_of(seconds: float | str) -> None:
    raw = [encoded(), b"RIFF", encoded(), b"", encoded()[:999]]
    wrong = r"^1\.wav cannot be decoded \(.+\): replace .+; 2 more cannot be read: 3\.wav, 4\.wav$"
    with pytest.raises(InputError, match=wrong):
        canonical(*raw, seconds=seconds)
