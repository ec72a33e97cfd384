"""What the benchmarks share: a separate workspace for each, time measurement, and a line about the
machine.
"""

import os
import platform
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"  # real data, beside the repository


def environment() -> dict[str, str]:
    """That of a shell in which this interpreter's environment is active."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def clone():
    """A fresh clone of the committed state, gone afterwards."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "assay"
        subprocess.run(["git", "clone", "-q", ROOT, path], check=True)
        yield path


@contextmanager
def code_only():
    """A folder with the code and the parameters of the working tree, and nothing else."""
    with TemporaryDirectory() as folder:
        for name in ("stages", "assay"):
            (Path(folder) / name).symlink_to(ROOT / name)
        shutil.copy(ROOT / "params.yaml", folder)
        yield Path(folder)


def set_parameters(folder: Path, **changes: object) -> None:
    """Change params.yaml; `train__epochs=1` means train.epochs."""
    path = folder / "params.yaml"
    values = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        *sections, name = key.split("__")
        section = values
        for each in sections:
            section = section[each]
        section[name] = value
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def timed(command: list[str], folder: Path, **environ: str) -> tuple[float, float]:
    """Run a command; wall seconds, and its largest memory in GiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment() | environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    stderr = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{stderr.decode()[-2000:]}")
    return seconds, usage.ru_maxrss / 2**20


def machine() -> str:
    """The processor, its cores and the Python of this run."""
    info = Path("/proc/cpuinfo")
    models = (
        [
            line.split(":")[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        if info.exists()
        else []
    )
    model = models[0] if models else platform.processor()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def row(*cells: object) -> None:
    """Print a row of a Markdown table."""
    print(
        "|",
        " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells),
        "|",
        flush=True,
    )
