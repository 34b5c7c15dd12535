"""Writes detectors.json: what PyTorch computes, in double precision, for thin YOLO networks and their loss.

Run with any Python that has torchvision: python make_detectors.py
Weights and inputs come from the formula of make_networks.py. Dropout is left out: loss and gradients are those of
the network as it is evaluated.
"""

import json
import math
import os

import torch
import torch.nn as nn
from torchvision.ops import box_convert, box_iou

torch.set_default_dtype(torch.float64)
CELLS, BOXES, CLASSES = 2, 2, 3
NUMBERS = CELLS * CELLS * (5 * BOXES + CLASSES)


def sines(count, k):
    i = torch.arange(count, dtype=torch.int64)
    return torch.sin(0.37 * (i * i % 9973).double() + k)


def leaky(net, name, module):
    net.add_module(name, module)
    net.add_module(name + "_leaky", nn.LeakyReLU(0.1))


def convolutions(net, width, plan):
    """The paper's figure, as (maps / width, kernel, stride), or "M" for pooling."""
    channels, number = 3, 0
    for step in plan:
        if step == "M":
            net.add_module(f"pool{len(net)}", nn.MaxPool2d(2))
            continue
        number += 1
        maps, kernel, stride = step
        leaky(net, f"conv{number}", nn.Conv2d(channels, maps * width, kernel, stride, kernel // 2))
        channels = maps * width
    net.add_module("flatten", nn.Flatten())
    return channels * CELLS * CELLS


def yolo(width):
    net = nn.Sequential()
    plan = [(1, 7, 2), "M", (3, 3, 1), "M", (2, 1, 1), (4, 3, 1), (4, 1, 1), (8, 3, 1), "M"]
    plan += [(4, 1, 1), (8, 3, 1)] * 4 + [(8, 1, 1), (16, 3, 1), "M"] + [(8, 1, 1), (16, 3, 1)] * 2
    plan += [(16, 3, 1), (16, 3, 2), (16, 3, 1), (16, 3, 1)]
    features = convolutions(net, width, plan)
    leaky(net, "fc1", nn.Linear(features, 64 * width))
    net.add_module("fc2", nn.Linear(64 * width, NUMBERS))
    return net


def fast_yolo(width):
    net = nn.Sequential()
    plan = []
    for maps in (1, 2, 4, 8, 16, 32):
        plan += [(maps, 3, 1), "M"]
    features = convolutions(net, width, plan + [(64, 3, 1)] * 3)
    net.add_module("fc1", nn.Linear(features, 16 * width))
    leaky(net, "fc2", nn.Linear(16 * width, 256 * width))
    net.add_module("fc3", nn.Linear(256 * width, NUMBERS))
    return net


def targets(pictures):
    target = torch.zeros(pictures, CELLS, CELLS, 5 + CLASSES)
    for k in range(pictures * CELLS * CELLS):
        if k % 3 != 1:
            cell = target.reshape(-1, 5 + CLASSES)[k]
            cell[0] = cell[1 + k % CLASSES] = 1
            cell[1 + CLASSES:] = torch.tensor([(k + 1) / 16, (15 - k) / 16, ((k % 5 + 2) / 8) ** 2, 0.25])
    return target


def loss(x, target):
    """Equation 3, in the order of the authors' program; mean over the pictures."""
    n, cells = x.shape[0], CELLS * CELLS
    p, q, r = x.split([cells * CLASSES, cells * BOXES, cells * BOXES * 4], 1)
    p, q, r = p.reshape(-1, CLASSES), q.reshape(-1, BOXES), r.reshape(-1, BOXES, 4)
    total = x.new_zeros(())
    for k, cell in enumerate(target.reshape(-1, 5 + CLASSES)):
        others = list(range(BOXES))
        if cell[0] == 1:
            truth = cell[1 + CLASSES:]
            shape = r[k].detach().clone()
            shape[:, 2:] = shape[:, 2:].square()
            unit = torch.tensor([CELLS, CELLS, 1, 1])
            overlap = box_iou(box_convert(shape / unit, "cxcywh", "xyxy"),
                              box_convert((truth / unit).reshape(1, 4), "cxcywh", "xyxy"))[:, 0]
            distance = ((shape - truth) / unit).square().sum(1)
            best = int(overlap.argmax() if overlap.max() > 0 else distance.argmin())
            wanted = torch.cat([truth[:2], truth[2:].sqrt()])
            total = total + 5 * (r[k, best] - wanted).square().sum() + (q[k, best] - overlap[best]).square()
            total = total + (p[k] - cell[1:1 + CLASSES]).square().sum()
            others.remove(best)
        total = total + 0.5 * q[k, others].square().sum()
    return total / n


def digits(t):
    return [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]


def digest(t):
    flat = t.detach().flatten()
    return {"norm": digits(flat.norm())[0], "weighted": digits((flat * sines(flat.numel(), 0)).sum())[0],
            "first": digits(flat[:8])}


def network(name, net, pictures):
    entries = []
    for k, (path, t) in enumerate(net.named_parameters()):
        scale = float(f"{2 / math.sqrt(t[0].numel()):.6g}") if t.dim() > 1 else 0.1
        with torch.no_grad():
            t.copy_((scale * sines(t.numel(), k + 1)).reshape(t.shape))
        entries.append({"path": path, "shape": list(t.shape), "offset": 0, "scale": scale, "k": k + 1})
    side = 64 * CELLS
    x = sines(pictures * 3 * side * side, 0).reshape(pictures, 3, side, side)
    target = targets(pictures)
    output = net(x)
    value = loss(output, target)
    value.backward()
    for entry, t in zip(entries, net.parameters()):
        entry["gradient"] = digest(t.grad)
    print(name, sum(t.numel() for t in net.parameters()), value.item(), output.abs().max().item())
    return {"target": target.flatten().tolist(), "network": {
        "name": name, "input": list(x.shape), "labels": [], "evaluated": digits(output), "trained": digits(output),
        "loss": digits(value)[0], "tensors": entries}}


networks = [network("yolov1", yolo(4), 2), network("yolov1-tiny", fast_yolo(2), 2)]
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "detectors.json")
with open(path, "w") as f:
    f.write('{"torch": "%s", "detectors": [\n' % torch.__version__)
    f.write(",\n".join(json.dumps(n, separators=(",", ":")) for n in networks))
    f.write("\n]}\n")
