"""A folder in which single stages run without DVC."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workspace import set_parameters


@dataclass
class Workspace:
    """A folder in which the real stages run without DVC; params.yaml lists the batches `b` and `c`."""

    root: Path

    def write(self, name: str, content: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def raw(self, files: dict[str, str | bytes], batch: str = "b") -> None:
        (self.root / "data/raw" / batch).mkdir(parents=True)
        for name, content in files.items():
            self.write(f"data/raw/{batch}/{name}", content)

    def set(self, key: str, value: object) -> None:
        """Change one value of params.yaml; `key` is dotted."""
        set_parameters(self.root, **{key.replace(".", "__"): value})

    def run(self, stage: str) -> subprocess.CompletedProcess:
        """Run one stage, `collect@b` for instance, as DVC does."""
        command = [sys.executable, "-m", f"stages.{stage.partition('@')[0]}"]
        environment = os.environ | {"DVC_STAGE": stage}
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def done(self, stage: str) -> str:
        """Run one stage that must succeed. Return what it wrote to stderr."""
        result = self.run(stage)
        assert result.returncode == 0, result.stderr
        return result.stderr

    def files(self) -> dict[str, bytes]:
        """Every file except the code, with its content."""
        paths = (Path(folder, name) for folder, _, names in os.walk(self.root) for name in names)
        return {os.fsdecode(path.relative_to(self.root)): path.read_bytes() for path in paths}
