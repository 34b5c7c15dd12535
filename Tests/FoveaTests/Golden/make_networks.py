"""Writes networks.json: what PyTorch computes, in double precision, for the networks of the zoo.

Run with any Python that has torch: python make_networks.py
Weights and inputs come from a formula that both sides compute, so that the file stays small: number i of
tensor k is offset + scale·sin(0.37·(i² mod 9973) + k). Of each gradient the norm, a sum weighted by the sines of
k = 0, and the first 8 numbers are kept.
"""

import json
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def sines(count, k):
    i = torch.arange(count, dtype=torch.int64)
    return torch.sin(0.37 * (i * i % 9973).double() + k)


def named(*pairs):
    net = nn.Sequential()
    for index, (name, module) in enumerate(pairs):
        net.add_module(name or f"unnamed{index}", module)
    return net


def lenet5():
    return named(
        ("conv1", nn.Conv2d(1, 6, 5, padding=2)), ("", nn.ReLU()), ("", nn.MaxPool2d(2)),
        ("conv2", nn.Conv2d(6, 16, 5)), ("", nn.ReLU()), ("", nn.MaxPool2d(2)), ("", nn.Flatten()),
        ("fc1", nn.Linear(400, 120)), ("", nn.ReLU()), ("fc2", nn.Linear(120, 84)), ("", nn.ReLU()),
        ("fc3", nn.Linear(84, 10)))


def two_conv():
    return named(
        ("conv1", nn.Conv2d(1, 32, 5)), ("", nn.ReLU()), ("", nn.MaxPool2d(2)), ("conv2", nn.Conv2d(32, 64, 5)),
        ("", nn.ReLU()), ("", nn.MaxPool2d(2)), ("", nn.Flatten()), ("fc", nn.Linear(1024, 10)))


def mnist_1d_conv():
    return nn.Sequential(
        nn.Conv1d(1, 15, 3, 2), nn.ReLU(), nn.Conv1d(15, 15, 3, 2), nn.ReLU(), nn.Conv1d(15, 15, 3, 2), nn.ReLU(),
        nn.Flatten(), nn.Linear(60, 10))


def mlp(*widths):
    layers = [("", nn.Flatten())]
    for index in range(1, len(widths)):
        layers.append((f"fc{index}", nn.Linear(widths[index - 1], widths[index])))
        if index + 1 < len(widths):
            layers.append(("", nn.ReLU()))
    return named(*layers)


def shape_tracking():
    return named(
        ("conv1", nn.Conv2d(3, 32, 5)), ("", nn.ReLU()), ("", nn.MaxPool2d(2)), ("conv2", nn.Conv2d(32, 64, 5)),
        ("", nn.ReLU()), ("", nn.MaxPool2d(2)), ("", nn.Flatten()), ("fc", nn.Linear(1600, 10)))


def tiny_vgg():
    layers, channels = [], 3
    for block in (1, 2):
        for place in (1, 2):
            layers += [(f"conv_{block}_{place}", nn.Conv2d(channels, 10, 3)), ("", nn.ReLU())]
            channels = 10
        layers.append(("", nn.MaxPool2d(2)))
    return named(*layers, ("", nn.Flatten()), ("output", nn.Linear(1690, 10)))


def generic_cnn(pool):
    layers, channels = [], 3
    for index in range(3):
        width = 32 << index
        layers.append((f"module{index + 1}", named(
            ("conv", nn.Conv2d(channels, width, 3, padding=1)), ("", nn.ReLU()), ("", nn.MaxPool2d(2)))))
        channels = width
    head = nn.AdaptiveAvgPool2d(1) if pool else nn.Identity()
    return named(*layers, ("", head), ("", nn.Flatten()), ("fc", nn.Linear(128 if pool else 2048, 10)))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride, zeros):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.more = stride, outputs - inputs
        if stride > 1 and not zeros:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if hasattr(self, "downsample"):
            x = self.downsample(x)
        elif self.stride > 1:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
        return F.relu(x + y)


