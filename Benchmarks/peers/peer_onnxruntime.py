"""ONNX Runtime on the CPU, with all graph optimizations; its outputs are held against PyTorch's."""
import argparse
import timing

parser = argparse.ArgumentParser()
parser.add_argument("--onnx", required=True, help="the file without its ending")
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--threads", type=int, required=True)
a = parser.parse_args()

import numpy as np
import onnxruntime as ort

options = ort.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = a.threads, 1
options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
options.add_free_dimension_override_by_name("N", a.batch)
session = ort.InferenceSession(a.onnx + ".onnx", options, providers=["CPUExecutionProvider"])
known = np.load(a.onnx + ".npz")
x = np.resize(known["x"], (a.batch, *known["x"].shape[1:])).astype(np.float32)
y = session.run(None, {"x": x})[0]
difference = float(np.abs(y[:1] - known["y"][:1]).max() / np.abs(known["y"][:1]).max())
ms = timing.measure(lambda: session.run(None, {"x": x}))
timing.report("ONNX Runtime", ort.__version__, ms, mode="all optimizations", difference=difference)
