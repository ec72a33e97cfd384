"""A group is proposed where keys or columns name a source within which examples are alike."""

import re
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.contract.stored_rows import StoredRows
from assay.inspection import grouping

N = 240
SPEAKERS = np.array(["anna", "bela", "cleo", "dora"])


@pytest.fixture(params=["speaker", "none"])
def sounds(request) -> dict:
    """Features of digits that say the speaker too, or the digit alone."""
    rng = np.random.default_rng(0)
    digit, speaker = np.arange(N) % 3, rng.integers(4, size=N)
    voice = 3 * rng.normal(size=(4, 8)) if request.param == "speaker" else np.zeros((4, 8))
    features = voice[speaker] + 9 * digit[:, None] + rng.normal(size=(N, 8))
    return {
        "keys": [
            f"{d}_{SPEAKERS[s]}_{row}.wav"
            for row, (d, s) in enumerate(zip(digit, speaker, strict=True))
        ],
        "columns": {},
        "labels": [str(d) for d in digit],
        "sampled": np.arange(N),
        "features": features,
        "speaker": speaker,
        "alike": request.param == "speaker",
    }


def propose(sounds: dict, **changes: object) -> grouping.Proposal | None:
    names = ("keys", "columns", "labels", "sampled", "features")
    return grouping.propose(**{name: sounds[name] for name in names} | changes)


def test_a_field_of_the_name_where_its_examples_are_alike(sounds):
    proposal = propose(sounds)
    assert (proposal is not None) == sounds["alike"]
    if proposal:
        values = [re.search(proposal.group, key).group(1) for key in sounds["keys"]]
        assert values == SPEAKERS[sounds["speaker"]].tolist()
        assert "4 sources with 60 examples on average" in proposal.reason


def test_the_beginning_of_the_name_and_a_folder(sounds):
    for form in ("data/{}{:03}.png", "{}/scan{}.png"):
        keys = [form.format(SPEAKERS[s], row) for row, s in enumerate(sounds["speaker"])]
        proposal = propose(sounds, keys=keys)
        assert (proposal is not None) == sounds["alike"]
        if proposal:
            values = [re.search(proposal.group, key).group(1) for key in keys]
            assert values == SPEAKERS[sounds["speaker"]].tolist()


def test_a_column_of_any_name_where_alike_and_of_a_telling_name_anyway(sounds):
    numbers = [str(row) for row in range(N)]
    column = SPEAKERS[sounds["speaker"]].tolist()
    by_likeness = propose(sounds, keys=numbers, columns={"x7": column})
    assert (by_likeness is not None and by_likeness.group == "x7") == sounds["alike"]
    assert propose(sounds, keys=numbers, columns={"Patient_ID": column}).group == "Patient_ID"
    assert propose(sounds, keys=numbers, columns={"series_id": column}).group == "series_id"
    by_name = {"columns": {"clip_duration": column}, "features": np.zeros((N, 0))}
    assert propose(sounds, keys=numbers, **by_name) is None
    assert propose(sounds, keys=numbers, **by_name | {"columns": {"sequence": column}}) is None
    many = [str(row % 30) for row in range(N)]
    clips = propose(sounds, keys=numbers, **by_name | {"columns": {"clip": many}})
    assert clips.group == "clip"
    assert propose(sounds, keys=numbers, columns={"id": column}).group == "id"
    assert propose(sounds, keys=numbers, columns={"id": numbers}) is None
    assert propose(sounds, keys=numbers, columns={"patient": numbers}) is None  # one example each
    assert (
        propose(sounds, keys=numbers, columns={"impatient": column}, features=np.zeros((N, 0)))
        is None
    )


# The patterns in short, of which some take quadratic time.
SHORT = [r"^(.+)/", r"([^/]*[^/\d_-])[_-]?\d+(?:\.\w+)?$"]
SHORT += [
    rf"(?:^|/){f'[^{mark}/]+{mark}' * before}([^{mark}/.]+)[^/]*$"
    for mark in "_-"
    for before in range(4)
]


@given(st.text("a1_-./\n ", max_size=30))
def test_patterns_match_as_their_short_forms(key):
    found = dict(grouping._patterns([key]))
    matches = [match for pattern in SHORT if (match := re.search(pattern, key))]
    assert [*found.values()] == [[match[1]] for match in matches]


