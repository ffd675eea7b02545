"""A client that may send and nothing else.

Environment: RELAY, and SEND_ONLY and ADMIN, the tokens of the clients 'siren' and 'boss'.
"""

import os

import requests

RELAY = os.environ["RELAY"]
# One connection for everything, as a session keeps it.
SESSION = requests.Session()
SESSION.headers["Authorization"] = "Bearer " + os.environ["SEND_ONLY"]

accepted = SESSION.post(f"{RELAY}/v1/messages", json={"to": "+4915112345678", "text": "an alarm"}, timeout=20)
assert accepted.status_code == 202, accepted.text
assert accepted.headers["Location"] == f"/v1/messages/{accepted.json()['id']}"
for path in ("/v1/messages", accepted.headers["Location"], "/v1/lines", "/metrics"):
    refused = SESSION.get(RELAY + path, timeout=20)
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden"), (path, refused.text)
    assert "list allow 'read'" in refused.json()["message"], refused.text

# It goes out all the same, as somebody sees who may see everything.
boss = requests.get(
    f"{RELAY}{accepted.headers['Location']}",
    params={"wait": 20},
    auth=("boss", os.environ["ADMIN"]),
    timeout=30,
)
assert boss.json()["state"] == "sent", boss.text
