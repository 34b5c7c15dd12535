"""Writes history.json: what PyTorch computes, in double precision, for the historical networks and those that answer
for every place.

Run with any Python that has torch: python make_history.py
The networks are written here a second time, as functions of parameters that are made where they are used. Number i
of a tensor is offset + scale·u, u spread evenly over ±√3 by a hash of the tensor's key and i; so the two sides agree
only if they agree on every key. Of each output and of the gradients of the first and the last layer the norm, a
weighted sum and the first numbers are kept.
"""

import json
import math
import os
import zlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
MASK = 0xFFFFFFFF


def hashed(count, key):
    """Numbers of mean 0 and variance 1, always the same for one key."""
    x = (torch.arange(count, dtype=torch.int64) * 2654435761 + zlib.crc32(key.encode())) & MASK
    for _ in range(2):
        x = x ^ (x >> 16)
        x = (x * 0x45D9F3B) & MASK
    x = x ^ (x >> 16)
    return (x.double() / 2**31 - 1) * math.sqrt(3)


class Parameters:
    """Makes tensors on demand, and keeps those that gradients are asked of."""

    def __init__(self, training):
        self.training = training
        self.made = {}

    def __call__(self, key, *shape):
        last = key.rsplit(".", 1)[-1]
        if last == "running_var":
            offset, scale = 1, 0.1
        elif last == "weight" and (len(shape) == 1 or shape[1:] == (1, 1)):
            offset, scale = 1, 0.1
        elif last == "weight":
            offset, scale = 0, math.sqrt(2 / math.prod(shape[1:]))
        else:
            offset, scale = 0, 0.1
        value = (offset + scale * hashed(math.prod(shape), key)).reshape(shape)
        self.made[key] = value.requires_grad_(not last.startswith("running"))
        return value

    def conv(self, x, key, outputs, k, groups=1, bias=True, **more):
        f = F.conv1d if x.dim() == 3 else F.conv2d
        w = self(key + ".weight", outputs, x.shape[1] // groups, *[k] * (x.dim() - 2))
        return f(x, w, self(key + ".bias", outputs) if bias else None, groups=groups, **more)

    def deconv(self, x, key, outputs, k, bias=True, **more):
        w = self(key + ".weight", x.shape[1], outputs, k, k)
        return F.conv_transpose2d(x, w, self(key + ".bias", outputs) if bias else None, **more)

    def dense(self, x, key, outputs):
        return F.linear(x, self(key + ".weight", outputs, x.shape[1]), self(key + ".bias", outputs))

    def norm(self, x, key):
        c = x.shape[1]
        return F.batch_norm(
            x, self(key + ".running_mean", c).detach(), self(key + ".running_var", c).detach(),
            self(key + ".weight", c), self(key + ".bias", c), self.training)

    def partial(self, x, key, table, k, bias=True, **more):
        """By the links themselves: each output map is a sum of small convolutions."""
        links = self(key + ".weight", sum(len(row) for row in table), k, k)
        b = self(key + ".bias", len(table)) if bias else None
        maps, next = [], 0
        for index, row in enumerate(table):
            y = 0
            for i in row:
                y = y + F.conv2d(x[:, i:i + 1], links[next][None, None], **more)
                next += 1
            maps.append(y + (b[index] if bias else 0))
        return torch.cat(maps, 1)

    def subsample(self, x, key, sum):
        c = x.shape[1]
        y = F.avg_pool2d(x, 2) * (4 if sum else 1)
        return y * self(key + ".weight", c, 1, 1) + self(key + ".bias", c, 1, 1)


def squash(x):
    # Constants of a network are single-precision numbers.
    return float(np.float32(1.7159)) * torch.tanh(float(np.float32(2 / 3)) * x)


def tdnn(p, x):
    x = torch.sigmoid(p.conv(x, "hidden1", 8, 3))
    return torch.sigmoid(p.conv(x, "hidden2", 3, 5)).sum(2)


def lecun1989(p, x):
    table = [[0], [0, 1], [0, 1], [1], [0, 1], [0, 1], [2], [2, 3], [2, 3], [3], [2, 3], [2, 3]]
    x = squash(p.conv(x, "h1", 4, 5))
    x = squash(p.subsample(x, "h2", False))
    x = squash(p.partial(x, "h3", table, 5))
    x = squash(p.subsample(x, "h4", False))
    return p.dense(x.flatten(1), "output", 10)


def lecun1989_zip(p, x):
    table = [list(range(8))] * 4 + [list(range(4, 12))] * 4 + [list(range(4)) + list(range(8, 12))] * 4
    x = p.conv(F.pad(x, (2, 2, 2, 2), value=-1), "h1", 12, 5, bias=False, stride=2)
    x = squash(x + p("h1.units.bias", 12, 8, 8))
    x = p.partial(F.pad(x, (2, 2, 2, 2), value=-1), "h2", table, 5, bias=False, stride=2)
    x = squash(x + p("h2.units.bias", 12, 4, 4)).flatten(1)
    return p.dense(squash(p.dense(x, "h3", 30)), "output", 10)


def lenet1998(p, x):
    table = [[(i + j) % 6 for j in range(3)] for i in range(6)] + [[(i + j) % 6 for j in range(4)] for i in range(6)]
    table = [sorted(row) for row in table] + [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], list(range(6))]
    x = squash(p.conv(x, "c1", 6, 5, padding=2))
    x = squash(p.subsample(x, "s2", True))
    x = squash(p.partial(x, "c3", table, 5))
    x = squash(p.subsample(x, "s4", True))
    x = squash(p.conv(x, "c5", 120, 5)).flatten(1)
    x = squash(p.dense(x, "f6", 84))
    # The drawings are the network's own; their file is read, so that they stand in one place only.
    here = os.path.dirname(os.path.abspath(__file__))
    source = open(os.path.join(here, "../../../Sources/Layers/Models/DigitCodes.swift"), encoding="utf8").read()
    drawn = [block.split() for block in source.split('"""')[1::2]]
    codes = torch.tensor([[1.0 if c == "#" else -1.0 for c in "".join(rows)] for rows in drawn])
    return -torch.cdist(x, codes).square()


