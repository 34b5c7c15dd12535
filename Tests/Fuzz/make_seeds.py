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


def network(name, nodes, inputs, outputs, opset=17, **tensors):
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in inputs.items()],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs],
        [numpy_helper.from_array(v, k) for k, v in tensors.items()])
    write("onnx", name, helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString())


N = helper.make_node
integers = lambda *v: np.array(v, np.int64)
floats = lambda *shape: np.arange(1, 1 + int(np.prod(shape)), dtype=np.float32).reshape(shape) / 8
network("conv", [N("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), N("BatchNormalization", ["c", "b", "b", "b", "b"], ["n"]),
                 N("Relu", ["n"], ["r"]), N("MaxPool", ["r"], ["y"], kernel_shape=[2, 2], strides=[2, 2])],
        {"x": ["N", 1, 6, 6]}, ["y"], w=floats(2, 1, 3, 3), b=floats(2))
network("shapes", [N("Shape", ["x"], ["s"]), N("Gather", ["s", "i"], ["n"]), N("Concat", ["n", "m"], ["t"], axis=0),
                   N("Reshape", ["x", "t"], ["r"]), N("Slice", ["r", "i", "e", "i"], ["y"])],
        {"x": ["N", 1, "H", "W"]}, ["y"], i=integers(0), m=integers(-1), e=integers(1 << 40))
network("resize", [N("Shape", ["x"], ["s"]), N("Resize", ["x", "", "k"], ["u"], mode="nearest"), N("Concat", ["u", "u"], ["c"], axis=1),
                   N("Resize", ["c", "", "", "z"], ["y"], mode="linear")],
        {"x": [1, 1, 4, 4]}, ["y"], k=np.array([1, 1, 2, 2], np.float32), z=integers(1, 2, 5, 7))
network("old", [N("Upsample", ["x", "k"], ["u"]), N("Softmax", ["u"], ["f"], axis=1), N("Dropout", ["f"], ["y"], ratio=0.5)],
        {"x": [1, 1, 2, 2]}, ["y"], 9, k=np.array([1, 1, 2, 2], np.float32))
network("quantized", [N("QuantizeLinear", ["x", "s", "z"], ["q"]), N("DequantizeLinear", ["q", "s", "z"], ["d"]),
                      N("DequantizeLinear", ["w", "s"], ["v"]), N("Gemm", ["d", "v"], ["y"], transB=1)],
        {"x": ["N", 3]}, ["y"], s=np.float32(0.1), z=np.int8(0), w=np.ones((2, 3), np.int8))
network("known", [N("Constant", [], ["a"], value=numpy_helper.from_array(integers(2, 3))), N("ConstantOfShape", ["a"], ["o"]),
                  N("Range", ["b", "c", "d"], ["g"]), N("Cast", ["g"], ["h"], to=1), N("Add", ["o", "h"], ["p"]), N("Mul", ["x", "p"], ["y"])],
        {"x": ["N", 3]}, ["y"], b=np.int64(0), c=np.int64(3), d=np.int64(1))
names = sorted({s.name for s in __import__("onnx").defs.get_all_schemas() if s.domain == ""})
words = names + ["axis", "axes", "pads", "strides", "group", "kernel_shape", "mode", "SAME_UPPER", "linear", "ends", "location", "offset", "length"]
open(os.path.join(here, "onnx.dict"), "w").write("".join(f'"{w}"\n' for w in words))
