"""Makes Tests/DataTests/MNIST1DGolden.swift from the package mnist1d and NumPy's legacy generator.

    python3 -m venv venv && venv/bin/pip install mnist1d
    venv/bin/python Tests/Golden/make_mnist1d.py

Only needed to add a case: the file is kept in the repository.
"""
from pathlib import Path

import mnist1d
import numpy as np
import scipy
from mnist1d.data import get_dataset_args, make_dataset

OUT = Path(__file__).resolve().parent.parent / "DataTests" / "MNIST1DGolden.swift"


def fnv(values):
    total = 0xCBF29CE484222325
    for value in values:
        total = ((total ^ int(value)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return total


def array(name, values, kind="Double"):
    text = ", ".join(repr(float(v)) if kind == "Double" else str(int(v)) for v in np.asarray(values).ravel())
    lines = [f"  static let {name}: [{kind}] = ["]
    line = "   "
    for word in text.split(" "):
        if len(line) + 1 + len(word) > 118:
            lines.append(line)
            line = "   "
        line += " " + word
    return lines + [line + ",", "  ]"]


def draws():
    """Draws of every kind in turn, as the generator mixes them."""
    np.random.seed(42)
    uniform = [np.random.rand() for _ in range(4)]
    normal = list(np.random.randn(5))
    choice = [np.random.choice(48) for _ in range(12)]
    late = [np.random.rand() for _ in range(2000)][-1]
    odd = np.random.randn()  # the number that waits from the five above
    permutation = np.random.permutation(40)
    return (
        array("uniform", uniform) + array("normal", normal) + array("choice", choice, "Int")
        + array("late", [late, odd]) + array("permutation", permutation, "Int")
    )


def main():
    lines = [
        f"// Made by Tests/Golden/make_mnist1d.py with mnist1d 0.0.2.post1, NumPy {np.__version__} and SciPy "
        f"{scipy.__version__}. Do not edit.",
        "",
        "enum MNIST1DGolden {",
    ]
    lines += draws()
    data = make_dataset(get_dataset_args())
    lines += array("templates", data["templates"]["x"])
    lines += array("first", data["x"][:2]) + array("last", data["x_test"][-2:])
    lines += array("firstLabels", data["y"][:20], "Int") + array("lastLabels", data["y_test"][-20:], "Int")
    lines.append(f"  static let trainLabels: UInt64 = {fnv(data['y']):#x}")
    lines.append(f"  static let testLabels: UInt64 = {fnv(data['y_test']):#x}")
    other = get_dataset_args()
    other.num_samples, other.train_split, other.padding, other.scale_coeff = 203, 0.5, [10, 20], 1.5
    other.max_translation, other.corr_noise_scale, other.iid_noise_scale = 32, 0.5, 0.1
    other.shear_scale, other.shuffle_seq, other.final_seq_length, other.seed = 0.1, True, 17, 7
    data = make_dataset(other)
    lines += array("otherFirst", data["x"][:2]) + array("otherLast", data["x_test"][-1:])
    lines.append(f"  static let otherLabels: UInt64 = {fnv(np.concatenate([data['y'], data['y_test']])):#x}")
    OUT.write_text("\n".join(lines + ["}"]) + "\n")


main()
