"""Writes golden.json: what PyTorch computes, in double precision, for the operators' tests.

Run with any Python that has torch: python make_golden.py
Inputs are multiples of 1/8, so that they are short and exact; results have 10 digits.
"""

import json
import os

import torch
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
cases = []


def draw(*shape):
    return torch.randint(-16, 17, shape).double() / 8


def number(x):
    return int(x) if x == int(x) else float(f"{x:.10g}")


def entry(t):
    if t is None:
        return None
    kind = {torch.float64: "f64", torch.int64: "i64", torch.bool: "bool"}.get(t.dtype, "i32")
    return {"type": kind, "shape": list(t.shape), "values": [number(v) for v in t.detach().flatten().tolist()]}


def case(name, op, inputs, outputs, attributes=None):
    cases.append({
        "name": name, "op": op, "attributes": attributes or {},
        "inputs": [entry(t) for t in inputs], "outputs": [entry(t) for t in outputs],
    })


def conv(name, x, w, b, stride, pads, dilation, groups):
    x.requires_grad_(), w.requires_grad_(), b.requires_grad_()
    axes = x.dim() - 2
    # F.pad takes the last axis first, before and after.
    padded = F.pad(x, [p for a in reversed(range(axes)) for p in (pads[a], pads[axes + a])])
    y = [F.conv1d, F.conv2d, F.conv3d][axes - 1](padded, w, b, stride, 0, dilation, groups)
    dy = draw(*y.shape)
    dx, dw, db = torch.autograd.grad(y, [x, w, b], dy)
    attributes = {"strides": stride, "pads": pads, "dilations": dilation, "group": groups}
    case(name, "Conv", [x, w, b], [y], attributes)
    case(name, "ConvBackwardData", [dy, w, x], [dx], attributes)
    case(name, "ConvBackwardWeights", [x, dy, w], [dw, db], {**attributes, "bias": 1})


conv("2d strides, pads, dilation, groups", draw(2, 4, 6, 5), draw(4, 2, 3, 2), draw(4), [2, 1], [1, 0, 2, 1], [1, 2], 2)
conv("1d depthwise", draw(2, 3, 9), draw(3, 1, 3), draw(3), [2], [1, 1], [2], 3)
conv("3d", draw(1, 2, 3, 3, 4), draw(2, 2, 2, 2, 2), draw(2), [1, 2, 1], [1, 0, 0, 0, 1, 1], [1, 1, 2], 1)


def pool(name, x, kernel, stride, pad, dilation, ceil):
    x.requires_grad_()
    axes = x.dim() - 2
    f = [F.max_pool1d, F.max_pool2d, F.max_pool3d][axes - 1]
    y, index = f(x, kernel, stride, pad, dilation, ceil, True)
    dy = draw(*y.shape)
    (dx,) = torch.autograd.grad(y, x, dy)
    attributes = {"kernel_shape": kernel, "strides": stride, "pads": pad + pad, "dilations": dilation,
                  "ceil_mode": int(ceil)}
    case(name, "MaxPool", [x], [y, index.int()], attributes)
    case(name, "MaxPoolBackward", [dy, index.int(), x], [dx], attributes)


pool("2d with ties", draw(2, 2, 6, 5), [3, 2], [2, 2], [1, 1], [1, 1], False)
pool("2d dilated, rounded up", draw(1, 2, 7, 6), [2, 3], [2, 3], [0, 1], [2, 1], True)
pool("1d", draw(2, 2, 9), [3], [2], [1], [1], True)

x, scale, shift = draw(3, 2, 2, 3).requires_grad_(), draw(2).requires_grad_(), draw(2).requires_grad_()
mean, var = draw(2), draw(2).abs() + 0.5
for training in (True, False):
    m, v = mean.clone(), var.clone()
    y = F.batch_norm(x, m, v, scale, shift, training, 0.25, 1e-3)
    dy = draw(*y.shape)
    dx, dscale, dshift = torch.autograd.grad(y, [x, scale, shift], dy)
    name = "training" if training else "running statistics"
    batch_mean, batch_var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
    outputs = [y, m, v, batch_mean, batch_var] if training else [y]
    case(name, "BatchNormalization", [x, scale, shift, mean, var], outputs,
         {"epsilon": 1e-3, "momentum": 0.75, "training_mode": int(training)})
    case(name, "BatchNormalizationBackward",
         [dy, x, scale] + ([batch_mean, batch_var] if training else [mean, var]), [dx, dscale, dshift],
         {"epsilon": 1e-3, "frozen": int(not training)})

