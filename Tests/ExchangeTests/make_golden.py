"""Writes Golden/python.safetensors with Python's safetensors: one tensor of each type, an empty one,
a scalar, metadata.  pip install safetensors numpy ml_dtypes; python make_golden.py
python make_golden.py FILE reads FILE, which `SafetensorsTests.pythonReadsOurs` wrote, and compares."""
import os, sys
import ml_dtypes, numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

numbers = [0, 1, -2, 3, 100, -128]
tensors = {
    "f64": np.array(numbers, np.float64).reshape(2, 3) / 3,
    "f32": np.array(numbers, np.float32).reshape(2, 3) / 3,
    "f16": np.array(numbers, np.float16).reshape(2, 3) / 4,
    "bf16": (np.array(numbers, np.float32) / 4).astype(ml_dtypes.bfloat16).reshape(2, 3),
    "i64": np.array(numbers, np.int64) * 10**12,
    "i32": np.array(numbers, np.int32) * 10**6,
    "i16": np.array(numbers, np.int16) * 100,
    "i8": np.array(numbers, np.int8),
    "u8": np.array([0, 1, 127, 128, 255], np.uint8),
    "bool": np.array([True, False, True]),
    "empty": np.zeros((0, 4), np.float32),
    "scalar": np.array(2.5, np.float32),
    "layer1.0.weight/ünï": np.array([7], np.float32),
}
metadata = {"format": "np", "text": "quotes \" slashes / \\ lines\n and ∇"}

if len(sys.argv) == 1:
    here = os.path.dirname(os.path.abspath(__file__))
    save_file(tensors, os.path.join(here, "Golden", "python.safetensors"), metadata)
else:
    loaded = load_file(sys.argv[1])
    assert loaded.keys() == tensors.keys(), loaded.keys()
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype and loaded[name].shape == tensor.shape, name
        assert loaded[name].tobytes() == tensor.tobytes(), name
    with safe_open(sys.argv[1], "np") as file:
        assert file.metadata() == metadata, file.metadata()
    print("equal:", len(tensors), "tensors and the metadata")
