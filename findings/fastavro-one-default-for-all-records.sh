#!/usr/bin/env bash
# fastavro 1.13.1.
#
# Expected: a field that the writer did not know is filled with its default in each record (Apache Avro's
#   specification, "Schema Resolution"), and each record that fastavro.reader() yields is a dict of its own, as all
#   its other values are.
# Seen:     every record is given the very list (or map) that stands in the schema. What one handler adds to the
#   record it has in hand is then in all records read before and after, and also in those of files opened later.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check fastavro==1.13.1 ||
    { echo "The packages cannot be installed here."; exit 2; }

timeout 60 "$work/venv/bin/python" - <<'PY'
import io
import sys

import fastavro

HOST = {"name": "host", "type": "string"}
STEPS = {"name": "steps", "type": {"type": "array", "items": "string"}, "default": []}
written = fastavro.parse_schema({"type": "record", "name": "Recovery", "fields": [HOST]})
wanted = fastavro.parse_schema({"type": "record", "name": "Recovery", "fields": [HOST, STEPS]})


def read(*hosts):
    file = io.BytesIO()
    fastavro.writer(file, written, [{"host": host} for host in hosts])
    file.seek(0)
    return list(fastavro.reader(file, wanted))


first, second = read("compute-1", "compute-2")
first["steps"].append("fenced")             # about compute-1 alone
(later,) = read("compute-3")                # another file, decoded afterwards

print("fastavro", fastavro.__version__)
print('expected: a step added to the record of compute-1 is in that record alone (Avro, "Schema Resolution")')
for record in (first, second, later):
    print("seen:    ", record)
if not (second["steps"] == later["steps"] == ["fenced"]):
    sys.exit("Changed: fastavro no longer shares one default value among the records that it decodes.")
PY
