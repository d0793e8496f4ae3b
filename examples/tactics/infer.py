#!/usr/bin/python3
"""Uses a trained model of your own, as it is or after an optimisation tactic, as a trial of Wattune.

Put your model in place of `make_model` and `load`; the rest stays. By hand: infer.py --tactic compile
Exit status 3: the tactic is not supported here, with the reason.
"""
import argparse
import copy
import gzip
import io
import pathlib
import statistics
import sys
import time

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bindings" / "python"))
import wattune_trial

NOT_SUPPORTED = 3
NUM_TRAIN, NUM_VALIDATION = 8000, 2000
WIDTH = 1024


def read_idx(path):
    """Decodes one gzipped IDX file of bytes."""
    with gzip.open(path) as file:
        data = file.read()
    shape = numpy.frombuffer(data, ">i4", data[3], 4)
    return torch.from_numpy(numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * data[3]).reshape(shape).copy())


def load(folder):
    """Images in [0, 1] and labels: (train, validation)."""
    images = read_idx(folder / "train-images-idx3-ubyte.gz")[: NUM_TRAIN + NUM_VALIDATION].flatten(1) / 255
    labels = read_idx(folder / "train-labels-idx1-ubyte.gz")[: NUM_TRAIN + NUM_VALIDATION].long()
    return (images[:NUM_TRAIN], labels[:NUM_TRAIN]), (images[NUM_TRAIN:], labels[NUM_TRAIN:])


def make_model(images, labels):
    """A small trained network; any callable that takes a batch will do."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(images.shape[1], WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU(),
        torch.nn.Linear(WIDTH, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for batch in torch.randperm(len(images)).split(64):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
        optimizer.step()
    return model.eval()


class NotSupported(Exception):
    """This PyTorch cannot do it."""


def apply_tactic(model, tactic, amount):
    """Returns the changed model; `model` stays as it is."""
    if tactic == "none":
        return model
    if tactic == "int8-dynamic":
        engines = [name for name in ("fbgemm", "onednn", "qnnpack") if name in torch.backends.quantized.supported_engines]
        if not engines:
            raise NotSupported("this PyTorch has no kernels for int8")
        torch.backends.quantized.engine = engines[0]
        return torch.quantization.quantize_dynamic(model, {torch.nn.Linear, torch.nn.LSTM}, torch.qint8)
    if tactic == "compile":
        if not hasattr(torch, "compile"):
            raise NotSupported(f"torch.compile needs PyTorch 2; this is {torch.__version__}")
        return torch.compile(model)
    if tactic == "bfloat16":
        return copy.deepcopy(model).to(torch.bfloat16)
    from torch.nn.utils import prune

    changed = copy.deepcopy(model)
    weights = [(module, "weight") for module in changed.modules() if hasattr(module, "weight") and module.weight.dim() > 1]
    if tactic == "prune-global":
        prune.global_unstructured(weights, pruning_method=prune.L1Unstructured, amount=amount)
    else:
        for module, name in weights:
            prune.l1_unstructured(module, name, amount)
    for module, name in weights:
        prune.remove(module, name)  # the mask goes into the weights
    return changed


def file_bytes(model):
    """Size of the weights on disk; None where they cannot be written."""
    file = io.BytesIO()
    try:
        torch.save(model.state_dict(), file)
    except Exception:  # compiled and packed models differ from release to release in what they raise
        return None
    return file.tell()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tactic", default="none",
                        choices=["none", "int8-dynamic", "compile", "prune-local", "prune-global", "bfloat16"])
    parser.add_argument("--amount", type=lambda text: float(text or 0.5), default=0.5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--min-seconds", type=float, default=0.2)
    parser.add_argument("--data", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    arguments = parser.parse_args()

    trial = wattune_trial.connect()
    train, (images, labels) = load(arguments.data)
    with trial.phase("prepare"):  # a model of your own would be loaded here
        original = make_model(*train)

    def run_pass(model):
        for batch in inputs:
            model(batch)

    with torch.no_grad():
        batches = images[:1024].split(arguments.batch_size)
        dtype = torch.bfloat16 if arguments.tactic == "bfloat16" else torch.float32
        inputs = [batch.to(dtype) for batch in batches]
        began = time.perf_counter()
        try:
            with trial.phase("optimize"):
                model = apply_tactic(original, arguments.tactic, arguments.amount)
                if arguments.tactic != "none":
                    model(inputs[0])  # compilers do their work at the first call
        except (NotSupported, RuntimeError) as error:
            print(f"not supported here: {arguments.tactic}: {error}", file=sys.stderr)
            sys.exit(NOT_SUPPORTED)
        optimize_seconds = time.perf_counter() - began
        samples = sum(len(batch) for batch in inputs)
        with trial.phase("warm_up", samples=samples * arguments.warm_up):
            for _ in range(arguments.warm_up):
                run_pass(model)
        times = []
        for _ in range(arguments.repetitions):
            with trial.phase("inference") as window:
                began = time.perf_counter()
                done = 0
                while done == 0 or time.perf_counter() - began < arguments.min_seconds:
                    run_pass(model)
                    done += samples
                window.samples = done
            times.append((time.perf_counter() - began) / done)
        with trial.phase("validate", samples=len(images)):
            accuracy = (model(images.to(dtype)).argmax(1) == labels).double().mean()

    metrics = {
        "accuracy": accuracy,
        "seconds_per_sample": statistics.median(times),
        "seconds_per_sample_variation":
            statistics.stdev(times) / statistics.mean(times) if len(times) > 1 else 0.0,
        "optimize_seconds": optimize_seconds,
        "parameters": sum(p.numel() for p in original.parameters()),
    }
    size = file_bytes(model)
    if size is not None:
        metrics["file_bytes"] = size
    trial.report(1, metrics)


if __name__ == "__main__":
    main()
