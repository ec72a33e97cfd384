"""The split of each example: given, by a hash of content or group, or by time; groups are never torn."""

from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.collecting import examples, splits
from assay.contract import identity
from assay.contract.errors import InputError
from assay.contract.sections import Collect
from assay.layouts.raw_batch import Example, RawBatch

SHARES = {"test": 0.3, "validation": 0.1, "split_by": "hash", "time": None}
IDS = ["00" * 16, "50" * 16, "ff" * 16]  # by hash: test, validation, train


def params(**changes: object) -> Collect:
    return Collect.model_construct(**SHARES | changes)


def batch(
    given: list[str] | int, keys: list[str] | None = None, payload: object = None, **slices: list
) -> RawBatch:
    """A batch with these splits, or so many rows without one, and columns."""
    given = [""] * given if isinstance(given, int) else given
    raw = []
    for row, split in enumerate(given):
        columns = {name: values[row] for name, values in slices.items()}
        key = keys[row] if keys else f"key-{row}"
        raw.append(Example(key, f"file, row {row + 1}", split=split, slices=columns))
    return RawBatch("text", raw, payload or [""] * len(given), set())


def choose(
    raw: RawBatch, groups: list[str] | None = None, ids: list[str] | None = None, **changes: object
) -> list[str]:
    ids = ids or [identity.hash_of_name(str(row)) for row in range(len(raw.examples))]
    return splits.choose(raw, ids, groups, params(**changes))


def test_by_hash_where_none_is_given():
    assert choose(batch(3), ids=IDS) == ["test", "validation", "train"]


def test_given_splits_are_kept_and_validation_is_taken_off_training():
    assert choose(batch(["train", "test", ""]), ids=IDS) == ["validation", "test", "train"]
    given = ["train", "test", "validation"]
    assert choose(batch(given), ids=IDS) == given


def test_the_training_copy_of_a_test_example_does_not_count():
    ids = [IDS[2], IDS[2], IDS[1]]
    chosen = choose(batch(["train", "test", "train"]), ids=ids)
    counts = identity.in_split_of_copies(ids, chosen)
    assert counts == [False, True, True]
    assert examples.first_of_copies(ids, counts) == [2, 1]


@pytest.mark.parametrize(
    ("given", "groups", "changes", "chosen_by"),
    [
        ("", None, {"split_by": "time", "time": "taken"}, "collect.split_by: time"),
        ("", list("aaaaaaaabb"), {}, "collect.group"),
        ("given", None, {}, "the batch"),
        ("", None, {}, ""),  # by the content: a rare class may lack a test example by chance
    ],
)
def test_classes_without_a_test_example_are_named_with_what_chose_the_split(
    monkeypatch, given, groups, changes, chosen_by
):
    """The first two of ten examples are fraud, a third class has votes only; the last are tested."""
    monkeypatch.setattr(identity, "hash_of_name", {"a": "ff" * 16, "b": "00" * 16}.get)
    last = ["train"] * 8 + ["test"] * 2
    raw = batch(last if given else 10, taken=[str(day) for day in range(10)])
    for row, example in enumerate(raw.examples):
        example.label = "fraud" if row < 2 else "ok"
    raw.annotations = [("key-3", "anna", "rare"), ("no such key", "anna", "other")]
    ids = ["ff" * 16] * 8 + ["00" * 16] * 2
    choose(raw, groups, ids, **changes)
    said = [str(remark) for remark in raw.remarks if "no example in the test split" in remark.what]
    if not chosen_by:
        assert said == []
        return
    (line,) = said
    which = f"2 classes have no example in the test split, which {chosen_by} chose"
    assert which in line
    assert "'fraud'" in line
    assert "give a column `split` with some" in line


NAMES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40)


@settings(deadline=None)
@given(NAMES, NAMES)
def test_a_group_has_one_split_which_no_later_batch_changes(first, later):
    raw = batch(len(first))
    split_of = defaultdict(set)
    pairs = zip(first + later, choose(raw, first) + choose(batch(len(later)), later), strict=True)
    for group, split in pairs:
        split_of[group].add(split)
    assert all(len(sides) == 1 for sides in split_of.values())
    assert not [remark for remark in raw.remarks if "torn" in remark.what]


def test_groups_fall_into_splits_by_their_shares():
    names = [str(number) for number in range(4000)]
    chosen = choose(batch(4000), names)
    assert chosen.count("test") == pytest.approx(1200, rel=0.1)
    assert chosen.count("validation") == pytest.approx(400, rel=0.15)


