"""A whole process: import PyTorch, train LeNet-5 for one step, end."""
import sys
import torch
import torch.nn as nn

torch.set_num_threads(int(sys.argv[1]))
model = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
loss = nn.functional.cross_entropy(model(torch.randn(64, 1, 28, 28)), torch.randint(0, 10, (64,)))
loss.backward()
optimizer.step()
print(loss.item())
