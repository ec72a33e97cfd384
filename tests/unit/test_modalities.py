"""What the modalities make of what comes in, and that their graphs compute what the formulas say."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pytest
import soundfile
from onnx import TensorProto, helper
from PIL import Image
from sklearn.linear_model import LogisticRegression

from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.encoders import adapters, columns, inputs, log_mel, ngrams
from assay.modalities import audio, column_types, formats, images, registry, tables, text
from assay.training import linear_head, onnx_graph

SOUND = Collect.model_construct(sample_rate=16000, seconds=1.0)
TEXT = Collect.model_construct(characters=100_000)
HOW = {"portable": True, "threads": 1}


@pytest.mark.parametrize("modality", registry.MODULES)
def test_a_modality_holds_what_the_registry_lists(modality: str) -> None:
    module = registry.named(modality)
    of_all, of_files = map(listed, registry.__doc__.split("The modules of files also hold:"))
    assert (len(of_all), len(of_files)) == (13, 4)
    assert all(hasattr(module, name) for name in of_all)
    assert {hasattr(module, name) for name in of_files} == {bool(module.SUFFIXES)}


def test_encoders_know_every_modality() -> None:
    assert set(inputs.OF_MODALITY) == set(registry.MODULES)


@pytest.mark.parametrize("table_is", ["first", "last"])
def test_the_order_of_modalities_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, table_is: str
) -> None:
    others = {name: module for name, module in registry.MODULES.items() if name != "table"}
    of_tables = {"table": tables}
    ordered = of_tables | others if table_is == "first" else others | of_tables
    monkeypatch.setattr(registry, "MODULES", ordered)
    assert registry.modality_of_columns(["label", "text"]) == "text"
    assert registry.modality_of_columns(["label", "width"]) == "table"


def listed(text: str) -> set[str]:
    """The names in front of ` : `."""
    names = [line.partition(" : ")[0] for line in text.splitlines() if " : " in line]
    return {name for several in names for name in several.split(", ")}


def encoded(samples: np.ndarray, rate: int, form: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form)
    return file.getvalue()


def tone(hertz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize(
    ("rate", "form"), [(8000, "WAV"), (16000, "FLAC"), (44100, "OGG"), (48000, "WAV")]
)
def test_any_rate_sounds_the_same(rate: int, form: str) -> None:
    stereo = np.stack([tone(440, rate)] * 2, axis=1)
    (sound,) = audio.canonical([encoded(stereo, rate, form)], ["a"], SOUND, Remarks())[:]
    assert sound.shape == (16000,)
    spectrum = np.abs(np.fft.rfft(sound[1000:7000]))
    assert abs(np.argmax(spectrum) * 16000 / 6000 - 440) < 4
    assert not sound[8200:].any()


def test_sounds_that_are_very_short_and_too_long(capsys: pytest.CaptureFixture) -> None:
    said = Remarks()
    hour = encoded(np.zeros(3600 * 1000) + 0.1, 1000)
    sounds = audio.canonical([encoded(np.zeros(1), 8000), hour], ["a", "b"], SOUND, said)[:]
    assert not sounds[0].any()
    assert sounds[1, 8000] > 3000
    assert "cut: 1 of 2 sounds is longer than 1 s (3599.0 s in all)" in str(said[0])


def test_damaged_sound() -> None:
    with pytest.raises(InputError, match=r"x\.wav cannot be decoded"):
        audio.canonical([b"RIFF"], ["x.wav"], SOUND, Remarks())


def test_sound_through_parquet_and_to_people() -> None:
    payload = np.arange(-50, 50, dtype=np.int16).reshape(2, 50)
    made, payload_format = audio.to_columns(payload, [0, 1], None, SOUND)
    assert (audio.from_columns(pa.table(made).to_batches()[0], payload_format) == payload).all()
    shown = audio.show(pa.table(made).to_batches()[0], payload_format)
    assert len(shown) == 2
    assert all(uri.startswith("data:audio/wav;base64,") for uri in shown)
    changed = audio.augment(
        np.repeat(
            audio.canonical([encoded(tone(440, 8000), 8000)], ["a"], SOUND, Remarks())[:], 3, 0
        ),
        np.random.default_rng(0),
    )
    assert changed.shape == (3, 16000)
    assert len({row.tobytes() for row in changed}) == 3


def test_log_mel_shows_the_pitch() -> None:
    payload = np.stack(
        [np.rint(tone(hertz, 16000, 1.0) * 2**15).astype(np.int16) for hertz in (300, 1000, 4000)]
    )
    shown = Model(log_mel.spectrogram_graph({"shape": [16000], "sample_rate": 16000}), **HOW)(
        payload
    )
    assert shown.shape == (3, log_mel.MELS, 98, 1)
    loudest = shown[:, :, 50, 0].argmax(axis=1)
    assert (np.diff(loudest) > 8).all()
    assert (shown.max(axis=(1, 2, 3)) >= 254).all()
    quieter = Model(log_mel.spectrogram_graph({"shape": [16000], "sample_rate": 16000}), **HOW)(
        payload // 4
    )
    assert np.abs(quieter[:, 20:30, :, 0].astype(int) - shown[:, 20:30, :, 0]).mean() < 20


def test_a_long_sound_shows_the_mean_of_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sound = np.rint(rng.normal(0, 3000, (1, 25_400))).astype(np.int16)
    shown = {}
    for longest, at_once in ((30, 5000), (10, 5000), (10, 300)):
        monkeypatch.setattr(log_mel, "_LONG", longest)
        monkeypatch.setattr(log_mel, "_AT_ONCE", at_once)
        graph = log_mel.spectrogram_graph({"shape": [25_400], "sample_rate": 1000})
        shown[longest, at_once] = Model(graph, **HOW)(sound)[0, :, :, 0].astype(float)
    fine, coarse, in_parts = shown.values()
    assert fine.shape == (log_mel.MELS, 2538)
    assert coarse.shape == (log_mel.MELS, 846)  # of three frames each
    assert np.array_equal(coarse, in_parts)
    seen = fine.min(axis=1) > 0  # narrow bands have no frequency of so short a transform
    power = 10 ** (fine[seen] / 255 * 8).reshape(-1, 846, 3)
    expected = np.log10(power.mean(axis=2)) * 255 / 8
    assert np.ptp(expected - coarse[seen]) < 3  # of 255, which both are rounded to


TEXTS = ["你好世界", "مرحبا بالعالم", "😀 👍🏽", "", "Straße İstanbul", "x" * 100_000, "a"] * 3


def test_texts_of_any_language() -> None:
    payload = text.canonical(TEXTS, TEXTS, TEXT, Remarks())
    made, payload_format = text.to_columns(payload, range(len(TEXTS)), None, TEXT)
    assert list(text.from_columns(pa.table(made).to_batches()[0], payload_format)) == TEXTS
    encoder = Model(ngrams.learn(payload), **HOW)
    embeddings = encoder(payload)
    assert np.isfinite(embeddings).all()
    assert np.allclose(embeddings[:7], embeddings[7:14], atol=1e-6)
    outputs = [node.name for node in encoder.session.get_outputs()]
    assert outputs == ["embedding", "features"]


def test_a_long_text_is_cut_also_in_prediction(tmp_path: Path) -> None:
    params, said = Collect.model_construct(characters=5), Remarks()
    payload = text.canonical(["abcdefgh", "ab"], ["a", "b"], params, said)
    assert payload.tolist() == ["abcde", "ab"]
    assert [(remark.action, remark.count, remark.example) for remark in said] == [("cut", 1, "a")]
    assert said[0].what == "of 2 texts is cut to 5 characters (30.0% of all lost)"
    _, payload_format = text.to_columns(payload, [], None, params)
    (tmp_path / "a.txt").write_text("abcdefgh")
    assert text.read_file(tmp_path / "a.txt", payload_format, said)[1].tolist() == ["abcde"]
    with pytest.raises(InputError, match="characters is None, but the encoder was learned from 5"):
        formats.check({"modality": "text", "shape": []}, payload_format)


@pytest.mark.parametrize("known", [[], ["b"], ["a", "c"]])
def test_texts_of_other_columns_than_the_encoder(known: list[str]):
    given = {"modality": "text", "shape": [], "columns": ["a", "b"]}
    wanted = {"modality": "text", "shape": []} | ({"columns": known} if known else {})
    ours, theirs = given["columns"], known or ["text"]
    message = f"its texts are of the columns {ours}, those of the encoder of {theirs}; "
    with pytest.raises(InputError, match=re.escape(message)):
        formats.check(given, wanted)


def test_columns_that_an_encoder_does_not_read_are_counted():
    wanted = {"modality": "table", "features": {"x": "number", "y": "empty"}}
    given = {"x": "number", "y": "number", "z": "number"}
    assert formats.check(wanted | {"features": given}, wanted) == [
        "1 column is not read; the encoder was learned from others: 'z'",
        "1 column is not read; all cells were empty where the encoder was learned: 'y'",
    ]
    several = formats.check(wanted | {"features": given | {"a": "number"}}, wanted)[0]
    assert several.startswith("2 columns are not read; the encoder was learned from others")
    assert several.endswith("'a', 'z'")


def test_missing_text() -> None:
    remarks = Remarks()
    payload = text.canonical(["a", None], ["row 2", "row 3"], TEXT, remarks)
    assert payload.tolist() == ["a", ""]
    assert list(map(str, remarks)) == ["doubtful: 1 text is empty: row 3"]
    with pytest.raises(InputError, match=r"row 3: 'text' is 3; it must be text$"):
        text.canonical(["a", 3], ["row 2", "row 3"], TEXT, Remarks())


def test_long_texts_are_told_by_fewer_ngrams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "_MOST_OF_LONG", 5)
    texts = [f"{letter}bcd efgh" for letter in "abcdefgh"]
    widths = []
    for read in (12, 6):  # characters; the texts have 9
        monkeypatch.setattr(ngrams, "_READ", read)
        model = Model(ngrams.learn(texts), "features", **HOW)
        widths.append(model(np.array(texts, object)).shape[1])
    assert widths[0] > 20
    assert widths[1] == 5


def test_ngrams_are_tf_idf() -> None:
    texts = ["Aba", "abb", "ab", "cab", "CA"]
    features = Model(ngrams.learn(texts), "features", **HOW)(np.array(texts, object))
    found = Model(ngrams.learn(texts), "features", **HOW)(np.array(["ABA", "zzz"], object))
    assert np.allclose(found[0], features[0])  # whatever the case
    assert not found[1].any()
    assert np.allclose(np.linalg.norm(features, axis=1), 1)
    counts = {
        "a": 2,
        "b": 1,
        "ab": 1,
        " a": 1,
        " ab": 1,
        "a ": 1,
    }  # of the first text, of what two texts have
    rarity = {
        gram: 1 + np.log(6 / (1 + n)) for gram, n in zip(counts, (5, 4, 4, 3, 3, 2), strict=True)
    }
    weights = np.array([np.sqrt(counts[gram]) * rarity[gram] for gram in counts])
    assert np.allclose(
        np.sort(features[0][features[0] > 0]), np.sort(weights / np.linalg.norm(weights))
    )


def test_long_words_are_ngrams_that_weigh_twice() -> None:
    texts = ["to Transfer", "transfer", "trans\x02fer"]
    features = Model(ngrams.learn(texts), "features", **HOW)(np.array(texts, object))
    word, letter = np.sort(features[1])[[-1, -2]]  # in two texts, once; in three, twice
    assert word / letter == pytest.approx(2 * (1 + np.log(4 / 3)) / np.sqrt(2), rel=1e-5)
    embed = Model(ngrams.learn(texts), "features", **HOW)
    assert np.array_equal(*embed(np.array(["trans fer", "trans\x02fer"], object)))
    assert np.array_equal(*embed(np.array(["transfer", "...transfer?! \t"], object)))


def test_columns_of_every_kind() -> None:
    raw = pa.table(
        {
            "number": pa.array([1.5, None, -2, 3] * 5),
            "typed": ["1", "2", "", "NA"] * 5,
            "date": ["2026-11-25", "1970-01-02", "", "1970-01-01 12:00:00"] * 5,
            "city": ["Köln", "Ulm", None, "Köln"] * 5,
            "yes": [True, False, True, None] * 5,
            "constant": [7] * 20,
            "nothing": pa.nulls(20),
        }
    )
    rows = tables.canonical(raw, ["r"] * 20, None, Remarks())
    assert len(set(rows)) == 4
    made, payload_format = tables.to_columns(rows, [1, 0, 2, 3], raw, SOUND)
    assert payload_format["features"]["city"] == "category"
    assert payload_format["features"]["date"] == "date"
    assert payload_format["features"]["nothing"] == "empty"
    assert made["feature:city"].to_pylist() == ["Ulm", "Köln", None, "Köln"]
    (stored,) = pa.table(made).to_batches()
    payload = tables.from_columns(stored, payload_format)
    koeln, ulm = column_types.category("Köln"), column_types.category("Ulm")
    nan = np.nan
    expected = [
        [nan, 2, 1, ulm, 0, 7, nan],
        [1.5, 1, 20782, koeln, 1, 7, nan],
        [-2, nan, nan, nan, 1, 7, nan],
        [3, nan, 0.5, koeln, nan, 7, nan],
    ]
    assert np.array_equal(payload, np.array(expected), equal_nan=True)
    payload = np.repeat(payload, 5, axis=0)
    encoded_rows = Model(columns.numbers_graph(payload, payload_format), **HOW)(payload)
    assert np.isfinite(encoded_rows).all()
    assert np.linalg.matrix_rank(encoded_rows) == 4


@pytest.mark.parametrize("type_", [pa.binary(), pa.large_binary()])
def test_a_column_of_files_under_another_name(type_: pa.DataType) -> None:
    column = pa.chunked_array([pa.array([b"RIFF", b"\x89PNG"], type_)])
    with pytest.raises(InputError, match=r"r0 and on: 'img' .* call it image or audio if .* out$"):
        column_types.of(column, "img", ["r0", "r1"])
    lists = pa.chunked_array([pa.array([[1.0], [2.0]])])
    with pytest.raises(InputError, match=r"nor text: make a column of each number, or take that"):
        column_types.of(lists, "img", ["r0", "r1"])


@pytest.mark.parametrize("make", [pa.duration, pa.time64, pa.time32])
def test_times_are_seconds_in_any_unit(make: Callable[[str], pa.DataType]) -> None:
    units = {"s": 1, "ms": 10**3} if make is pa.time32 else {"us": 10**6, "ns": 10**9}
    for unit, per_second in units.items():
        ticks = [3600 * per_second, 61 * per_second, None]
        column = pa.chunked_array([pa.array(ticks, make(unit))])
        read = column_types.of(column, "x", ["r"] * 3)
        assert np.array_equal(read.numbers(), [3600, 61, np.nan], equal_nan=True)
        of_id = [str(ticks[0]), str(ticks[1]), None]
        assert read.exact().to_pylist() == of_id  # as in releases that read ticks


def test_durations_are_the_same_in_any_unit() -> None:
    long = 400 * 86_400 * 10**6 + 1  # microseconds
    in_us = [1_500_000, -long, 86_400_000_001]
    ticks = {"us": in_us, "ns": [1000 * tick for tick in in_us]}
    raw = [pa.chunked_array([pa.array(ticks[unit], pa.duration(unit))]) for unit in ticks]
    micro, nano = (column_types.of(column, "x", ["r"] * 3) for column in raw)
    assert np.array_equal(micro.numbers(), nano.numbers())
    assert micro.numbers()[0] == 1.5
    said = Remarks()
    tables.canonical(pa.table({"x": raw[0], "y": [1, 2, 2]}), ["r"] * 3, None, said)
    texts = [remark.text() for remark in said]
    assert "1 column holds times or durations: read as seconds: 'x'" in texts


def test_a_network_tells_seconds_apart() -> None:
    rows = 1_790_000_000.0 + np.arange(100)[:, None]
    encoded_rows = Model(columns.numbers_graph(rows, {"features": {"x": "number"}}), **HOW)(rows)
    assert len(np.unique(encoded_rows[:, 0])) == 100
    tokens, _ = columns.tokens_graph(rows, {"features": {"x": "number"}})
    assert len(np.unique(Model(tokens, **HOW)(rows))) == 16


def test_an_encoder_of_tables_from_elsewhere_gets_float32(tmp_path: object) -> None:
    path = tmp_path / "encoder.onnx"
    path.write_bytes(onnx_graph.identity(TensorProto.FLOAT, [2]))
    embed = Model(adapters.adapt(path, {"modality": "table", "shape": [2]}, **HOW), **HOW)
    assert embed(np.array([[0.1, 2.0]])).tolist() == [[np.float32(0.1), 2.0]]


def test_people_see_a_row_as_it_was_written() -> None:
    written = {
        "id": pa.array([2**53 + 1, None]),
        "width": ["7.05865", ""],
        "phone": ["4915112345678", ""],
        "third": pa.array([0.1, float("nan")], pa.float32()),
        "since": ["2019-10-12", "2019-10-12 08:30:00"],
        "plan": ["gold 1.0", None],
        "=paid": [True, False],
    }
    made, payload_format = tables.to_columns(None, [0, 1], pa.table(written), SOUND)
    shown = tables.show(pa.table(made).to_batches()[0], payload_format)
    first = [
        "id = 9007199254740993",
        "width = 7.05865",
        "phone = 4915112345678",
        "third = 0.1",
        "since = 2019-10-12",
        "plan = gold 1.0",
    ]
    assert shown[0].splitlines() == [*first, "=paid = true"]
    assert shown[1].splitlines()[:5] == [
        "id = ",
        "width = ",
        "phone = ",
        "third = ",
        "since = 2019-10-12 08:30:00",
    ]


def test_one_constant_column() -> None:
    rows = np.ones((6, 1))
    assert np.isfinite(
        Model(columns.numbers_graph(rows, {"features": {"x": "number"}}), **HOW)(rows)
    ).all()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_head_is_logistic_regression(n_classes: int) -> None:
    rng = np.random.default_rng(0)
    features, labels = rng.normal(5, size=(60, 4)), np.arange(60) % n_classes
    head = linear_head.fit(features, labels, np.ones(60), n_classes)
    scaled = features - features.mean(axis=0)
    scaled /= np.sqrt(np.square(scaled).sum() / 60)
    expected = LogisticRegression(C=3.0).fit(scaled, labels).predict_proba(scaled)
    found = Model(onnx_graph.linear_head(head.coef, head.intercept), **HOW)(
        features.astype(np.float32)
    )
    assert np.allclose(found, expected, atol=1e-3)


def test_linear_head_of_a_class_that_has_no_example() -> None:
    features = np.random.default_rng(0).normal(50, size=(60, 4))
    head = linear_head.fit(features, np.arange(60) % 2 * 2, np.ones(60), 3)
    assert set(head.logits(features).argmax(axis=1)) == {0, 2}


@pytest.mark.parametrize("opset", [11, 13, 18])
@pytest.mark.parametrize("shape", [(3, 16, 16), (16, 16, 3)])
def test_encoder_from_elsewhere(tmp_path: object, opset: int, shape: tuple[int, ...]) -> None:
    node = helper.make_node("Identity", ["image"], ["embedding"])
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", *shape])
        for name in ("image", "embedding")
    ]
    graph = helper.make_graph(
        [node, helper.make_node("Relu", ["image"], ["other"])], "g", values[:1], values[1:]
    )
    path = tmp_path / "encoder.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path
    )
    payload_format = {"modality": "image", "shape": [8, 8, 1]}
    embed = Model(adapters.adapt(path, payload_format, **HOW), **HOW)
    given = embed(np.full((2, 8, 8, 1), 255, np.uint8))
    assert given.shape == (2, shape[-1] if shape[0] != 3 else 3)
    if shape[0] == 3:
        assert np.allclose(
            given[0], (1 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225], atol=1e-4
        )


def test_pixels_that_are_resized_for_an_encoder_are_rounded(tmp_path: object) -> None:
    node = helper.make_node("Cast", ["image"], ["embedding"], to=TensorProto.FLOAT)
    taken = helper.make_tensor_value_info("image", TensorProto.UINT8, ["b", 2, 2, 3])
    given = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", 2, 2, 3])
    graph = helper.make_graph([node], "g", [taken], [given])
    path = tmp_path / "encoder.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8), path
    )
    embed = Model(adapters.adapt(path, {"modality": "image", "shape": [2, 3, 1]}, **HOW), **HOW)
    assert embed(np.array([[[[0], [3], [3]]] * 2], np.uint8)).tolist() == [[2, 2, 2]]  # 0.75 and 3


def test_encoder_that_takes_something_else(tmp_path: object) -> None:
    path = tmp_path / "encoder.onnx"
    path.write_bytes(onnx_graph.identity(TensorProto.FLOAT, [3]))
    with pytest.raises(InputError, match=r"encoder\.onnx takes"):
        adapters.adapt(path, {"modality": "image", "shape": [8, 8, 1]}, **HOW)


def test_odd_images() -> None:
    """One pixel, many of them, print colours, 16 bits, pictures that move: each becomes one of eight by eight."""
    red, blue = (Image.new("RGB", (9, 9), colour) for colour in ("red", "blue"))
    sixteen_bits = Image.fromarray(np.full((5, 7), 2**16 - 1, np.uint16))
    odd = [
        *[("PNG", red.resize((side, side))) for side in (1, 8000)],
        ("TIFF", red.convert("CMYK")), ("TIFF", red.convert("LAB")), ("GIF", red),
        *[(form, sixteen_bits) for form in ("PNG", "TIFF")],
    ]  # fmt: skip
    files = []
    for form, picture in odd:
        file = io.BytesIO()
        picture.save(
            file, form, **({"save_all": True, "append_images": [blue]} if form == "GIF" else {})
        )
        files.append(file.getvalue())
    params = Collect.model_construct(
        resize=(8, 8), fit="crop", channels=3, background="white", depth="auto"
    )
    places = [str(number) for number in range(len(files))]
    found = images.canonical(files, places, params, Remarks())[:]
    assert found.shape == (len(files), 8, 8, 3)
    expected = [[255, 0, 0]] * 5 + [[255, 255, 255]] * 2
    assert found.reshape(len(files), -1, 3).mean(axis=1) == pytest.approx(np.array(expected), abs=5)
