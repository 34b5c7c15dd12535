"""A whole process: load LeNet-5 from its ONNX file, run it once, end."""
import sys
import numpy as np
import onnxruntime as ort

session = ort.InferenceSession(sys.argv[1] + ".onnx", providers=["CPUExecutionProvider"])
print(session.run(None, {"x": np.zeros((1, 1, 28, 28), "f")})[0].argmax())
