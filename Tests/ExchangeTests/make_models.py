"""Computes with PyTorch what the golden model files of `ModelVersionTests` must answer, from the tensors in them.
FOVEA_MODEL_OUT=Golden/Models swift test --filter aFileOfTodaysFormat     # writes format-1.safetensors and input.npy
pip install torch numpy; python make_models.py"""
import glob, json, os, struct
import numpy as np
import torch
import torch.nn.functional as F


def tensors(path):
    """All tensors are f32; a header of JSON, then the bytes."""
    data = open(path, "rb").read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    entries = {name: entry for name, entry in json.loads(data[8:start]).items() if name != "__metadata__"}
    part = lambda entry: data[start:][slice(*entry["data_offsets"])]
    return {name: torch.tensor(np.frombuffer(part(e), "<f4").reshape(e["shape"])) for name, e in entries.items()}


here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Golden", "Models")
x = torch.tensor(np.load(os.path.join(here, "input.npy")))
for path in glob.glob(os.path.join(here, "format-*.safetensors")):
    t = tensors(path)
    y = F.conv2d(F.pad(x, (0, 2, 1, 1)), t["conv.weight"])
    y = F.batch_norm(y, t["bn.running_mean"], t["bn.running_var"], t["bn.weight"], t["bn.bias"])
    features = F.relu(y)
    y = F.conv2d(features, t["side.weight"], t["side.bias"], groups=2) + features
    y = F.linear(F.max_pool2d(y, 4).flatten(1), t["fc.weight"], t["fc.bias"])
    for name, value in [("features", features), ("output", F.softmax(y, 1))]:
        np.save(path.replace(".safetensors", f"-{name}.npy"), value.numpy())
