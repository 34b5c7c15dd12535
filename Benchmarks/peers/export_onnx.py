"""Writes DIR/NAME.onnx, with an open batch, and DIR/NAME.npz, an input and PyTorch's output, for each NAME."""
import sys
import numpy as np
import torch
import models

folder, *names = sys.argv[1:]
for name in names:
    model, x, _ = models.make(name, 2)
    with torch.no_grad():
        y = model(x)
    torch.onnx.export(
        model, (x,), f"{folder}/{name}.onnx", input_names=["x"], output_names=["y"],
        dynamic_axes={"x": {0: "N"}, "y": {0: "N"}}, opset_version=17, dynamo=False)
    np.savez(f"{folder}/{name}.npz", x=x.numpy(), y=y.numpy())
