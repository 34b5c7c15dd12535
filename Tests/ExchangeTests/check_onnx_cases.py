"""Runs the small networks that ONNXExportTests writes with ONNX Runtime, and lists those that agree.

    FOVEA_ONNX_CASES=DIR Scripts/test --filter ONNXExportTests      # writes model, inputs and outputs of each case
    pip install onnx onnxruntime numpy; python check_onnx_cases.py DIR

Each model passes onnx.checker with shape inference, is serialized by Python's protobuf to the same bytes, and gives the
same outputs as our reference. Golden/onnx-cases.txt gets the sums of the files that do; it is not touched when one fails.
"""
import glob, os, sys

import numpy as np
import onnx
import onnxruntime


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:x}"


def check(place):
    path = os.path.join(place, "model.onnx")
    data = open(path, "rb").read()
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    if model.SerializeToString(deterministic=True) != data:
        raise ValueError("Python writes other bytes")
    feeds = {name[3:-4]: np.load(os.path.join(place, name)) for name in os.listdir(place) if name.startswith("in-")}
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
    for value, found in zip(session.get_outputs(), session.run(None, feeds)):
        expected = np.load(os.path.join(place, f"out-{value.name}.npy"))
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise ValueError(f"{value.name}: {found.dtype}{found.shape}, expected {expected.dtype}{expected.shape}")
        a, b = found.astype(np.float64), expected.astype(np.float64)
        worst = np.abs(a - b).max() / max(np.abs(b).max(), 1e-12) if a.size else 0
        if not worst < 1e-5:
            raise ValueError(f"{value.name} differs by {worst:.1e}:\n{found.ravel()[:12]}\n{expected.ravel()[:12]}")
    return fnv(data)


lines, failures = [], 0
for place in sorted(glob.glob(os.path.join(sys.argv[1], "*"))):
    name = os.path.basename(place)
    try:
        lines.append(f"{name} {check(place)}")
    except Exception as error:
        failures += 1
        print(f"{name}: {str(error)[:600]}")
print(f"{len(lines)} agree, {failures} do not")
if failures or not lines:
    sys.exit(1)
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "Golden", "onnx-cases.txt"), "w") as file:
    file.write(f"# Written by check_onnx_cases.py: ONNX Runtime {onnxruntime.__version__} agrees with these files.\n")
    file.write("\n".join(lines) + "\n")
