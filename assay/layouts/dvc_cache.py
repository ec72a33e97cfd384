"""The cache of DVC, to which it may link instead of copying files (its `cache.type: symlink`)."""

import configparser
import os
from functools import cache
from pathlib import Path

import platformdirs


def is_target(link: Path) -> bool:
    """Whether a link leads to an object in the cache of this repository."""
    target = link.absolute().parent / link.readlink()
    return _real(target.parent).parent == _real(_folder(Path.cwd()) / "files/md5")


@cache  # thousands of links lead to 256 folders
def _real(folder: Path) -> Path:
    return folder.resolve()


@cache
def _folder(project: Path) -> Path:
    """The cache, as the last of DVC's configuration files that names one says."""
    above = [project, *project.parents]
    own = next((path / ".dvc" for path in above if (path / ".dvc").is_dir()), project / ".dvc")
    system = os.environ.get("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir("dvc")
    person = os.environ.get("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir("dvc")
    folder = own / "cache"
    files = [Path(system, "config"), Path(person, "config"), own / "config", own / "config.local"]
    for file in files:
        config = configparser.ConfigParser(strict=False, allow_no_value=True, interpolation=None)
        config.read(file, encoding="utf-8")
        named = config.get("cache", "dir", fallback=None)
        if named:
            folder = file.parent / Path(named.strip("\"'")).expanduser()
    return folder
