"""Writes Golden/PyTorch: files of torch.save, as `PyTorchFileTests` expects them.
pip install torch numpy; python make_pytorch.py

Every tensor's elements are 0, 1, 2 … in the order in which PyTorch shows them, divided as in `numbers`, unless said
otherwise. views.json holds what PyTorch itself says of the views."""
import collections, json, os, pickle, sys
import torch

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Golden", "PyTorch")
os.makedirs(here, exist_ok=True)
save = lambda value, name, **options: torch.save(value, os.path.join(here, name), **options)

numbers = torch.tensor([0, 1, -2, 3, 100, -128], dtype=torch.float64)
types = collections.OrderedDict(
    f64=numbers.reshape(2, 3) / 3,
    f32=(numbers.float() / 3).reshape(2, 3),
    f16=(numbers / 4).half().reshape(2, 3),
    bf16=(numbers / 4).bfloat16().reshape(2, 3),
    i64=(numbers * 10**12).long(),
    i32=(numbers * 10**6).int(),
    i16=(numbers * 100).short(),
    i8=numbers.char(),
    u8=torch.tensor([0, 1, 127, 128, 255], dtype=torch.uint8),
    bool=torch.tensor([True, False, True]),
    empty=torch.zeros(0, 4),
    scalar=torch.tensor(2.5),
)
save(types, "types.pth")
save(types, "protocol4.pth", pickle_protocol=4)

base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
views = {
    "whole": base,
    "transposed": base.transpose(0, 2),
    "slice": base[1, 1:, ::2],
    "row": base[1, 2],
    "expanded": base[0, 0, :3].reshape(3, 1).expand(3, 2),
    "channels_last": torch.arange(16.0).reshape(1, 2, 2, 4).contiguous(memory_format=torch.channels_last),
    "parameter": torch.nn.Parameter(torch.tensor([1.0, 2.0])),
    "frozen": torch.nn.Parameter(torch.tensor([3.0]), requires_grad=False),
    "after_nothing": torch.zeros(3, 0),
}
save(views, "views.pth")
with open(os.path.join(here, "views.json"), "w") as file:
    json.dump({name: {"shape": list(t.shape), "values": t.detach().flatten().tolist()} for name, t in views.items()},
              file, indent=1, sort_keys=True)

torch.manual_seed(0)
network = torch.nn.Sequential(
    collections.OrderedDict(conv=torch.nn.Conv2d(1, 2, 3), bn=torch.nn.BatchNorm2d(2), fc=torch.nn.Linear(2, 3)))
with torch.no_grad():
    for parameter in network.parameters():
        parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) / 8)
optimizer = torch.optim.Adam(network.parameters())
network.fc(network.bn(network.conv(torch.ones(2, 1, 3, 3))).flatten(1)).sum().backward()
optimizer.step()
with torch.no_grad():
    for parameter in network.parameters():
        parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) / 8)
wrapped = collections.OrderedDict(("module." + name, value) for name, value in network.state_dict().items())
save({"epoch": 3, "state_dict": wrapped, "optimizer": optimizer.state_dict(), "best": 0.5, "arch": "small",
      "big": 1 << 100, "nothing": None, "list": [1, (2.5, True)]}, "checkpoint.pth")
save({"model": network.state_dict(), "ema": network.state_dict()}, "two.pth")
save({"left": network.state_dict(), "right": network.state_dict()}, "ambiguous.pth")

save(network, "module.pth")
save(network.state_dict(), "old.pth", _use_new_zipfile_serialization=False)
save(types, "old-types.pth", _use_new_zipfile_serialization=False)
save(views, "old-views.pth", _use_new_zipfile_serialization=False)


def python2(name):
    """As Python 2 and PyTorch 0.4 wrote it: texts as bytes, a dictionary's pairs as a list, a storage that is a part of
    another."""
    import struct
    s = lambda text: b"U" + bytes([len(text)]) + text.encode()
    i = lambda number: b"K" + bytes([number])
    storage = lambda kind, key, count, part: (
        b"(" + s("storage") + b"ctorch\n" + kind.encode() + b"\n" + s(key) + s("cpu") + i(count) + part + b"tQ")
    tensor = lambda made, sizes, strides: (
        b"ctorch._utils\n_rebuild_tensor\n(" + made + i(0) + b"(" + b"".join(map(i, sizes)) + b"t(" + b"".join(map(i, strides))
        + b"ttR")
    weight = tensor(storage("FloatStorage", "root-key", 8, b"(" + s("view-key") + i(2) + i(4) + b"t"), [2, 2], [2, 1])
    bias = tensor(storage("LongStorage", "bias-key", 3, b"N"), [3], [1])
    pair = lambda key, value: b"](" + s(key) + value + b"e"
    pickles = [
        pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2), b"\x80\x02}(" + s("little_endian") + b"\x88u.",
        b"\x80\x02ccollections\nOrderedDict\n](" + pair("conv.weight", weight) + pair("conv.bias", bias) + b"e\x85R.",
        b"\x80\x02](" + s("bias-key") + s("root-key") + b"e.",
    ]
    data = struct.pack("<q3q", 3, 7, 8, 9) + struct.pack("<q8f", 8, *range(8))
    with open(os.path.join(here, name), "wb") as file:
        file.write(b"".join(pickles) + data)
    loaded = torch.load(os.path.join(here, name), weights_only=False)
    assert loaded["conv.weight"].tolist() == [[2, 3], [4, 5]] and loaded["conv.bias"].tolist() == [7, 8, 9], loaded


python2("old-python2.pth")
save([1, 2, 3], "list.pth")
save({"a": torch.zeros(2, dtype=torch.complex64)}, "complex.pth")


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


save({"weight": torch.zeros(2), "metadata": Evil()}, "evil.pth")
print(torch.__version__, *sorted(os.listdir(here)))
