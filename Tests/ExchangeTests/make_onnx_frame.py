#!/usr/bin/env python3
"""Writes Golden/onnx/frame.safetensors: small networks around shapes, constants, control and types, their inputs, and
what ONNX Runtime makes of them.

    pip install numpy onnx onnxruntime safetensors
    Tests/ExchangeTests/make_onnx_frame.py

For each case there are CASE/model (the bytes of the file), CASE/in/NAME and CASE/out/NAME. 16-bit and wider unsigned
outputs are kept in the next wider signed type."""
import os
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T, helper as h, numpy_helper as nh
from safetensors.numpy import save_file

onnxruntime.set_default_logger_severity(4)
rng = np.random.default_rng(0)
types = {np.dtype(k): v for k, v in {"f4": T.FLOAT, "i8": T.INT64, "i4": T.INT32, "?": T.BOOL, "f2": T.FLOAT16, "f8": T.DOUBLE,
                                     "u1": T.UINT8, "u2": T.UINT16, "u4": T.UINT32, "u8": T.UINT64}.items()}
file = {}


def random(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def whole(*numbers):
    return np.array(numbers, np.int64)


def number(value, dtype=np.int64):
    return np.array(value, dtype)


def node(*args, **attributes):
    return h.make_node(*args, **attributes)


def branch(name, nodes, output, inits=()):
    return h.make_graph(nodes, name, [], [h.make_tensor_value_info(output, T.FLOAT, None)], list(inits))


def case(name, nodes, inputs, outputs, inits={}, opset=17, shapes={}):
    """`outputs` are names, or pairs of a name and its element type; `shapes` says how inputs are declared."""
    outputs = [(o, T.FLOAT) if isinstance(o, str) else o for o in outputs]
    graph = h.make_graph(
        nodes, name, [h.make_tensor_value_info(k, types[v.dtype], shapes.get(k, v.shape)) for k, v in inputs.items()],
        [h.make_tensor_value_info(o, t, None) for o, t in outputs], [nh.from_array(np.asarray(v), k) for k, v in inits.items()])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 19 else 10 if opset < 24 else 12
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data)
    results = session.run(None, inputs)
    file[f"{name}/model"] = np.frombuffer(data, np.uint8)
    for key, value in inputs.items():
        file[f"{name}/in/{key}"] = np.asarray(value, order="C")
    for (key, _), value in zip(outputs, results):
        value = np.asarray(value)
        wider = {"u2": np.int32, "u4": np.int64, "u8": np.int64}.get(value.dtype.str[1:])
        file[f"{name}/out/{key}"] = np.asarray(value.astype(wider) if wider else value, order="C")


x = random(1, 3, 8, 8)
# Inputs whose numbers say what the network looks like.
case("control slice", [node("Slice", ["x", "s", "e", "a"], ["y"])], {"x": x, "s": whole(1, 2), "e": whole(6, 7), "a": whole(2, 3)}, ["y"])
case("control sum", [node("ReduceSum", ["x", "a"], ["y"])], {"x": x, "a": whole(1)}, ["y"], opset=13)
case("control pad", [node("Pad", ["x", "p", "v"], ["y"])], {"x": x, "p": whole(0, 0, 1, 2, 0, 0, 3, 4), "v": number(2.5, np.float32)}, ["y"], opset=13)
case("control top", [node("TopK", ["x", "k"], ["y", "i"], axis=1)], {"x": x, "k": whole(2)}, ["y", ("i", T.INT64)])
case("control reshape", [node("Reshape", ["x", "s"], ["y"])], {"x": x, "s": whole(1, -1, 4)}, ["y"])
case("control expand", [node("Expand", ["x", "s"], ["y"])], {"x": random(1, 3, 1), "s": whole(2, 3, 4)}, ["y"])
case("control scales", [node("Resize", ["x", "", "s"], ["y"], mode="linear")], {"x": x, "s": np.array([1, 1, 2, 2], np.float32)}, ["y"], opset=13)
case("control clip", [node("Clip", ["x", "l", "h"], ["y"])], {"x": x, "l": number(-0.5, np.float32), "h": number(0.5, np.float32)}, ["y"])
case("control computed", [node("Add", ["a", "one"], ["b"]), node("Cast", ["b"], ["c"], to=7), node("Slice", ["x", "c", "e", "ax"], ["y"])],
     {"x": x, "a": np.array([1], np.int32)}, ["y"], {"one": np.array([1], np.int32), "e": whole(7), "ax": whole(2)})
