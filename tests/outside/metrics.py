"""The relay's figures, read by Prometheus' own parser and held against the table in the document.

Argument: the document. Environment: RELAY, and TOKEN of a client that may read.
"""

import os
import re
import sys

import requests
from prometheus_client.parser import text_string_to_metric_families


def documented(path):
    """The names of the table below 'Metrics', each with its labels; and those that not every line or
    device has."""
    with open(path, encoding="utf-8") as file:
        section = file.read().split("\n## Metrics\n")[1].split("\n## ")[0]
    labels, partial = {}, set()
    for row in re.findall(r"^\| (`.*)$", section, re.MULTILINE):
        cells = row.split(" | ")
        for name in re.findall(r"`([a-z_]+)`", cells[0]):
            labels[name] = set(re.findall(r"`([a-z_]+)`", cells[1]))
            if re.search(r"\b([Oo]nly|where)\b", row):
                partial.add(name)
    # A row of two names lists the labels of the first.
    labels["goipd_uptime_seconds"] = set()
    return labels, partial


def kind(name):
    """What a name says of its type."""
    if name.endswith("_total"):
        return "counter"
    return "summary" if name == "goipd_device_request_seconds" else "gauge"


answer = requests.get(
    os.environ["RELAY"] + "/metrics",
    headers={"Authorization": "Bearer " + os.environ["TOKEN"]},
    timeout=20,
)
assert answer.status_code == 200, answer.text
assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", answer.headers
expected, partial = documented(sys.argv[1])
assert len(expected) >= 15, expected

seen = {}
for family in text_string_to_metric_families(answer.text):
    # The parser takes the ending off counters.
    name = family.name + ("_total" if family.type == "counter" else "")
    assert name in expected, f"{name} is not documented"
    assert family.type == kind(name), (name, family.type)
    assert family.documentation, f"{name} has no help"
    assert family.samples or name in partial, f"{name} has no sample"
    seen[name] = family
    names = {name, name + "_sum", name + "_count"} if family.type == "summary" else {name}
    for sample in family.samples:
        assert sample.name in names, sample
        assert set(sample.labels) == expected[name], sample
        assert sample.value >= 0, sample
missing = set(expected) - set(seen)
assert not missing, f"documented, but not there: {missing}"


def value(name, **labels):
    return [s.value for s in seen[name].samples if labels.items() <= s.labels.items()]


assert value("goipd_messages", state="sent", line="office/1") == [1], seen["goipd_messages"]
assert value("goipd_last_message_id") == [1]
assert value("goipd_line_up", line="office/1") == [1]
assert value("goipd_device_requests_total", device="office", request="send", result="ok") == [1]
assert value("goipd_http_requests_total", status="2xx") >= [2]