@pytest.mark.parametrize("part", ["a", "1", "1/", "-", "a@", "1.", "a1", "a_1."])
@pytest.mark.parametrize("end", ["", "!", "/!", "/b.png"])
def test_a_long_key_takes_no_longer_than_its_length(part, end):
    start = time.process_time()
    [*grouping._patterns([part * 50_000 + end])]
    assert time.process_time() - start < 2  # a square of the length takes minutes


def test_the_class_is_no_source(sounds):
    keys = [f"{label}/{row}.png" for row, label in enumerate(sounds["labels"])]
    assert propose(sounds, keys=keys, columns={"colour": sounds["labels"]}) is None


def test_folders_of_splits_and_classes_are_no_source(sounds):
    """The examples of each split are alike, but `^(.+)/` names the classes in the splits."""
    splits = np.where(sounds["speaker"] < 3, "train", "test").tolist()
    cells = zip(splits, sounds["labels"], range(N), strict=True)
    keys = [f"{split}/{label}/{number}.wav" for split, label, number in cells]
    assert propose(sounds, keys=keys, splits=splits) is None
    speakers = SPEAKERS[sounds["speaker"]]
    keys = [key.replace("/", f"/{name}/", 1) for key, name in zip(keys, speakers, strict=True)]
    proposal = propose(sounds, keys=keys, splits=splits)
    assert (proposal is not None) == sounds["alike"]


def test_features_of_each_modality():
    rng = np.random.default_rng(0)
    texts = np.array(["abc", "", "zz"], dtype=object)
    images = rng.integers(255, size=(3, 20, 5, 3)).astype(np.uint8)
    sounds = rng.integers(-99, 99, size=(3, 500)).astype(np.int16)
    for payload in (texts, images, sounds):
        rows = grouping.describe(payload)
        assert len(rows) == 3
        assert rows.shape[1] > 1
        assert np.isfinite(rows).all()
        assert np.linalg.matrix_rank(rows) > 0
    assert grouping.describe(np.zeros((3, 4), np.float32)).shape == (3, 0)


def test_features_of_payloads_on_disk_are_those_of_an_array():
    sounds = np.random.default_rng(0).integers(-99, 99, size=(40, 500)).astype(np.int16)
    on_disk = StoredRows(sounds[row : row + 1] for row in range(40))
    assert np.allclose(grouping.describe(on_disk), grouping.describe(sounds))


def test_a_small_picture_is_the_mean_of_parts():
    picture = np.arange(16).reshape(1, 4, 4)
    assert grouping._pooled(grouping._pooled(picture, 1, 2), 2, 2).tolist() == [
        [[2.5, 4.5], [10.5, 12.5]]
    ]


def test_no_value_is_no_source():
    column = [*["p1"] * 40, *["p2"] * 56, *[""] * 4]
    sampled = np.arange(100), np.zeros((100, 0))
    proposal = grouping.propose([], {"patient": column}, ["x"] * 100, *sampled)
    assert "2 sources with 48 examples on average" in proposal.reason
    column = [*["p1"] * 96, *[""] * 4]
    assert grouping.propose([], {"patient": column}, ["x"] * 100, *sampled) is None


def test_what_the_label_tells_is_no_source():
    labels = ["a", "b"] * 50
    hospitals = [f"of {label}" for label in labels]  # each class has its own
    sampled = np.arange(100), np.zeros((100, 0))
    assert grouping.propose([], {"hospital": hospitals}, labels, *sampled) is None
    hospitals[0] = "of b"
    assert grouping.propose([], {"hospital": hospitals}, labels, *sampled).group == "hospital"


def test_features_are_compared_once_and_in_little_memory():
    """As many rows as are read of texts, in one class; a table has no features to compare."""
    n = 20_000
    rng = np.random.default_rng(0)
    source = rng.integers(9, size=n)
    columns = {name: source.astype(str).tolist() for name in ("one", "two", "three")}
    features = rng.normal(size=(9, 4))[source] + rng.normal(size=(n, 4)) / 9
    tracemalloc.start()
    of_table = grouping.propose([], columns, ["x"] * n, np.arange(n), np.zeros((n, 0)))
    of_texts = grouping.propose([], columns, ["x"] * n, np.arange(n), features)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert of_table is None
    assert of_texts.group == "one"
    assert most < 100 * 2**20  # bytes