case("control range", [node("Range", ["a", "b", "c"], ["y"])], {"a": number(1), "b": number(9), "c": number(3)}, [("y", T.INT64)])
case("control range of floats", [node("Range", ["a", "b", "c"], ["y"])],
     {"a": number(1, np.float32), "b": number(2, np.float32), "c": number(0.3, np.float32)}, ["y"])
case("control fill", [node("ConstantOfShape", ["s"], ["y"], value=nh.from_array(np.array([3], np.int32)))], {"s": whole(2, 3)}, [("y", T.INT32)])
case("control split", [node("Split", ["x", "a"], ["y", "z"], axis=2)], {"x": x, "a": whole(3, 5)}, ["y", "z"])
case("control dropout", [node("Dropout", ["x", "r", "t"], ["y", "m"])], {"x": x, "r": number(0.5, np.float32), "t": number(False, np.bool_)},
     ["y", ("m", T.BOOL)])
for truth in (True, False):
    # Both branches, and the next If, use one name for different things.
    def way(first, second, suffix):
        return dict(
            then_branch=branch("t", [node("Add", ["x", "c"], ["in"]), node("Mul", ["in", "c"], [f"t{suffix}"])], f"t{suffix}", [nh.from_array(np.float32(first), "c")]),
            else_branch=branch("e", [node("Sub", ["x", "c"], ["in"]), node("Mul", ["in", "w"], [f"e{suffix}"])], f"e{suffix}", [nh.from_array(np.float32(second), "c")]))
    case(f"if {truth}", [node("If", ["k"], ["a"], **way(2, 3, 1)), node("If", ["k"], ["b"], **way(4, 5, 2)), node("Add", ["a", "b"], ["y"]), node("Mul", ["x", "w"], ["z"])],
         {"x": x, "k": number(truth, np.bool_)}, ["y", "z"], {"w": random(8)})
case("if by rank", [node("Shape", ["x"], ["s"]), node("Size", ["s"], ["r"]), node("Equal", ["r", "four"], ["k"]),
                    node("If", ["k"], ["y"], then_branch=branch("t", [node("Relu", ["x"], ["t"])], "t"), else_branch=branch("e", [node("Det", ["x"], ["e"])], "e"))],
     {"x": x}, ["y"], {"four": number(4)}, shapes={"x": ["N", 3, "H", "W"]})