def resnet(widths, blocks, zeros, head="fc"):
    layers = [("conv1", nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)), ("bn1", nn.BatchNorm2d(widths[0])),
              ("", nn.ReLU())]
    channels = widths[0]
    for stage, width in enumerate(widths):
        parts = []
        for block in range(blocks):
            parts.append(BasicBlock(channels, width, 2 if stage > 0 and block == 0 else 1, zeros))
            channels = width
        layers.append((f"layer{stage + 1}", nn.Sequential(*parts)))
    return named(*layers, ("", nn.AdaptiveAvgPool2d(1)), ("", nn.Flatten()), (head, nn.Linear(channels, 10)))


def digits(t):
    return [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]


def digest(t):
    flat = t.detach().flatten()
    return {"norm": digits(flat.norm())[0], "weighted": digits((flat * sines(flat.numel(), 0)).sum())[0],
            "first": digits(flat[:8])}


def fill(path, t, k):
    """Offset and scale by the tensor's part, and its numbers."""
    last = path.rsplit(".", 1)[-1]
    if last == "running_var":
        offset, scale = 1, 0.3
    elif last == "weight" and t.dim() == 1:
        offset, scale = 1, 0.2
    elif last == "weight":
        offset, scale = 0, float(f"{2 / math.sqrt(t[0].numel()):.6g}")
    else:
        offset, scale = 0, 0.1
    with torch.no_grad():
        t.copy_((offset + scale * sines(t.numel(), k)).reshape(t.shape))
    return {"path": path, "shape": list(t.shape), "offset": offset, "scale": scale, "k": k}


def network(name, net, *shape):
    tensors = [(p, t) for p, t in net.state_dict(keep_vars=True).items() if not p.endswith("num_batches_tracked")]
    entries = [fill(path, t, k + 1) for k, (path, t) in enumerate(tensors)]
    x = sines(math.prod(shape), 0).reshape(shape)
    labels = [(3 * n + 1) % 10 for n in range(shape[0])]
    with torch.no_grad():
        evaluated = net.eval()(x)
    output = net.train()(x)
    loss = F.cross_entropy(output, torch.tensor(labels))
    loss.backward()
    for entry, (path, t) in zip(entries, tensors):
        if isinstance(t, nn.Parameter):
            entry["gradient"] = digest(t.grad)
        else:
            entry["after"] = digest(t)
    print(name, sum(p.numel() for p in net.parameters()), loss.item())
    return {"name": name, "input": list(shape), "labels": labels, "evaluated": digits(evaluated),
            "trained": digits(output), "loss": digits(loss)[0], "tensors": entries}


networks = [
    network("two-conv", two_conv(), 3, 1, 28, 28),
    network("lenet5", lenet5(), 3, 1, 28, 28),
    network("mnist-1d-conv", mnist_1d_conv(), 5, 1, 40),
    network("mnist-1d-fc", mlp(40, 285, 135, 60, 10), 5, 1, 40),
    network("mnist-1d-baseline", mlp(40, 100, 100, 10), 5, 1, 40),
    network("mlp", mlp(784, 512, 256, 10), 3, 1, 28, 28),
    # These take pictures of any size; small ones keep the test quick.
    network("resnet20", resnet([16, 32, 64], 3, True, "linear"), 3, 3, 16, 16),
    network("resnet18-cifar", resnet([64, 128, 256, 512], 2, False), 3, 3, 16, 16),
    network("shape-tracking", shape_tracking(), 2, 3, 32, 32),
    network("generic-cnn", generic_cnn(False), 2, 3, 32, 32),
    network("generic-cnn-pool", generic_cnn(True), 2, 3, 32, 32),
    network("tiny-vgg", tiny_vgg(), 2, 3, 64, 64),
]
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "networks.json")
with open(path, "w") as f:
    f.write('{"torch": "%s", "networks": [\n' % torch.__version__)
    f.write(",\n".join(json.dumps(n, separators=(",", ":")) for n in networks))
    f.write("\n]}\n")
