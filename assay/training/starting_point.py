"""Where training starts: at the encoder's weights, at random ones, or frozen at the encoder."""

from assay.contract.errors import InputError
from assay.contract.sections import Train

DESCRIPTIONS = {
    "encoder": "training from the weights of the encoder",
    "scratch": "training from random weights",
    "frozen": "fitting a linear classifier on the output of the encoder",
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
        if encoder.get("tokens"):
            raise _wrong("network: large", "pretrain.method asks for a Transformer", "small")
        if start == "encoder":
            raise _wrong("network: large", "the encoder's weights do not fit", "start: scratch")
    return start


def _wrong(setting: str, reason: str, remedy: str) -> InputError:
    return InputError(f"params.yaml: train.{setting}: {reason}: use {remedy}")
