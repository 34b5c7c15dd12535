"""Writes torchvision.json: what torchvision computes for boxes.

Run with any Python that has torchvision: python make_golden.py
Corners are multiples of 1/8 and scores of 1/64, so that they are short and exact, and some are equal.
"""

import json
import os

import torch
import torchvision
from torchvision.ops import batched_nms, box_iou, nms

generator = torch.Generator().manual_seed(7)


def draw(low, high, *shape):
    return torch.randint(low, high, shape, generator=generator).double()


cases = []
for count, size, overlap in ((8, 8, 0.2), (20, 4, 0.3), (30, 16, 0.45), (30, 16, 0.7), (25, 24, 0.1)):
    corner = draw(0, 64, count, 2) / 8
    boxes = torch.cat([corner, corner + draw(1, 8 * size, count, 2) / 8], 1)
    scores = draw(0, 64, count) / 64
    classes = draw(0, 3, count).long()
    cases.append({
        "boxes": boxes.flatten().tolist(), "scores": scores.tolist(), "classes": classes.tolist(), "overlap": overlap,
        "kept": nms(boxes, scores, overlap).tolist(),
        # batched_nms leaves the order of equal scores open.
        "keptByClass": sorted(batched_nms(boxes, scores, classes, overlap).tolist()),
    })
boxes = torch.tensor(cases[0]["boxes"], dtype=torch.float64).reshape(-1, 4)
overlaps = [float(f"{v:.12g}") for v in box_iou(boxes, boxes).flatten().tolist()]

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torchvision.json")
with open(path, "w") as f:
    f.write('{"torchvision": "%s", "overlaps": %s, "cases": [\n' % (
        torchvision.__version__, json.dumps(overlaps, separators=(",", ":"))))
    f.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    f.write("\n]}\n")
