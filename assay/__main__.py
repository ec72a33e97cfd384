"""The few things that DVC has no word for: `python -m assay --help`."""

import argparse
import gc
import os
import sys
from pathlib import Path

from assay.contract import paths
from assay.contract.errors import InputError, run

METRICS = ["accuracy", "macro_f1", "log_loss", "calibration_error"]


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser("python -m assay", description="What DVC has no command for.")
    commands = whole.add_subparsers(required=True)

    command = commands.add_parser("predict", help="classify files with the released model")
    files_help = "images, sounds or texts, one in each file; or CSV files with one example in each"
    files_help += " row: its features, or a column `text`"
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help=files_help)
    command.set_defaults(function=predict)

    purpose = "send the queue to Label Studio, or fetch people's answers"
    command = commands.add_parser("label-studio", help=purpose)
    command.add_argument("action", choices=["push", "pull"])
    server = "http://localhost:8080"
    command.add_argument("--url", default=server, help="of the server; default: %(default)s")
    project_help = "its name or number; default: %(default)s; push creates a missing one"
    command.add_argument("--project", default="assay", help=project_help)
    file_help = "without a server: tasks to write, or an export (JSON) to read"
    command.add_argument("--file", type=Path, help=file_help)
    command.set_defaults(function=label_studio)

    purpose = "show what changed between two versions of the data, and which one is better"
    command = commands.add_parser("compare", help=purpose)
    command.add_argument("a", metavar="A", help="a git revision")
    command.add_argument("b", metavar="B", nargs="?", help="another one; default: the workspace")
    why_help = "show the share of each type of change"
    command.add_argument("--why", action="store_true", help=why_help)
    metric_help = "only this metric; may be repeated"
    command.add_argument("--metric", action="append", choices=METRICS, help=metric_help)
    for form, purpose in {"json": "for programs", "markdown": "for a pull request"}.items():
        command.add_argument(
            f"--{form}", dest="form", action="store_const", const=form, help=purpose
        )
    command.set_defaults(function=compare, form="terminal")
    return whole


def predict(arguments: argparse.Namespace) -> None:
    """Print each example's name, predicted class and its probability. Reads only release/."""
    from assay.contract.files import read_json
    from assay.contract.inference import Model
    from assay.contract.remarks import Remarks
    from assay.modalities import registry

    for path in arguments.files:
        if not path.exists():
            raise InputError(f"{path} is missing: name files that are there")
        if path.is_dir():
            raise InputError(f"{path} is a folder: name the files in it, as in {path}/*")
    info = read_json(paths.RELEASE_INFO)
    model = Model(paths.RELEASE_MODEL, portable=True, threads=1)
    for path in arguments.files:
        remarks = Remarks()
        names, payload = registry.named(info["modality"]).read_file(path, info, remarks)
        remarks.say(path)
        if len(names) == 1:
            names = [str(path)]
        for name, probabilities in zip(names, model(payload), strict=True):
            predicted = info["classes"][probabilities.argmax()]
            print(f"{name}\t{predicted}\t{probabilities.max():.4f}")


def label_studio(arguments: argparse.Namespace) -> None:
    """Send the queue to Label Studio, or fetch people's answers; say so on stderr."""
    from assay.labelling.label_studio import pull, push

    action = push if arguments.action == "push" else pull
    for line in action(arguments.url, arguments.project, arguments.file):
        print(line, file=sys.stderr)


def compare(arguments: argparse.Namespace) -> None:
    """Print what changed between two versions of the data, and which one is better."""
    gc.set_threshold(1_000_000)  # collecting the garbage among DVC's many objects takes 0.2 s
    from assay.comparison import comparison_page
    from assay.comparison.compare import compare as compare_versions

    metrics = arguments.metric or METRICS
    comparison = compare_versions(arguments.a, arguments.b, why=arguments.why, metrics=metrics)
    pages = {
        "terminal": comparison_page.terminal,
        "markdown": comparison_page.markdown,
        "json": comparison_page.as_json,
    }
    print(pages[arguments.form](comparison))


def main() -> None:
    """Run the command that the arguments name. End quietly if a reader, such as `head`, stops."""
    try:
        try:
            arguments = parser().parse_args()
            arguments.function(arguments)
        finally:
            print(end="", flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)  # at its end, Python writes the rest of the output there
        sys.exit(1)


def command() -> None:
    """Run as `python -m assay`, and as `assay` where the package is installed."""
    run(main)


if __name__ == "__main__":
    command()
