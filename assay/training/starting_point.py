"""Where training starts: from the encoder's weights, from random ones, or on a frozen encoder."""

from assay.contract.errors import InputError, say
from assay.contract.sections import Train
from assay.modalities import registry

DESCRIPTIONS = {
    "encoder": "training from the weights of the encoder",
    "scratch": "training from random weights",
    "frozen": "fitting a linear classifier on the output of the encoder",
}
# the parameters that only networks read, and their values in the params.yaml of Assay
OF_NETWORKS = {
    "epochs": 5,
    "steps": "auto",
    "batch_size": 128,
    "gradient_accumulation": 1,
    "learning_rate": 0.008,
    "shift": 1,
    "label_smoothing": 0.0,
    "patience": 0,
    "bfloat16": "auto",
    "seed": 0,
}


def choose(params: Train, encoder: dict) -> str:
    """The starting point, a key of `DESCRIPTIONS`.

    Parameters
    ----------
    params : the section `train`
    encoder : the content of encoder.json

    Raises
    ------
    InputError
        If the parameters contradict each other or the encoder.
    """
    elsewhere = encoder["elsewhere"]
    if encoder.get("windows") and params.start not in ("auto", "frozen"):
        raise _wrong(f"start: {params.start}", "networks do not read pretrain.windows", "auto")
    if params.start == "encoder" and encoder["start"] != "encoder" and not elsewhere:
        raise _wrong("start: encoder", f"{encoder['method']} has no weights", "auto")
    start = encoder["start"] if params.start == "auto" else params.start
    if start == "frozen" and params.soft_labels:
        others = "start: encoder, or scratch" if elsewhere else "start: scratch"
        raise _wrong("soft_labels", "start: frozen trains no network", others)
    if params.lora and not (start == "encoder" and elsewhere):
        remedy = "start: encoder" if elsewhere else "lora: 0, or set pretrain.encoder"
        raise _wrong("lora", "no encoder from elsewhere is trained further", remedy)
    if params.mirror:
        if encoder["modality"] != "image":
            raise _wrong("mirror: true", "only an image has a mirror image", "false")
        if start == "frozen" or elsewhere or encoder.get("tokens"):
            raise _wrong("mirror: true", "no convolutional network is trained", "false")
    if params.network == "large":
        if start == "frozen":
            raise _wrong("network: large", "start: frozen trains no network", "small")
        if encoder.get("tokens"):
            raise _wrong("network: large", "pretrain.method asks for a Transformer", "small")
        if start == "encoder":
            raise _wrong("network: large", "the encoder's weights do not fit", "start: scratch")
        if registry.named(encoder["modality"]).MEDIUM == "text":
            raise _wrong("network: large", "it is for images and sounds", "small")
    return start


def say_unused(params: Train, start: str, encoder: dict) -> None:
    """Say which changed values have no effect. See `choose` for the parameters."""
    if start == "frozen":
        unread, reason = list(OF_NETWORKS), "start: frozen trains no network"
    elif encoder["modality"] != "image":
        unread, reason = ["shift"], "only images are moved"
    elif start == "encoder" and encoder["elsewhere"]:
        unread, reason = ["shift"], "for an encoder from elsewhere no image is moved"
    else:
        return
    values = {name: getattr(params, name) for name in unread}
    changed = [f"{name}: {value}" for name, value in values.items() if value != OF_NETWORKS[name]]
    if changed:
        say(f"params.yaml: train: {reason}, so this has no effect: {', '.join(changed)}")


def say_no_validation(params: Train, start: str, n_validation: int) -> None:
    """Say that `patience` has no effect, if there is no validation label to stop by."""
    if params.patience and start != "frozen" and not n_validation:
        reason = "no example of the split validation has a label"
        say(f"params.yaml: train: {reason}, so this has no effect: patience: {params.patience}")


def _wrong(setting: str, reason: str, remedy: str) -> InputError:
    return InputError(f"params.yaml: train.{setting}: {reason}: use {remedy}")
