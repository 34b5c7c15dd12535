"""Makes Tests/TensorsTests/Golden.swift and Tests/DataTests/Golden.swift from NumPy, gzip and Pillow.

    python3 -m venv venv && venv/bin/pip install numpy pillow
    venv/bin/python Tests/Golden/make_data.py

Only needed to add a case: the two files are kept in the repository.
"""
import gzip
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

TESTS = Path(__file__).resolve().parent.parent


def write(path, cases):
    lines = [
        f"// Made by Tests/Golden/make_data.py with NumPy {np.__version__} and Pillow {PIL.__version__}. Do not edit.",
        "",
        "enum Golden {",
    ]
    for name, data in cases:
        lines.append(f"  static let {name} = bytes(")
        text = data.hex()
        lines.append('    """')
        lines += ["    " + text[i : i + 112] for i in range(0, len(text), 112)]
        lines.append('    """)')
    lines += [
        "",
        "  /// The bytes that hexadecimal digits write.",
        "  private static func bytes(_ hex: String) -> [UInt8] {",
        "    var result: [UInt8] = []",
        "    var high: UInt8?",
        "    for digit in hex.utf8 where digit != 0x0a {",
        "      let value = digit < 0x3a ? digit - 0x30 : digit - 0x57",
        "      result += high.map { [$0 << 4 | value] } ?? []",
        "      high = high == nil ? value : nil",
        "    }",
        "    return result",
        "  }",
        "}",
    ]
    path.write_text("\n".join(lines) + "\n")


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    return out.getvalue()


def tensors():
    grid = np.arange(6).reshape(2, 3)
    box = np.arange(24, dtype="<i4").reshape(2, 3, 4)
    record = np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")])
    ramp = bytes(range(256)) * 4
    two = gzip.compress(b"first,", mtime=0) + gzip.compress(b"second", mtime=0)
    return [
        ("f8", npy(grid / 8 - 0.25)),
        ("f4", npy((grid / 8 - 0.25).astype("<f4"))),
        ("f2", npy((grid / 8 - 0.25).astype("<f2"))),
        ("i8", npy(grid.astype("<i8") * -(2**40))),
        ("i4", npy(grid.astype("<i4") * -70000)),
        ("i2", npy(grid.astype("<i2") * -300)),
        ("i1", npy(grid.astype("i1") - 3)),
        ("u1", npy(grid.astype("u1") * 51)),
        ("b1", npy(grid % 2 == 1)),
        ("scalar", npy(np.float32(2.5))),
        ("vector", npy(np.array([1, 2, 3], dtype="<i4"))),
        ("empty", npy(np.zeros((0, 3), dtype="<f4"))),
        ("fortran2", npy(np.asfortranarray(grid.astype("<f4")))),
        ("fortran3", npy(np.asfortranarray(box))),
        ("version2", npy(grid.astype("<f4"), (2, 0))),
        ("version3", npy(grid.astype("<f4"), (3, 0))),
        ("bigEndian", npy(grid.astype(">f4"))),
        ("record", npy(record)),
        ("u2", npy(grid.astype("<u2"))),
        ("complex", npy(grid.astype("<c8"))),
        ("gzipRamp", gzip.compress(ramp, mtime=0)),
        ("gzipTwo", two),
        ("gzipPadded", two + bytes(16)),
        ("zlibRamp", zlib.compress(ramp)),
        ("gzipZeros", gzip.compress(bytes(1 << 20), mtime=0)),
    ]


def png(image, **options):
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(array):
    """A 16-bit PNG by hand (Pillow writes no RGB of 16 bits)."""
    height, width = array.shape[:2]
    colour = 2 if array.ndim == 3 else 0
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    head = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def on_white(image):
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    white.alpha_composite(image.convert("RGBA"))
    return white.convert("RGB")


def pictures():
    random = np.random.default_rng(7)
    noise = random.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    y, x = np.mgrid[0:19, 0:23]
    smooth = np.stack([x * 11, y * 13, 255 - x * 5 - y * 6], axis=-1).astype(np.uint8)
    rgb = Image.fromarray(noise)
    gray = rgb.convert("L")
    alpha = Image.fromarray(np.concatenate([noise, random.integers(0, 256, (9, 7, 1), dtype=np.uint8)], axis=-1))
    palette = rgb.quantize(16)
    clear = palette.copy()
    grayAlpha = Image.merge("LA", [gray, alpha.getchannel("A")])
    bits = gray.point(lambda v: 255 if v > 127 else 0).convert("1")
    deep = random.integers(0, 65536, (4, 5, 3), dtype=np.uint16)
    deepGray = random.integers(0, 65536, (4, 5), dtype=np.uint16)
    cases = [
        ("pngRGB", png(rgb)), ("rgb", rgb.tobytes()),
        ("pngGray", png(gray)), ("gray", gray.tobytes()),
        ("pngPalette", png(palette)), ("palette", palette.convert("RGB").tobytes()),
        ("pngClear", png(clear, transparency=3)),
        ("clear", on_white(Image.open(io.BytesIO(png(clear, transparency=3)))).tobytes()),
        ("pngAlpha", png(alpha)), ("alpha", on_white(alpha).tobytes()),
        ("pngGrayAlpha", png(grayAlpha)), ("grayAlpha", on_white(grayAlpha).getchannel(0).tobytes()),
        ("pngBits", png(bits)), ("bits", bits.convert("L").tobytes()),
        ("pngDeep", png16(deep)), ("deep", np.round(deep / 257).astype(np.uint8).tobytes()),
        ("pngDeepGray", png16(deepGray)), ("deepGray", np.round(deepGray / 257).astype(np.uint8).tobytes()),
    ]
    wave = Image.fromarray(smooth)
    inks = wave.convert("CMYK")
    for name, data in [
        ("jpegRGB", jpeg(wave, quality=90)),
        ("jpegFull", jpeg(wave, quality=95, subsampling=0)),
        ("jpegProgressive", jpeg(wave, quality=90, progressive=True)),
        ("jpegGray", jpeg(wave.convert("L"), quality=90)),
        ("jpegCMYK", jpeg(inks, quality=95)),
    ]:
        cases.append((name, data))
        decoded = Image.open(io.BytesIO(data))
        if decoded.mode == "CMYK":
            decoded = decoded.convert("RGB")
        cases.append((name + "Pixels", decoded.tobytes()))
    coarse = Image.fromarray(random.integers(0, 256, (31, 23, 3), dtype=np.uint8))
    cases.append(("coarse", coarse.tobytes()))
    cases.append(("coarseGray", coarse.convert("L").tobytes()))
    for height, width in [(10, 12), (40, 37), (31, 9), (64, 5), (1, 1)]:
        small = coarse.resize((width, height), Image.Resampling.BILINEAR)
        cases.append((f"coarse{height}x{width}", small.tobytes()))
    images = struct.pack(">IIII", 0x803, 3, 2, 2) + bytes(range(12))
    cases.append(("idxImagesGzip", gzip.compress(images, mtime=0)))
    cases.append(("idxLabelsGzip", gzip.compress(struct.pack(">II", 0x801, 3) + bytes([2, 0, 1]), mtime=0)))
    huge = struct.pack(">IIII", 0x803, 2**31, 28, 28) + bytes(2**20)
    cases.append(("idxHugeGzip", gzip.compress(huge, mtime=0)))
    return cases


write(TESTS / "TensorsTests/Golden.swift", tensors())
write(TESTS / "DataTests/Golden.swift", pictures())