for name, shape, reduction in (("rows", (4, 5), "mean"), ("pixels", (2, 3, 2, 2), "sum")):
    scores = draw(*shape).requires_grad_()
    labels = torch.randint(0, shape[1], (shape[0],) + shape[2:])
    loss = F.cross_entropy(scores, labels, reduction=reduction)
    (dscores,) = torch.autograd.grad(loss * 0.5, scores)
    logs = F.log_softmax(scores, 1)
    case(name, "SoftmaxCrossEntropyLoss", [scores, labels.int()], [loss, logs], {"reduction": reduction})
    case(name, "SoftmaxCrossEntropyLossBackward", [torch.tensor(0.5), logs, labels.int()], [dscores],
         {"reduction": reduction})

a, w, b = draw(3, 5), draw(4, 5), draw(4)
case("dense layer", "Gemm", [a, w, b], [F.linear(a, w, b)], {"transB": 1})
case("general", "Gemm", [a.t().contiguous(), w.t().contiguous(), b],
     [0.5 * a @ w.t() + 2 * b], {"transA": 1, "alpha": 0.5, "beta": 2.0})

x = draw(2, 3, 4).requires_grad_()
y = F.softmax(x, 1)
dy = draw(2, 3, 4)
case("inner axis", "Softmax", [x], [y], {"axis": 1})
case("inner axis", "SoftmaxBackward", [dy, y], torch.autograd.grad(y, x, dy), {"axis": 1})
x = torch.tensor([[1.0, 3, 3], [2, 2, 2]]).requires_grad_()
y = x.amax(1, keepdim=True)
dy = draw(2, 1)
case("equal numbers", "ReduceMaxBackward", [dy, x, y], torch.autograd.grad(y, x, dy), {"axes": [1]})

for name, momentum, decay, nesterov in (("momentum, decay", 0.9, 0.125, False), ("nesterov", 0.75, 0.0, True),
                                        ("nesterov, decay", 0.5, 0.25, True), ("plain", 0, 0.125, False)):
    w = draw(5).requires_grad_()
    rate = 0.25
    optimizer = torch.optim.SGD([w], lr=rate, momentum=momentum, weight_decay=decay, nesterov=nesterov)
    velocity = torch.zeros(5)
    for step in range(3):
        before, v = w.detach().clone(), velocity.clone()
        w.grad = draw(5)
        grad = w.grad.clone()
        optimizer.step()
        attributes = {"nesterov": int(nesterov), "weight_decay": decay}
        if momentum == 0:
            case(f"{name} {step}", "SGDUpdate", [before, grad, None, torch.tensor(rate)], [w], attributes)
        else:
            velocity = optimizer.state[w]["momentum_buffer"].clone()
            case(f"{name} {step}", "SGDUpdate", [before, grad, v, torch.tensor(rate), torch.tensor(float(momentum))],
                 [w, velocity], attributes)

def deconv(name, x, w, b, stride, pad, extra, dilation, groups):
    x.requires_grad_(), w.requires_grad_(), b.requires_grad_()
    f = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][x.dim() - 3]
    y = f(x, w, b, stride, pad, extra, groups, dilation)
    dy = draw(*y.shape)
    dx, dw, db = torch.autograd.grad(y, [x, w, b], dy)
    attributes = {"strides": stride, "pads": pad + pad, "dilations": dilation, "group": groups}
    case(name, "ConvTranspose", [x, w, b], [y], {**attributes, "output_padding": extra})
    # Its gradients are a convolution and the gradient of that convolution's weights.
    case("gradient of transposed " + name, "Conv", [dy, w], [dx], attributes)
    case("gradient of transposed " + name, "ConvBackwardWeights", [dy, x, w], [dw], attributes)


