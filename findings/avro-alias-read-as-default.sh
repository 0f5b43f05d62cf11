#!/usr/bin/env bash
# avro-python3 1.10.2 and avro 1.12.1 (both Apache Avro's own for Python), beside fastavro 1.13.1.
#
# Expected: a field renamed with "aliases" keeps its value (Apache Avro's specification, "Aliases": they serve to
#   read data of the old name). The specification leaves aliases optional; a reader without them would be expected to
#   refuse.
# Seen:     Apache's two libraries take the schema, then read the field as its default, without an error or a
#   warning; fastavro reads the value from the same bytes. So one event says "compute-1" to one consumer and "unknown"
#   to another.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One environment each: the last two both install a package named avro.
for package in fastavro==1.13.1 avro-python3==1.10.2 avro==1.12.1; do
    python3 -m venv "$work/${package%%=*}"
    "$work/${package%%=*}/bin/pip" install --quiet --no-compile --disable-pip-version-check "$package" ||
        { echo "The packages cannot be installed here."; exit 2; }
done

cat >"$work/read.py" <<'PY'
import io
import json
import sys

OLD = {"type": "record", "name": "Fault", "fields": [{"name": "host", "type": "string"}]}
RENAMED = {"name": "node", "type": "string", "aliases": ["host"], "default": "unknown"}
NEW = {"type": "record", "name": "Fault", "fields": [RENAMED]}
RECORD = b"\x12compute-1"                   # {"host": "compute-1"}: the length, 9, as a zigzag number, and the text

if sys.argv[1] == "fastavro":
    import fastavro

    fault = fastavro.schemaless_reader(io.BytesIO(RECORD), OLD, NEW)
else:
    import avro.io
    import avro.schema

    parse = getattr(avro.schema, "Parse", None) or avro.schema.parse
    reader = avro.io.DatumReader(parse(json.dumps(OLD)), parse(json.dumps(NEW)))
    fault = reader.read(avro.io.BinaryDecoder(io.BytesIO(RECORD)))
print(fault["node"])
PY
declare -A node
echo "fastavro 1.13.1, avro-python3 1.10.2, avro 1.12.1"
echo 'expected: {"host": "compute-1"}, read by a schema where host is an alias of node, has node "compute-1"'
for library in fastavro avro-python3 avro; do
    node[$library]=$(timeout 60 "$work/$library/bin/python" "$work/read.py" "$library" 2>&1 | tail -n 1)
    echo "seen:     $library reads node \"${node[$library]}\""
done
if [ "${node[fastavro]} ${node[avro-python3]} ${node[avro]}" != "compute-1 unknown unknown" ]; then
    echo "Changed: the three libraries no longer differ as described in what they read from a renamed field."
    exit 1
fi
