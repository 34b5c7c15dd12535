"""Reads the golden event file with TensorBoard's own reader and compares; or, given the directory of a run, what
every run has: curves without gap or repeat, histograms of all weights, pictures of the first filters.
pip install tensorboard 'setuptools<81'; python check_events.py [RUN]"""
import json, math, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

here = os.path.dirname(os.path.abspath(__file__))
directory = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "Golden")
events = EventAccumulator(directory, size_guidance={"scalars": 0, "histograms": 0, "images": 0})
events.Reload()
tags = events.Tags()

if len(sys.argv) > 1:
    lines = [json.loads(line) for line in open(os.path.join(directory, "metrics.jsonl"))]
    for split, names in [("train", ["loss", "accuracy", "rate"]), ("validation", ["loss", "accuracy", "top5"])]:
        expected = [line for line in lines if line["split"] == split]
        for name in names:
            if not expected or name not in expected[0]:
                continue
            found = events.Scalars(f"{split}/{name}")
            assert [e.step for e in found] == [line["step"] for line in expected], (split, name, found)
            assert len({e.step for e in found}) == len(found), (split, name)
            for e, line in zip(found, expected):
                assert math.isclose(e.value, line[name], rel_tol=1e-6, abs_tol=1e-9), (split, name, e, line)
    assert any(line["split"] == "train" for line in lines)
    weights = [tag for tag in tags["histograms"] if tag.startswith("weights/")]
    assert weights, tags
    for tag in weights:
        steps = [e.step for e in events.Histograms(tag)]
        assert steps == sorted(set(steps)), (tag, steps)
        for e in events.Histograms(tag):
            h = e.histogram_value
            assert h.num == sum(h.bucket) and h.min <= h.max, (tag, h)
    filters = [tag for tag in tags["images"] if tag.startswith("filters/")]
    for tag in filters:
        for picture in events.Images(tag):
            assert picture.encoded_image_string.startswith(b"\x89PNG") and picture.width > 8, (tag, picture)
    print(f"TensorBoard reads it: {len(tags['scalars'])} curves, {len(weights)} histograms, {len(filters)} pictures of filters")
    sys.exit()

assert tags["scalars"] == ["loss/train", "odd"], tags
assert tags["images"] == ["picture"] and tags["histograms"] == ["weights"], tags
assert tags["tensors"] == ["note/text_summary"], tags

loss = events.Scalars("loss/train")
assert [(e.step, e.value, e.wall_time) for e in loss] == [(0, 2.5, 1700000002.0), (100, 1.25, 1700000003.0)], loss
odd = events.Scalars("odd")
assert [e.step for e in odd] == [1, 2, 3] and math.isnan(odd[0].value) and odd[1].value == math.inf, odd
picture = events.Images("picture")[0]
assert (picture.width, picture.height, picture.step) == (2, 1, 100), picture
assert picture.encoded_image_string.startswith(b"\x89PNG") and len(picture.encoded_image_string) == 70, picture
note = events.Tensors("note/text_summary")[0]
assert [s.decode() for s in note.tensor_proto.string_val] == ["naïve **∇**"], note
assert events.SummaryMetadata("note/text_summary").plugin_data.plugin_name == "text"
h = events.Histograms("weights")[0].histogram_value
assert (h.min, h.max, h.num, h.sum, h.sum_squares) == (-1, 3, 5, 4, 12), h
assert list(h.bucket_limit) == [0, 1, 2, 3] and list(h.bucket) == [1, 1, 2, 1], h
print("TensorBoard reads all of it")
