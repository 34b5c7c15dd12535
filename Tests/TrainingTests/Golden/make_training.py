"""Five steps of PyTorch on a tiny network, for TrainingGoldenTests.  python make_training.py > training.json
torch 2.15, one thread, float32. One batch holds all examples, so that their order does not matter."""
import json, math
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

torch.set_num_threads(1)
rng = np.random.default_rng(5)
pixels = rng.integers(0, 256, (6, 1, 8, 8), dtype=np.uint8)
labels = rng.integers(0, 3, 6)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))
names = {"0": "conv", "1": "bn", "5": "fc"}
path = lambda key: names[key.split(".")[0]] + "." + key.split(".", 1)[1]
with torch.no_grad():
    for p in net.parameters(): p.copy_(torch.from_numpy(rng.normal(0, 0.3, p.shape).round(3).astype(np.float32)))
listed = lambda t: [float(np.float32(v)) for v in t.detach().numpy().ravel()]
tensors = lambda: {path(k): listed(v) for k, v in net.state_dict().items() if "num_batches" not in k}
start = tensors()
x = (torch.from_numpy(pixels).float() / 255 - 0.4) / 0.3
y = torch.from_numpy(labels)
opt = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9, weight_decay=0.01, nesterov=True)
losses = []
for step in range(5):
    for g in opt.param_groups: g["lr"] = 0.2 * min(1, (step + 1) / 2) * 0.5 * (1 + math.cos(math.pi * step / 5))
    opt.zero_grad(); loss = F.cross_entropy(net(x), y); loss.backward(); opt.step(); losses.append(loss.item())
net.eval()
print(json.dumps({"pixels": pixels.ravel().tolist(), "labels": labels.tolist(), "start": start, "losses": losses,
                  "end": tensors(), "scores": listed(net(x)), "loss": F.cross_entropy(net(x), y).item()}))
