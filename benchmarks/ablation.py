"""What each part of `clean` is worth: average precision for the wrong labels of CIFAR-10N
(`label_1`), with and without each part.

python -m benchmarks.ablation [thorough]

The true labels are read only for scoring. Scores are of the odd images, with a 95 % interval.
"""

import os
import shutil
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
from scipy.special import softmax
from sklearn.metrics import average_precision_score

from assay.catalogue import catalogue
from assay.cleaning import annotators, kernel_vote, network_recipe, noise_layer
from assay.contract import parameters
from assay.measures import batch_features, leave_one_out
from assay.training import calibration
from benchmarks.label_quality import REPRO, THOROUGH, prepared
from benchmarks.workspace import clone, machine, row, set_parameters, timed
from stages import clean

EMBEDDINGS = {  # what changes in params.yaml
    "fine patches": {"pretrain__coarse_patches": 0, "pretrain__mirror": False},
    "and coarse ones": {"pretrain__coarse_patches": "auto", "pretrain__mirror": False},
    "and their mirror image (the default)": {
        "pretrain__coarse_patches": "auto",
        "pretrain__mirror": "auto",
    },
}


def hear(folder: Path, *, network: bool) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Each voice's scores (n, classes), the given labels (n,), and which of them are wrong (n,)."""
    with chdir(folder):
        examples = catalogue.read()
        votes, _, classes = clean.encode(catalogue.votes(examples), len(examples))
        given = annotators.consensus(votes).probabilities.argmax(axis=1)
        features = catalogue.features(examples)
        linear = leave_one_out.fit(features, given, len(classes))
        near = kernel_vote.fit(features, given, linear, len(examples))
        votes = [near.scores(block, rows.start) for rows, block in batch_features.rows_of(features)]
        voices = {"ridge": linear.scores, "neighbours": np.concatenate(votes)}
        if network:
            from assay.cleaning import cross_validation

            scores, rows = [*voices.values()], np.arange(len(given))
            targets = noise_layer.fit(scores, given).posterior(scores, given).astype(np.float32)
            recipe = network_recipe.choose(THOROUGH, "image", [], len(rows))
            voices["network"] = cross_validation.log_probabilities(
                examples, rows, targets, recipe, parameters.load()
            )
        wrong = np.array(classes)[given] != catalogue.truth(examples).to_numpy()
    return voices, given, wrong


def scored(
    name: str, pred_probs: np.ndarray, given: np.ndarray, wrong: np.ndarray, confusion: np.ndarray
) -> None:
    """A row: average precision of the probability that the given label is right, once it was looked
    at.
    """
    joint = pred_probs * confusion[:, given].T
    doubt = 1 - joint[np.arange(len(given)), given] / joint.sum(axis=1)
    odd = np.arange(1, len(given), 2)
    rng = np.random.default_rng(0)
    draws = (rng.choice(odd, len(odd)) for _ in range(200))
    low, high = np.quantile(
        [average_precision_score(wrong[some], doubt[some]) for some in draws], [0.025, 0.975]
    )
    row(name, f"{average_precision_score(wrong[odd], doubt[odd]):.3f} ({low:.3f} to {high:.3f})")


def combinations(
    before: str, voices: dict[str, np.ndarray], given: np.ndarray, wrong: np.ndarray
) -> None:
    """Some voices together: with a temperature each and one share of errors, and with the noise
    layer.
    """
    some = list(voices.values())
    name, n_classes = f"{before}; {' + '.join(voices)}", some[0].shape[1]
    sharpness, noise = calibration.sharpness_and_noise(some, given)
    pred_probs = softmax(np.tensordot(sharpness, np.stack(some), 1), axis=1)
    scored(
        f"{name}; one temperature each",
        pred_probs,
        given,
        wrong,
        annotators.uniform(noise, n_classes),
    )
    layer = noise_layer.fit(some, given)
    scored(f"{name}; noise layer", layer.pred_probs(some), given, wrong, layer.confusion)


def main() -> None:
    print(f"# {machine()}\n")
    row("what is asked", "average precision, odd half")
    row("---", "---")
    with clone() as folder:
        prepared(folder, (1,))
        for name, changes in EMBEDDINGS.items():
            set_parameters(folder, **changes)
            shutil.rmtree(folder / "data/embedded", ignore_errors=True)
            timed([*REPRO, "embed"], folder)
            last = name == list(EMBEDDINGS)[-1]
            voices, given, wrong = hear(folder, network=last and "thorough" in sys.argv)
            combinations(name, {"ridge": voices["ridge"]}, given, wrong)
            if last:
                combinations(name, {"neighbours": voices["neighbours"]}, given, wrong)
                combinations(
                    name, {each: voices[each] for each in ("ridge", "neighbours")}, given, wrong
                )
            if "network" in voices:
                combinations(name, {"network": voices["network"]}, given, wrong)
                combinations(name, voices, given, wrong)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
