"""Writes Tests/FoveaTests/Golden/torchvision.json: what torchvision's networks are and compute.

Run with a Python that has torch and torchvision: python make_torchvision_golden.py [NAME…]
With names, only these are made anew and the others of the file are kept.

No weights are stored: both sides compute them, from each tensor's key and shape. Number i of a tensor is

    offset + scale·noise(i mod 65521, FNV-1a(key))

in single precision, where noise(i, k) mixes the bits of i·2654435761 + k (the end of MurmurHash3) into a number
from -1 to 1. A tensor of a hundred million is so a table put down again and again. Offsets and scales:

    running_var 1 ± 0.3; the weight of a norm 1 ± 0.2; bias and running_mean ± 0.1;
    any other weight 0 ± gain·√(6/inputs of one unit), which is He's variance when the gain is 1.

The gain is the network's own, chosen so that the numbers neither die nor explode on the way; it is in the file.
A picture is sin(0.05·(c + 1)·y + 0.03·x) at channel c, row y and column x, plus noise of half that size; a
second picture of a batch is shifted by n inside the sine.
Outputs are computed in single precision for one such picture in evaluation mode, gradients in double precision. Multiply-adds
are those of the weights of convolutions and dense layers, as forward hooks see them. Of the keys a hash per group
is kept: a group is what keys share up to their second dot, its hash is FNV-1a over its lines "key d0xd1…" in order.

Gradients are of a training step with the statistics of a batch of two, without dropout; of each named tensor the
norm, a sum weighted by the noise of k = 0, and the first 8 numbers are kept, as of the outputs; `single` is how far from it, relative
to the norm, PyTorch itself is in single precision. There the sign of what is almost zero is chance, and with it a
path of the gradient; so the steps of deep networks shift the biases of norms up, away from the edge of ReLU.
"""

import json
import math
import os
import sys
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision.models as models

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
PERIOD = 65521


def fnv(text):
    h = 2166136261
    for byte in text.encode():
        h = (h ^ byte) * 16777619 % 2**32
    return h


