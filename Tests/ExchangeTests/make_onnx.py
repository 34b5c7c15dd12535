"""Writes Golden/onnx: small networks as other programs export them, each with an input and the outputs that ONNX
Runtime gives for it, as NAME.safetensors (x, and an output each under its name).

    pip install torch onnx onnxscript onnxruntime safetensors; python make_onnx.py
    pip install tensorflow-cpu tf2onnx onnxruntime safetensors; python make_onnx.py keras"""
import os, sys, warnings
import numpy as np
import onnxruntime
from safetensors.numpy import save_file

warnings.filterwarnings("ignore")
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Golden", "onnx")


def keep(name, x):
    session = onnxruntime.InferenceSession(f"{here}/{name}.onnx")
    outputs = session.run(None, {session.get_inputs()[0].name: x})
    tensors = {value.name: np.ascontiguousarray(array) for value, array in zip(session.get_outputs(), outputs)}
    save_file({"x": x, **tensors}, f"{here}/{name}.safetensors")
    print(name, x.shape, {k: v.shape for k, v in tensors.items()}, os.path.getsize(f"{here}/{name}.onnx"), "bytes")


def torch_networks():
    import torch
    from torch import nn
    import torch.nn.functional as F

    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
            self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
            self.down = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b)) if a != b else nn.Identity()

        def forward(self, x):
            return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.down(x))

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.pool = nn.Conv2d(3, 8, 7, 2, 3), nn.MaxPool2d(3, 2, 1)
            self.blocks, self.fc = nn.Sequential(Block(8, 8, 1), Block(8, 12, 2)), nn.Linear(12, 5)

        def forward(self, x):
            x = self.blocks(self.pool(F.relu(self.stem(x))))
            return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))

    class Inverted(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.dw, self.b = nn.Conv2d(3, 16, 1), nn.Conv2d(16, 16, 5, 2, 2, groups=16), nn.Conv2d(16, 8, 1)
            self.s1, self.s2, self.fc = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1), nn.Linear(8, 4)

        def forward(self, x):
            y = F.hardswish(self.dw(F.relu6(self.a(x))))
            y = y * F.hardsigmoid(self.s2(F.relu(self.s1(F.adaptive_avg_pool2d(y, 1)))))
            return F.softmax(self.fc(self.b(F.silu(y)).mean([2, 3])), 1)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)
            self.norm, self.up, self.out = nn.GroupNorm(2, 8), nn.ConvTranspose2d(8, 6, 2, 2), nn.Conv2d(20, 2, 1)

        def forward(self, x):
            a = F.relu(self.a(x))
            b = F.gelu(self.norm(self.b(F.max_pool2d(a, 2))))
            wide = F.interpolate(b, size=a.shape[2:], mode="bilinear", align_corners=False)
            return self.out(torch.cat([a, self.up(b), wide], 1))

    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs = nn.ModuleList([nn.Conv2d(4 + 4 * i, 4, 3, padding=1) for i in range(3)])
            self.stem, self.fc = nn.Conv2d(3, 4, 3, 2), nn.Linear(64, 3)

        def forward(self, x):
            x = F.leaky_relu(self.stem(x), 0.1)
            for conv in self.convs:
                x = torch.cat([x, F.elu(conv(x))], 1)
            x = F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False)
            return self.fc(F.max_pool2d(x, 2, 2).view(x.size(0), -1))

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.slope, self.norm = nn.Conv2d(3, 8, (3, 5), padding=(1, 2)), nn.PReLU(8), nn.InstanceNorm2d(8, affine=True)
            self.layer, self.fc = nn.LayerNorm(6), nn.Linear(6, 6)
            self.register_buffer("scale", torch.tensor([0.5, 1.0, 2.0]).view(1, 3, 1, 1))

        def forward(self, x):
            y = F.pixel_shuffle(self.norm(self.slope(self.conv(x * self.scale + 1))), 2)
            rows = y.permute(0, 2, 3, 1)[:, ::2, 1:, :].reshape(x.size(0), -1, 6)
            z = self.layer(self.fc(rows)).clamp(-1, 1)
            return z, torch.sqrt(y.abs() + 1).mean(dim=(2, 3)), y.argmax(dim=1)

    torch.manual_seed(0)
    for name, network, size, is_map in [
        ("residual", Residual(), (2, 3, 32, 32), False), ("inverted", Inverted(), (2, 3, 16, 16), False),
        ("unet", UNet(), (1, 1, 16, 24), True), ("dense", Dense(), (2, 3, 17, 17), False), ("mixed", Mixed(), (2, 3, 12, 12), False),
    ]:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.2, 0.2), module.running_var.uniform_(0.5, 1.5)
        network.eval()
        x = torch.randn(*size)
        axes = [0, 2, 3] if is_map else [0]
        for kind in ["script", "dynamo"]:
            file = f"{here}/torch-{name}-{kind}.onnx"
            with torch.no_grad():
                if kind == "script":
                    torch.onnx.export(network, x, file, dynamo=False, opset_version=17, input_names=["x"],
                                      dynamic_axes={"x": {a: f"d{a}" for a in axes}})
                else:
                    shapes = ({a: torch.export.Dim.DYNAMIC for a in axes},)
                    torch.onnx.export(network, (x,), file, dynamo=True, external_data=False, dynamic_shapes=shapes, verbose=False)
                    strip(file)
            keep(f"torch-{name}-{kind}", x.numpy())


def strip(file):
    """Takes out where in the source nodes come from: this machine's paths."""
    import onnx
    model = onnx.load(file)
    for part in [*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer, model.graph]:
        del part.metadata_props[:]
        part.doc_string = ""
    del model.metadata_props[:]
    onnx.save(model, file)


def keras_network():
    os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["CUDA_VISIBLE_DEVICES"] = "3", ""
    import keras, tensorflow as tf, tf2onnx

    layers = keras.layers
    tf.random.set_seed(0)
    network = keras.Sequential([
        keras.Input((16, 16, 3)), layers.Conv2D(8, 3, padding="same", activation="relu"), layers.BatchNormalization(),
        layers.MaxPooling2D(), layers.SeparableConv2D(12, 3, padding="same", strides=2, activation="elu"),
        layers.UpSampling2D(), layers.Conv2DTranspose(6, 4, strides=2, padding="same"), layers.LeakyReLU(),
        layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax")])
    call = tf.function(lambda x: network(x, training=False), input_signature=[tf.TensorSpec((None, 16, 16, 3), tf.float32, name="x")])
    for opset in [9, 17]:
        name = f"keras-opset{opset}"
        tf2onnx.convert.from_function(call, input_signature=call.input_signature, opset=opset, output_path=f"{here}/{name}.onnx")
        keep(name, np.random.RandomState(2).rand(2, 16, 16, 3).astype("f4"))


os.makedirs(here, exist_ok=True)
keras_network() if sys.argv[1:] == ["keras"] else torch_networks()