def test_validation_of_given_training_examples_is_by_group():
    names = [str(row // 5) for row in range(1000)]
    chosen = choose(batch(["train"] * 1000), names)
    assert set(chosen) == {"train", "validation"}
    assert len(set(zip(names, chosen, strict=True))) == 200


def test_a_given_split_that_tears_a_group_is_kept_and_said():
    raw = batch(["train", "test", "train", "test"])
    assert choose(raw, ["anna", "anna", "bela", "cleo"], validation=0.0) == [
        "train",
        "test",
        "train",
        "test",
    ]
    (remark,) = raw.remarks
    assert (remark.action, remark.count, remark.example) == ("doubtful", 1, "anna")


def test_the_group_is_a_column_a_feature_the_key_or_a_part_of_it():
    raw = batch(3, ["0_anna_1.wav", "1_bela_1.wav", "2_anna_9.wav"], speaker=["x", "", " x "])
    assert splits.groups_of(raw, IDS, None) is None
    assert splits.groups_of(raw, IDS, "") is None
    assert not raw.remarks
    assert splits.groups_of(raw, IDS, "[^_]+_([^_]+)_") == ["anna", "bela", "anna"]
    assert splits.groups_of(raw, IDS, "key") == [example.key for example in raw.examples]
    assert not raw.remarks
    assert splits.groups_of(raw, IDS, "speaker") == ["x", IDS[1], "x"]
    (remark,) = raw.remarks
    assert (remark.action, remark.count, remark.example) == ("guessed", 1, "1_bela_1.wav")
    table = batch(3, payload=pa.table({"patient": [7.0, None, 7.0]}))
    assert splits.groups_of(table, IDS, "patient") == ["7", IDS[1], "7"]


def test_whole_numbers_that_pandas_wrote_with_a_point_are_the_same_groups():
    """A column of text `1.0` is one of whole numbers that had a gap."""
    raw = batch(3, who=["1.0", "", " 23.0"])
    assert splits.groups_of(raw, IDS, "who") == ["1", IDS[1], "23"]
    said = [remark for remark in raw.remarks if "point" in remark.what]
    assert [(each.action, each.count, each.example) for each in said] == [("guessed", 2, "1.0")]
    table = batch(3, payload=pa.table({"who": ["1.0", None, "23.0"]}))
    assert splits.groups_of(table, IDS, "who") == ["1", IDS[1], "23"]
    for others in (
        ["1.0", "1", "2.0"],
        ["1.0", "x", "2.0"],
        ["1.5", "2.0", "3.0"],
        ["1", "2", "3"],
    ):
        raw = batch(3, who=others)
        assert splits.groups_of(raw, IDS, "who") == others
        assert not raw.remarks
    raw = batch(3, ["a1.0", "a2.0", "a3.0"])
    assert splits.groups_of(raw, IDS, "a(.*)") == ["1.0", "2.0", "3.0"]


def test_keys_that_a_pattern_does_not_match_are_groups_of_their_own():
    raw = batch(3, ["anna-1", "2", "-3"])
    assert splits.groups_of(raw, IDS, "([a-z]*)-") == ["anna", IDS[1], IDS[2]]
    assert raw.remarks[0].count == 2


def test_both_forms_of_a_letter_are_one_group():
    raw = batch(2, who=["Jose\u0301", "Jos\u00e9"])
    assert len(set(splits.groups_of(raw, IDS[:2], "who"))) == 1


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("speakr", "collect.group is 'speakr'.*no such column.*speaker.*'key-0'.*0 pairs"),
        ("(a)(b)", "2 pairs"),
        ("(", "no regular expression"),
        ("(zebra)", "it fits none"),
        ("label", "0 pairs"),
        ("split", "0 pairs"),
    ],
)
def test_what_is_no_group_is_one_line(group, said):
    with pytest.raises(InputError, match=said):
        splits.groups_of(batch(3, speaker=["a", "a", "b"]), IDS, group)


def by_time(moments: list, sources: list | None = None, test: float = 0.2) -> str:
    """Splits as letters."""
    sources = list(range(len(moments))) if sources is None else sources
    chosen = splits.by_time(moments, sources, test, 0.2)
    return "".join({"train": ".", "validation": "v", "test": "T"}[split] for split in chosen)


def test_the_latest_are_test_and_those_before_validation():
    assert by_time([3, 1, 4, 15, 9, 2, 6, 5, 35, 8]) == "...Tv...Tv"
    assert by_time([3, 1, 4, 15, 9, 2, 6, 5, 35, 8], test=0.0) == "...v....v."


def test_equal_times_are_not_torn():
    assert by_time([1, 2, 3, 4, 5, 6, 7, 9, 9, 9]) == "......vTTT"
    assert by_time([1] * 9 + [2]) == ".........T"
    assert by_time([5] * 10) == ".........."


