#!/usr/bin/python3
"""Trains a small network on a part of Fashion-MNIST; tunable through Wattune.

The lines that make it so are marked "wattune". By hand: train.py --epochs 2
"""
import argparse
import gzip
import os
import pathlib
import sys

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bindings" / "python"))
import wattune_trial  # wattune

NUM_TRAIN, NUM_VALIDATION = 4000, 1000


def read_idx(path):
    """Decodes one gzipped IDX file of bytes."""
    with gzip.open(path) as file:
        data = file.read()
    if data[:3] != b"\0\0\x08":
        sys.exit(f"{path} is not an IDX file of bytes")
    num_dimensions = data[3]
    shape = numpy.frombuffer(data, ">i4", num_dimensions, 4)
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * num_dimensions).reshape(shape)


def load(folder):
    """Images in [0, 1] and labels: (train, validation), both cut from the training files."""
    images = read_idx(folder / "train-images-idx3-ubyte.gz")[: NUM_TRAIN + NUM_VALIDATION]
    labels = read_idx(folder / "train-labels-idx1-ubyte.gz")[: NUM_TRAIN + NUM_VALIDATION]
    images = torch.from_numpy(images.reshape(len(images), -1).astype(numpy.float32) / 255)
    labels = torch.from_numpy(labels.astype(numpy.int64))
    return (images[:NUM_TRAIN], labels[:NUM_TRAIN]), (images[NUM_TRAIN:], labels[NUM_TRAIN:])


def save(path, epoch, model, optimizer):
    """Writes a checkpoint that is complete whenever it exists."""
    state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    partial = f"{path}.part"
    with open(partial, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--data", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    arguments = parser.parse_args()

    trial = wattune_trial.connect()  # wattune
    torch.manual_seed(trial.seed or 0)
    (images, labels), (validation_images, validation_labels) = load(arguments.data)
    model = torch.nn.Sequential(
        torch.nn.Linear(784, arguments.width), torch.nn.ReLU(), torch.nn.Linear(arguments.width, 10)
    )
    trial.info(  # wattune (optional): proxies of the energy, which `wattune proxies` looks at
        parameters=sum(p.numel() for p in model.parameters()),
        flops=sum(2 * m.weight.numel() for m in model if isinstance(m, torch.nn.Linear)),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=arguments.lr, momentum=0.9)
    first_epoch = 1
    if trial.resume_from:  # wattune
        state = torch.load(trial.resume_from)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first_epoch = state["epoch"] + 1

    for epoch in range(first_epoch, arguments.epochs + 1):
        with trial.phase("train", samples=NUM_TRAIN):  # wattune (optional)
            order = torch.randperm(NUM_TRAIN, generator=torch.Generator().manual_seed(epoch))
            for batch in order.split(arguments.batch_size):
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(model(images[batch]), labels[batch])
                loss.backward()
                optimizer.step()
        with torch.no_grad():
            predictions = model(validation_images).argmax(1)
        accuracy = (predictions == validation_labels).double().mean()

        answer = trial.report(epoch, val_accuracy=accuracy, samples=NUM_TRAIN)  # wattune
        if answer == "pause":  # wattune
            path = os.path.join(trial.checkpoint_dir, f"{epoch}.pt")
            save(path, epoch, model, optimizer)
            trial.checkpoint(epoch, path)
        if answer != "continue":  # wattune
            break


if __name__ == "__main__":
    main()
