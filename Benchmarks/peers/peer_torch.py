"""PyTorch on the CPU.

A training step is zero_grad, forward, cross-entropy, backward and SGD with momentum 0.9 on one fixed batch.
Modes: eager, channels-last. (Whoever starts this may preload libtcmalloc, which helps training much.)
"""
import argparse
import timing

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--task", choices=["train", "infer"], required=True)
parser.add_argument("--mode", choices=["eager", "channels-last"], default="channels-last")
parser.add_argument("--threads", type=int, required=True)
a = parser.parse_args()

import torch
import torch.nn.functional as F
import models

torch.set_num_threads(a.threads)
model, x, y = models.make(a.model, a.batch, train=a.task == "train")
if a.mode == "channels-last" and x.dim() == 4:
    model = model.to(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)

if a.task == "train":
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
else:
    def step():
        with torch.inference_mode():
            model(x)

timing.report("PyTorch", torch.__version__, timing.measure(step), mode=a.mode)