def test_a_group_is_as_late_as_its_latest_example():
    moments, sources = [1, 10, 2, 9, 3, 4, 5, 6, 7, 8], list("aabbcdefgh")
    assert by_time(moments, sources) == "TTvv......"


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abcdef")), min_size=1, max_size=40))
def test_nothing_to_learn_from_is_later_than_the_border(pairs):
    moments, sources = map(list, zip(*pairs, strict=True))
    chosen = splits.by_time(moments, sources, 0.3, 0.1)
    split_of = defaultdict(set)
    for source, split in zip(sources, chosen, strict=True):
        split_of[source].add(split)
    assert all(len(sides) == 1 for sides in split_of.values())
    ends = {source: max(m for m, s in pairs if s == source) for source in sources}
    borders = [ends[s] for s, split in zip(sources, chosen, strict=True) if split == "test"]
    learned = [m for m, split in zip(moments, chosen, strict=True) if split != "test"]
    assert not borders or not learned or max(learned) < min(borders)


@pytest.mark.parametrize(
    "times",
    [
        ["10", "9", "1e2", "7", "-8"],
        ["2026-01-03", "2025-12-31", "2026-01-04T00:00:01", "2024-01-01", "1999-01-01"],
        ["20260103", "20251231", "20260104", "20240101", "19990101"],
        ["2026-01-03 10:00", "2026-01-03T09:00Z", "2026-01-03T12:00:00+01:00", "2025-01-01", "2024-01-01"],
    ],
)  # fmt: skip
def test_times_are_numbers_or_dates(times):
    raw = batch(5, when=times)
    chosen = choose(raw, split_by="time", time="when", test=0.2, validation=0.2)
    assert chosen == ["validation", "train", "test", "train", "train"]
    assert not raw.remarks


@pytest.mark.parametrize(
    ("times", "example"),
    [
        (["3.1.2026", "31.12.2025", "4.1.2026", "1.1.2024", "1.1.1999"], "2026-01-03"),
        (["3 Jan 2026", "31 Dec 2025", "4 Jan 2026", "1 Jan 2024", "1 Jan 1999"], "2026-01-03"),
        (["1,700,003", "1,699,001", "1,700,004", "1,500,000", "1,000,000"], "1700003"),
        (["3/1/2026", "2/1/2026", "4/1/2026", "1/1/2026", "1/1/2025"], "2026-01-03"),
    ],
)
def test_times_as_people_write_them(times, example):
    raw = batch(5, when=times)
    chosen = choose(raw, split_by="time", time="when", test=0.2, validation=0.2)
    assert chosen == ["validation", "train", "test", "train", "train"]
    (remark,) = raw.remarks
    assert (remark.count, remark.example) == (5, f"{times[0]!r} as {example}")
    assert remark.action == ("guessed" if "/" in times[0] else "converted")


def test_whole_numbers_beyond_float64_are_in_order():
    raw = batch(2, when=[str(2**60 + 1), str(2**60)])
    assert choose(raw, split_by="time", time="when", test=0.5, validation=0.0) == ["test", "train"]


def test_times_of_a_table_and_given_splits():
    payload = pa.table({"when": pa.array([1, 2, 3, 4], pa.timestamp("s"))})
    raw = batch(["train", "train", "train", "test"], payload=payload)
    chosen = choose(raw, split_by="time", time="when", validation=0.3)
    assert chosen == ["train", "train", "validation", "test"]


def test_groups_of_which_none_is_in_test_are_said():
    raw = batch(6)
    assert "test" not in choose(raw, ["a", "b"] * 3, test=1e-6)
    (remark,) = raw.remarks
    assert (remark.action, remark.count) == ("doubtful", 6)
    assert "too few groups" in str(remark)
    raw = batch(6)
    choose(raw, ["a", "b"] * 3, test=0)
    choose(raw, test=1e-6)  # by content, as ever
    assert not raw.remarks


def test_one_time_alone_is_said():
    raw = batch(5, when=["2026-01-01"] * 5)
    assert set(choose(raw, split_by="time", time="when")) == {"train"}
    (remark,) = raw.remarks
    assert (remark.action, remark.count) == ("doubtful", 5)
    assert "none of them is in the test split" in str(remark)


@pytest.mark.parametrize(
    ("time", "times", "said"),
    [
        (None, ["1", "2", "3"], "collect.time is None: name a column of .* when"),
        ("date", ["1", "2", "3"], "collect.time is 'date': name a column of .* when"),
        ("when", ["1", "soon", "3"], "file, row 2: 'when' is 'soon', which is no time.* a number"),
        ("when", ["2026-01-01", "2026-01-02", ""], "row 3: 'when' is '', .*a date as"),
        ("when", ["1.2.2026", "2.2.2026", "NA"], "row 3: 'when' is 'NA'"),
        ("when", ["1.2.2026", "31.2.2026", "3.2.2026"], "row 2: 'when' is '31.2.2026'"),
        ("when", ["1", "2026-01-01", "3"], "row 2: 'when' is '2026-01-01'"),
        ("when", ["1", "nan", "3"], "row 2: 'when' is 'nan'"),
    ],
)
def test_what_is_no_time_is_one_line(time, times, said):
    with pytest.raises(InputError, match=said):
        choose(batch(3, when=times), split_by="time", time=time)
