#!/usr/bin/env bash
# opentelemetry-exporter-prometheus 0.66b2 on opentelemetry-sdk 1.45.2.
#
# Expected: where the names of two attributes become the same label, "their values MUST be concatenated together,
#   separated by ;" (OpenTelemetry's specification, "Prometheus and OpenMetrics Compatibility", on metric attributes);
#   and a scrape has each series once (Prometheus, "Exposition formats": each line must have a unique combination of
#   name and labels).
# Seen:     of host.name and host_name, given to one count, one value is dropped. Two counts that differ in these
#   names alone are written as the same series twice, with two values.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    opentelemetry-sdk==1.45.2 opentelemetry-exporter-prometheus==0.66b2 prometheus_client==0.26.0 ||
    { echo "The packages cannot be installed here."; exit 2; }

timeout 60 "$work/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, generate_latest

meter = MeterProvider([PrometheusMetricReader()]).get_meter("monitor")
faults = meter.create_counter("faults")
faults.add(1, {"host.name": "compute-1", "host_name": "reporter-7"})
fences = meter.create_counter("fences")
fences.add(5, {"host.name": "compute-1"})
fences.add(7, {"host_name": "compute-1"})
lines = generate_latest(REGISTRY).decode().splitlines()
seen = [line for line in lines if line.startswith(("faults_total{", "fences_total{"))]
one_count = [line for line in seen if line.startswith("faults")]
two_counts = [line.rsplit(" ", 1)[0] for line in seen if line.startswith("fences")]

print("opentelemetry-exporter-prometheus", version("opentelemetry-exporter-prometheus"))
print('expected: faults_total with host_name="compute-1;reporter-7"; fences_total{host_name="compute-1"} once')
for line in seen:
    print("seen:    ", line)
kept = sum(name in one_count[0] for name in ("compute-1", "reporter-7"))
if not (len(one_count) == 1 and kept == 1 and len(two_counts) == 2 and len(set(two_counts)) == 1):
    sys.exit("Changed: the exporter no longer drops one of two attributes whose label is the same.")
PY
