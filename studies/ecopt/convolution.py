"""A convolutional network that is not trained: what the inference of one shape draws.

A trial program in Python, because the stride is the point here and `wattune-train` has none: the stride changes the
operations of a layer and not its parameters, so that one of the two proxies must fail.

    convolution.py --stride 2 --depth 10 --width 64 --kernel 3
"""

import argparse
import sys
import time

import torch

import wattune_trial


def make_network(options):
    """The first layers shrink the image by the stride as long as there is something left to shrink."""
    layers, channels, side, macs = [], 1, options.side, 0
    for _ in range(options.depth):
        stride = options.stride if side >= options.stride * 2 else 1
        layers += [torch.nn.Conv2d(channels, options.width, options.kernel, stride, options.kernel // 2), torch.nn.ReLU()]
        side = (side + 2 * (options.kernel // 2) - options.kernel) // stride + 1
        macs += side * side * options.width * channels * options.kernel**2
        channels = options.width
    layers += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(channels, 10)]
    return torch.nn.Sequential(*layers), macs + channels * 10


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in [("stride", 2), ("depth", 10), ("width", 64), ("kernel", 3), ("side", 28), ("batch-size", 100)]:
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", type=float, default=2.0, help="the inference is repeated until they are over")
    options = parser.parse_args()
    torch.manual_seed(1)
    network, macs = make_network(options)
    network.eval()
    parameters = sum(p.numel() for p in network.parameters())
    images = torch.rand(options.batch_size, 1, options.side, options.side)
    trial = wattune_trial.connect()
    with torch.no_grad():
        trial.info(parameters=parameters, flops=2 * macs)
        for _ in range(2):
            network(images)
        samples, end = 0, time.monotonic() + options.seconds
        with trial.phase("inference") as phase:
            while time.monotonic() < end:
                network(images)
                samples += options.batch_size
            phase.samples = samples
        trial.report(1, {"samples": samples})
    return 0


if __name__ == "__main__":
    sys.exit(main())
