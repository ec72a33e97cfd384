"""Parameters, and a BERT's config.json, that say absurd things: they load, or end in one line, at once."""

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from assay.contract import parameters
from assay.contract.errors import InputError
from assay.encoders import adapters
from tests.support import tiny_bert

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
HOW = {"portable": True, "threads": 1}
# as YAML writes them; most are JSON too
ODD = ["null", "true", "-1", "0", "1", "1.5", "1e30", "-1e308", "9e999", str(2**63), str(10**40)]
ODD += [
    '""',
    '"x"',
    '"\\u0000"',
    '"\\u001b[2J"',
    '"../x"',
    json.dumps("\N{COLLISION SYMBOL}" * 5000),
]
ODD += [
    "[]",
    "{}",
    "[[]]",
    "[null]",
    '{"a": {"b": []}}',
    json.dumps([1] * 5000),
    '{"a": 1, "b": 2}',
]
SIZES = "'auto', empty, or two whole numbers from 1 to 4096 as [height, width]"
DEPTHS = "'auto', a whole number from 8 to 16, or two numbers as [black, white]"
ONLY_YAML = [".nan", ".inf", "9" * 5000, "0x" + "f" * 5000, "2020-13-45", "2020-01-02", "!!bool x"]
ONLY_YAML += ["!!python/name:os.system", "*nothing", "&a [*a]", "? [a]", "=", "!x y", "{[a]: b}"]


def leaves(values: dict, *path: str) -> Iterator[tuple[str, ...]]:
    for name, value in values.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from leaves(value, *path, name)


def with_value(values: dict, path: tuple[str, ...], odd: str) -> str:
    """The JSON of `values` with the text `odd` in one place."""
    changed = json.loads(json.dumps(values))
    section = changed
    for name in path[:-1]:
        section = section[name]
    section[path[-1]] = "@"
    return json.dumps(changed).replace('"@"', odd)


def loads_or_says_why(read: Callable[[], object], shown: str) -> None:
    start, message = time.process_time(), ""
    try:
        read()
    except InputError as error:
        message = str(error)
    assert len(message) < 1000, shown
    assert "\x1b" not in message, shown
    assert time.process_time() - start < 1, shown


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "params.yaml"


def test_mutations_of_params_yaml(params: Path) -> None:
    choose = random.Random(0)
    for _ in range(150):
        path, odd = choose.choice([*leaves(SHIPPED)]), choose.choice(ODD + ONLY_YAML)
        params.write_text(with_value(SHIPPED, path, odd))
        loads_or_says_why(parameters.load, f"{path}: {odd[:99]}")


@pytest.mark.parametrize(
    "sides",
    [
        "<<<<<<< HEAD\nbatches: [a, b]\n=======\nbatches: [a, c]\n>>>>>>> bela\n",
        "batches: [a,\n<<<<<<< HEAD\nb,\n=======\nc,\n>>>>>>> bela\n]\n",  # YAML of odd names
    ],
)
def test_a_merge_conflict_is_told(params: Path, sides: str) -> None:
    params.write_text(f"portable: true\n{sides}")
    line = 2 + sides.startswith("batches")
    with pytest.raises(InputError, match=rf"^params.yaml line {line} starts a git merge conflict"):
        parameters.load()


def test_mutations_of_a_config_of_bert(tmp_path: Path) -> None:
    tiny_bert.save(tmp_path, ["my", "card"])
    choose, path = random.Random(0), tmp_path / "config.json"

    def read() -> None:
        graph = adapters.adapt(tmp_path, {"modality": "text"}, **HOW)
        adapters.try_out(tmp_path, graph, np.array(["my card", ""], object), **HOW)

    read()
    for _ in range(100):
        name, odd = choose.choice([*tiny_bert.CONFIG]), choose.choice([*ODD, "{", "["])
        path.write_text(with_value(tiny_bert.CONFIG, (name,), odd))
        loads_or_says_why(read, f"{name}: {odd[:99]}")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("memory", "4", "memory: must be an amount, as 4 GiB or 512 MiB, not 4"),
        ("memory", '"0 GiB"', "must be an amount"),
        ("memory", '"9999999 GiB"', "must be an amount"),
        ("threads", "5000", "must be less than or equal to 1024, not 5000"),
        ("evaluate.reliability_bins", "1000000000", "less than or equal to 1000"),
        ("evaluate.resamples", "1000000000", "less than or equal to 100000"),
        ("pretrain.patches", "10000000", "must be 'auto' or be less than or equal to 1024"),
        ("pretrain.coarse_patches", "1000000", "must be 'auto' or be less than or equal to 1024"),
        ("pretrain.epochs", "1000000000", "less than or equal to 100000"),
        ("embed.batch_size", "1000000000", "less than or equal to 65536"),
        ("annotate.queue_length", "1000000000000", "less than or equal to 1000000000"),
        ("annotate.page", "1000000", "less than or equal to 1000"),
        ("train.lora", "100000", "less than or equal to 1024"),
        ("train.shift", "100000", "less than or equal to 64"),
        ("train.batch_size", "1000000000", "less than or equal to 65536"),
        ("train.learning_rate", "1e+30", "less than or equal to 100"),
        ("clean.folds", "1", "must be 'auto' or 0 or be greater than or equal to 2"),
        ("clean.folds", "false", "clean.folds: must be a number, not False"),
        ("collect.channels", "true", "collect.channels: must be a number, not True"),
        ("collect.resize", "64", f"collect.resize: must be {SIZES}, not 64"),
        ("collect.resize", "[64, true]", f"collect.resize: must be {SIZES}, not [64, True]"),
        ("collect.depth", "7", f"collect.depth: must be {DEPTHS}, not 7"),
        ("collect.depth", "[0]", f"collect.depth: must be {DEPTHS}, not [0]"),
        ("evaluate.confidence", "0.99999999999", "must be less than or equal to 0.9999"),
        ("evaluate.confidence", "0.05", "must be greater than or equal to 0.5"),
        ("train.steps", str(10**30), "must be 'auto' or be less than or equal to 100000000"),
        ("train.seed", str(2**64), "less than 4294967296"),
        ("pretrain.encoder", "../../release/model.onnx", "must name a file or folder in models"),
        ("pretrain.encoder", "/etc/passwd", "must name a file or folder in models/pretrained/"),
        ("train.seed", "2020-13-45", "month must be in 1..12"),
        ("train.seed", "9" * 5000, "line 1 has a value of more than 1000 characters"),
    ],
)
def test_what_can_only_be_a_mistake(params: Path, key: str, value: str, message: str) -> None:
    params.write_text(with_value(SHIPPED, tuple(key.split(".")), value))
    with pytest.raises(InputError) as caught:
        parameters.load()
    assert message in str(caught.value)


