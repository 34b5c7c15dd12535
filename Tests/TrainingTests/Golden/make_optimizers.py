"""Five steps of several of PyTorch's optimizers on the network of training.json, for OptimizerTests.
python make_optimizers.py > optimizers.json    torch 2.15, one thread, float32."""
import json, os
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

torch.set_num_threads(1)
golden = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "training.json")))
x = (torch.tensor(golden["pixels"]).reshape(6, 1, 8, 8).float() / 255 - 0.4) / 0.3
y = torch.tensor(golden["labels"])
names = {"0": "conv", "1": "bn", "5": "fc"}
path = lambda key: names[key.split(".")[0]] + "." + key.split(".", 1)[1]
cases = {
    "adam": (lambda p: torch.optim.Adam(p, 0.02, weight_decay=0.01), None, None),
    "adamw": (lambda p: torch.optim.AdamW(p, 0.02, betas=(0.8, 0.95), weight_decay=0.1), None, None),
    "rmsprop": (lambda p: torch.optim.RMSprop(p, 0.005), None, None),
    "rmsprop, momentum": (lambda p: torch.optim.RMSprop(p, 0.005, 0.9, momentum=0.5, weight_decay=0.01), None, None),
    "sgd, clipped": (lambda p: torch.optim.SGD(p, 0.5, momentum=0.9), 0.25, None),
    "adam, one cycle": (lambda p: torch.optim.Adam(p, 0.02), None, 0.02),
}
result = {}
for name, (make, clip, cycle) in cases.items():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))
    with torch.no_grad():
        for key, p in net.named_parameters(): p.copy_(torch.tensor(golden["start"][path(key)]).reshape(p.shape))
    opt = make(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, cycle, total_steps=5) if cycle else None
    losses = []
    for step in range(5):
        opt.zero_grad(); loss = F.cross_entropy(net(x), y); loss.backward()
        if clip: torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
        opt.step(); losses.append(loss.item())
        if schedule: schedule.step()
    # The bias before the norm has no gradient but rounding, which Adam makes large: it is left out.
    end = {path(k): [round(float(v), 6) for v in p.detach().flatten()] for k, p in net.named_parameters() if k != "0.bias"}
    result[name] = {"losses": losses, "end": end}
print(json.dumps(result))
