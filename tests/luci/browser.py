"""Chromium, as a person at it: a client of chromedriver (W3C WebDriver) without any package."""

import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64decode

# No wait of a test is longer, on two busy processors.
PATIENCE_S = 20

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
    "--window-size=1200,900",
]

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Refused(AssertionError):
    """What chromedriver refused to do."""

    def __init__(self, answer):
        super().__init__(answer["message"])
        self.error = answer["error"]


class Browser:
    """One window, with a profile of its own that is removed in the end."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="goipd-chromium-")
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.url = None
        try:
            for line in self.driver.stdout:
                started = re.search(r"started successfully on port (\d+)", line)
                if started:
                    self.url = f"http://127.0.0.1:{started[1]}"
                    break
            assert self.url, "chromedriver does not start; 'make setup' installs it"
            options = {"binary": shutil.which("chromium"), "args": [*FLAGS, f"--user-data-dir={self.profile}"]}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = self.command("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self.url += f"/session/{session['sessionId']}"
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.url and "/session/" in self.url:
            self.command("DELETE", "")
        self.driver.terminate()
        self.driver.wait()
        self.driver.stdout.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def command(self, method, path, body=None):
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self.url + path, data, method=method)
        # A proxy knows nothing of a driver on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as refused:
            with refused:
                raise Refused(json.load(refused)["value"]) from None

    def open(self, url):
        self.command("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """The value of a JavaScript function's body."""
        return self.command("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, css):
        return self.command("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, css):
        self.command("POST", f"/element/{self.find(css)}/click", {})

    def click_word(self, word, css="button"):
        """Clicks what has exactly this word on it, as soon as it is there and can be clicked: a page
        that follows what happens may put another in its place at any moment."""
        script = """
            const found = Array.from(document.querySelectorAll(arguments[0]))
                .filter(e => e.textContent.trim() === arguments[1] && e.offsetParent && !e.disabled);
            return found.length ? found[0] : null;"""

        def clicked():
            element = self.run(script, css, word)
            if element is None:
                return False
            try:
                self.command("POST", f"/element/{element[ELEMENT]}/click", {})
            except Refused as refused:
                if refused.error in ("stale element reference", "element click intercepted"):
                    return False
                raise
            return True

        self.until(clicked, f"a {css} with '{word}'")

    def type(self, css, text):
        """Writes into a field, instead of what is there."""
        element = self.find(css)
        self.command("POST", f"/element/{element}/clear", {})
        self.command("POST", f"/element/{element}/value", {"text": text})

    def choose(self, css, value):
        self.run(
            """const select = document.querySelector(arguments[0]);
            select.value = arguments[1];
            for (const name of ['input', 'change'])
                select.dispatchEvent(new Event(name, { bubbles: true }));""",
            css,
            value,
        )

    def text(self, css="#view"):
        """What one can read there; nothing where it is not."""
        return self.run("const e = document.querySelector(arguments[0]); return e ? e.innerText : ''", css)

    def until(self, condition, what):
        """Waits for a condition, and gives its value."""
        end = time.monotonic() + PATIENCE_S
        while True:
            value = condition()
            if value:
                return value
            assert time.monotonic() < end, f"did not come: {what}\n{self.text('body')}\n{self.log()}"
            time.sleep(0.05)

    def until_text(self, words, css="#view"):
        """Waits until one can read these words there; a theme may show them in capitals."""
        self.until(lambda: words.lower() in self.text(css).lower(), f"'{words}'")

    def log(self):
        """The errors that the console got since it was asked last."""
        entries = self.command("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def picture(self, path):
        """The whole page, however long."""
        size = self.run("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        metrics = {"width": max(1200, size[0]), "height": max(900, size[1]), "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
        path.write_bytes(b64decode(self.command("GET", "/screenshot")))
        self.devtools("Emulation.clearDeviceMetricsOverride", {})

    def devtools(self, name, parameters):
        return self.command("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})
