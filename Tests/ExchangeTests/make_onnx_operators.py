#!/usr/bin/env python3
"""Writes Golden/onnx/operators.safetensors: small networks of operators that are read in ways of their own (formulas,
whole numbers, sequences, sizes, old forms), their inputs, and what ONNX Runtime makes of them.

    pip install numpy onnx onnxruntime safetensors
    Tests/ExchangeTests/make_onnx_operators.py

For each case there are CASE/model (the bytes of the file), CASE/in/NAME and CASE/out/NAME."""
import os
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T, helper as h, numpy_helper as nh
from safetensors.numpy import save_file

onnxruntime.set_default_logger_severity(4)
rng = np.random.default_rng(0)
types = {np.dtype(k): v for k, v in {"f4": T.FLOAT, "i8": T.INT64, "i4": T.INT32, "i1": T.INT8, "u1": T.UINT8, "?": T.BOOL}.items()}
file = {}


def random(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def whole(low, high, dtype, *shape):
    return rng.integers(low, high, shape).astype(dtype)


def case(name, nodes, inputs, outputs, inits={}, opset=17):
    """`nodes` are one operator's name, operands, results and attributes, or a list of nodes."""
    outputs = [(o, T.FLOAT) if isinstance(o, str) else o for o in outputs]
    graph = h.make_graph(
        nodes if isinstance(nodes, list) else [nodes], "g",
        [h.make_tensor_value_info(k, types[v.dtype], v.shape) for k, v in inputs.items()],
        [h.make_tensor_value_info(o, t, None) for o, t in outputs], [nh.from_array(np.asarray(v), k) for k, v in inits.items()])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 19 else 10
    data = model.SerializeToString()
    results = onnxruntime.InferenceSession(data).run(None, inputs)
    assert f"{name}/model" not in file, name
    file[f"{name}/model"] = np.frombuffer(data, np.uint8)
    for key, value in inputs.items():
        file[f"{name}/in/{key}"] = np.asarray(value, order="C")
    for (key, _), value in zip(outputs, results):
        file[f"{name}/out/{key}"] = np.asarray(value, order="C")


node = h.make_node
formulas = {
    "ij,jk->ik": [(3, 4), (4, 5)], "bhid,bhjd->bhij": [(2, 3, 4, 5), (2, 3, 6, 5)], "ij->ji": [(3, 4)], "ij->": [(3, 4)],
    "i,j->ij": [(3,), (4,)], "i,i->": [(3,), (3,)], "ij,ij->ij": [(3, 4), (3, 4)], "ij,kj": [(3, 4), (5, 4)],
    "...ij,jk->...ik": [(2, 3, 4), (4, 5)], "...ii->...i": [(2, 3, 3)], "abc,cd,de->abe": [(2, 3, 4), (4, 5), (5, 6)],
    "nchw,kc->nkhw": [(2, 3, 4, 5), (6, 3)], "abcd,cdef->abef": [(2, 3, 4, 5), (4, 5, 2, 3)], "ab,cd->": [(2, 3), (4, 5)],
    "ibh,hnd->ibnd": [(2, 3, 4), (4, 2, 5)], "nkctv,kvw->nctw": [(2, 3, 4, 5, 6), (3, 6, 6)],
}
for number, (formula, shapes) in enumerate(formulas.items()):
    names = [f"x{i}" for i in range(len(shapes))]
    case(f"einsum-{number}", node("Einsum", names, ["y"], equation=formula), {k: random(*s) for k, s in zip(names, shapes)}, ["y"])

for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    for direction, ways in (("forward", 1), ("bidirectional", 2)):
        inputs = {"x": random(5, 3, 4), "l": np.array([5, 2, 4], np.int32), "h": random(ways, 3, 6)}
        inits = {"w": random(ways, gates * 6, 4) / 2, "r": random(ways, gates * 6, 6) / 2, "b": random(ways, 2 * gates * 6)}
        operands, results = ["x", "w", "r", "b", "l", "h"], ["y", "yh"]
        if gates == 4:
            inputs["c"] = random(ways, 3, 6)
            operands, results = operands + ["c"], results + ["yc"]
        case(f"{op}-{direction}", node(op, operands, results, hidden_size=6, direction=direction), inputs, results, inits)

for dtype, kind in (("i4", T.INT32), ("i8", T.INT64)):
    a, b = whole(-9, 9, dtype, 2, 3), whole(1, 9, dtype, 3)
    for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Mod"):
        case(f"{op}-{dtype}", node(op, ["a", "b"], ["y"]), {"a": a, "b": b}, [("y", kind)])
    for op in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceMean", "ReduceL1"):
        case(f"{op}-{dtype}", node(op, ["a"], ["y"], keepdims=0), {"a": a}, [("y", kind)])
    case(f"Clip-{dtype}", node("Clip", ["a", "low", "high"], ["y"]), {"a": a, "low": np.array(-2, dtype)}, [("y", kind)],
         {"high": np.array(5, dtype)})
    case(f"TopK-{dtype}", node("TopK", ["a", "k"], ["y", "z"]), {"a": a}, [("y", kind), ("z", T.INT64)], {"k": np.array([2])})
    case(f"ArgMax-{dtype}", node("ArgMax", ["a"], ["y"], axis=1), {"a": a}, [("y", T.INT64)])
    case(f"MatMul-{dtype}", node("MatMul", ["a", "b"], ["y"]), {"a": a, "b": whole(-9, 9, dtype, 3, 2)}, [("y", kind)])
case("Pow-float", node("Pow", ["a", "b"], ["y"]), {"a": random(2, 3), "b": whole(0, 4, "i8", 3)}, ["y"])
case("Cast-wraps", node("Cast", ["a"], ["y"], to=T.INT8), {"a": whole(-400, 400, "i4", 3, 4)}, [("y", T.INT8)])
case("ConvInteger-bias", [node("ConvInteger", ["x", "w", "zx"], ["c"], pads=[1, 1, 1, 1]), node("Add", ["c", "b"], ["y"])],
     {"x": whole(0, 255, "u1", 1, 2, 5, 5)}, [("y", T.INT32)],
     {"w": whole(-128, 127, "i1", 3, 2, 3, 3), "zx": np.array(7, np.uint8), "b": whole(-999, 999, "i4", 1, 3, 1, 1)})

for turned in (0, 1):
    case(f"MaxPool-places-{turned}", node("MaxPool", ["x"], ["y", "z"], kernel_shape=[3, 2], strides=[2, 2], storage_order=turned),
         {"x": random(2, 3, 7, 6)}, ["y", ("z", T.INT64)])
case("MaxUnpool-given", node("MaxUnpool", ["x", "i"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
     {"x": random(1, 2, 2, 2), "i": np.array([[[[0, 3], [8, 11]], [[21, 18], [28, 31]]]])}, ["y"])

for name, attributes in {
        "cubic": dict(mode="cubic"), "cubic-aligned": dict(mode="cubic", coordinate_transformation_mode="align_corners"),
        "inside": dict(mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5), "smooth": dict(mode="linear", antialias=1),
        "smooth-cubic": dict(mode="cubic", antialias=1)}.items():
    case(f"Resize-{name}", node("Resize", ["x", "", "s"], ["y"], **attributes), {"x": random(1, 2, 10, 7)}, ["y"],
         {"s": np.array([1, 1, 0.6, 1.5 if "aligned" not in name else 2], np.float32)}, opset=18)
case("Resize-part", node("Resize", ["x", "r", "", "z"], ["y"], mode="linear", coordinate_transformation_mode="tf_crop_and_resize",
                         extrapolation_value=7.0),
     {"x": random(1, 2, 6, 8)}, ["y"], {"r": np.array([0, 0, 0.2, -0.2, 1, 1, 0.9, 1.3], np.float32), "z": np.array([1, 2, 5, 6])}, opset=18)
case("Resize-matrix", node("Resize", ["x", "", "s"], ["y"], mode="linear"), {"x": random(6, 8)}, ["y"],
     {"s": np.array([2, 0.5], np.float32)}, opset=18)
case("Resize-last", node("Resize", ["x", "", "s"], ["y"], mode="linear"), {"x": random(1, 6, 8, 3)}, ["y"],
     {"s": np.array([1, 2, 0.5, 1], np.float32)}, opset=18)
case("LayerNormalization-all", node("LayerNormalization", ["x", "s", "b"], ["y", "m", "d"], axis=1),
     {"x": random(2, 3, 4)}, ["y", "m", "d"], {"s": random(3, 4), "b": random(3, 4)})
case("IsNaN", node("IsNaN", ["x"], ["y"]), {"x": np.array([0, np.nan, np.inf, -np.inf], np.float32)}, [("y", T.BOOL)])
for up, down in ((1, 1), (1, 0), (0, 1)):
    case(f"IsInf-{up}{down}", node("IsInf", ["x"], ["y"], detect_positive=up, detect_negative=down),
         {"x": np.array([0, np.nan, np.inf, -np.inf], np.float32)}, [("y", T.BOOL)])

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Golden", "onnx", "operators.safetensors")
save_file(file, path)
print(sum(k.endswith("/model") for k in file), "cases,", os.path.getsize(path), "bytes")
