"""Identity, sides and files of the data set contract."""

import errno
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.contract import csv_files, files, identity, merging, parquet_files, unpacked_size
from assay.contract.errors import InputError, counted, quiet, run, writing
from assay.contract.sampling import step_for

IDS = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(IDS, st.floats(0, 0.5), st.floats(0, 0.4))
def test_a_larger_test_share_takes_no_example_back(example, test, more):
    if identity.split_by_hash(example, test, 0.05) == "test":
        assert identity.split_by_hash(example, test + more, 0.05) == "test"


@pytest.mark.parametrize(
    ("n", "thing", "said"),
    [(1, "label", "1 label"), (0, "label", "0 labels"), (2000, "test class", "2,000 test classes")],
)
def test_one_thing_is_told_as_one(n: int, thing: str, said: str) -> None:
    assert counted(n, thing) == said


@pytest.mark.parametrize(("resumes", "said"), [(True, "; `dvc repro` goes on"), (False, "\n")])
def test_only_what_dvc_runs_goes_on_after_an_interrupt(
    capsys: pytest.CaptureFixture, *, resumes: bool, said: str
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit, match="1"):
        run(interrupted, resumes=resumes)
    assert capsys.readouterr().err.startswith(f"assay: interrupted{said}")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/old/.dvc/cache/files/md5/00/" + 30 * "0", "type `dvc checkout --relink`"),
        ("/old/1.csv", "1.csv is a link to /old/1.csv, which is missing: bring that file back"),
    ],
)
def test_a_link_whose_file_was_moved(tmp_path, capsys, target, said):
    link = tmp_path / "1.csv"
    link.symlink_to(target)
    with pytest.raises(SystemExit):
        run(link.read_bytes)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "renamed", "raised", "blamed"),
    [
        (".dvc/tmp/assay/--new--t.json", None, OSError, ".dvc/tmp/assay/--new--t.json"),
        (".dvc/tmp/assay/--new--t.json", "/new/t.json", InputError, "^/new/t.json cannot be writ"),
        ("/new/.t.json.unfinished", None, InputError, "^/new/t.json cannot be written"),
        (None, None, InputError, "^/new/t.json cannot be written"),
    ],
)
def test_the_place_that_cannot_be_written_to_is_named(name, renamed, raised, blamed):
    with pytest.raises(raised, match=blamed), writing(Path("/new/t.json")):
        raise OSError(errno.EROFS, "Read-only file system", name, None, renamed)


@pytest.mark.parametrize("reason", ["", "Unable to allocate 1. TiB"])
def test_too_little_memory_is_said_in_one_line_with_its_place(capsys, reason):
    def main():
        raise MemoryError(*[reason] * bool(reason))

    with pytest.raises(SystemExit, match="1"):
        run(main)
    said = capsys.readouterr().err
    line = main.__code__.co_firstlineno + 1
    place = f"test_contract.py line {line}{reason and f': {reason}'}"
    assert said.startswith(f"assay: there is not enough memory ({place}): close other programs")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "shown"), [(KeyboardInterrupt(), ""), (InputError(""), ""), (ValueError(), "hello")]
)
def test_what_libraries_write_is_shown_only_where_they_fail(capfd, error, shown):
    def fails():
        with quiet():
            os.write(2, b"hello")
            raise error

    with pytest.raises(type(error)):
        fails()
    assert capfd.readouterr().err == shown


def test_shares_are_kept():
    ids = identity.content_ids(np.arange(4000, dtype=np.float32)[:, None])
    sides = [identity.split_by_hash(id_, 0.2, 0.1) for id_ in ids]
    assert sides.count("test") / 4000 == pytest.approx(0.2, abs=0.02)
    assert sides.count("validation") / 4000 == pytest.approx(0.1, abs=0.02)


def test_an_id_is_content_type_and_shape():
    payload = np.arange(16, dtype=np.uint8).reshape(2, 8)
    ids = identity.content_ids(payload)
    assert len(set(ids)) == 2
    assert {len(id_) for id_ in ids} == {32}
    assert identity.content_ids(payload[::-1]) == ids[::-1]
    assert not set(identity.content_ids(payload.reshape(2, 4, 2))) & set(ids)
    assert not set(identity.content_ids(payload.astype(np.int8))) & set(ids)


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "out.csv"
    path.write_text("before")

    def rows():
        yield [1]
        raise InputError("stop")

    with pytest.raises(InputError):
        csv_files.write_csv(path, ["a"], rows())
    assert path.read_text() == "before"
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_csv_keeps_text_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [['a"b', "x,y"], ["line\nbreak", "é😀"], ["", "NaN"], ["01", " 1"]]
    csv_files.write_csv(tmp_path / "t.csv", ["one", "two"], rows)
    table = csv_files.read_csv(tmp_path / "t.csv")
    assert [list(row.values()) for row in table.to_pylist()] == rows


