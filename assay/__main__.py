"""The few things that DVC has no word for: `python -m assay --help`."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from assay.contract import paths
from assay.contract.errors import InputError, run


def main() -> None:
    parser = argparse.ArgumentParser("python -m assay", description="What DVC has no word for.")
    commands = parser.add_subparsers(dest="command", required=True)
    predict_help = "images, sounds or texts, one a file; or CSV files, a row an example: features, or a column `text`"
    command = commands.add_parser("predict", help="say what the released model sees in files")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help=predict_help)
    command = commands.add_parser(
        "label-studio", help="send the queue to Label Studio, or fetch people's answers"
    )
    command.add_argument("action", choices=["push", "pull"])
    command.add_argument(
        "--url", default="http://localhost:8080", help="of the server; %(default)s"
    )
    command.add_argument(
        "--project",
        default="assay",
        help="its name or number; %(default)s; push makes a missing one",
    )
    command.add_argument(
        "--file", type=Path, help="without a server: tasks to write, or an export (JSON) to read"
    )
    command = commands.add_parser(
        "compare", help="what changed between two versions of the data; which is better"
    )
    command.add_argument("a", metavar="A", help="a git revision")
    command.add_argument("b", metavar="B", nargs="?", help="another; the workspace")
    command.add_argument(
        "--why", action="store_true", help="give each kind of change its own share"
    )
    metrics = ["accuracy", "macro_f1", "log_loss", "calibration_error"]
    alone = "this one alone; repeatable"
    command.add_argument("--metric", dest="metrics", action="append", choices=metrics, help=alone)
    command.add_argument(
        "--json", dest="form", action="store_const", const="as_json", help="for programs"
    )
    command.add_argument(
        "--markdown", dest="form", action="store_const", const="markdown", help="for a pull request"
    )
    command.set_defaults(form="terminal")
    arguments = parser.parse_args()
    if arguments.command == "predict":
        predict(arguments.files)
    if arguments.command == "compare":
        gc.set_threshold(
            1_000_000
        )  # DVC makes so many objects that looking for dead ones takes 0.2 s
        from assay.comparison import compare, comparison_page

        found = compare.compare(
            arguments.a, arguments.b, why=arguments.why, metrics=arguments.metrics or metrics
        )
        print(getattr(comparison_page, arguments.form)(found))
    if arguments.command == "label-studio":
        from assay.labelling import label_studio

        for line in getattr(label_studio, arguments.action)(
            arguments.url, arguments.project, arguments.file
        ):
            print(line, file=sys.stderr)


def predict(files: Sequence[Path]) -> None:
    """Print name, predicted class and its probability of each example in `files`; it reads release/ alone."""
    from assay.contract.files import read_json
    from assay.contract.inference import Model
    from assay.modalities import registry

    for path in files:
        if not path.exists():
            raise InputError(f"{path} is missing: name files that are there")
        if path.is_dir():
            raise InputError(f"{path} is a folder: name the files in it, as in {path}/*")
    info = read_json(paths.RELEASE_INFO)
    model = Model(paths.RELEASE_MODEL, portable=True, threads=1)
    for path in files:
        names, payload = registry.named(info["modality"]).read_file(path, info)
        for name, probabilities in zip(
            names if len(names) > 1 else [str(path)], model(payload), strict=True
        ):
            print(f"{name}\t{info['classes'][probabilities.argmax()]}\t{probabilities.max():.4f}")


def piped() -> None:
    """Run `main`; end quietly where the reader of what it prints, `head` for instance, has read enough."""
    try:
        try:
            main()
        finally:
            print(end="", flush=True)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # where Python, as it ends, writes what is left
        sys.exit(1)


def command() -> None:
    """Run as `python -m assay`, and as `assay` where the package is installed."""
    run(piped)


if __name__ == "__main__":
    command()
