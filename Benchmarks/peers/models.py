"""The networks of the table, in PyTorch, exactly as `fovea models` has them; the rest is torchvision's.

lenet5           5x5x6 (padded by 2), ReLU, max pool, 5x5x16, ReLU, max pool, 400-120-84-10; 61,706 parameters
mnist-1d-conv    three convolutions along the signal, 15 channels, kernel 3, stride 2, and 60-10; 2,050
two-conv         5x5x32, ReLU, max pool, 5x5x64, ReLU, max pool, 1024-10; 62,346
resnet18-cifar   ResNet-18 with a 3x3 stem of stride 1 and no max pooling, 10 classes, 32x32; 11,173,962
unet             64 to 1024 channels, padded 3x3 convolutions, no norms, 1 channel in, 2 classes, 256x256; 31,030,658
"""
import torch
import torch.nn.functional as F
from torch import nn


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def two_conv():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1024, 10))


def mnist_1d_conv():
    return nn.Sequential(
        nn.Conv1d(1, 15, 3, stride=2), nn.ReLU(), nn.Conv1d(15, 15, 3, stride=2), nn.ReLU(),
        nn.Conv1d(15, 15, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(60, 10))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()

        def double(a, b):
            return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU())
        widths = [64, 128, 256, 512, 1024]
        self.down = nn.ModuleList(double(a, b) for a, b in zip([1] + widths, widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, stride=2) for c in widths[-2::-1])
        self.dec = nn.ModuleList(double(2 * c, c) for c in widths[-2::-1])
        self.out = nn.Conv2d(64, 2, 1)

    def forward(self, x):
        skips = []
        for level, down in enumerate(self.down):
            x = down(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        for up, dec, skip in zip(self.up, self.dec, skips[-2::-1]):
            x = dec(torch.cat([skip, up(x)], 1))
        return self.out(x)


def resnet18_cifar():
    import torchvision
    model = torchvision.models.resnet18(num_classes=10)
    model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


def torchvisions(name, **options):
    def make():
        import torchvision
        return getattr(torchvision.models, name)(**options)
    return make


BIG = (3, 224, 224)
MODELS = {  # name: constructor, shape of one example, classes, shape of one example's labels
    "lenet5": (lenet5, (1, 28, 28), 10, ()),
    "two-conv": (two_conv, (1, 28, 28), 10, ()),
    "mnist-1d-conv": (mnist_1d_conv, (1, 40), 10, ()),
    "unet": (UNet, (1, 256, 256), 2, (256, 256)),
    "resnet18-cifar": (resnet18_cifar, (3, 32, 32), 10, ()),
    "googlenet": (torchvisions("googlenet", aux_logits=False, init_weights=False), BIG, 1000, ()),
    **{name: (torchvisions(name), BIG, 1000, ())
       for name in ("alexnet", "vgg16", "resnet18", "resnet50", "densenet121")},
}


def make(name, batch, train=False):
    """Model, inputs and labels. For inference, norms get their statistics from two forward passes, so that
    activations keep their size through the network."""
    torch.manual_seed(0)
    constructor, shape, classes, labels = MODELS[name]
    model = constructor()
    x = torch.randn(batch, *shape)
    y = torch.randint(0, classes, (batch, *labels))
    if not train and any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules()):
        with torch.no_grad():
            for _ in range(2):
                model.train()(torch.randn(4, *shape))
    return model.train(train), x, y
