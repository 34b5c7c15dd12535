"""Writes Seeds: small good inputs that fuzzing starts from, beside the golden files that targets name themselves.
pip install numpy onnx; python make_seeds.py"""
import gzip, io, json, os, struct
import numpy as np
from onnx import TensorProto, helper, numpy_helper

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Seeds")
golden = os.path.join(here, "..", "..", "ExchangeTests", "Golden")


def write(target, name, data):
    os.makedirs(os.path.join(here, target), exist_ok=True)
    open(os.path.join(here, target, name), "wb").write(data)


read = lambda *path: open(os.path.join(golden, *path), "rb").read()
for name in ("detector", "classifier"):
    write("darknet", name, read("Darknet", name + ".cfg") + b"\0" + read("Darknet", name + ".weights"))
write("darknet", "config", read("Darknet", "detector.cfg"))

model = read("Models", "format-1.safetensors")
length = struct.unpack("<Q", model[:8])[0]
metadata = json.loads(model[8:8 + length])["__metadata__"]
write("graph", "model", metadata["fovea.graph"].encode())
write("graph", "small", b'{"format":1,"values":[{"input":"x","type":"f32","shape":[1,2],"open":[0]},'
      b'{"op":"Relu","name":"y","inputs":[0],"results":1}],"outputs":[{"name":"output","value":1}]}')

pictures = struct.pack(">IIII", 0x803, 2, 3, 4) + bytes(range(24))
labels = struct.pack(">II", 0x801, 5) + bytes([0, 1, 2, 3, 9])
for name, data in (("pictures", pictures), ("labels", labels)):
    write("idx", name, data)
    write("idx", name + ".gz", gzip.compress(data, mtime=0))
write("gzip", "two", gzip.compress(b"one" * 50, mtime=0) + gzip.compress(bytes(100), mtime=0))

for dtype in ("<f4", "<f8", "<i8", "|b1", "<f2", "|u1"):
    buffer = io.BytesIO()
    np.save(buffer, np.arange(6).reshape(2, 3).astype(dtype))
    write("npy", dtype[1:], buffer.getvalue())
buffer = io.BytesIO()
np.save(buffer, np.asfortranarray(np.arange(6, dtype="<i4").reshape(2, 3)))
write("npy", "columns", buffer.getvalue())

weight = numpy_helper.from_array(np.ones((2, 3), np.float32), "w")
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Softmax", ["y"], ["z"], axis=1)], "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
    [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 3])], [weight])
write("protobuf", "onnx", helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString())
