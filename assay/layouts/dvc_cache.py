"""Find DVC's cache. With `cache.type: symlink`, DVC links files to it instead of copying them."""

import configparser
import os
from functools import cache
from pathlib import Path

import platformdirs


def is_target(link: Path) -> bool:
    """Whether a link leads to an object in the cache of this repository."""
    target = link.absolute().parent / link.readlink()
    return _real(target.parent).parent == _real(_folder(Path.cwd()) / "files/md5")


@cache  # thousands of links lead into at most 256 folders
def _real(folder: Path) -> Path:
    return folder.resolve()


@cache
def _folder(project: Path) -> Path:
    """The folder of the cache. The last of DVC's configuration files that names one counts."""
    folders = (folder / ".dvc" for folder in [project, *project.parents])
    project_config = next(filter(Path.is_dir, folders), project / ".dvc")
    system_config = os.environ.get("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir("dvc")
    user_config = os.environ.get("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir("dvc")
    cache_folder = project_config / "cache"
    files = [Path(where, "config") for where in (system_config, user_config, project_config)]
    for file in [*files, project_config / "config.local"]:
        config = configparser.ConfigParser(strict=False, allow_no_value=True, interpolation=None)
        config.read(file, encoding="utf-8")
        named = config.get("cache", "dir", fallback=None)
        if named:
            cache_folder = file.parent / Path(named.strip("\"'")).expanduser()
    return cache_folder