deconv("2d", draw(2, 4, 3, 2), draw(4, 2, 3, 2), draw(4), [2, 3], [1, 0], [1, 2], [1, 2], 2)
deconv("1d", draw(2, 2, 4), draw(2, 3, 3), draw(3), [2], [1], [1], [1], 1)
deconv("3d", draw(1, 2, 2, 2, 3), draw(2, 1, 2, 2, 2), draw(1), [1, 2, 1], [0, 1, 1], [0, 0, 0], [1, 1, 2], 1)


def mean_pool(name, x, kernel, stride, pad, ceil, include):
    x.requires_grad_()
    f = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][x.dim() - 3]
    y = f(x, kernel, stride, pad, ceil, include)
    dy = draw(*y.shape)
    (dx,) = torch.autograd.grad(y, x, dy)
    attributes = {"kernel_shape": kernel, "strides": stride, "pads": pad + pad, "ceil_mode": int(ceil),
                  "count_include_pad": int(include)}
    case(name, "AveragePool", [x], [y], attributes)
    case(name, "AveragePoolBackward", [dy, x], [dx], attributes)


mean_pool("2d, padding counts, rounded up", draw(2, 2, 6, 5), [3, 2], [2, 2], [1, 1], True, True)
mean_pool("2d, padding does not count", draw(1, 2, 6, 5), [3, 3], [2, 2], [1, 1], True, False)
mean_pool("1d", draw(2, 2, 9), [3], [2], [1], False, True)
mean_pool("3d", draw(1, 1, 3, 4, 3), [2, 2, 2], [1, 2, 1], [1, 0, 1], True, False)
x = draw(2, 3, 2, 3).requires_grad_()
y = F.adaptive_avg_pool2d(x, 1)
dy = draw(*y.shape)
case("2d", "GlobalAveragePool", [x], [y])
case("2d", "GlobalAveragePoolBackward", [dy, x], torch.autograd.grad(y, x, dy))

for op, f, attributes in (("Sigmoid", torch.sigmoid, {}), ("Tanh", torch.tanh, {}),
                          ("LeakyRelu", lambda x: F.leaky_relu(x, 0.125), {"alpha": 0.125}),
                          ("LogSoftmax", lambda x: F.log_softmax(x, 1), {"axis": 1})):
    x, dy = (5 * draw(2, 5)).requires_grad_(), draw(2, 5)
    y = f(x)
    case("values", op, [x], [y], attributes)
    case("values", op + "Backward", [dy, y], torch.autograd.grad(y, x, dy), attributes)

a, b, dy = draw(2, 3).abs().requires_grad_(), draw(2, 3).requires_grad_(), draw(2, 3)
with torch.no_grad():
    a[0, 0], b[0, 0], a[0, 1], b[0, 1] = 0, 0, 0, 2
y = a ** b
da, db = torch.autograd.grad(y, [a, b], dy)
case("zeros among them", "Pow", [a, b], [y])
case("base", "PowBackward", [dy, a, b], [da], {"operand": 0})
case("exponent", "PowBackward", [dy, a, b], [db], {"operand": 1})

for reduction in ("mean", "sum"):
    x, t = draw(3, 4).requires_grad_(), draw(3, 4)
    loss = F.mse_loss(x, t, reduction=reduction)
    case(reduction, "MeanSquaredError", [x, t], [loss], {"reduction": reduction})
    case(reduction, "MeanSquaredErrorBackward", [torch.tensor(0.5), x, t], torch.autograd.grad(loss * 0.5, x),
         {"reduction": reduction})
    z, t = (8 * draw(3, 4)).requires_grad_(), (draw(3, 4).abs() / 2).requires_grad_()
    loss = F.binary_cross_entropy_with_logits(z, t, reduction=reduction)
    case(reduction, "BinaryCrossEntropyWithLogits", [z, t], [loss], {"reduction": reduction})
    for operand, gradient in enumerate(torch.autograd.grad(loss * 0.5, [z, t])):
        case(f"{reduction} {operand}", "BinaryCrossEntropyWithLogitsBackward", [torch.tensor(0.5), z, t], [gradient],
             {"reduction": reduction, "operand": operand})

