"""Writes the table in Sources/Exchange/ONNX/ONNXSignatures.swift: the operands of each of ONNX's operators.
pip install onnx; python make_onnx_signatures.py

A line is the operator, for each opset in which that changed "opset:least-most" (most * where there is no end), and the
names of its operands in the newest."""
import collections, os
from onnx import defs

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Sources/Exchange/ONNX/ONNXSignatures.swift")
newest = 25
forms = collections.defaultdict(dict)
for schema in defs.get_all_schemas_with_history():
    if schema.domain == "" and schema.since_version <= newest:
        most = "*" if schema.max_input > 10**6 else str(schema.max_input)
        forms[schema.name][schema.since_version] = (f"{schema.min_input}-{most}", [i.name for i in schema.inputs])
lines = []
for name in sorted(forms):
    words, last = [], None
    for since, (range_, names) in sorted(forms[name].items()):
        if range_ != last:
            words.append(f"{since}:{range_}")
        last = range_
    lines.append("    " + " ".join([name, *words, "|", *names]))
text = open(path).read()
begin, end = text.index('"""\n') + 4, text.index('\n    """')
open(path, "w").write(text[:begin] + "\n".join(lines) + text[end:])
