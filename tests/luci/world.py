"""A GoIP, simulated, and the real goipd in front of it, with a configuration that LuCI may change."""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "target" / "debug"

# Nothing here takes longer to start.
PATIENCE_S = 20


class World:
    def __init__(self, lines=2, send_ms=200):
        self.folder = Path(tempfile.mkdtemp(prefix="goipd-luci-"))
        self.config = self.folder / "config"
        self.socket = self.folder / "sock"
        # The names by which the programs know what they are.
        self.goipctl = self.folder / "goipctl"
        self.goipctl.symlink_to(PROGRAMS / "goipd")
        self.goipd = None
        self.box = subprocess.Popen(
            [PROGRAMS / "goip-sim", "--lines", str(lines), "--send-ms", str(send_ms), "--control", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.box.stdout.readline().split()[-1]
        host, port = self.box.stdout.readline().split()[-1].split(":")
        self.control = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self.configure(lines)

    def configure(self, lines):
        self.config.write_text(
            f"""
config goipd 'main'
	option socket '{self.socket}'
	option state_dir '{self.folder}/state'
	option volatile '1'
	option ttl '3600'

config device 'office'
	option url '{self.url}'
	option username 'admin'
	option password 'admin'
	option lines '{lines}'
	option inbox_interval '1'
	option status_interval '1'

config relay 'lan'
	list listen '127.0.0.1:0'

config client 'nagios'
	option token 'a-token-of-this-test'
	list allow 'send'
	list allow 'read'
	list from '192.168.1.0/24'
	list from 'fd00::/8'
	option rate '30'
"""
        )

    def start(self):
        with open(self.folder / "log", "a") as log:
            self.goipd = subprocess.Popen([PROGRAMS / "goipd", "-c", self.config], stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE_S
        while True:
            with socket.socket(socket.AF_UNIX) as attempt:
                if attempt.connect_ex(str(self.socket)) == 0:
                    return
            assert self.goipd.poll() is None and time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.01)

    def stop(self):
        if self.goipd:
            self.goipd.send_signal(signal.SIGTERM)
            self.goipd.wait()
            self.goipd = None

    def reload(self):
        """What procd does after the configuration was changed."""
        if self.goipd:
            self.goipd.send_signal(signal.SIGHUP)

    def tell(self, command):
        """A command for the simulated box, such as a message that comes."""
        self.control.sendall(command.encode() + b"\n")
        self.control.recv(4096)

    def air(self):
        """What went out, as the box lists it."""
        self.control.sendall(b"air\n")
        return self.control.recv(65536).decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stop()
        self.control.close()
        self.box.kill()
        self.box.wait()
        self.box.stdout.close()
        shutil.rmtree(self.folder)

    def rpcd(self, method, arguments):
        """What the plugin prints that rpcd runs for a call."""
        command = [self.goipctl, "rpcd", "call", method]
        if method == "check":
            # It looks at /etc/config/goipd; this is the same check of another file.
            live = ["--live"] if arguments.get("live") else []
            command = [self.goipctl, "--json", "check", *live, "--shown-as", "/etc/config/goipd", self.config]
        output = subprocess.run(
            command,
            input=json.dumps(arguments),
            env={**os.environ, "GOIPD_SOCKET": str(self.socket)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return json.loads(output.stdout)

    def ask(self, **request):
        """The daemon's own answer, without LuCI."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            stream = connection.makefile("rw", encoding="utf-8", newline="\n")
            print(json.dumps(request), file=stream, flush=True)
            return json.loads(stream.readline())


def parse(text):
    """The sections of a file in UCI syntax, in order: (type, name, values)."""
    sections = []
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "config":
            sections.append((words[1], words[2], {}))
        elif words[0] == "option":
            sections[-1][2][words[1]] = words[2]
        else:
            sections[-1][2].setdefault(words[1], []).append(words[2])
    return sections


def written(sections):
    """The file with these sections."""
    lines = []
    for kind, name, values in sections:
        lines.append(f"\nconfig {kind} {shlex.quote(name)}\n")
        for option, value in values.items():
            if isinstance(value, list):
                lines += [f"\tlist {option} {shlex.quote(item)}\n" for item in value]
            else:
                lines.append(f"\toption {option} {shlex.quote(value)}\n")
    return "".join(lines)
