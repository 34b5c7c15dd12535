"""Reads the golden event file (or the directory given) with TensorBoard's own reader and compares.
pip install tensorboard 'setuptools<81'; python check_events.py [DIRECTORY]"""
import math, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

here = os.path.dirname(os.path.abspath(__file__))
events = EventAccumulator(sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "Golden"), size_guidance={"scalars": 0})
events.Reload()
tags = events.Tags()
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