x = torch.tensor([[1.0, 5, 3, -2], [0, -1, 4, 2]])
values, places = torch.topk(x, 2)
case("largest", "TopK", [x], [values, places], {"k": 2})
values, places = torch.topk(x, 3, largest=False)
case("smallest", "TopK", [x], [values, places], {"k": 3, "largest": 0})
case("rows", "ArgMax", [x], [x.argmax(1)], {"axis": 1, "keepdims": 0})
case("places", "OneHot", [torch.tensor([2, 0, 1]).int()], [F.one_hot(torch.tensor([2, 0, 1]), 3)], {"depth": 3})

rate = 0.25
for name, op, make, attributes, keys in (
    ("plain", "AdamUpdate", lambda p: torch.optim.Adam(p, rate), {}, ("exp_avg", "exp_avg_sq")),
    ("decay", "AdamUpdate", lambda p: torch.optim.Adam(p, rate, (0.75, 0.9), 1e-3, 0.125),
     {"beta1": 0.75, "beta2": 0.9, "epsilon": 1e-3, "weight_decay": 0.125}, ("exp_avg", "exp_avg_sq")),
    ("decoupled", "AdamWUpdate", lambda p: torch.optim.AdamW(p, rate), {}, ("exp_avg", "exp_avg_sq")),
    ("plain", "RMSpropUpdate", lambda p: torch.optim.RMSprop(p, rate), {}, ("square_avg",)),
    ("momentum, decay", "RMSpropUpdate", lambda p: torch.optim.RMSprop(p, rate, 0.75, 1e-3, 0.125, 0.5),
     {"alpha": 0.75, "epsilon": 1e-3, "weight_decay": 0.125}, ("square_avg", "momentum_buffer")),
):
    w = draw(3).requires_grad_()
    optimizer = make([w])
    moments = [torch.zeros(3) for _ in keys]
    for step in range(5):
        before, old = w.detach().clone(), moments
        w.grad = draw(3)
        grad = w.grad.clone()
        optimizer.step()
        moments = [optimizer.state[w][key].clone() for key in keys]
        if op == "RMSpropUpdate":
            full = old + [None] * (2 - len(old))
            operands = [before, grad] + full + [torch.tensor(rate)]
            operands += [torch.tensor(0.5)] if len(keys) == 2 else []
        else:
            operands = [before, grad] + old + [torch.tensor(rate), torch.tensor(step)]
        case(f"{name} {step}", op, operands, [w] + moments, attributes)

a, b = draw(4).requires_grad_(), draw(3).requires_grad_()
for limit in (0.5, 100.0):
    a.grad, b.grad = draw(4), draw(3)
    squares = [a.grad.square().sum(), b.grad.square().sum()]
    before = a.grad.clone()
    torch.nn.utils.clip_grad_norm_([a, b], limit)
    place = before.abs().argmax()
    case(f"at most {limit}", "ClipScale", squares, [a.grad[place] / before[place]], {"max_norm": limit})

selu = {"alpha": 1.6732632423543772848170429916717, "gamma": 1.0507009873554804934193349852946}
for op, f, attributes, side in (
    ("Elu", lambda x: F.elu(x, 0.75), {"alpha": 0.75}, "Y"), ("Selu", F.selu, selu, "Y"),
    ("Clip", F.relu6, {"min": 0, "max": 6}, "Y"), ("Clip", lambda x: F.hardtanh(x, -2.5, 1.25), {"min": -2.5, "max": 1.25}, "Y"),
    ("HardSigmoid", F.hardsigmoid, {"alpha": 1 / 6}, "Y"), ("HardSwish", F.hardswish, {}, "X"),
    ("Swish", F.silu, {}, "X"), ("Gelu", F.gelu, {}, "X"),
    ("Gelu", lambda x: F.gelu(x, approximate="tanh"), {"approximate": "tanh"}, "X"), ("Mish", F.mish, {}, "X"),
    ("Softplus", F.softplus, {}, ""), ("Abs", torch.abs, {}, ""), ("Sign", torch.sign, {}, ""),
    ("Floor", torch.floor, {}, ""),
):
    # Not far to the left, where all that is left of Y + alpha are the digits that the file does not have.
    x, dy = ((1 if op in ("Elu", "Selu") else 5) * draw(2, 5)).requires_grad_(), draw(2, 5)
    y = f(x)
    case("values", op, [x], [y], attributes)
    if op == "HardSigmoid":  # PyTorch's slope has single precision
        attributes = {"alpha": torch.tensor(1 / 6).float().item()}
    if side:
        case("values", op + "Backward", [dy, y if side == "Y" else x], torch.autograd.grad(y, x, dy), attributes)

