"""Writes Golden/Darknet: configurations with random weights, an input, and what PyTorch makes of them.
pip install torch torchvision numpy; python make_darknet.py

The layers are computed here as darknet's C computes them (its order of weights, its padding of pooling, its norm with
the small number added to the deviation), not as Fovea does; boxes come from its formulas and torchvision's suppression.
python make_darknet.py CFG PICTURE shows what a configuration with weights beside it finds in a picture."""
import json, os, struct, sys
import numpy as np
import torch, torchvision
import torch.nn.functional as F

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Golden", "Darknet")


def parse(text):
    sections = []
    for line in text.splitlines():
        line = line.split("#")[0].replace(" ", "").replace("\t", "")
        if line.startswith("["):
            sections.append((line[1:line.index("]")], {}))
        elif "=" in line:
            key, value = line.split("=", 1)
            sections[-1][1].setdefault(key, value)
    return sections


ACTIVATIONS = {
    "linear": lambda x: x, "leaky": lambda x: F.leaky_relu(x, 0.1), "relu": F.relu, "mish": F.mish, "swish": F.silu,
    "logistic": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu, "selu": F.selu, "relu6": F.relu6, "hardtan": F.hardtanh,
}


class Weights:
    """Reads numbers in darknet's order, or invents and keeps them."""

    def __init__(self, numbers=None):
        self.numbers, self.at, self.made = numbers, 0, []
        self.random = np.random.default_rng(7)

    def take(self, *shape, positive=False, scale=1.0):
        count = int(np.prod(shape))
        if self.numbers is None:
            values = self.random.standard_normal(count) * scale
            values = (np.abs(values) + 0.5 if positive else values).astype(np.float32)
            self.made.append(values)
        else:
            values = self.numbers[self.at:self.at + count]
            self.at += count
        return torch.tensor(np.asarray(values).reshape(shape))


def norm(x, scales, mean, variance, bias):
    shape = (1, -1) + (1,) * (x.dim() - 2)
    y = (x - mean.reshape(shape)) / (variance.sqrt().reshape(shape) + 0.000001)
    return y * scales.reshape(shape) + bias.reshape(shape)


