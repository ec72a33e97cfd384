"""An origin of git and clones of it, in which tests run the commands of docs/sharing.md."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.pipeline import PERSON, ROOT, Project


def commands(title: str, page: str = "docs/sharing.md") -> list[str]:
    """The commands under a heading of a page, without what they print."""
    section = re.split(rf"^#+ {title}\n", (ROOT / page).read_text(), flags=re.MULTILINE)[1]
    blocks = re.findall(
        r"```console\n(.*?)```", re.split(r"^##", section, flags=re.MULTILINE)[0], re.DOTALL
    )
    return [
        line.removeprefix("$ ")
        for block in blocks
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


@dataclass
class Site:
    """The places in the examples of docs/sharing.md, as they are in this test: the git origin, and
    what replaces the names of remotes.
    """

    folder: Path
    built: Project
    names: dict[str, str]

    def clone(self, name: str) -> Project:
        """A clone of the origin. All clones have the same home folder, which is not the user's."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        project = Project(self.folder / name, HOME=str(home), **PERSON)
        Project(self.folder).run(f"git clone -q '{self.folder / 'origin'}' '{project.folder}'")
        return project

    def type(self, project: Project, lines: list[str]) -> str:
        script = "\n".join(lines)
        for name, ours in self.names.items():
            script = script.replace(name, ours)
        return project.run(f"set -e\n{script}").stdout

    def owner(self, name: str) -> Project:
        """A clone with all data of the committed version in its cache, which is the folder `cache`
        and not a copy.
        """
        project = self.clone(name)
        project.run(f"dvc cache dir --local '{self.folder / 'cache'}'")
        return project
