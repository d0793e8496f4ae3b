#!/usr/bin/env python3
"""Times training steps of the models of wattune-train, written as one writes them in PyTorch.

    train_peers.py MODEL THREADS SECONDS wall|cpu [channels_last]

Prints the median seconds of a step: drawing a batch from data in memory, forward, backward, optimiser, loss to a number.
Shapes, optimisers and batch sizes are the defaults of wattune-train.
"""
import gzip
import math
import pathlib
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
LICENCES = pathlib.Path("/usr/share/common-licenses")


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.short_cut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.short_cut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        out += self.short_cut(x)
        return F.relu(out, inplace=True)


def resnet18(width):
    layers = [nn.Conv2d(1, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    channels = width
    for stage in range(4):
        outputs = width << stage
        layers += [BasicBlock(channels, outputs, 1 if stage == 0 else 2), BasicBlock(outputs, outputs, 1)]
        channels = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


def dense(widths):
    return [nn.Linear(a, b) for a, b in zip(widths, widths[1:])]


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(7, 32, batch_first=True)
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class Block(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.register_buffer("mask", torch.tril(torch.ones(context, context)).view(1, 1, context, context))

    def attention(self, x):
        batch, length, width = x.shape
        q, k, v = (part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
                   for part in self.qkv(x).split(width, dim=2))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            scores = scores.masked_fill(self.mask[:, :, :length, :length] == 0, float("-inf"))
            y = F.softmax(scores, dim=-1) @ v
        return self.out(y.transpose(1, 2).contiguous().view(batch, length, width))

    def forward(self, x):
        x = x + self.attention(self.ln1(x))
        return x + self.down(F.gelu(self.up(self.ln2(x))))


class Transformer(nn.Module):
    def __init__(self, vocabulary=256, context=64, width=64, layers=2, heads=4):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads, context) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.size(1)))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def make_model(name):
    if name == "mlp":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    if name == "cnn":
        return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                             nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1568, 10))
    if name == "resnet18":
        return resnet18(16)
    if name == "lstm":
        return Lstm()
    if name == "transformer":
        return Transformer()
    if name == "dense-poly":
        return nn.Sequential(nn.Flatten(), *dense([784, 392, 196, 10]))
    if name == "dense-linear":
        return nn.Sequential(nn.Flatten(), *dense([784, 522, 261, 10]))
    if name == "simple-cnn":
        blocks = []
        for inputs, outputs in ((1, 3), (3, 9)):
            blocks += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
        return nn.Sequential(*blocks, nn.Flatten(), *dense([441, 220, 110, 10]))
    sys.exit(f"train_peers.py: model '{name}' is not known")


def images(memory_format):
    pixels = gzip.open(FASHION / "train-images-idx3-ubyte.gz").read()[16:]
    labels = gzip.open(FASHION / "train-labels-idx1-ubyte.gz").read()[8:]
    all_pixels = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(-1, 1, 28, 28)[:50000]
    all_labels = torch.frombuffer(bytearray(labels), dtype=torch.uint8)[:50000].long()

    def batch(indices):
        x = all_pixels[indices].float().sub_(72.9).mul_(1 / 90.0)
        return x.contiguous(memory_format=memory_format), all_labels[indices]

    return len(all_labels), batch, F.cross_entropy


def windows():
    series = torch.randn(12264, 7)
    all_windows = series.unfold(0, 24, 1).transpose(1, 2)[:-1]
    all_targets = series[24:, :1]
    return len(all_targets), lambda i: (all_windows[i], all_targets[i]), F.mse_loss


def text():
    files = sorted(path for path in LICENCES.iterdir() if path.is_file() and not path.is_symlink())
    data = bytearray(b"".join(path.read_bytes()[:path.stat().st_size * 8 // 10] for path in files))
    tokens = torch.frombuffer(data, dtype=torch.uint8).long()
    starts = torch.arange((len(tokens) - 1) // 64) * 64
    steps = torch.arange(65)

    def batch(indices):
        rows = tokens[starts[indices][:, None] + steps]
        return rows[:, :-1], rows[:, 1:].reshape(-1)

    return len(starts), batch, lambda out, target: F.cross_entropy(out.view(-1, out.size(-1)), target)


def make_optimizer(name, parameters):
    if name in ("mlp", "cnn", "resnet18"):
        return torch.optim.SGD(parameters, lr=0.01, momentum=0.9), 64
    if name == "lstm":
        return torch.optim.Adam(parameters, lr=0.003), 64
    if name == "transformer":
        return torch.optim.AdamW(parameters, lr=0.003, weight_decay=0), 32
    return torch.optim.Adam(parameters, lr=0.001), 512


def main():
    name, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    memory_format = torch.channels_last if "channels_last" in sys.argv[5:] else torch.contiguous_format
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    model = make_model(name).to(memory_format=memory_format)
    optimizer, batch_size = make_optimizer(name, model.parameters())
    count, batch, loss_of = {"lstm": windows, "transformer": text}.get(name, lambda: images(memory_format))()
    clock = time.process_time if sys.argv[4] == "cpu" else time.perf_counter
    times = []
    began = clock()
    order, position, total = torch.randperm(count), 0, 0.0
    while len(times) < 10 or clock() - began < seconds:
        start = clock()
        if position + batch_size > count:
            order, position = torch.randperm(count), 0
        x, y = batch(order[position:position + batch_size])
        position += batch_size
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
        times.append(clock() - start)
    times = sorted(times[3:])
    print(f"{times[len(times) // 2]:.9f}")


main()