PIECES = [*"ab,;\t #'\\\n\r\"\0é", "\x85", "\u2028", "NA", "1.50"]


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
def test_what_the_fast_reader_reads_is_what_the_strict_one_reads(text):
    fast = csv_files._parse_plain(text, ",")
    if fast is not None:
        strict = csv_files._parse(text, ",", "a.csv")
        assert fast.equals(strict)
        assert fast.schema.equals(strict.schema, check_metadata=True)


def test_plain_rows_are_read_fast_and_others_are_not():
    assert csv_files._parse_plain("a,b\n1,\nNA,é", ",").to_pydict() == {
        "a": ["1", "NA"],
        "b": ["", "é"],
    }
    for text in ('a\n"1"\n', "a\n1\n\n2\n", "a,b\n1\n", "a\r\n1\r\n", "a\n", ""):
        assert csv_files._parse_plain(text, ",") is None


def test_floats_get_four_digits_whatever_column_they_are_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": [0.5, np.nan], "b": ["x", None], "c": [1, 2]})
    frame["d"] = pd.Series([0.25, "y"], dtype=object)
    csv_files.write_frame(tmp_path / "f.csv", frame)
    assert (tmp_path / "f.csv").read_text() == "a,b,c,d\n0.5000,x,1,0.2500\nnan,nan,2,y\n"