for name, shape in (("one slope", 1), ("a slope per channel", 3)):
    x, w, dy = draw(2, 3, 4).requires_grad_(), draw(shape).requires_grad_(), draw(2, 3, 4)
    y = F.prelu(x, w)
    case(name, "PRelu", [x, w], [y])
    case(name, "PReluBackward", [dy, x, w], torch.autograd.grad(y, [x, w], dy))

a, b, dy = (draw(3, 4) / 4).round().requires_grad_(), (draw(3, 4) / 4).round().requires_grad_(), draw(3, 4)
for op, f in (("Max", torch.maximum), ("Min", torch.minimum)):
    y = f(a, b)
    case("equal ones among them", op, [a, b], [y])
    for operand, gradient in enumerate(torch.autograd.grad(y, [a, b], dy)):
        case(f"{op} {operand}", "ExtremumBackward", [dy, y, a, b], [gradient], {"operand": operand})
for op, f in (("Equal", torch.eq), ("Greater", torch.gt), ("GreaterOrEqual", torch.ge), ("Less", torch.lt),
              ("LessOrEqual", torch.le)):
    case("broadcast", op, [a, b[:1]], [f(a, b[:1])])
yes, no = a > 0, b[:1] > 0
case("broadcast", "And", [yes, no], [yes & no])
case("broadcast", "Or", [yes, no], [yes | no])
case("values", "Not", [yes], [~yes])
case("broadcast", "Where", [no, a, b[:, :1]], [torch.where(no, a, b[:, :1])])

table, places = draw(5, 3).requires_grad_(), torch.tensor([[4, 0], [0, 2]])
y, dy = F.embedding(places, table), draw(2, 2, 3)
case("embedding", "Gather", [table, places], [y], {"axis": 0})
case("embedding", "GatherBackward", [dy, places, table], torch.autograd.grad(y, table, dy), {"axis": 0})
x, places = draw(2, 4, 3).requires_grad_(), torch.randint(0, 4, (2, 5, 2))
y, dy = torch.gather(x, 1, places), draw(2, 5, 2)
case("more than there are", "GatherElements", [x, places], [y], {"axis": 1})
case("more than there are", "GatherElementsBackward", [dy, places, x], torch.autograd.grad(y, x, dy), {"axis": 1})
x = draw(2, 3).requires_grad_()
y, dy = x.tile(2, 3), draw(4, 9)
case("both axes", "Tile", [x], [y], {"repeats": [2, 3]})
case("both axes", "TileBackward", [dy, x], torch.autograd.grad(y, x, dy), {"repeats": [2, 3]})
x = draw(1, 8, 2, 3)
case("pixel shuffle", "DepthToSpace", [x], [F.pixel_shuffle(x, 2)], {"blocksize": 2, "mode": "CRD"})
# ONNX's definition of DCR, word by word.
dcr = x.reshape(1, 2, 2, 2, 2, 3).permute(0, 3, 4, 1, 5, 2).reshape(1, 2, 4, 6)
case("depth, column, row", "DepthToSpace", [x], [dcr], {"blocksize": 2})
x = draw(1, 2, 4, 6)
case("pixel unshuffle", "SpaceToDepth", [x], [F.pixel_unshuffle(x, 2)], {"blocksize": 2, "mode": "CRD"})

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json")
with open(path, "w") as f:
    f.write('{"torch": "%s", "cases": [\n' % torch.__version__)
    f.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    f.write("\n]}\n")
