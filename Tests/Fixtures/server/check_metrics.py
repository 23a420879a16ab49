"""Reads a page of metrics with Prometheus' own parser (prometheus_client) and checks what the parser lets pass.

check_metrics.py FILE; prints name|version|backend of the model.
"""

import sys

from prometheus_client.parser import text_string_to_metric_families

families = list(text_string_to_metric_families(open(sys.argv[1], newline="", encoding="utf-8").read()))
names = [family.name for family in families]
assert len(names) == len(set(names)), "a family is there twice"
seen = set()
for family in families:
    assert family.documentation, f"{family.name} has no help"
    assert family.type in ("counter", "gauge", "histogram"), f"{family.name} is of type {family.type}"
    assert family.samples, f"{family.name} has no samples"
    buckets = {}
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        assert key not in seen, f"{key} is there twice"
        seen.add(key)
        assert sample.value >= 0, f"{key} is {sample.value}"
        if family.type == "counter":
            assert sample.name.endswith("_total"), f"{sample.name} is a counter without _total"
        if family.type == "histogram" and sample.name.endswith("_bucket"):
            labels = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
            buckets.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
    for labels, pairs in buckets.items():
        assert pairs == sorted(pairs) and pairs[-1][0] == float("inf"), f"{family.name}{labels} is not sorted"
        assert all(a[1] <= b[1] for a, b in zip(pairs, pairs[1:])), f"{family.name}{labels} is not cumulative"
        count = [s.value for s in family.samples if s.name == f"{family.name}_count"
                 and tuple(sorted(s.labels.items())) == labels]
        assert count == [pairs[-1][1]], f"{family.name}{labels} counts {count}"
info = next(family for family in families if family.name == "skiff_model_info").samples[0].labels
sys.stdout.write("|".join([info["name"], info["version"], info["backend"]]))