# Results of any kind and type.
case("shape result", [node("Shape", ["x"], ["y"])], {"x": x}, [("y", T.INT64)], shapes={"x": ["a", "b", "c", "d"]})
case("constant results", [node("Constant", [], ["y"], value=nh.from_array(random(2, 3))), node("Relu", ["x"], ["z"])], {"x": x}, ["y", "z", "w"], {"w": random(3, 4)})
case("input results", [node("Relu", ["x"], ["y"]), node("Identity", ["y"], ["z"]), node("Identity", ["x"], ["v"])], {"x": x}, ["y", "z", "v"])
case("half", [node("Relu", ["x"], ["y"])], {"x": x.astype(np.float16)}, [("y", T.FLOAT16)])
case("double", [node("Sqrt", ["x"], ["y"])], {"x": np.abs(x).astype(np.float64)}, [("y", T.DOUBLE)])
case("truths", [node("Less", ["x", "z"], ["y"])], {"x": x}, [("y", T.BOOL)], {"z": number(0, np.float32)})
case("bytes", [node("Cast", ["x"], ["y"], to=T.UINT8)], {"x": np.abs(x) * 50}, [("y", T.UINT8)])
case("unsigned", [node("Cast", ["x"], ["y"], to=T.UINT16)], {"x": np.abs(x) * 50}, [("y", T.UINT16)])
case("nothing squeezed", [node("Squeeze", ["x"], ["y"])], {"x": random(2, 3)}, ["y"])
# Sizes.
case("one name", [node("Add", ["x", "z"], ["y"])], {"x": random(2, 3, 5, 7), "z": random(2, 3, 5, 7)}, ["y"], shapes={"x": ["N", 3, "H", "W"], "z": ["N", 3, "H", "W"]})
case("no shape", [node("Relu", ["x"], ["y"])], {"x": random(2, 3)}, ["y"], shapes={"x": None})
case("no places", [node("Concat", ["x", "z"], ["y"], axis=1)], {"x": random(1, 3, 4), "z": random(1, 0, 4)}, ["y"])
case("rounded up to 32", [node("Shape", ["x"], ["s"]), node("Slice", ["s", "two", "four"], ["hw"]), node("Cast", ["hw"], ["f"], to=1), node("Div", ["f", "step"], ["g"]),
                          node("Ceil", ["g"], ["c"]), node("Mul", ["c", "step"], ["m"]), node("Cast", ["m"], ["i"], to=7), node("Slice", ["s", "zero", "two"], ["nc"]),
                          node("Concat", ["nc", "i"], ["size"], axis=0), node("Resize", ["x", "", "", "size"], ["y"], mode="nearest")],
     {"x": random(1, 1, 13, 30)}, ["y"], {"two": whole(2), "four": whole(4), "zero": whole(0), "step": number(32, np.float32)}, opset=13, shapes={"x": [1, 1, "h", "w"]})
case("padding of PyTorch", [node("Constant", [], ["p"], value=nh.from_array(whole(1, 2, 3, 4))), node("ConstantOfShape", ["four"], ["zeros"], value=nh.from_array(whole(0))),
                            node("Concat", ["p", "zeros"], ["all"], axis=0), node("Reshape", ["all", "pairs"], ["rows"]), node("Slice", ["rows", "last", "least", "first", "last"], ["turned"]),
                            node("Transpose", ["turned"], ["columns"], perm=[1, 0]), node("Reshape", ["columns", "last"], ["list"]), node("Cast", ["list"], ["pads"], to=7),
                            node("Pad", ["x", "pads", ""], ["y"])],
     {"x": x}, ["y"], {"four": whole(4), "pairs": whole(-1, 2), "last": whole(-1), "least": whole(-2**63), "first": whole(0)}, opset=13)