def test_blocks_without_a_size_are_few(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parquet_files.write_parquet(tmp_path / "b.parquet", pa.table({"text": ["x" * 100_000] * 1500}))
    blocks = [len(block) for block in parquet_files.blocks(tmp_path / "b.parquet")]
    assert sum(blocks) == 1500
    assert 2 <= len(blocks) <= 10  # of 64 MiB, where 150 MB are stored


def test_rows_that_do_not_add_up_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        files.write_rows(tmp_path / "e.npy", 3, [np.zeros((2, 4), np.float32)])
    assert not (tmp_path / "e.npy").exists()


def test_probabilities_come_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pred_probs = np.random.default_rng(0).dirichlet(np.ones(3), 5).astype(np.float32)
    parquet_files.write_probabilities(
        tmp_path / "p.parquet", list("abcde"), pred_probs, ["x", "y, z", "ä"]
    )
    back, classes = parquet_files.read_probabilities(tmp_path / "p.parquet", list("abcde"))
    np.testing.assert_array_equal(back, pred_probs)
    assert classes == ["x", "y, z", "ä"] == parquet_files.read_classes(tmp_path / "p.parquet")


def test_ids_of_several_batches_are_compared_as_one_column(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ids = pd.concat([pd.Series(list("ab")), pd.Series(list("cd"))], ignore_index=True)
    pred_probs = np.full((4, 2), 0.5, np.float32)
    parquet_files.write_probabilities(tmp_path / "p.parquet", ids, pred_probs, "xy")
    assert len(parquet_files.read_probabilities(tmp_path / "p.parquet", ids)[0]) == 4


@pytest.mark.parametrize("ids", ["abcd", "abcdef", "bacde", "abcdx", ""])
def test_probabilities_of_other_examples_are_refused(tmp_path, monkeypatch, ids):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "p.parquet"
    parquet_files.write_probabilities(path, list("abcde"), np.full((5, 2), 0.5, np.float32), "xy")
    with pytest.raises(InputError, match=r"p.parquet is about other examples .* `dvc repro`"):
        parquet_files.read_probabilities(path, list(ids))


def test_blocks_cover_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parquet_files.write_parquet(tmp_path / "b.parquet", pa.table({"n": list(range(10_000))}))
    blocks = list(parquet_files.blocks(tmp_path / "b.parquet", 999))
    assert max(map(len, blocks)) <= 999
    assert [n for block in blocks for n in block["n"].to_pylist()] == list(range(10_000))


REPEATED = {
    "texts": pa.array(["a" * 100_000] * 300),
    "bytes": pa.array([b"a" * 100_000] * 300),
    "texts of a column with a dot": pa.array(["a" * 100_000] * 300),
    "files": pa.array([{"path": "a", "bytes": b"a" * 100_000}] * 300),
    "a list": pa.array([[7] * 5_000_000]),
    "numbers": pa.array([7] * 5_000_000),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_is_repeated_is_refused_before_it_is_unpacked(tmp_path, name):
    path = tmp_path / "x.parquet"
    column = "a.b" if "dot" in name else "a"
    pq.write_table(pa.table({column: REPEATED[name]}), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 100_000
    whole = parquet_files.read_foreign(path, 50_000_000)
    assert whole[column].combine_chunks().equals(REPEATED[name])
    with pq.ParquetFile(path) as file:
        bytes_at_once = unpacked_size.rows_within(file, 5_000_000, 64) * 100_000
        is_refused_at_first = unpacked_size.of_numbers(file) > 5_000_000
    assert is_refused_at_first or bytes_at_once <= 5_000_000
    with pytest.raises(InputError, match=r"x.parquet unpacks to more than .* 5 MB: raise it"):
        parquet_files.read_foreign(path, 5_000_000)


NESTED = {
    "list": pa.list_(pa.string()),
    "large list": pa.large_list(pa.large_string()),
    "lists": pa.list_(pa.list_(pa.binary())),
    "structs": pa.list_(pa.struct({"t": pa.string(), "n": pa.int64()})),
    "map": pa.map_(pa.string(), pa.string()),
}


@pytest.mark.parametrize("name", NESTED)
def test_texts_that_a_row_repeats_in_a_list_are_refused_before_they_are_unpacked(tmp_path, name):
    text = "a" * 100_000
    item = {"lists": [text], "structs": {"t": text, "n": 1}, "map": ("key", text)}.get(name, text)
    path = tmp_path / "x.parquet"
    table = pa.table({"a": pa.array([[item] * 300, None, [], [item]], NESTED[name])})
    pq.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 100_000
    assert parquet_files.read_foreign(path, 50_000_000).equals(table)
    with pq.ParquetFile(path) as file:
        (part, *_) = file.iter_batches()
        dictionaries = unpacked_size.texts_in_lists(file)
    assert unpacked_size.of_lists(part) == 0  # it has no dictionaries yet
    with pq.ParquetFile(path, read_dictionary=dictionaries) as file:
        (part, *_) = file.iter_batches()
    assert part.nbytes < 1_000_000
    assert unpacked_size.of_lists(part) >= 301 * 100_000
    assert unpacked_size.of_lists(part[1:]) < 200_000
    with pytest.raises(InputError, match=r"x.parquet unpacks to more than .* 5 MB: raise it"):
        parquet_files.read_foreign(path, 5_000_000)


@pytest.mark.parametrize(
    "written",
    [
        {"row_group_size": 77},  # a block of rows may not span two groups
        {"dictionary_pagesize_limit": 1000},
        {"use_dictionary": False},
        {"use_dictionary": False, "column_encoding": {"a.list.element": "DELTA_BYTE_ARRAY"}},
    ],
)
def test_lists_of_texts_are_read_however_they_were_written(tmp_path, written):
    lists = [[f"text {(7 * row + place) % 500}" for place in range(5)] for row in range(2000)]
    table = pa.table({"key": list(map(str, range(2000))), "a": lists})
    path = tmp_path / "x.parquet"
    pq.write_table(table, path, **written)
    size = pq.read_table(path).nbytes
    assert parquet_files.read_foreign(path, 2 * size).equals(table)
    with pytest.raises(InputError, match=r"unpacks to more than"):
        parquet_files.read_foreign(path, size // 2)


def test_views_of_texts_in_lists_are_read(tmp_path):
    table = pa.table({"a": pa.array([["x", "y"], ["x"]], pa.list_(pa.string_view()))})
    pq.write_table(table, tmp_path / "x.parquet")
    assert parquet_files.read_foreign(tmp_path / "x.parquet", 10_000).num_rows == 2


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_what_is_not_repeated_is_as_large_as_it_is(tmp_path, n):
    cells = {
        "text": [f"text {row}" for row in range(n)],
        "small": pa.array([row % 99 for row in range(n)], pa.int8()),
        "list": pa.array([[row % 99] * 9 for row in range(n)], pa.list_(pa.uint8())),
        "flag": pa.array([row % 2 == 0 for row in range(n)], pa.bool_()),
        "gap": pa.array([None] * n, pa.float64()),
    }
    pq.write_table(pa.table(cells), tmp_path / "x.parquet", row_group_size=300)
    size = max(pq.read_table(tmp_path / "x.parquet").nbytes, 10_000)
    assert len(parquet_files.read_foreign(tmp_path / "x.parquet", size)) == n


def test_files_of_several_groups_are_read_under_a_low_limit(tmp_path):
    """A part that pyarrow reads then holds rows of two groups, which it cannot do for all types."""
    rng = np.random.default_rng(0)
    cells = [{"bytes": rng.bytes(20_000), "path": f"{row}.wav"} for row in range(200)]
    pq.write_table(pa.table({"audio": cells}), tmp_path / "x.parquet", row_group_size=70)
    table = parquet_files.read_foreign(tmp_path / "x.parquet", 5_000_000)
    assert table["audio"].to_pylist() == cells


def test_a_lack_of_memory_is_no_fault_of_the_file(tmp_path, monkeypatch):
    parquet_files.write_parquet(tmp_path / "x.parquet", pa.table({"n": [1]}))

    def fail(*_, **__):
        raise pa.ArrowMemoryError("malloc of size 8 failed")

    monkeypatch.setattr(parquet_files.pq, "read_table", fail)
    with pytest.raises(InputError, match=r"x.parquet does not fit into the free memory \(malloc"):
        parquet_files.read_parquet(tmp_path / "x.parquet")


READERS = {
    "schema": parquet_files.read_payload_format,
    "classes": parquet_files.read_classes,
    "count": parquet_files.count,
    "blocks": lambda path: list(parquet_files.blocks(path)),
    "rows": files.map_rows,
    "arrays": files.read_arrays,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("content", [b"", b"junk" * 9, b"PAR1" * 9, b"PK\x03\x04 junk"])
def test_a_damaged_file_is_named(tmp_path: Path, reader: str, content: bytes) -> None:
    path = tmp_path / "a.file"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.file is (damaged|no readable Parquet file)"):
        READERS[reader](path)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("dvc.lock", "dvc.lock"),
        ("data/batches.json", "data/batches.json"),
        ("workspace:data/batches.json", "data/batches.json"),
        ("origin/bela:metrics/clean.json", "metrics/clean.json"),
        ("plots/queue.csv", "plots/queue.csv"),
        ("params.yaml", ""),
        ("data/annotations/anna.csv", ""),
        ("data/raw/plots/examples.csv", ""),
        ("data/raw/mine/data/batches.json", ""),
    ],
)
def test_what_stages_make_is_not_merged_by_hand(name: str, made: str) -> None:
    content = b"1\n<<<<<<< HEAD\n2\n=======\n3\n>>>>>>> theirs\n"
    by_hand = "keep what is right, and delete the lines of <<<<<<<, ======= and >>>>>>>"
    kept = f"type `git checkout --ours {made}`, then see docs/upgrading.md"
    said = f"{name} line 2 starts a git merge conflict: {kept if made else by_hand}"
    assert merging.conflict(name, content) == said


@pytest.mark.parametrize("left", ["||||||| 4a92edd", "=======", "=======\r", ">>>>>>> theirs"])
def test_one_line_that_is_left_of_a_merge_is_named(left: str) -> None:
    said = merging.conflict("a.csv", f"id,label\n1,a\n{left}\n2,b\n".encode())
    assert said.startswith("a.csv line 3 is left of a git merge conflict: keep what is right")
    assert ("the old version" in said) == ("|||||||" in left)
    assert not merging.conflict("a.csv", b"id,label\n1,a ======= b\n2,========\n")
    assert not merging.conflict("a.csv", b'id,text\n1,"Heading\n=======\nof a text"\n2\n')


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_file_is_named(tmp_path: Path, reader: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"a\.file"):
        READERS[reader](tmp_path / "a.file")


def test_a_block_of_a_file_that_is_damaged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "b.parquet"
    parquet_files.write_parquet(path, pa.table({"n": np.random.default_rng(0).random(10_000)}))
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(9000) + content[9004:])
    with pytest.raises(InputError, match=r"b\.parquet is no readable Parquet file"):
        list(parquet_files.blocks(path))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_json_holds_no_number_that_is_none(tmp_path, monkeypatch, number):
    monkeypatch.chdir(tmp_path)
    for values in ({"a": 1.0, "loss": number}, {"a": {"b": [number]}}):
        with pytest.raises(InputError, match=r"m.json is not written, since a number .*diverge"):
            files.write_json(tmp_path / "m.json", values)
    assert list(tmp_path.glob("*.json")) == []


def test_json_keeps_names_that_are_not_utf8(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = {"name": "\udcff.png", "é": "\x1b😀"}
    files.write_json(tmp_path / "m.json", values)
    assert files.read_json(tmp_path / "m.json") == values


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "null", '{"a": NaN}', '{"a": 1e999}x', "[" * 10_000, "\xff", "<<<<<<< a\n"],
)
def test_json_that_is_damaged(tmp_path, text):
    path = tmp_path / "m.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"m\.json"):
        files.read_json(path)


def test_json_of_another_schema(tmp_path):
    path = tmp_path / "m.json"
    path.write_text('{"batches": ["a", 1]}')
    with pytest.raises(
        InputError, match=r"m.json: batches.1: must be a valid string, not 1: take it back"
    ):
        files.read_json(path, dict[str, list[str]])
    assert files.read_json(path) == {"batches": ["a", 1]}


@pytest.mark.parametrize(("n", "most", "step"), [(0, 5, 1), (5, 5, 1), (6, 5, 2), (11, 5, 3)])
def test_every_how_many_th_leaves_at_most_so_many(n: int, most: int, step: int) -> None:
    assert step_for(n, most) == step
    assert len(range(n)[::step]) <= most