def test_a_mistyped_key_is_named_and_not_the_key_that_it_leaves_out(params: Path) -> None:
    train = {name.replace("steps", "stepz"): value for name, value in SHIPPED["train"].items()}
    params.write_text(json.dumps(SHIPPED | {"train": train}))
    with pytest.raises(InputError, match=r"train\.stepz: unknown key; allowed here: .*steps"):
        parameters.load()


def without(*keys: str) -> str:
    """The shipped parameters but for some, whose names have one dot."""
    left = json.loads(json.dumps(SHIPPED))
    for section, name in (key.split(".") for key in keys):
        del left[section][name]
    return json.dumps(left)


def test_all_missing_keys_are_counted(params: Path) -> None:
    where = "copy from the params.yaml that Assay came with"
    keys = ["clean.folds", "train.steps", "train.seed", "evaluate.resamples", "report.since"]
    said = {
        1: "clean.folds: missing",
        2: "clean.folds: missing, like 1 other key (train.steps)",
        5: "clean.folds: missing, like 4 other keys (train.steps, train.seed, evaluate.resamples and 1 more)",
    }
    for count, missing in said.items():
        params.write_text(without(*keys[:count]))
        with pytest.raises(InputError) as caught:
            parameters.load()
        assert str(caught.value) == f"params.yaml: {missing}; {where}"


def test_a_version_that_lacks_no_key_is_named(params: Path) -> None:
    """In a merge of a newer Assay with `--ours`, after it, and after an edit."""

    def git(command: str) -> None:
        names = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *names, *command.split()], check=True, capture_output=True)

    def named() -> str:
        with pytest.raises(InputError) as caught:
            parameters.load()
        return str(caught.value).partition("copy from ")[2]

    git("init -q -b main")
    params.write_text(without("clean.folds"))
    git("add params.yaml")
    git("commit -q -m own")
    git("checkout -q -b newer")
    params.write_text(json.dumps(SHIPPED))
    git("commit -q -a -m newer")
    git("checkout -q main")
    git("merge -q --no-commit -s ours newer")
    assert named() == "`git show MERGE_HEAD:./params.yaml`, which has all"
    git("commit -q -m merged")
    assert named() == "`git show HEAD^2:./params.yaml`, which has all"
    git("checkout -q newer")
    params.write_text(without("clean.folds"))
    assert named() == "`git show HEAD:./params.yaml`, which has all"
    git("commit -q -a -m lost")
    assert named() == "the params.yaml that Assay came with"


def test_a_value_that_was_left_out_is_no_name_without_quotes(params: Path) -> None:
    params.write_text(json.dumps(SHIPPED | {"batches": [None]}))
    with pytest.raises(InputError, match=r"not None$"):
        parameters.load()


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB + "batches: *a11\n", "line 4 has more than 20 aliases"),
        ("batches: " + "[" * 100_000, "line 1 has more than 20 brackets in brackets"),
        ("batches: " + "[" * 100_000 + "]" * 100_000, "line 1 has more than 20 brackets"),
        ("- " * 100_000, "line 1 has more than 20 brackets"),
        ("batches: [" + "x," * 2_000_000 + "]", "more than 2000000 bytes"),
    ],
)
def test_bombs(params: Path, text: str, message: str) -> None:
    params.write_text(text)
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        parameters.load()
    assert message in str(caught.value)
    assert time.process_time() - start < 1


def test_a_few_aliases_are_fine(params: Path) -> None:
    text = json.dumps(SHIPPED | {"pretrain": SHIPPED["pretrain"] | {"batches": "@"}})
    batches = json.dumps(SHIPPED["batches"])
    params.write_text(text.replace(batches, f"&all {batches}").replace('"@"', "*all"))
    assert parameters.load().pretrain.batches == SHIPPED["batches"]