def alexnet2012(p, x):
    def response(x):
        # Section 3.3 as printed: k + α·Σ over five maps.
        square = F.pad(x.square(), (0, 0, 0, 0, 2, 2))
        return x / (2 + 1e-4 * sum(square[:, i:i + x.shape[1]] for i in range(5))) ** 0.75

    x = F.max_pool2d(response(F.relu(p.conv(x, "conv1", 96, 11, stride=4))), 3, 2)
    x = F.max_pool2d(response(F.relu(p.conv(x, "conv2", 256, 5, padding=2, groups=2))), 3, 2)
    x = F.relu(p.conv(x, "conv3", 384, 3, padding=1))
    x = F.relu(p.conv(x, "conv4", 384, 3, padding=1, groups=2))
    x = F.max_pool2d(F.relu(p.conv(x, "conv5", 256, 3, padding=1, groups=2)), 3, 2).flatten(1)
    return p.dense(F.relu(p.dense(F.relu(p.dense(x, "fc6", 4096)), "fc7", 4096)), "fc8", 10)


def googlenet2014(p, x):
    def conv(x, key, outputs, k, **more):
        return F.relu(p.conv(x, key + ".conv", outputs, k, padding=k // 2, **more))

    def pool(x):
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def inception(x, name, a, b, c, d, e, f):
        key = "inception" + name
        return torch.cat([
            conv(x, key + ".branch1", a, 1),
            conv(conv(x, key + ".branch2.0", b, 1), key + ".branch2.1", c, 3),
            conv(conv(x, key + ".branch3.0", d, 1), key + ".branch3.1", e, 5),
            conv(F.max_pool2d(x, 3, 1, 1), key + ".branch4.1", f, 1)], 1)

    def head(x, key):
        y = conv(F.avg_pool2d(x, 5, 3), key + ".conv", 128, 1).flatten(1)
        return p.dense(F.relu(p.dense(y, key + ".fc1", 1024)), key + ".fc2", 10)

    x = F.local_response_norm(pool(conv(x, "conv1", 64, 7, stride=2)), 5, 1e-4, 0.75, 1)
    x = conv(conv(x, "conv2", 64, 1), "conv3", 192, 3)
    x = pool(F.local_response_norm(x, 5, 1e-4, 0.75, 1))
    x = inception(x, "3a", 64, 96, 128, 16, 32, 32)
    x = pool(inception(x, "3b", 128, 128, 192, 32, 96, 64))
    x = inception(x, "4a", 192, 96, 208, 16, 48, 64)
    aux1 = head(x, "aux1")
    x = inception(x, "4b", 160, 112, 224, 24, 64, 64)
    x = inception(x, "4c", 128, 128, 256, 24, 64, 64)
    x = inception(x, "4d", 112, 144, 288, 32, 64, 64)
    aux2 = head(x, "aux2")
    x = pool(inception(x, "4e", 256, 160, 320, 32, 128, 128))
    x = inception(x, "5a", 256, 160, 320, 32, 128, 128)
    x = inception(x, "5b", 384, 192, 384, 48, 128, 128)
    return {"output": p.dense(x.mean((2, 3)), "fc", 10), "aux1": aux1, "aux2": aux2}


def densenet(layers, growth, compressed):
    def network(p, x):
        x = p.conv(x, "features.conv0", 2 * growth if compressed else 16, 3, bias=False, padding=1)
        for block in range(3):
            if block:
                key = f"features.transition{block}"
                maps = x.shape[1] // 2 if compressed else x.shape[1]
                x = F.avg_pool2d(p.conv(F.relu(p.norm(x, key + ".norm")), key + ".conv", maps, 1, bias=False), 2)
            for layer in range(layers):
                key = f"features.denseblock{block + 1}.denselayer{layer + 1}"
                y = F.relu(p.norm(x, key + ".norm1"))
                if compressed:
                    y = F.relu(p.norm(p.conv(y, key + ".conv1", 4 * growth, 1, bias=False), key + ".norm2"))
                last = ".conv2" if compressed else ".conv1"
                x = torch.cat([x, p.conv(y, key + last, growth, 3, bias=False, padding=1)], 1)
        x = F.relu(p.norm(x, "features.norm5"))
        return p.dense(x.mean((2, 3)), "classifier", 10)

    return network


def unet(width, padded):
    def network(p, x):
        def double(x, key, outputs):
            for place in (0, 2):
                x = F.relu(p.conv(x, f"{key}.double_conv.{place}", outputs, 3, padding=1 if padded else 0))
            return x

        y = double(x, "inc", width)
        skips = []
        for level in range(1, 5):
            skips.append(y)
            y = double(F.max_pool2d(y, 2), f"down{level}.maxpool_conv.1", width << level)
        for step in range(1, 5):
            skip, channels = skips.pop(), width << (4 - step)
            y = p.deconv(y, f"up{step}.up", channels, 2, stride=2)
            rows, columns = ((a - b) // 2 for a, b in zip(skip.shape[2:], y.shape[2:]))
            skip = skip[:, :, rows:rows + y.shape[2], columns:columns + y.shape[3]]
            y = double(torch.cat([skip, y], 1), f"up{step}.conv", channels)
        return p.conv(y, "outc.conv", 2, 1)

    return network


def hourglass(stacks, width, joints):
    def network(p, x):
        def residual(x, key, outputs):
            y = x
            for place, (channels, k) in enumerate([(outputs // 2, 1), (outputs // 2, 3), (outputs, 1)], 1):
                y = p.conv(F.relu(p.norm(y, f"{key}.bn{place}")), f"{key}.conv{place}", channels, k, padding=k // 2)
            return y + (x if x.shape[1] == outputs else p.conv(x, key + ".skip", outputs, 1))

        def module(x, key, depth):
            low = residual(F.max_pool2d(x, 2), key + ".low1", width)
            low = module(low, key + ".low2", depth - 1) if depth > 1 else residual(low, key + ".low2", width)
            low = residual(low, key + ".low3", width)
            return residual(x, key + ".up1", width) + F.interpolate(low, scale_factor=2)

        y = F.relu(p.norm(p.conv(x, "stem.conv1", 64, 7, stride=2, padding=3), "stem.bn1"))
        y = F.max_pool2d(residual(y, "stem.residual1", 128), 2)
        y = residual(residual(y, "stem.residual2", 128), "stem.residual3", width)
        outputs = {}
        for stack in range(stacks):
            key = f"stacks.{stack}"
            f = residual(module(y, key + ".hourglass", 4), key + ".residual", width)
            f = F.relu(p.norm(p.conv(f, key + ".lin", width, 1), key + ".bn"))
            h = p.conv(f, f"heatmaps.{stack}", joints, 1)
            outputs["output" if stack == stacks - 1 else f"stack{stack + 1}"] = h
            if stack < stacks - 1:
                y = y + p.conv(f, f"features.{stack}", width, 1) + p.conv(h, f"back.{stack}", width, 1)
        return outputs

    return network


def stages(width):
    return [[width] * 2, [2 * width] * 2, [4 * width] * 3, [8 * width] * 3, [8 * width] * 3]


def segnet(width, classes):
    def network(p, x):
        def stage(x, key, channels):
            for i, c in enumerate(channels, 1):
                x = F.relu(p.norm(p.conv(x, f"{key}.conv{i}", c, 3, padding=1), f"{key}.bn{i}"))
            return x

        places = []
        for i, channels in enumerate(stages(width), 1):
            x, where = F.max_pool2d(stage(x, f"encoder{i}", channels), 2, return_indices=True)
            places.append(where)
        for i, channels in [(5, [8, 8, 8]), (4, [8, 8, 4]), (3, [4, 4, 2]), (2, [2, 1]), (1, [1])]:
            x = stage(F.max_unpool2d(x, places.pop(), 2), f"decoder{i}", [c * width for c in channels])
        return p.conv(x, "classifier", classes, 3, padding=1)

    return network


def deconvnet(width, hidden, classes):
    def network(p, x):
        places = []
        for i, channels in enumerate(stages(width), 1):
            for j, c in enumerate(channels, 1):
                x = F.relu(p.norm(p.conv(x, f"conv{i}.conv{j}", c, 3, padding=1), f"conv{i}.bn{j}"))
            x, where = F.max_pool2d(x, 2, return_indices=True)
            places.append(where)
        x = F.relu(p.norm(p.conv(x, "fc.fc6", hidden, 7), "fc.bn6"))
        x = F.relu(p.norm(p.conv(x, "fc.fc7", hidden, 1), "fc.bn7"))
        x = F.relu(p.norm(p.deconv(x, "fc.deconv6", 8 * width, 7), "fc.bn8"))
        for i, channels in [(5, [8, 8, 8]), (4, [8, 8, 4]), (3, [4, 4, 2]), (2, [2, 1]), (1, [1, 1])]:
            x = F.max_unpool2d(x, places.pop(), 2)
            for j, c in enumerate(channels, 1):
                x = F.relu(p.norm(p.deconv(x, f"deconv{i}.deconv{j}", c * width, 3, padding=1), f"deconv{i}.bn{j}"))
        return p.conv(x, "score", classes, 1)

    return network


def fcn8s(width, hidden, classes):
    def network(p, x):
        def cut(x, like, at):
            return x[:, :, at:at + like.shape[2], at:at + like.shape[3]]

        y, pooled = x, []
        for i, channels in enumerate(stages(width), 1):
            for j, c in enumerate(channels, 1):
                y = F.relu(p.conv(y, f"conv{i}_{j}", c, 3, padding=100 if (i, j) == (1, 1) else 1))
            y = F.max_pool2d(y, 2, ceil_mode=True)
            pooled.append(y)
        y = F.relu(p.conv(F.relu(p.conv(y, "fc6", hidden, 7)), "fc7", hidden, 1))
        y = p.deconv(p.conv(y, "score_fr", classes, 1), "upscore2", classes, 4, bias=False, stride=2)
        y = y + cut(p.conv(pooled[3], "score_pool4", classes, 1), y, 5)
        y = p.deconv(y, "upscore_pool4", classes, 4, bias=False, stride=2)
        y = y + cut(p.conv(pooled[2], "score_pool3", classes, 1), y, 9)
        return cut(p.deconv(y, "upscore8", classes, 16, bias=False, stride=8), x, 31)

    return network


def causal(channels, layers, outputs):
    def network(p, x):
        y, total = p.conv(x, "start", channels, 1), 0
        for i in range(layers):
            def conv(name):
                return p.conv(F.pad(y, (2 ** i, 0)), f"layer{i}.{name}", channels, 2, dilation=2 ** i)

            z = torch.tanh(conv("filter")) * torch.sigmoid(conv("gate"))
            total = total + p.conv(z, f"layer{i}.skip", channels, 1)
            if i < layers - 1:
                y = y + p.conv(z, f"layer{i}.residual", channels, 1)
        return p.conv(F.relu(p.conv(F.relu(total), "end1", channels, 1)), "end2", outputs, 1)

    return network


def autoencoder(p, x):
    for place, channels, k, more in [(0, 16, 3, dict(stride=2, padding=1)), (2, 32, 3, dict(stride=2, padding=1)),
                                     (4, 64, 7, {})]:
        x = F.relu(p.conv(x, f"encoder.{place}", channels, k, **more))
    x = F.relu(p.deconv(x, "decoder.0", 32, 7))
    x = F.relu(p.deconv(x, "decoder.2", 16, 3, stride=2, padding=1, output_padding=1))
    return torch.sigmoid(p.deconv(x, "decoder.4", 1, 3, stride=2, padding=1, output_padding=1))


def context(p, x):
    c = x.shape[1]
    for i, d in enumerate([1, 1, 2, 4, 8, 16, 1], 1):
        x = F.relu(p.conv(x, f"conv{i}", c, 3, padding=d, dilation=d))
    return p.conv(x, "conv8", c, 1)


def digest(key, t):
    flat = t.detach().flatten()
    numbers = [flat.norm(), (flat * hashed(flat.numel(), key)).sum()] + list(flat[:6])
    norm, weighted, *first = [float(f"{float(v):.9g}") for v in numbers]
    return {"count": flat.numel(), "norm": norm, "weighted": weighted, "first": first}


def network(name, f, *shape, training=False, gradients=()):
    p = Parameters(training)
    x = hashed(math.prod(shape), "input").reshape(shape)
    outputs = f(p, x)
    outputs = outputs if isinstance(outputs, dict) else {"output": outputs}
    # What is differentiated is the mean of the outputs times numbers of their own.
    loss = sum((y * hashed(y.numel(), key).reshape(y.shape)).sum() / y.numel() for key, y in outputs.items())
    loss.backward()
    count = sum(t.numel() for t in p.made.values() if t.requires_grad)
    spread = {key: round(float(y.detach().std()), 3) for key, y in outputs.items()}
    print(name, count, spread, {key: float(p.made[key].grad.norm()) for key in gradients})
    return {
        "name": name, "input": list(shape), "training": training, "parameters": count,
        "outputs": {key: digest(key, y) for key, y in outputs.items()},
        "gradients": {key: digest(key, p.made[key].grad) for key in gradients}}


networks = [
    network("tdnn", tdnn, 3, 16, 15, gradients=["hidden1.weight", "hidden2.bias"]),
    network("lecun-1989", lecun1989, 2, 1, 28, 28, gradients=["h1.weight", "h2.weight", "h3.weight", "output.weight"]),
    network("lecun-1989-zip", lecun1989_zip, 2, 1, 16, 16,
            gradients=["h1.weight", "h1.units.bias", "h2.weight", "output.bias"]),
    network("lenet5-1998", lenet1998, 2, 1, 28, 28,
            gradients=["c1.weight", "s2.weight", "s2.bias", "c3.weight", "c3.bias", "f6.weight"]),
    # Sizes that keep the tests quick, and widths where a network has one to choose.
    network("alexnet-2012", alexnet2012, 2, 3, 67, 67, gradients=["conv1.weight", "conv2.weight", "fc8.weight"]),
    network("googlenet-2014", googlenet2014, 1, 3, 80, 80,
            gradients=["conv1.conv.weight", "fc.weight", "aux1.fc2.weight", "aux2.conv.conv.weight"]),
    network("densenet40", densenet(12, 12, False), 2, 3, 16, 16, training=True,
            gradients=["features.conv0.weight", "features.transition1.norm.weight", "classifier.weight"]),
    network("densenet40-bc", densenet(6, 12, True), 4, 3, 16, 16, training=True,
            gradients=["features.conv0.weight", "features.transition1.norm.weight", "classifier.weight"]),
    network("unet", unet(8, True), 2, 1, 32, 32,
            gradients=["inc.double_conv.0.weight", "up1.up.weight", "outc.conv.weight"]),
    network("unet-2015", unet(4, False), 1, 1, 188, 188,
            gradients=["inc.double_conv.0.weight", "up1.up.weight", "outc.conv.weight"]),
    network("hourglass", hourglass(2, 16, 3), 2, 3, 64, 64, training=True,
            gradients=["stem.conv1.weight", "stacks.0.hourglass.low2.low1.bn1.weight", "heatmaps.0.weight",
                       "heatmaps.1.weight"]),
    network("segnet", segnet(8, 5), 1, 3, 64, 64, training=True,
            gradients=["encoder1.conv1.weight", "decoder5.conv1.weight", "classifier.weight"]),
    network("deconvnet", deconvnet(4, 24, 5), 1, 3, 224, 224,
            gradients=["conv1.conv1.weight", "fc.deconv6.weight", "score.weight"]),
    network("fcn8s", fcn8s(8, 32, 5), 1, 3, 37, 50,
            gradients=["conv1_1.weight", "upscore2.weight", "score_pool3.weight", "upscore8.weight"]),
    network("causal-1d", causal(8, 5, 2), 2, 1, 40, gradients=["start.weight", "layer4.filter.weight", "end2.weight"]),
    network("autoencoder", autoencoder, 2, 1, 28, 28, gradients=["encoder.0.weight", "decoder.4.weight"]),
    network("dilated-context", context, 1, 5, 24, 24, gradients=["conv1.weight", "conv8.weight"]),
]
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "history.json")
with open(path, "w") as f:
    f.write('{"torch": "%s", "networks": [\n' % torch.__version__)
    f.write(",\n".join(json.dumps(n, separators=(",", ":")) for n in networks))
    f.write("\n]}\n")
