"""Writes spatial.json: what PyTorch computes, in double precision, for operators that move, pool or normalize maps.

Run with any Python that has torch: python make_spatial.py
Inputs are multiples of 1/8, so that they are short and exact; results have 10 digits.
"""

import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
cases = []


def draw(*shape):
    return torch.randint(-16, 17, shape).double() / 8


def number(x):
    return int(x) if x == int(x) else float(f"{x:.10g}")


def entry(t):
    if t is None:
        return None
    kind = "f64" if t.is_floating_point() else "i32"
    return {"type": kind, "shape": list(t.shape), "values": [number(v) for v in t.detach().flatten().tolist()]}


def case(name, op, inputs, outputs, attributes=None):
    cases.append({
        "name": name, "op": op, "attributes": attributes or {},
        "inputs": [entry(t) for t in inputs], "outputs": [entry(t) for t in outputs],
    })


for size, alpha, beta, k, shape in ((5, 1e-4, 0.75, 2.0, (2, 7, 2, 3)), (3, 2.0, 0.5, 1.0, (1, 4, 3))):
    x = draw(*shape).requires_grad_()
    y = F.local_response_norm(x, size, alpha, beta, k)
    dy = draw(*shape)
    padded = F.pad(x.square().flatten(2), (0, 0, size // 2, size // 2))
    sums = k + alpha / size * padded.unfold(1, size, 1).sum(-1).reshape(x.shape)
    attributes = {"size": size, "alpha": alpha, "beta": beta, "bias": k}
    case(f"over {size}", "LRN", [x], [y, sums], attributes)
    case(f"over {size}", "LRNBackward", [dy, x, sums], torch.autograd.grad(y, x, dy), attributes)

NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
EXACT = {"mode": "nearest", "coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_ceil"}
LINEAR = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
CORNERS = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
for name, shape, kind, words, corners, scale, size in (
    ("nearest", (2, 2, 3, 4), "nearest", NEAREST, None, [2, 3], None),
    ("nearest, down", (1, 2, 5, 7), "nearest", NEAREST, None, None, [3, 4]),
    ("nearest-exact", (1, 2, 5, 3), "nearest-exact", EXACT, None, None, [3, 7]),
    ("linear", (2, 2, 5), "linear", LINEAR, False, [1.5], None),
    ("bilinear", (1, 2, 3, 4), "bilinear", LINEAR, False, [2, 2], None),
    ("bilinear, any size", (1, 2, 5, 4), "bilinear", LINEAR, False, None, [8, 3]),
    ("bilinear, corners", (1, 2, 3, 4), "bilinear", CORNERS, True, None, [7, 2]),
    ("trilinear", (1, 1, 2, 3, 2), "trilinear", LINEAR, False, [2, 1.5, 2], None),
):
    x = draw(*shape).requires_grad_()
    y = F.interpolate(x, size=size, scale_factor=scale, mode=kind, align_corners=corners)
    dy = draw(*y.shape)
    attributes = dict(words)
    if scale:
        # A fraction among them, so that the reader takes all as fractions.
        attributes["scales"] = [float(s) for s in scale]
    (dx,) = torch.autograd.grad(y, x, dy)
    if scale:
        case(name, "Resize", [x], [y], attributes)
    else:
        case(name, "Resize", [x, y], [y], attributes)
    case(name, "ResizeBackward", [dy, x], [dx], attributes)

for name, shape, kernel, stride in (("2d", (2, 2, 4, 6), [2, 2], [2, 2]), ("1d", (1, 2, 9), [3], [3])):
    x = draw(*shape).requires_grad_()
    axes = len(shape) - 2
    y, places = [F.max_pool1d, F.max_pool2d][axes - 1](x, kernel, stride, return_indices=True)
    dy = draw(*y.shape)
    case(name, "MaxPoolWithIndices", [x], [y, places.int()], {"kernel_shape": kernel, "strides": stride})
    z = draw(*y.shape).requires_grad_()
    back = [F.max_unpool1d, F.max_unpool2d][axes - 1](z, places, kernel, stride, output_size=x.shape[2:])
    case(name, "MaxUnpool", [z, places.int(), x], [back])
    g = draw(*back.shape)
    case(name, "MaxUnpoolBackward", [g, places.int()], torch.autograd.grad(back, z, g))

# Sizes rounded up: a last window that would begin behind the picture and its padding before is dropped.
for name, shape, kernel, stride, pad in (
    ("dropped window", (1, 1, 5, 4), [2, 2], [3, 3], [1, 1]), ("kept window", (1, 1, 6, 7), [3, 2], [2, 3], [1, 0]),
    ("wide stride", (1, 1, 7, 7), [2, 3], [4, 4], [1, 1]),
):
    x = draw(*shape)
    attributes = {"kernel_shape": kernel, "strides": stride, "pads": pad + pad, "ceil_mode": 1}
    y, places = F.max_pool2d(x, kernel, stride, pad, ceil_mode=True, return_indices=True)
    case(name, "MaxPool", [x], [y, places.int()], attributes)
    for include in (0, 1):
        y = F.avg_pool2d(x, kernel, stride, pad, True, bool(include))
        case(f"{name}, {include}", "AveragePool", [x], [y], {**attributes, "count_include_pad": include})

x = draw(2, 2, 4, 6).abs().requires_grad_()
for p, kernel, stride in ((2, [2, 2], [2, 2]), (3, [3, 2], [2, 1])):
    y = F.lp_pool2d(x, float(p), kernel, stride)
    dy = draw(*y.shape)
    attributes = {"kernel_shape": kernel, "strides": stride, "p": p}
    case(f"p = {p}", "LpPool", [x], [y], attributes)
    case(f"p = {p}", "LpPoolBackward", [dy, x, y], torch.autograd.grad(y, x, dy), attributes)
x = draw(2, 3, 3, 4).requires_grad_()
y = torch.linalg.vector_norm(x, 3, (2, 3), keepdim=True)
dy = draw(*y.shape)
case("p = 3", "GlobalLpPool", [x], [y], {"p": 3})
case("p = 3", "GlobalLpPoolBackward", [dy, x, y], torch.autograd.grad(y, x, dy), {"p": 3})
y, places = F.adaptive_max_pool2d(x, 1, return_indices=True)
case("with ties", "GlobalMaxPool", [x], [y, places.int()])

for name, shape, f, size in (
    ("1d", (2, 2, 7), F.adaptive_avg_pool1d, [3]), ("2d", (1, 2, 5, 9), F.adaptive_avg_pool2d, [3, 4]),
    ("2d, more than there are", (1, 2, 2, 3), F.adaptive_avg_pool2d, [3, 5]),
    ("3d", (1, 1, 3, 4, 5), F.adaptive_avg_pool3d, [2, 2, 3]),
):
    x = draw(*shape).requires_grad_()
    y = f(x, size)
    dy = draw(*y.shape)
    case(name, "AdaptiveAveragePool", [x], [y], {"output_size": size})
    case(name, "AdaptiveAveragePoolBackward", [dy, x], torch.autograd.grad(y, x, dy), {"output_size": size})


def norm(name, op, x, scale, shift, f, attributes, mean, variance, epsilon):
    x.requires_grad_(), scale.requires_grad_(), shift.requires_grad_()
    y = f(x, scale, shift)
    dy = draw(*y.shape)
    inverse = (variance + epsilon).rsqrt()
    case(name, op, [x, scale, shift], [y, mean, inverse], {**attributes, "epsilon": epsilon})
    backward = "LayerNormalizationBackward" if op == "LayerNormalization" else "GroupNormalizationBackward"
    case(name, backward, [dy, x, mean, inverse, scale], torch.autograd.grad(y, [x, scale, shift], dy),
         {**attributes, "epsilon": epsilon})


x = draw(3, 2, 4)
norm("last axis", "LayerNormalization", x, draw(4), draw(4), lambda x, w, b: F.layer_norm(x, (4,), w, b, 1e-3), {},
     x.mean(-1, keepdim=True), x.var(-1, unbiased=False, keepdim=True), 1e-3)
x = draw(2, 2, 3)
norm("two axes", "LayerNormalization", x, draw(2, 3), draw(2, 3), lambda x, w, b: F.layer_norm(x, (2, 3), w, b, 1e-5),
     {"axis": 1}, x.mean((1, 2), keepdim=True), x.var((1, 2), unbiased=False, keepdim=True), 1e-5)
x = draw(2, 6, 2, 3)
rows = x.reshape(2, 3, -1)
norm("3 groups", "GroupNormalization", x, draw(6), draw(6), lambda x, w, b: F.group_norm(x, 3, w, b, 1e-3),
     {"num_groups": 3}, rows.mean(-1), rows.var(-1, unbiased=False), 1e-3)
x = draw(2, 3, 4)
norm("1d", "InstanceNormalization", x, draw(3), draw(3), lambda x, w, b: F.instance_norm(x, None, None, w, b, eps=1e-3),
     {}, x.mean(-1), x.var(-1, unbiased=False), 1e-3)

x = draw(2, 2, 5, 6).requires_grad_()
attributes = {"kernel_shape": [2, 3], "strides": [2, 1], "pads": [1, 0, 1, 0], "dilations": [1, 2]}
columns = F.unfold(x, (2, 3), (1, 2), (1, 0), (2, 1))
case("unfold", "Im2Col", [x], [columns], attributes)
g = draw(*columns.shape)
case("fold", "Col2Im", [g, x], [F.fold(g, (5, 6), (2, 3), (1, 2), (1, 0), (2, 1))], attributes)

# A locally connected layer: columns times weights of each place.
w, b = draw(columns.shape[2], 3, columns.shape[1]).requires_grad_(), draw(3, 3, 2).requires_grad_()
y = torch.einsum("ntp,pot->nop", columns, w).reshape(2, 3, 3, 2) + b
dy = draw(*y.shape)
dx, dw = torch.autograd.grad(y, [x, w], dy)
case("2d", "LocallyConnected", [x, w, b], [y], attributes)
case("2d", "LocallyConnectedBackwardData", [dy, w, x], [dx], attributes)
case("2d", "LocallyConnectedBackwardWeights", [x, dy, w], [dw], attributes)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "spatial.json")
with open(path, "w") as f:
    f.write('{"torch": "%s", "cases": [\n' % torch.__version__)
    f.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    f.write("\n]}\n")
print(len(cases), "cases")
