"""Writes detection.json: what PyTorch and torchvision compute for the operators of detectors.

Run with any Python that has torchvision: python make_detection.py
The YOLO loss is written out here from the paper's equation 3, cell by cell, and differentiated by PyTorch; the
order of the numbers and the choice of the responsible box follow the authors' program.
"""

import json
import os

import torch
import torchvision
from torchvision.ops import box_convert, box_iou, nms

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
cases = []


def number(x):
    return int(x) if x == int(x) else float(f"{x:.10g}")


def entry(t):
    if t is None:
        return None
    kind = "f64" if t.is_floating_point() else "i64"
    return {"type": kind, "shape": list(t.shape), "values": [number(v) for v in t.detach().flatten().tolist()]}


def case(name, op, inputs, outputs, attributes):
    cases.append({
        "name": name, "op": op, "attributes": attributes,
        "inputs": [entry(t) for t in inputs], "outputs": [entry(t) for t in outputs],
    })


def eighths(low, high, *shape):
    return torch.randint(low, high, shape).double() / 8


def suppression(name, pictures, classes, count, limit, overlap, score, center):
    corner = eighths(0, 64, pictures, count, 2)
    boxes = torch.cat([corner, corner + eighths(1, 64, pictures, count, 2)], 2)
    scores = eighths(-8, 9, pictures, classes, count)
    rows = classes * min(limit, count)
    selected = torch.full((pictures, rows, 3), -1)
    counts = []
    for n in range(pictures):
        found = []
        for c in range(classes):
            places = [b for b in range(count) if score is None or scores[n, c, b] > score]
            kept = nms(boxes[n, places], scores[n, c, places], overlap)[:limit]
            found += [[n, c, places[k]] for k in kept.tolist()]
        selected[n, :len(found)] = torch.tensor(found).reshape(-1, 3)
        counts.append(len(found))
    given = boxes.clone()
    if center:
        given = box_convert(boxes.reshape(-1, 4), "xyxy", "cxcywh").reshape(boxes.shape)
    else:
        # ONNX's order, and every other box by its other two corners.
        given = boxes[:, :, [1, 0, 3, 2]]
        given[:, ::2] = given[:, ::2][:, :, [0, 3, 2, 1]]
    attributes = {"max_output_boxes_per_class": limit, "iou_threshold": overlap, "center_point_box": int(center)}
    if score is not None:
        attributes["score_threshold"] = score
    case(name, "NonMaxSuppression", [given, scores], [selected, torch.tensor(counts), None], attributes)


suppression("corners", 2, 3, 12, 5, 0.4375, None, False)
suppression("centres, threshold", 2, 2, 10, 20, 0.3125, 0.1875, True)


def parts(x, s, b, c, layout):
    """Probabilities [N, S², C], confidences [N, S², B], boxes [N, S², B, 4]."""
    n = x.shape[0]
    if layout == "darknet":
        p, q, r = x.split([s * s * c, s * s * b, s * s * b * 4], 1)
        return p.reshape(n, s * s, c), q.reshape(n, s * s, b), r.reshape(n, s * s, b, 4)
    x = x.reshape(n, s * s, 5 * b + c)
    five = x[:, :, :5 * b].reshape(n, s * s, b, 5)
    return x[:, :, 5 * b:], five[..., 4], five[..., :4]


def decoded(boxes, s, roots):
    """Centres and sides in units of the picture."""
    cell = torch.arange(s * s)
    place = torch.stack([cell % s, cell // s], 1).reshape(1, s * s, 1, 2)
    return torch.cat([(boxes[..., :2] + place) / s, boxes[..., 2:] ** 2 if roots else boxes[..., 2:]], 3)


def loss(x, target, s, b, c, layout, roots, rescore, coord, noobj):
    probability, confidence, raw = parts(x, s, b, c, layout)
    boxes = decoded(raw, s, roots)
    total = x.new_zeros(())
    for n in range(x.shape[0]):
        for i in range(s * s):
            cell = target[n, i // s, i % s]
            best = None
            if cell[0] != 0:
                truth = torch.cat([(cell[1 + c:3 + c] + torch.tensor([i % s, i // s])) / s, cell[3 + c:]])
                corners = [box_convert(t.detach().reshape(-1, 4), "cxcywh", "xyxy") for t in (boxes[n, i], truth)]
                overlap = box_iou(*corners)[:, 0]
                distance = (boxes[n, i].detach() - truth).square().sum(1)
                best = int(overlap.argmax() if overlap.max() > 0 else distance.argmin())
                total = total + (confidence[n, i, best] - (overlap[best] if rescore else 1)).square()
                wanted = cell[1 + c:].clone()
                if roots:
                    wanted[2:] = wanted[2:].sqrt()
                total = total + coord * (raw[n, i, best] - wanted).square().sum()
                total = total + (probability[n, i] - cell[1:1 + c]).square().sum()
            for j in range(b):
                if j != best:
                    total = total + noobj * confidence[n, i, j].square()
    return total


def grid(name, n, s, b, c, layout, roots, rescore, coord=5.0, noobj=0.5, reduction="mean"):
    x = torch.randint(-4, 9, (n, s * s * (5 * b + c))).double() / 8
    x.requires_grad_()
    attributes = {"cells": s, "boxes": b, "classes": c, "layout": layout, "square_roots": int(roots)}
    probability, confidence, raw = parts(x, s, b, c, layout)
    boxes = box_convert(decoded(raw, s, roots).reshape(-1, 4), "cxcywh", "xyxy").reshape(n, s * s * b, 4)
    scores = probability.unsqueeze(2) * confidence.unsqueeze(3)
    case(name, "YOLOGridDecode", [x], [boxes, scores.reshape(n, s * s * b, c).transpose(1, 2)], attributes)
    target = torch.zeros(n, s, s, 5 + c)
    for k in range(n * s * s):
        if k % 3 != 1:
            cell = target[k // (s * s), k % (s * s) // s, k % s]
            cell[0] = 1
            cell[1 + k % c] = 1
            cell[1 + c:3 + c] = eighths(0, 8, 2)
            cell[3 + c:] = torch.randint(1, 9, (2,)).double() ** 2 / 64
    value = loss(x, target, s, b, c, layout, roots, rescore, coord, noobj) / (n if reduction == "mean" else 1)
    (dx,) = torch.autograd.grad(value * 0.5, x)
    attributes = {**attributes, "rescore": int(rescore), "lambda_coord": coord, "lambda_noobj": noobj,
                  "reduction": reduction}
    case(name, "YOLOGridLoss", [x, target], [value], attributes)
    case(name, "YOLOGridLossBackward", [torch.tensor(0.5), x, target], [dx], attributes)


grid("darknet", 2, 3, 2, 4, "darknet", True, True)
grid("paper's order, sum", 2, 2, 3, 2, "paper", True, True, 2.0, 0.25, "sum")
grid("sides, no rescoring", 2, 2, 2, 3, "darknet", False, False)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "detection.json")
with open(path, "w") as f:
    f.write('{"torch": "%s", "torchvision": "%s", "cases": [\n' % (torch.__version__, torchvision.__version__))
    f.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    f.write("\n]}\n")
