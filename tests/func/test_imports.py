"""The stages that run once per batch start fast: what is slow to import, they do not import."""

import os
import subprocess
import sys

SLOW = {"pandas", "sklearn", "cleanlab", "tensorflow", "keras"}


def imported(workspace, stage: str) -> set[str]:
    module = f"stages.{stage.partition('@')[0]}"
    script = (
        f"import runpy, sys; runpy.run_module('{module}', run_name='__main__'); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=workspace.root, env=os.environ | {"DVC_STAGE": stage}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_stages_of_one_batch_import_nothing_slow(workspace):
    workspace.set("batches", ["b"])
    workspace.set("pretrain.batches", ["b"])
    workspace.raw(
        {"examples.csv": "a,b,label\n" + "".join(f"{n},{n % 7},{n % 2}\n" for n in range(40))}
    )
    assert not imported(workspace, "collect@b") & SLOW
    assert not imported(workspace, "sample@b") & SLOW
    imported(workspace, "pretrain")
    assert not imported(workspace, "embed@b") & SLOW
