"""What published Python programs for a GoIP do, against the relay: the URL is all that they change.

Environment: RELAY, and TOKEN of the client 'nagios'.
"""

import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import requests

PAGES = os.environ["RELAY"] + "/default/en_US"
LOGIN = {"u": "nagios", "p": os.environ["TOKEN"]}
BASIC = ("nagios", os.environ["TOKEN"])

# No request takes longer, and no message.
PATIENCE_S = 20


def ask(method, page, **options):
    answer = requests.request(method, f"{PAGES}/{page}", timeout=PATIENCE_S, **options)
    assert answer.status_code == 200, (page, answer.status_code, answer.text)
    assert answer.headers["Content-Type"] in ("text/html", "text/xml"), answer.headers
    # The box has no charset; programs know that it is UTF-8.
    answer.encoding = "utf-8"
    return answer


def sent(answer, line, number):
    """The id in the answer to a send, as the wrappers look for it."""
    found = re.search(r"Sending,L(\d+) Send SMS to:(\+?\d+); ID:([0-9a-f]{8})", answer.text)
    assert found, answer.text
    assert (found[1], found[2]) == (str(line), number), answer.text
    return found[3]


def until_done(line, job, **options):
    """Polls the status page until that job has ended, and gives its error."""
    start = time.monotonic()
    while True:
        page = ElementTree.fromstring(ask("GET", "send_status.xml", **options).content)
        assert page.tag == "send-sms-status"
        assert page.findtext(f"id{line}") == job, ElementTree.tostring(page)
        status, error = page.findtext(f"status{line}"), page.findtext(f"error{line}")
        if status == "DONE":
            return error
        assert (status, error) == ("STARTED", ""), (status, error)
        assert time.monotonic() - start < PATIENCE_S, f"{job} does not end"
        time.sleep(0.05)


def a_get_with_a_form_in_its_body():
    """requests.get(url, data=...): the one that most wrappers have."""
    fields = {**LOGIN, "l": 1, "n": "+4915112345678", "m": "Pumpe 3 läuft, 50 % & mehr"}
    job = sent(ask("GET", "send.html", data=fields), 1, "+4915112345678")
    assert until_done(1, job, data=LOGIN) == ""


def a_query_and_a_post():
    fields = {**LOGIN, "l": 2, "n": "12345"}
    job = sent(ask("GET", "send.html", params={**fields, "m": "by the query"}), 2, "12345")
    assert until_done(2, job, params=LOGIN) == ""
    job = sent(ask("POST", "send.html", data={**fields, "m": "by POST"}), 2, "12345")
    assert until_done(2, job, params=LOGIN) == ""


def nobody_meets_busy():
    def send(place):
        fields = {**LOGIN, "l": 1, "n": f"1234{place}", "m": f"at once {place}"}
        return sent(ask("GET", "send.html", data=fields), 1, f"1234{place}")

    with ThreadPoolExecutor(5) as pool:
        jobs = list(pool.map(send, range(5)))
    assert len(set(jobs)) == 5, jobs
    # The last message is shown; those before it have gone out by then.
    assert until_done(1, max(jobs), params=LOGIN) == ""


def a_wrong_login():
    for page in ("send.html", "send_status.xml"):
        answer = ask("GET", page, data={**LOGIN, "p": "wrong"})
        assert answer.text.strip() == "ERROR,user or password error", answer.text
    answer = requests.get(f"{PAGES}/tools.html", params={"type": "sms_inbox"}, timeout=PATIENCE_S)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm="), answer.headers


def the_inbox():
    page = ask("GET", "tools.html", params={"type": "sms_inbox"}, auth=BASIC).text
    lists = re.findall(r"sms= (\[.*?\]);\s*(?:pos=\d+;\s*)?sms_row_insert\(l(\d+)_sms_store", page)
    assert [line for _, line in lists] == ["1", "2"], page
    for slots, _ in lists:
        assert json.loads(slots) == [""] * 20, slots
    assert re.findall(r'"(\d\d-\d\d \d\d:\d\d:\d\d),([^,"]+),((?:[^"\\]|\\.)*)"', page) == []


def the_lines():
    answer = ask("GET", "status.xml", params={"type": "list"}, auth=BASIC)
    page = ElementTree.fromstring(answer.content)
    for line in (1, 2):
        assert page.findtext(f"l{line}_gsm_status") == "Y", answer.text
        assert page.findtext(f"l{line}_line_state") in ("IDLE", "BUSY"), answer.text
    assert page.find("l3_gsm_status") is None


def the_boxs_other_pages():
    for page in ("reboot.html", "config.html", "status.html", "tools.html?type=upgrade"):
        for method in ("GET", "POST"):
            answer = requests.request(method, f"{PAGES}/{page}", auth=BASIC, timeout=PATIENCE_S)
            assert answer.status_code == 404, (method, page, answer.status_code)


a_get_with_a_form_in_its_body()
a_query_and_a_post()
nobody_meets_busy()
a_wrong_login()
the_inbox()
the_lines()
the_boxs_other_pages()