def run(sections, weights, x):
    made, heads = [], []
    for index, (kind, o) in enumerate(sections[1:]):
        number = lambda key, default: int(o.get(key, default))
        if kind == "convolutional":
            n, size, groups = number("filters", 1), number("size", 1), number("groups", 1)
            pad = size // 2 if number("pad", 0) else number("padding", 0)
            bn = number("batch_normalize", 0)
            bias = weights.take(n, scale=0.3)
            if bn:
                scales, mean = weights.take(n, scale=0.5), weights.take(n, scale=0.3)
                variance = weights.take(n, positive=True)
            w = weights.take(n, x.shape[1] // groups, size, size, scale=1.5 / (x.shape[1] // groups * size * size)**0.5)
            x = F.conv2d(x, w, None if bn else bias, number("stride", 1), pad, groups=groups)
            if bn:
                x = norm(x, scales, mean, variance, bias)
            x = ACTIVATIONS[o.get("activation", "logistic")](x)
        elif kind == "connected":
            x = x.flatten(1)
            n, bn = number("output", 1), number("batch_normalize", 0)
            bias, w = weights.take(n, scale=0.3), weights.take(n, x.shape[1], scale=1.5 / x.shape[1]**0.5)
            if bn:
                scales, mean = weights.take(n, scale=0.5), weights.take(n, scale=0.3)
                variance = weights.take(n, positive=True)
            x = F.linear(x, w, None if bn else bias)
            if bn:
                x = norm(x, scales, mean, variance, bias)
            x = ACTIVATIONS[o.get("activation", "logistic")](x)
        elif kind == "maxpool":
            stride = number("stride", 1)
            size = number("size", stride)
            padding = number("padding", size - 1)
            out = [(extent + padding - size) // stride + 1 for extent in x.shape[2:]]
            y = torch.full((*x.shape[:2], *out), -float("inf"))
            for i in range(out[0]):
                for j in range(out[1]):
                    for a in range(size):
                        for b in range(size):
                            h, w = i * stride - padding // 2 + a, j * stride - padding // 2 + b
                            if 0 <= h < x.shape[2] and 0 <= w < x.shape[3]:
                                y[:, :, i, j] = torch.maximum(y[:, :, i, j], x[:, :, h, w])
            x = y
        elif kind == "avgpool":
            x = x.mean((2, 3), keepdim=True)
        elif kind == "softmax":
            x = F.softmax(x.flatten(1), 1)
        elif kind == "upsample":
            x = x.repeat_interleave(number("stride", 2), 2).repeat_interleave(number("stride", 2), 3)
        elif kind == "route":
            parts = [made[int(k) + index if int(k) < 0 else int(k)] for k in o["layers"].split(",")]
            groups, group = number("groups", 1), number("group_id", 0)
            width = [p.shape[1] // groups for p in parts]
            x = torch.cat([p[:, group * w:(group + 1) * w] for p, w in zip(parts, width)], 1)
        elif kind == "shortcut":
            for k in o["from"].split(","):
                x = x + made[int(k) + index if int(k) < 0 else int(k)]
            x = ACTIVATIONS[o.get("activation", "linear")](x)
        elif kind == "scale_channels":
            k = int(o["from"])
            x = ACTIVATIONS[o.get("activation", "linear")](made[k + index if k < 0 else k] * x)
        elif kind == "yolo":
            heads.append((o, x))
        elif kind not in ("dropout", "cost"):
            raise SystemExit(kind)
        made.append(x)
    return x, heads


def boxes(heads, width, height, threshold, overlap):
    """What darknet's get_yolo_box says, in fractions of the picture: class, score, left, top, right, bottom."""
    found = []
    for o, x in heads:
        anchors = [float(a) for a in o["anchors"].split(",")]
        mask, classes = [int(m) for m in o["mask"].split(",")], int(o["classes"])
        scale = float(o.get("scale_x_y", 1))
        y = x[0].reshape(len(mask), 5 + classes, *x.shape[2:]).double()
        for a, m in enumerate(mask):
            for row in range(y.shape[2]):
                for column in range(y.shape[3]):
                    t = y[a, :, row, column]
                    sure = torch.sigmoid(t[4]).item()
                    cx = (column + torch.sigmoid(t[0]).item() * scale - 0.5 * (scale - 1)) / y.shape[3]
                    cy = (row + torch.sigmoid(t[1]).item() * scale - 0.5 * (scale - 1)) / y.shape[2]
                    w, h = np.exp(t[2].item()) * anchors[2 * m] / width, np.exp(t[3].item()) * anchors[2 * m + 1] / height
                    for k in range(classes):
                        score = sure * torch.sigmoid(t[5 + k]).item()
                        if score > threshold:
                            found.append((k, score, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2))
    if not found:
        return []
    rows = torch.tensor(found, dtype=torch.float64)
    kept = torchvision.ops.batched_nms(rows[:, 2:], rows[:, 1], rows[:, 0].long(), overlap)
    return rows[kept].tolist()


DETECTOR = """# Every kind of layer that a detector has, small.
[net]
width = 32
height=24
channels=3
momentum=0.9

[convolutional]
filters=8
size=3
stride=2
pad=1
batch_normalize=1
activation=leaky

[convolutional]
filters=8
size=3
pad=1
groups=8
batch_normalize=1
activation=mish

[dropout]
probability=.15

[shortcut]
from=-3
activation=linear

[maxpool]
size=2
stride=1

[route]
layers=-1
groups=2
group_id=1

[maxpool]
size=5
stride=1

[route]
layers = -1, -3, 0

[maxpool]
size=3
stride=2

[convolutional]
filters=10
size=1
batch_normalize=1
activation=swish
; the head of the coarse map
[convolutional]
filters=14
size=1
activation=linear

[yolo]
mask = 1,2
anchors = 4,5, 9,7, 14,12
classes=2
num=3
scale_x_y=1.1

[route]
layers=-3

[upsample]
stride=2

[route]
layers=-1,3

[avgpool]

[convolutional]
filters=18
size=1
activation=logistic

[scale_channels]
from=14

[convolutional]
filters=7
size=3
padding=1
activation=linear

[yolo]
mask=0
anchors=4,5, 9,7, 14,12
classes=2
num=3
"""

CLASSIFIER = """[network]
width=9
height=10
channels=1

[convolutional]
filters=4
size=4
stride=2
activation=relu

[maxpool]
size=2
stride=2
padding=0

[connected]
output=6
batch_normalize=1
activation=tanh

[connected]
output=3
activation=linear

[softmax]
groups=1

[cost]
type=sse
"""


def size(sections):
    return [int(sections[0][1][key]) for key in ("channels", "height", "width")]


def write(name, text, header):
    sections = parse(text)
    torch.manual_seed(3)
    x = torch.rand(2, *size(sections))
    weights = Weights()
    with torch.no_grad():
        y, heads = run(sections, weights, x)
    base = os.path.join(here, name)
    open(base + ".cfg", "w").write(text)
    open(base + ".weights", "wb").write(header + np.concatenate(weights.made).astype("<f4").tobytes())
    np.save(base + "-input.npy", x.numpy())
    for index, output in enumerate([h for _, h in heads] or [y]):
        np.save(f"{base}-{'yolo%d' % (index + 1) if heads else 'output'}.npy", output.numpy())
    if heads:
        channels, height, width = size(sections)
        first = [(o, h[:1]) for o, h in heads]
        json.dump(boxes(first, width, height, 0.2, 0.45), open(base + "-boxes.json", "w"))
    print(name, len(np.concatenate(weights.made)), "numbers")


if len(sys.argv) == 1:
    os.makedirs(here, exist_ok=True)
    write("detector", DETECTOR, struct.pack("<iiiq", 0, 2, 5, 32013312))
    write("classifier", CLASSIFIER, struct.pack("<iiii", 0, 1, 0, 7))
else:
    from PIL import Image
    path, picture = sys.argv[1:]
    sections = parse(open(path).read())
    channels, height, width = size(sections)
    raw = open(path[:-4] + ".weights", "rb").read()
    major, minor = struct.unpack("<ii", raw[:8])
    weights = Weights(np.frombuffer(raw, "<f4", offset=20 if major * 10 + minor >= 2 else 16))
    image = Image.open(picture).convert("RGB")
    x = torch.tensor(np.asarray(image)).permute(2, 0, 1)[None].float() / 255
    # OpenCV's way: two neighbours along each axis, however much the picture shrinks.
    x = F.interpolate(x, (height, width), mode="bilinear", align_corners=False)
    with torch.no_grad():
        _, heads = run(sections, weights, x)
    assert weights.at == len(weights.numbers), (weights.at, len(weights.numbers))
    for k, score, *box in boxes(heads, width, height, 0.25, 0.45):
        scale = [image.width, image.height] * 2
        print(int(k), "%.4f" % score, *["%.1f" % (b * s) for b, s in zip(box, scale)])