def noise(count, k):
    h = (torch.arange(min(count, PERIOD), dtype=torch.int64) * 2654435761 + k) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        h = ((h ^ (h >> shift)) * factor) & 0xFFFFFFFF
    return (h.double() / 2**31 - 1).repeat(-(-count // PERIOD))[:count]


def picture(batch, size):
    n, c, y, x = torch.meshgrid(*(torch.arange(e).double() for e in (batch, 3, size, size)), indexing="ij")
    values = torch.sin(0.05 * (c + 1) * y + 0.03 * x + n) + 0.5 * noise(n.numel(), 0).reshape(n.shape)
    # What single precision cannot hold would be a difference that deep networks blow up.
    return values.float().double()


def entries(net):
    return [(k, t) for k, t in net.state_dict(keep_vars=True).items() if not k.endswith("num_batches_tracked")]


def fill(net, gain, shift=0):
    norms = {key[: -len("running_var")] for key, _ in entries(net) if key.endswith("running_var")}
    with torch.no_grad():
        for key, t in entries(net):
            last = key.rsplit(".", 1)[-1]
            if last == "running_var":
                offset, scale = 1, 0.3
            elif last == "weight" and t.dim() == 1:
                offset, scale = 1, 0.2
            elif last == "weight":
                offset, scale = 0, gain * math.sqrt(6 / t[0].numel())
            else:
                offset, scale = (shift if key.removesuffix("bias") in norms else 0), 0.1
            values = (offset + scale * noise(t.numel(), fnv(key))).float()
            t.copy_(values.reshape(t.shape))


def groups(net):
    lines = sorted(f"{key} {'x'.join(str(d) for d in t.shape)}" for key, t in entries(net))
    found = {}
    for line in lines:
        found.setdefault(".".join(line.split(" ")[0].split(".")[:2]), []).append(line)
    return {name: fnv("\n".join(group)) for name, group in found.items()}


def multiply_adds(net, x):
    total = 0

    def count(module, inputs, output):
        nonlocal total
        total += output[0].numel() * module.weight[0].numel() if isinstance(module, nn.Conv2d) else module.weight.numel()

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    output = net(x)
    for hook in hooks:
        hook.remove()
    return total, output


def digits(t):
    return [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]


def digest(t):
    flat = t.detach().double().flatten()
    return {"norm": digits(flat.norm())[0], "weighted": digits((flat * noise(flat.numel(), 0)).sum())[0],
            "first": digits(flat[:8])}


def evaluated(name, net, size, gain):
    # Single precision: a double one takes ten times as long, and the tests allow for it.
    fill(net.float(), gain)
    x = picture(1, size).float()
    with torch.no_grad():
        macs, output = multiply_adds(net.eval(), x)
        # How much of the output is the picture: what is left when the picture changes.
        other = (net(x.flip(-1)) - output).norm() / output.norm()
    print(f"{name}: {sum(p.numel() for p in net.parameters())} parameters, {macs} multiply-adds, "
          f"norm {output.norm():.3g}, flipped {other:.2g}", flush=True)
    return {"name": name, "input": [3, size, size], "gain": gain,
            "parameters": sum(p.numel() for p in net.parameters()), "tensors": len(entries(net)),
            "multiplyAdds": macs, "groups": groups(net), "output": digest(output)}


def step(net, size, gain, shift, keys):
    """Loss and gradients of one training step."""
    fill(net, gain, shift)
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0
    x = picture(2, size).to(next(net.parameters()).dtype)
    labels = torch.tensor([1, 4])
    output = net.train()(x)
    if isinstance(output, torch.Tensor):
        loss = F.cross_entropy(output, labels)
    else:
        loss = F.cross_entropy(output.logits, labels) + 0.3 * (
            F.cross_entropy(output.aux_logits1, labels) + F.cross_entropy(output.aux_logits2, labels))
    net.zero_grad()
    loss.backward()
    return loss, {key: t.grad.double().clone() for key, t in entries(net) if key in keys}


def trained(name, net, size, gain, shift, first, last):
    loss, gradients = step(net, size, gain, shift, first + last)
    _, singles = step(net.float(), size, gain, shift, first + last)
    digests = {}
    for key, gradient in gradients.items():
        digests[key] = digest(gradient)
        digests[key]["single"] = float(f"{(singles[key] - gradient).norm() / gradient.norm():.2g}")
    print(f"{name}: loss {loss.item():.6g}", {k: (v["norm"], v["single"]) for k, v in digests.items()}, flush=True)
    return {"name": name, "input": [3, size, size], "gain": gain, "shift": shift, "loss": digits(loss)[0], "gradients": digests}


# Name, constructor's arguments, size of the picture, gain.
NETWORKS = [("alexnet", {}, 224, 1)]
NETWORKS += [(f"vgg{depth}{norm}", {}, 224, 1) for depth in (11, 13, 16, 19) for norm in ("", "_bn")]
NETWORKS += [("googlenet", {"aux_logits": False, "init_weights": False}, 224, 1),
             ("inception_v3", {"aux_logits": False, "init_weights": False}, 299, 1)]
NETWORKS += [("resnet18", {}, 224, 0.8), ("resnet34", {}, 224, 0.8), ("resnet50", {}, 224, 0.8),
             ("resnet101", {}, 224, 0.75), ("resnet152", {}, 224, 0.7), ("resnext50_32x4d", {}, 224, 0.8),
             ("wide_resnet50_2", {}, 224, 0.8)]
NETWORKS += [(f"densenet{depth}", {}, 224, 1) for depth in (121, 161, 169, 201)]
NETWORKS += [("squeezenet1_0", {}, 224, 1), ("squeezenet1_1", {}, 224, 1), ("mobilenet_v2", {}, 224, 1),
             ("mobilenet_v3_large", {}, 224, 1), ("mobilenet_v3_small", {}, 224, 1.1),
             ("efficientnet_b0", {}, 224, 1.1)]

# Our name, torchvision's, constructor's arguments, size, gain, shift, keys at the beginning and at the end.
STEPS = [
    ("alexnet", "alexnet", {}, 127, 1, 0, ["features.0.weight", "features.0.bias"],
     ["classifier.6.weight", "classifier.6.bias"]),
    ("resnet18", "resnet18", {}, 64, 1, 0, ["conv1.weight", "bn1.weight", "bn1.bias"], ["fc.weight", "fc.bias"]),
    ("googlenet_aux", "googlenet", {"aux_logits": True, "init_weights": False}, 88, 1, 2,
     ["conv1.conv.weight", "conv1.bn.weight"],
     ["fc.weight", "fc.bias", "aux1.fc2.weight", "aux2.fc2.weight", "aux1.conv.conv.weight"]),
    ("densenet121", "densenet121", {}, 80, 1, 2, ["features.conv0.weight", "features.denseblock1.denselayer1.conv1.weight"],
     ["features.norm5.weight", "classifier.weight", "classifier.bias"]),
]

# Forms whose function in evaluation is that of another, so that only parameters and keys are kept.
HEADS = [("googlenet_aux", "googlenet", 224), ("inception_v3_aux", "inception_v3", 299)]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, "..", "Tests", "FoveaTests", "Golden", "torchvision.json")
    wanted = set(sys.argv[1:])
    old = json.load(open(path)) if wanted and os.path.exists(path) else {"networks": [], "steps": [], "heads": []}

    def made(kind, name, make):
        if not wanted or name in wanted:
            return make()
        return next((e for e in old[kind] if e["name"] == name), None)

    def heads(name, base, size):
        net = getattr(models, base)(weights=None, aux_logits=True, init_weights=False)
        return {"name": name, "input": [3, size, size], "parameters": sum(p.numel() for p in net.parameters()),
                "tensors": len(entries(net)), "groups": groups(net)}

    result = {
        "networks": [made("networks", name, lambda: evaluated(name, getattr(models, name)(weights=None, **more), size, gain))
                     for name, more, size, gain in NETWORKS],
        "steps": [made("steps", name, lambda: trained(name, getattr(models, base)(weights=None, **more), size, gain, shift, first, last))
                  for name, base, more, size, gain, shift, first, last in STEPS],
        "heads": [made("heads", *(name, lambda: heads(name, base, size))) for name, base, size in HEADS]}
    import torchvision
    with open(path, "w") as f:
        f.write('{"torch": "%s", "torchvision": "%s"' % (torch.__version__, torchvision.__version__))
        for kind, list in result.items():
            f.write(',\n"%s": [\n' % kind)
            f.write(",\n".join(json.dumps(e, separators=(",", ":")) for e in list if e))
            f.write("\n]")
        f.write("}\n")


if __name__ == "__main__":
    main()
