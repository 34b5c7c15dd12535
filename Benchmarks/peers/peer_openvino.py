"""OpenVINO on the CPU; its outputs are held against PyTorch's.

latency: one request after another. throughput: as many requests in flight as it asks for; the figure is wall time
for each request.
"""
import argparse
import timing

parser = argparse.ArgumentParser()
parser.add_argument("--onnx", required=True, help="the file without its ending")
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--mode", choices=["latency", "throughput"], default="latency")
parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
parser.add_argument("--threads", type=int, required=True)
a = parser.parse_args()

import numpy as np
import openvino as ov

core = ov.Core()
model = core.read_model(a.onnx + ".onnx")
known = np.load(a.onnx + ".npz")
model.reshape([a.batch, *known["x"].shape[1:]])
compiled = core.compile_model(model, "CPU", {
    "PERFORMANCE_HINT": a.mode.upper(), "INFERENCE_PRECISION_HINT": a.precision, "INFERENCE_NUM_THREADS": a.threads})
x = np.resize(known["x"], (a.batch, *known["x"].shape[1:])).astype(np.float32)
request = compiled.create_infer_request()
y = request.infer({0: x})[0]
difference = float(np.abs(y[:1] - known["y"][:1]).max() / np.abs(known["y"][:1]).max())
if a.mode == "latency":
    request.set_input_tensor(ov.Tensor(x, shared_memory=True))
    ms = timing.measure(request.infer)
else:
    queue = ov.AsyncInferQueue(compiled)
    inputs = [x.copy() for _ in queue]             # requests only point at them
    for each, own in zip(queue, inputs):
        each.set_input_tensor(ov.Tensor(own, shared_memory=True))

    def run(n):
        for _ in range(n):
            queue.start_async()
        queue.wait_all()
    ms = timing.measure(None, run=run)
timing.report("OpenVINO", ov.__version__.split("-")[0], ms, mode=a.mode, difference=difference)