case("zeros like an open batch", [node("Shape", ["x"], ["s"]), node("ConstantOfShape", ["s"], ["z"]), node("Add", ["x", "z"], ["y"])], {"x": random(2, 3)}, ["y"], shapes={"x": ["N", 3]})
case("filled weights", [node("ConstantOfShape", ["s"], ["w"], value=nh.from_array(np.array([0.5], np.float32))), node("Conv", ["x", "w"], ["y"])], {"x": x}, ["y"], {"s": whole(32, 3, 8, 8)})
# What is computed while reading: each ends in k, which is added to a number.
table = np.arange(24).reshape(2, 3, 4)
folded = {
    "transpose": ([node("Transpose", ["a"], ["k"], perm=[2, 0, 1])], {}),
    "slice from the end": ([node("Slice", ["a", "s", "e", "ax", "st"], ["k"])], {"s": whole(-1), "e": whole(-2**63), "ax": whole(2), "st": whole(-1)}),
    "gather": ([node("Gather", ["a", "i"], ["k"], axis=1)], {"i": whole(2, -1, 0)}),
    "gather in depth": ([node("GatherND", ["a", "i"], ["k"])], {"i": np.array([[0, 1], [1, 2]])}),
    "concat": ([node("Concat", ["a", "a"], ["k"], axis=2)], {}),
    "where": ([node("Greater", ["a", "t"], ["c"]), node("Where", ["c", "a", "n"], ["k"])], {"t": number(7), "n": number(-1)}),
    "truths": ([node("Less", ["a", "t"], ["c"]), node("Not", ["c"], ["d"]), node("And", ["d", "d"], ["e"]), node("Cast", ["e"], ["k"], to=7)], {"t": number(7)}),
    "product": ([node("ReduceProd", ["a", ], ["k"], axes=[1], keepdims=0)], {}),
    "largest": ([node("ReduceMax", ["a"], ["k"], axes=[1])], {}),
    "sum": ([node("ReduceSum", ["a", "ax"], ["k"])], {"ax": whole(1)}),
    "tile": ([node("Tile", ["a", "r"], ["k"])], {"r": whole(1, 2, 2)}),
    "split": ([node("Split", ["a", "sp"], ["k", "rest"], axis=2)], {"sp": whole(1, 3)}),
    "division": ([node("Sub", ["a", "twelve"], ["b"]), node("Div", ["b", "five"], ["k"])], {"twelve": number(12), "five": number(5)}),
    "remainder": ([node("Sub", ["a", "twelve"], ["b"]), node("Mod", ["b", "five"], ["k"])], {"twelve": number(12), "five": number(5)}),
    "remainder as in C": ([node("Sub", ["a", "twelve"], ["b"]), node("Mod", ["b", "five"], ["k"], fmod=1)], {"twelve": number(12), "five": number(5)}),
    "pad": ([node("Pad", ["a", "p"], ["k"])], {"p": whole(0, 1, 0, 0, 0, 2)}),
    "running sum": ([node("CumSum", ["a", "ax"], ["k"])], {"ax": number(1)}),
    "scatter": ([node("ScatterND", ["a", "i", "u"], ["k"])], {"i": np.array([[0, 1]]), "u": np.array([[9, 9, 9, 9]])}),
    "top": ([node("TopK", ["a", "two"], ["k", "i"], axis=2)], {"two": whole(2)}),
    "rounded in single": ([node("Cast", ["a"], ["f"], to=1), node("Mul", ["f", "s"], ["g"]), node("Ceil", ["g"], ["c"]), node("Cast", ["c"], ["k"], to=7)], {"s": number(1.1, np.float32)}),
    "rounded in double": ([node("Cast", ["a"], ["f"], to=11), node("Mul", ["f", "s"], ["g"]), node("Ceil", ["g"], ["c"]), node("Cast", ["c"], ["k"], to=7)], {"s": number(1.1, np.float64)}),
}
for name, (nodes, inits) in folded.items():
    case(f"known {name}", nodes + [node("Cast", ["k"], ["f k"], to=1), node("Add", ["x", "f k"], ["y"])], {"x": number(0.5, np.float32)}, ["y"], {"a": table, **inits})
# Training modes, versions, and what nobody reads.
norm = {"s": random(3), "b": random(3), "m": random(3), "v": np.abs(random(3))}
case("norm of its batch", [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y", "rm", "rv"], training_mode=1, momentum=0.7)], {"x": random(2, 3, 4)}, ["y", "rm", "rv"], norm)
case("norm of its batch, old", [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y", "rm", "rv", "sm", "sv"])], {"x": random(2, 3, 4)}, ["y"], norm, opset=9)
case("opset 25", [node("Relu", ["x"], ["y"])], {"x": x}, ["y"], opset=25)
case("unread", [node("Dropout", ["x"], ["y", "mask"]), node("NonZero", ["x"], ["places"]), node("Shape", ["places"], ["s"])], {"x": x}, ["y"], opset=13)

save_file(file, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Golden/onnx/frame.safetensors"))
print(len({key.split("/")[0] for key in file}), "cases")
