"""Findings beside labels, planted in small data."""

import random
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ftfy.badness import is_bad
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.cleaning import (
    class_findings,
    data_findings,
    drift,
    leaky_column,
    near_duplicates,
    shortcuts,
    small_classes,
    table_columns,
)
from assay.contract.errors import InputError
from assay.contract.sections import Beyond, Clean
from assay.measures import image_statistics, outliers, sound_statistics, statistics, text_statistics


def scenes(n: int, side: int = 24, seed: int = 0) -> np.ndarray:
    """Images with light and shade in all sizes, as photographs have. Shape (n, side, side, 1), uint8."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij"))
    strength = 1 / np.maximum(frequency, 1 / side) ** 1.2
    spectrum = np.fft.rfft2(rng.normal(size=(n, side, side))) * strength
    images = np.fft.irfft2(spectrum, s=(side, side))
    images *= 45 / images.std(axis=(1, 2), keepdims=True)
    return (images + 128).clip(0, 255).astype(np.uint8)[..., None]


def catalogue(splits: list[str]) -> pd.DataFrame:
    names = [f"{number:03}" for number in range(len(splits))]
    columns = {"id": names, "key": names, "split": splits, "batch": "b"}
    return pd.DataFrame(columns | {"row": range(len(splits))})


# Neighbours


@given(st.integers(2, 40), st.integers(1, 6), st.integers(0, 2**16))
@settings(max_examples=30, deadline=None)
def test_few_rows_have_their_exact_neighbours(n, k, seed):
    rows = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)
    distances, neighbours = near_duplicates.nearest(rows, k)
    every = np.linalg.norm(rows[:, None] - rows, axis=2) + np.where(np.eye(n), np.inf, 0)
    exact = np.sort(every, axis=1)[:, : min(k, n - 1)]
    np.testing.assert_allclose(distances, exact, atol=1e-3)
    assert (neighbours != np.arange(n)[:, None]).all()


def test_many_rows_have_nearly_all_of_theirs(monkeypatch):
    monkeypatch.setattr(near_duplicates, "_CELL", 50)
    rows = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
    distances, neighbours = near_duplicates.nearest(rows)
    assert (np.diff(distances, axis=1) >= 0).all()
    expected = np.linalg.norm(rows[:, None] - rows[neighbours], axis=2)
    np.testing.assert_allclose(distances, expected, rtol=1e-3)
    monkeypatch.setattr(near_duplicates, "_PROBES", 3000)
    _, exact = near_duplicates.nearest(rows)
    assert (neighbours[:, 0] == exact[:, 0]).mean() > 0.8


def test_equal_rows_are_neighbours_and_none_is_its_own():
    rows = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    distances, neighbours = near_duplicates.nearest(rows)
    numbers = np.arange(60)[:, None]
    assert (distances < 1e-6).all()
    assert (neighbours != numbers).all()
    assert (neighbours // 20 == numbers // 20).all()


@given(st.integers(0, 2**16), st.sampled_from([0.01, 1.0, 1000.0]))
@settings(max_examples=15, deadline=None)
def test_copies_are_found_at_every_scale_and_none_where_there_is_none(seed, scale):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(500, 12)).astype(np.float32)
    one_class = np.zeros(500, int)
    first, _, _ = near_duplicates.copies(scale * rows, one_class)
    assert len(first) <= 2
    rows[490:] = rows[:10] + 0.01 * rng.normal(size=(10, 12))
    first, second, _ = near_duplicates.copies(scale * rows, one_class)
    pairs = set(zip(first, second, strict=True))
    assert pairs >= {(number, 490 + number) for number in range(10)}


@pytest.mark.parametrize("size", [2, 3, 4, 6, 10])
@pytest.mark.parametrize("wrong", [0, 1])
def test_a_small_class_that_is_much_alike_is_no_group_of_copies(size: int, wrong: int):
    rng = np.random.default_rng(size)
    rows = rng.normal(size=(100 + size, 8)).astype(np.float32)
    rows[100:] = 6 + 0.2 * rows[100:]
    classes = np.repeat([0, 1], [100, size])
    classes[0] = wrong if size > 2 else 0  # a wrong label in the small class
    first, _, _ = near_duplicates.copies(rows, classes)
    assert len(first) == 0
    one_class = np.zeros_like(classes)
    assert len(near_duplicates.copies(rows, one_class)[0])  # there they are taken for copies
    rows = np.concatenate([rows, rows[:1], rows[100:101] + 1e-4])
    classes = np.append(classes, [0, 1])
    first, second, _ = near_duplicates.copies(rows, classes)
    pairs = list(zip(first, second, strict=True))
    assert pairs == [(0, 100 + size), (100, 101 + size)]


@pytest.mark.parametrize("n_copies", [1, 2, 4])
def test_groups_of_copies_in_a_small_class_are_found(n_copies: int):
    rng = np.random.default_rng(n_copies)
    rows = rng.normal(size=(110, 8)).astype(np.float32)
    classes = np.repeat([0, 1], [100, 10])
    rows[100 : 100 + n_copies] = rows[109] + 0.03 * rows[100 : 100 + n_copies]
    first, second, _ = near_duplicates.copies(rows, classes)
    assert set(first) | set(second) == {*range(100, 100 + n_copies), 109}
    expected = near_duplicates.copies(rows, np.zeros_like(classes))
    assert len(first) == len(expected[0]) == n_copies * (n_copies + 1) // 2


def test_a_handful_of_rows_has_no_copies():
    for n in (1, 2, 3, 10):
        first, _, _ = near_duplicates.copies(np.ones((n, 2), np.float32), np.zeros(n, int))
        assert len(first) == 0


# Images


@given(st.integers(0, 2**16))
@settings(max_examples=10, deadline=None)
def test_fingerprints_hardly_change_with_shift_and_brightness(seed):
    images = scenes(2, seed=seed)
    shifted, brighter = np.roll(images[:1], 1, axis=2), images[:1] // 2 + 40
    prints = image_statistics.fingerprint(np.concatenate([images, shifted, brighter]))
    other, shifted, brighter = np.linalg.norm(prints[0] - prints[1:], axis=1)
    assert shifted < other / 2
    assert brighter < other / 4


def test_bad_pictures():
    images = scenes(200)
    images[0] = 77
    images[1] //= 16
    shifts = [np.roll(images[2], (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    images[2] = np.mean(shifts, axis=0)
    images[3, 12:] = 128
    found = image_statistics.problems(image_statistics.statistics(images))
    assert {kind: np.flatnonzero(flag).tolist() for kind, flag in found.items()} == {
        "blank": [0], "dark": [1], "blurred": [2], "cut_off": [3]
    }  # fmt: skip


def test_sharp_edges_along_the_pixels_are_not_blurred():
    rows, columns = np.mgrid[:48, :48]
    images = np.zeros((60, 48, 48, 1), np.uint8)
    for number, image in enumerate(images):
        half = 10 + number % 5
        across, down = np.abs(columns - 24), np.abs(rows - 24)
        is_square = number < 6
        inside = np.maximum(across, down) < half if is_square else across + down < half
        image[inside] = 200
    sharpness = image_statistics.statistics(images)["sharpness"]
    among = np.ones(60, bool)
    assert outliers.far_out(-sharpness, among)[:6].all()  # among edges along the diagonals
    blurred = image_statistics.problems(image_statistics.statistics(images))["blurred"]
    assert not blurred.any()
    shifts = [np.roll(images[0], (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    images[0] = np.mean(shifts, axis=0)
    blurred = image_statistics.problems(image_statistics.statistics(images))["blurred"]
    assert np.flatnonzero(blurred).tolist() == [0]


@pytest.mark.parametrize("shape", [(5, 1, 1, 1), (5, 2, 9, 3), (1, 8, 8, 1)])
def test_tiny_images_pass(shape):
    images = np.random.default_rng(0).integers(256, size=shape).astype(np.uint8)
    assert np.isfinite(image_statistics.fingerprint(images)).all()
    problems = image_statistics.problems(image_statistics.statistics(images))
    assert not problems["blurred"].any()


# Sounds and texts


def test_silent_and_clipped_sounds():
    time = np.arange(16_000) / 16_000
    tone = np.sin(2 * np.pi * 440 * time) * (time < 0.5)
    sounds = np.rint(
        32767 * np.stack([0 * tone, 0.0005 * tone, tone, (1.5 * tone).clip(-1, 1), 0.1 * tone])
    )
    found = sound_statistics.statistics(sounds.astype(np.int16))
    problems = sound_statistics.problems(found)
    assert problems["silent"].tolist() == [True, True, False, False, False]
    assert problems["clipped"].tolist() == [False, False, False, True, False]
    np.testing.assert_allclose(found["length"], [0, 0.5, 0.5, 0.5, 0.5], atol=0.01)
    assert found["loudness"][0] == pytest.approx(-100)
    assert found["loudness"][2] == pytest.approx(10 * np.log10(0.25), abs=0.1)


def test_empty_and_garbled_texts():
    fine = ["Größe – „Zitat“", "naïve « CAFÉ »", "日本語", "مرحبا", "🎉", "Łódź", "a"]
    garbled = [text.encode().decode("latin-1") for text in fine[:-1]] + ["caf\ufffd"]
    problems = text_statistics.problems(
        text_statistics.statistics(np.array([*fine, *garbled, "", " \n"], object))
    )
    assert np.flatnonzero(problems["mojibake"]).tolist() == list(range(7, 14))
    assert np.flatnonzero(problems["empty"]).tolist() == [14, 15]


def test_mojibake_is_what_ftfy_says_of_whole_texts() -> None:
    draw = random.Random(0)
    odd = "ÃÂœâ€™é“”ñ×²Ø±Ù £\u00a0вЂ. "
    texts = [
        "".join(draw.choice(odd if draw.random() < 0.1 else "abc dE.\n ") for _ in range(length))
        for length in range(5, 90)
        for _ in range(20)
    ]
    expected = [float(is_bad(text)) for text in texts]
    assert 0.1 < np.mean(expected) < 0.9
    assert text_statistics.statistics(np.array(texts, object))["mojibake"].tolist() == expected


def test_statistics_as_slices():
    found = statistics.thirds(
        {"length": np.arange(9.0), "same": np.ones(9), "mojibake": np.repeat([0.0, 1.0], [8, 1])}
    )
    assert found["length"].tolist() == ["low"] * 3 + ["middle"] * 3 + ["high"] * 3
    assert "same" not in found
    assert found["mojibake"].tolist() == ["low"] * 8 + ["high"]


# Outliers and drift


def test_an_outlier_is_far_in_any_direction():
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(1000, 5)) * [1, 1, 1, 1, 0.3]).astype(np.float32)
    rows[7] = [0, 0, 0, 0, 4]
    found = np.flatnonzero(outliers.outliers(rows))
    assert 7 in found
    assert len(found) <= 3


def test_drift_says_what_differs():
    rng = np.random.default_rng(0)
    new = np.arange(600) >= 300
    rows, light = rng.normal(size=(600, 5)), rng.normal(size=600)
    classes = rng.integers(4, size=600)

    def significant(*measured: np.ndarray | dict) -> list[str]:
        return drift.significant(drift.p_values(new, *measured))

    assert significant(rows, classes, {"brightness": light}) == []
    assert significant(rows + 0.5 * new[:, None], classes, {}) == ["embeddings"]
    assert significant(rows, np.where(new, 1, classes), {}) == ["class mix"]
    assert significant(rows, classes, {"brightness": light + new}) == ["brightness"]
    has_class = {"cat": np.where(new, True, classes == 1), "dog": classes == 2}
    description = drift.describe("class mix", new, {}, has_class)
    assert description.startswith("cat 100.0% instead of ")


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=6))
def test_holm_keeps_the_smallest_p_values_and_no_more_than_without_correction(p_values):
    kept = drift.significant(p_values)
    assert all(p_values[name] <= drift.LEVEL for name in kept)
    largest = max(map(p_values.get, kept), default=0)
    assert all(p_values[name] >= largest for name in p_values.keys() - set(kept))


def test_random_halves_do_not_drift():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 20)) ** 3
    flagged = 0
    for _ in range(100):
        new = rng.permutation(400) < 200
        classes = rng.integers(3, size=400)
        p_values = drift.p_values(new, rows, classes, {"a": rows[:, 0]})
        flagged += drift.significant(p_values) != []
    assert flagged <= 5


# Findings


def test_a_leak_is_the_training_copy_whichever_came_first():
    images = scenes(300)
    images[298] = np.roll(images[0], 1, axis=1)  # train 0 and test 298
    images[299] = images[1] // 2 + 50  # train 1 and train 299
    images[200], images[201] = 7, 8  # blank ones are no copies
    splits = ["train"] * 300
    splits[298] = "test"
    prints, one_class = image_statistics.fingerprint(images), np.zeros(300, int)
    found = data_findings.copies(catalogue(splits), prints, None, one_class)
    assert found[["key", "kind"]].to_numpy().tolist() == [
        ["000", "leak"],
        ["299", "near_duplicate"],
    ]
    assert found["reason"][0].startswith("looks like b/298 in test, ")
    assert found["reason"].str.fullmatch(r".*, \d+ % closer than its other neighbours").all()


def test_two_names_of_one_class_overlap():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=600)
    named = pd.Series(
        np.where((truth == 2) & (rng.random(600) < 0.2), 3, truth), rng.permutation(1000)[:600]
    )
    pred_probs = np.full((1000, 4), 0.25)
    pred_probs[named.index] = np.array(
        [[0.8, 0.1, 0.08, 0.02], [0.3, 0.6, 0.08, 0.02], [0.1, 0.1, 0.64, 0.16]]
    )[truth]
    found = pd.DataFrame(class_findings.overlaps(named, pred_probs, ["a", "b", "c", "c2"]))
    assert found[["given", "suggested"]].to_numpy().tolist() == [["c", "c2"]]


def test_classes_do_not_overlap_where_nothing_is_predicted():
    given = pd.Series([0, 1, 2] * 10)
    frequencies = np.full((40, 3), 1 / 3, np.float32)  # of each example
    assert list(class_findings.overlaps(given, frequencies, ["a", "b", "c"])) == []


def test_all_classes_that_are_too_small_are_counted():
    examples = pd.DataFrame({"batch": "b", "key": list("ghijklm")})
    classes = ["big", "few", "one", "two"]
    given = pd.Series([0, 0, 0, 1, 1, 2], [0, 1, 2, 3, 4, 6])
    with pytest.raises(InputError) as error:
        small_classes.check(given, classes, 3, examples)
    few = "data/raw/b: the class 'one' has 1 example to learn from (key m), and 1 more class"
    remedy = "add more, mend the label, or lower clean.smallest_class from 3"
    assert str(error.value) == f"{few} has fewer than 3: {remedy}"
    with pytest.raises(InputError, match="and 2 more classes have fewer than 4: add"):
        small_classes.check(given, classes, 4, examples)
    with pytest.raises(InputError, match=r"from \(key m\): add"):
        small_classes.check(given, classes, 2, examples)
    small_classes.check(given, classes, 1, examples)


def test_what_findings_drop_is_left_out_once():
    columns = ["id", "decision", "reason"]
    rows = [("x", "drop", "leak"), ("q", "review", "dark"), ("p", "drop", "leak")]
    findings = pd.DataFrame([*rows, ("p", "drop", "outlier")], columns=columns)
    left_out = data_findings.left_out(findings)
    assert left_out.to_numpy().tolist() == [["p", "leak"], ["x", "leak"]]
    judged = pd.DataFrame([("p", "keep", ""), ("q", "relabel", "why")], columns=columns)
    dropped = data_findings.drop(judged, left_out)
    assert dropped["decision"].tolist() == ["drop", "relabel"]
    assert dropped["reason"].tolist() == ["leak", "why"]


def test_the_last_training_examples_of_a_class_are_no_copies_to_drop(capsys):
    ids = list("abcdefgh")
    splits = ["train"] * 7 + ["validation"]
    judged = pd.DataFrame({"id": ids, "split": splits, "decision": "keep", "suggested": 0})
    judged["given"] = [0, 0, 0, 1, 1, 1, 1, 1]
    judged.loc[6, "decision"] = "drop"
    kinds = {"a": "leak", "d": "leak", "e": "near_duplicate", "h": "leak"}
    findings = pd.DataFrame({"id": list(kinds), "kind": kinds.values(), "decision": "drop"})
    classes = ["cat", "owl"]

    def dropped(findings: pd.DataFrame, smallest: int) -> list[str]:
        spared = small_classes.spare_last(findings, judged, classes, smallest)
        return sorted(spared.loc[spared["decision"] == "drop", "id"])

    assert dropped(findings[:0].astype(object), 2) == []
    assert dropped(findings, 1) == list("adeh")
    assert capsys.readouterr().err == ""
    assert dropped(findings, 2) == list("adh")  # the near-duplicate stays, and not the leak
    said = capsys.readouterr().err
    assert "kept for review, not left out as copies: 1 example, else a class has fewer" in said
    assert said.endswith("(clean.smallest_class): 'owl'\n")
    assert dropped(findings, 5) == ["h"]
    assert "copies: 3 examples, else" in (said := capsys.readouterr().err)
    assert "'cat', 'owl'; as they copy test examples" in said
    outlier = pd.DataFrame([{"id": "f", "kind": "outlier", "decision": "drop"}])
    assert dropped(pd.concat([findings, outlier], ignore_index=True), 2) == list("afh")


def test_classes_of_which_cleaning_leaves_no_label_are_said(capsys):
    given = pd.Series([0, 1, 1, 2])
    kept = pd.DataFrame({"label": ["a", "b", "c"], "split": ["train", "train", "test"]})
    small_classes.say_lost(kept, given, ["a", "b", "c"])
    assert "1 class without a label to learn from, since all are replaced or left out: 'c': " in (
        capsys.readouterr().err
    )
    small_classes.say_lost(kept, given[:3], ["a", "b", "c"])
    assert capsys.readouterr().err == ""


def test_every_kind_has_an_action():
    assert {kind for module in statistics._MODULES.values() for kind in module.REASONS} < set(
        Beyond.model_fields
    )
    sources = [path.read_text() for path in Path(data_findings.__file__).parent.glob("*.py")]
    written = set(re.findall(r'"kind": "(\w+)"', "\n".join(sources)))
    assert {"imbalance", "drift", "leaky_column"} <= written
    assert written <= set(Beyond.model_fields)


def test_a_finding_whose_kind_has_no_action_is_an_error():
    actions = {"outlier": "drop", "drift": "flag", "dark": "ignore"}
    kinds = ["outlier", "outlier", "dark", "drift"]
    rows = {"kind": kinds, "split": ["train", "test", "train", None]}
    found = pd.DataFrame(rows, columns=data_findings.COLUMNS, dtype=object)
    listed = data_findings.decided(found, actions)
    assert listed[["kind", "decision"]].to_numpy().tolist() == [
        ["outlier", "drop"],
        ["outlier", "review"],
        ["drift", "review"],
    ]
    assert data_findings.decided(found[:0], actions).empty
    with pytest.raises(KeyError, match="'drift' is no field of Beyond"):
        data_findings.decided(found, {"outlier": "drop", "dark": "ignore"})


@pytest.mark.filterwarnings("error::DeprecationWarning")  # as of what the next pandas refuses
def test_what_a_finding_lacks_is_empty_text():
    listed = data_findings.decided(pd.DataFrame({"kind": ["drift"]}), {"drift": "drop"})
    others = set(data_findings.COLUMNS) - {"kind"}
    assert {name: listed[name].tolist() for name in others} == {name: [""] for name in others}


def test_a_number_that_grows_in_rows_sorted_by_class_gives_the_label_away():
    given = np.repeat(np.arange(4), 250)
    key = np.arange(1000) * 7.0 + 1_790_000_000
    assert leaky_column.errors(key, given, is_category=False) < 0.01
    assert leaky_column.errors(key, given, is_category=True) == 1
    noise = np.random.default_rng(0).normal(size=1000)
    assert leaky_column.errors(noise, given, is_category=False) > 0.5
    assert leaky_column.errors(given + noise, given, is_category=False) > 0.3
    assert leaky_column.errors(np.full(1000, np.nan), given, is_category=False) > 0.5


def leaky(monkeypatch, columns: list[np.ndarray], given: np.ndarray, kind: str = "number") -> int:
    """How many columns of a table are found to tell the label."""
    return len(leaks(monkeypatch, columns, given, kind))


def leaks(monkeypatch, columns: list[np.ndarray], given: np.ndarray, kind: str) -> list[dict]:
    named = [(str(number), column, kind == "category") for number, column in enumerate(columns)]
    types = {name: kind for name, *_ in named}
    monkeypatch.setattr(table_columns.payloads, "payload_format", lambda *_: {"features": types})
    monkeypatch.setattr(table_columns, "read", lambda *_: iter(named))
    return list(table_columns.leaky(catalogue(["train"] * len(given)), given, 2**30))


@pytest.mark.parametrize("kind", ["number", "category"])
def test_a_column_whose_values_repeat_may_name_a_source(kind, monkeypatch):
    series = np.repeat(np.arange(30.0), 20)
    given = np.random.default_rng(0).integers(2, size=30).repeat(20)
    (of_series,) = leaks(monkeypatch, [series], given, kind)
    question = "is it made from it, or does it name a source? then set collect.group: 0"
    assert of_series["reason"].endswith(question)
    (of_copy,) = leaks(monkeypatch, [given * 2.0], given, kind)
    assert of_copy["reason"].endswith(": is it made from it?")


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_columns_of_few_rows_that_differ_between_classes_do_not_give_the_label_away(
    decimals, monkeypatch
):
    rng = np.random.default_rng(0)
    for n in (*range(8, 68, 3), *[12] * 20):
        given = rng.permutation(np.arange(n) % 2)
        columns = [(rng.normal(size=n) + 3 * given).round(decimals) for _ in range(2)]
        assert leaky(monkeypatch, columns, given) == 0


def test_a_copy_of_the_label_gives_it_away_from_30_rows_on(monkeypatch):
    rng = np.random.default_rng(0)
    given = rng.permutation(np.arange(30) % 2)
    noise = [rng.normal(size=30) for _ in range(5)]
    assert leaky(monkeypatch, [*noise, given * 5.0 + 1], given) == 1
    places = given + 2.0 * (np.arange(30) % 3)  # each has examples of one class
    others = [rng.integers(4, size=30).astype(float) for _ in range(5)]
    assert leaky(monkeypatch, [*others, places], given, "category") == 1
    assert leaky(monkeypatch, [*others, places], given, "number") == 1
    levels = 3.0 * given + np.arange(30) % 3  # those of a class are neighbours, as of a measure
    assert leaky(monkeypatch, [*others, levels], given, "number") == 0
    assert leaky(monkeypatch, [np.tile(levels, 5)], np.tile(given, 5), "number") == 1
    rare = np.arange(30) // 27
    assert leaky(monkeypatch, [*noise, rare * 1.0], rare) == 0  # told from 3 examples alone


# Traps


def test_clean_rows_have_few_outliers_and_planted_ones_are_found():
    rng = np.random.default_rng(0)
    rows = rng.standard_t(5, size=(2000, 8)).astype(np.float32)
    assert outliers.outliers(rows).mean() <= 0.01
    rows[:5] = 40 * np.eye(8)[:5]
    assert outliers.outliers(rows)[:5].all()


def test_rows_that_agree_by_chance_are_no_copies():
    rng = np.random.default_rng(0)
    columns = [("a", rng.integers(3, size=600).astype(float), True)]
    columns += [(str(number), rng.normal(size=600), False) for number in range(6)]
    for _, values, _ in columns:
        values[599] = values[0]
    columns[1][1][599] = np.nan
    pairs = np.stack([np.arange(599), np.full(599, 599)])
    batch = np.zeros(600, int)
    assert np.flatnonzero(near_duplicates.alike(pairs, batch, columns)).tolist() == [0]
    columns = [("a", rng.integers(3, size=600).astype(float), True)] * 2
    assert not near_duplicates.alike(pairs, batch, columns).any()


def test_equal_rows_of_batches_with_other_columns_are_copies():
    rng = np.random.default_rng(0)
    batch = np.repeat([0, 1], 50)
    values = rng.integers(1000, size=100).astype(float)
    values[50:60] = values[:10]
    values[[10, 60]] = np.nan
    more = np.where(batch == 1, rng.normal(size=100), np.nan)  # the first batch has no such column
    columns = [("a", values, False), ("more", more, False)]
    pairs = np.stack([np.arange(50), np.arange(50, 100)])
    assert np.flatnonzero(near_duplicates.alike(pairs, batch, columns)).tolist() == [*range(10)]
    more[0] = 1.0  # it has, so the rows differ in it
    assert not near_duplicates.alike(pairs, batch, columns).any()


def test_a_shortcut_is_told_and_content_is_not():
    rng = np.random.default_rng(0)
    given = rng.integers(5, size=2000)
    numbers = {"brightness": given * 0.5 + rng.normal(size=2000), "length": rng.normal(size=2000)}
    marked = (given == 3) & (rng.random(2000) < 0.8)
    numbers["length"][marked] += 20
    source = np.where(given == 1, 0, rng.integers(1, 4, 2000))
    border = np.stack([rng.integers(8, size=2000), np.where(given >= 3, 7, 0)], axis=1)
    categories = {"source": source[:, None], "border": border, "none": np.zeros((2000, 0), int)}
    listed = shortcuts.find(numbers, categories, given, list("abcde")).set_index("name")
    assert dict(listed["given"]) == {"length": "d", "source": "b"}
    assert listed["reason"]["source"].startswith("source alone tells the label 'b', 100% better")
    both = shortcuts.find({}, {"source": given[:, None] % 2}, given % 2, ["a", "b"])
    assert both["reason"][0].startswith("source alone tells the label 'b' and 1 more label, 100%")


@pytest.mark.parametrize(
    ("n_labels", "n_classes", "changed", "said"),
    [
        (20, 4, {}, "only 20 labels to learn from, of 4 classes, so probabilities are too high"),
        (99, 4, {"relabel_above": 1.0}, "only 99 labels to learn from"),
        (99, 4, {"drop_below": 0.0}, "only 99 labels to learn from"),
        (99, 4, {"relabel_above": 1.0, "drop_below": 0.0}, ""),
        (100, 4, {}, ""),
        (599, 60, {}, "only 599 labels to learn from, of 60 classes"),
        (600, 60, {}, ""),
    ],
)
def test_few_labels_are_said_with_what_keeps_them(n_labels, n_classes, changed, said, capsys):
    params = Clean.model_construct(**{"relabel_above": 0.8, "drop_below": 0.1} | changed)
    classes = [str(code) for code in range(n_classes)]
    small_classes.say_few(pd.Series(np.arange(n_labels) % n_classes), classes, params)
    error = capsys.readouterr().err
    assert error.startswith(f"assay: {said}" if said else "")
    assert error.count("\n") == bool(said)
    assert bool(said) == ("set clean.relabel_above: 1 and clean.drop_below: 0" in error)


def test_small_classes_beside_large_ones_are_named_smallest_first(capsys):
    params = Clean.model_construct(relabel_above=0.8, drop_below=0.1)
    sizes = [9, 5000, 5, 10, 7, 8]
    given = pd.Series(np.repeat(np.arange(6), sizes))
    small_classes.say_few(given, list("abcdef"), params)
    few = "4 classes with fewer than 10 labels to learn from, whose right labels may be replaced"
    keep = "set clean.relabel_above: 1 and clean.drop_below: 0 to keep them"
    assert (
        capsys.readouterr().err == f"assay: {few}: 'c' (5), 'e' (7), 'f' (8) and 1 more: {keep}\n"
    )


@pytest.mark.parametrize("n_each", [1, 2, 4])
def test_a_few_labels_have_no_shortcut(n_each):
    given = np.repeat([0, 1], n_each)
    numbers, categories = {"length": given.astype(float)}, {"source": given[:, None]}
    assert shortcuts.find(numbers, categories, given, ["a", "b"]).empty


def test_a_dot_or_a_frame_shows_in_the_border():
    images = scenes(50)
    plain = image_statistics.border(images)
    images[0, 0, 7], images[1, [0, -1]], images[1, :, [0, -1]] = 255, 9, 9
    marked = image_statistics.border(images)
    assert plain.shape == (50, 2 * (4 * 24 - 4) + 1)
    assert (plain[2:] == marked[2:]).all()
    assert marked[0, 92 + 7] > plain[2:, 92 + 7].max()
    assert marked[1, -1] == 0 < plain[:, -1].min()


def test_rare_and_missing_classes():
    labels = pd.Series(np.repeat([0, 1, 0], [100, 5, 20]))
    split = pd.Series(np.repeat(["train", "test"], [105, 20]))
    (rare,) = pd.DataFrame(class_findings.imbalance(labels[:105], ["a", "b"]))["reason"]
    assert rare == "5 labels of b, and 100 of a"
    (one,) = pd.DataFrame(class_findings.imbalance(labels[:101], ["a", "b"]))["reason"]
    assert one == "1 label of b, and 100 of a"
    assert pd.DataFrame(class_findings.imbalance(labels[5:105][:40], ["a", "b"])).empty
    (missing,) = pd.DataFrame(class_findings.missing(labels, split, ["a", "b"]))["reason"]
    assert missing == "no label of 1 of 2 classes in the split test: 'b'"


def test_sorted_rows_are_told_where_rows_have_numbers(monkeypatch):
    monkeypatch.setattr(class_findings.parquet_files, "is_numbered", lambda _: True)
    given, examples = np.repeat([0, 1, 2], 100), catalogue(["train"] * 300)
    examples["key"] = [str(number) for number in range(300)]
    (found,) = pd.DataFrame(class_findings.sorted_labels(examples, given))["reason"]
    assert found.endswith("of 300 rows (33.3% have the most frequent label)")
    mixed = np.random.default_rng(0).permutation(given)
    assert pd.DataFrame(class_findings.sorted_labels(examples, mixed)).empty


def test_gaps_and_new_values_of_a_batch_are_counted(monkeypatch):
    texts = pd.DataFrame({"batch": "", "soil": ["clay", "sand"] * 150, "same": ["x"] * 300})
    texts.loc[200:219, "soil"], texts.loc[220:224, "soil"] = "", "peat"
    values = np.where(np.arange(300) % 10 == 0, np.nan, 1.0)
    monkeypatch.setattr(table_columns.catalogue, "slices", lambda *_: texts)
    monkeypatch.setattr(table_columns, "read", lambda *_: iter([("age", values, False)]))
    examples = catalogue(["train"] * 300).assign(batch=np.repeat(["b", "c"], [200, 100]))
    listed = pd.DataFrame(table_columns.changes(examples, 2**30))
    assert listed[["kind", "batch", "reason"]].to_numpy().tolist() == [
        ["null_rate", "c", "soil is empty in 20 of 100 examples, before in 0 of 200"],
        ["new_category", "c", "soil has 1 new values in 5 of 100 examples: 'peat'"],
    ]
    assert pd.DataFrame(table_columns.changes(examples[:200], 2**30)).empty


def test_a_column_is_compared_with_the_batches_that_have_it(monkeypatch):
    """Batch a has neither column, and b has no `room`; so `room` is new, and `soil` has gaps."""
    texts = pd.DataFrame({"batch": "", "soil": ["clay", "sand"] * 150, "room": ["x"] * 300})
    texts.loc[:99, "soil"], texts.loc[:199, "room"] = np.nan, np.nan
    texts.loc[200:219, "soil"], texts.loc[220:224, "soil"] = "", "peat"
    monkeypatch.setattr(table_columns.catalogue, "slices", lambda *_: texts)
    monkeypatch.setattr(table_columns, "read", lambda *_: iter([]))
    examples = catalogue(["train"] * 300).assign(batch=np.repeat(["a", "b", "c"], 100))
    assert pd.DataFrame(table_columns.changes(examples, 2**30))["reason"].tolist() == [
        "soil is empty in 20 of 100 examples, before in 0 of 100",
        "soil has 1 new values in 5 of 100 examples: 'peat'",
    ]
    texts.loc[200:, "soil"] = np.nan  # a batch that loses a column
    lost = "soil is empty in 100 of 100 examples, before in 0 of 100"
    assert pd.DataFrame(table_columns.changes(examples, 2**30))["reason"].tolist() == [lost]


def test_the_column_of_the_group_has_new_values_in_each_batch(monkeypatch):
    """Every customer is new in batch c; a colour that only one customer has is no name of it."""
    customer = np.array([f"customer {number // 10}" for number in range(300)], dtype=object)
    colour = np.array(["red", "blue"] * 150, dtype=object)
    colour[210:220] = "green"
    fault = np.full(300, "", dtype=object)
    fault[5:10], fault[100:105], fault[210:215] = "E1", "E2", "E7"  # rare, each in one group
    customer[:5] = ""  # these are groups of their own, by their id
    texts = pd.DataFrame({"batch": "", "customer": customer, "colour": colour, "fault": fault})
    monkeypatch.setattr(table_columns.catalogue, "slices", lambda *_: texts)
    monkeypatch.setattr(table_columns, "read", lambda *_: iter([]))
    examples = catalogue(["train"] * 300).assign(batch=np.repeat(["b", "c"], [200, 100]))
    kinds = (
        pd.DataFrame(table_columns.changes(examples, 2**30))[["kind", "reason"]].to_numpy().tolist()
    )
    of_colour = "colour has 1 new values in 10 of 100 examples: 'green'"
    of_fault = "fault has 1 new values in 5 of 100 examples: 'E7'"
    of_customer = "customer has 10 new values in 100 of 100 examples: 'customer 20'"
    assert of_customer in kinds[0][1]
    grouped = examples.assign(group=np.where(customer == "", examples["id"], customer))
    kinds = (
        pd.DataFrame(table_columns.changes(grouped, 2**30))[["kind", "reason"]].to_numpy().tolist()
    )
    assert kinds == [["new_category", f"{of_colour}; {of_fault}"]]


@pytest.mark.parametrize("width", [3, 300])
def test_many_rows_are_projected_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    rng = np.random.default_rng(0)
    batches = [rng.normal(size=(n, width)).astype(np.float32) for n in (40, 1, 30)]
    eager = outliers.projected(batches)
    monkeypatch.setattr(outliers, "_MANY", 0)
    lazy = outliers.projected(batches)
    assert not isinstance(lazy, np.ndarray)
    assert (len(lazy), lazy[:].dtype) == (71, np.float32)
    for part in (slice(None), slice(35, 45), slice(0, None, 9), np.array([70, 0, 40, 40])):
        assert np.allclose(lazy[part], eager[part], atol=1e-5)
    assert (outliers.outliers(lazy) == outliers.outliers(eager)).all()
