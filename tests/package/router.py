"""A router that is none: a folder laid out as its root, in which the package's own scripts run under
BusyBox, and its own program, if need be under qemu, as the user that it has there.

`router/` holds what stands in for OpenWrt's shell functions; those of procd write down what they are
told, and `Router.procd` does with it what procd would.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from ipk import Ipk

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]

# What runs the program: by its package's architecture.
RUNNERS = {
    "mipsel": "qemu-mipsel-static",
    "mips": "qemu-mips-static",
    "arm": "qemu-arm-static",
    "aarch64": "qemu-aarch64-static",
    "x86": None,
}

# Of OpenWrt's BusyBox what our scripts and the stand-ins need; nothing else is there.
APPLETS = """[ basename cat chmod chown cut env find grep gzip head ln ls mkdir mktemp mv rm sed sh sha256sum sleep
sort tar touch true""".split()

# No test waits longer for anything.
PATIENCE_S = 20

# The user that the package's installation makes, and one who may use the socket.
GOIPD = 32768
MEMBER = 40000
STRANGER = 50000


def until(condition, what):
    """Waits until there is a value that is true, and gives it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


class Box:
    """A simulated GoIP."""

    def __init__(self, folder, port=0):
        self.log = folder / f"sim-{time.monotonic_ns()}.log"
        command = [TOP / "target/debug/goip-sim", "--listen", f"127.0.0.1:{port}", "--send-ms", "50"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log)
        first = until(self.log.read_text, "the simulated box listens")
        self.url = re.search(r"http://\S+", first)[0]
        self.port = self.url.rpartition(":")[2]

    def texts(self):
        """The texts that went on the air, in their order."""
        return re.findall(r'on the air: .*? "(.*?)" id', self.log.read_text())

    def stop(self):
        self.process.kill()
        self.process.wait()


class Instance:
    """An instance of the service as procd was told of it."""

    def __init__(self):
        self.params = {}
        self.jail = None
        self.ro, self.rw = [], []

    def __eq__(self, other):
        return isinstance(other, Instance) and vars(self) == vars(other)


class Router:
    def __init__(self, ipk):
        self.folder = Path(tempfile.mkdtemp(prefix="goipd-router-"))
        self.folder.chmod(0o755)
        self.root = self.folder / "root"
        self.ipk = Ipk(ipk)
        self.processes = {}
        self.running = {}
        shutil.copytree(HERE / "router", self.root)
        for name in ("bin", "dev", "etc/config", "etc/init.d", "procd", "proc/sys/kernel/random", "tmp/run", "usr/sbin"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "var").symlink_to("tmp")
        (self.root / "tmp").chmod(0o1777)
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/ash\n")
        self.write("etc/group", "root:x:0:\n")
        for name in ("uptime", "mounts", "sys/kernel/random/boot_id", "sys/kernel/hostname"):
            self.write(f"proc/{name}", Path("/proc", name).read_text())
        self.write("dev/urandom", os.urandom(4096))
        self.write("dev/null", "")
        (self.root / "dev/null").chmod(0o666)
        shutil.copy(shutil.which("busybox"), self.root / "bin/busybox")
        for applet in APPLETS:
            (self.root / "bin" / applet).symlink_to("busybox")
        self.bring("flock")
        arch = self.ipk.fields["Architecture"]
        self.runner = next(runner for start, runner in RUNNERS.items() if arch.startswith(start))
        if self.runner:
            shutil.copy(shutil.which(self.runner), self.root / "usr/bin/qemu")
        self.box = Box(self.folder)

    # -- files

    def write(self, name, content, mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        path.chmod(mode)

    def read(self, name):
        path = self.root / name
        return path.read_text() if path.exists() else ""

    def stat(self, name):
        """Owner, group and mode."""
        status = (self.root / name).lstat()
        return status.st_uid, status.st_gid, status.st_mode & 0o7777

    def bring(self, program):
        """A program of this machine, and the libraries that it needs."""
        path = shutil.which(program)
        needed = re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", path], capture_output=True, text=True).stdout)
        shutil.copy(path, self.root / "bin" / program)
        for library in needed:
            target = self.root / library.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)

    # -- programs

    def start(self, command, user=0, groups=(), **options):
        def enter():
            os.chroot(self.root)
            os.chdir("/")
            os.setgroups(groups)
            os.setgid(user)
            os.setuid(user)

        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **options.pop("env", {})}
        return subprocess.Popen(command, preexec_fn=enter, env=environment, **options)

    def tried(self, *command, user=0, groups=(), stdin="", **env):
        """How a command ends, and what it prints."""
        pipe = subprocess.PIPE
        process = self.start(command, user, groups, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=env)
        printed, _ = process.communicate(stdin, timeout=3 * PATIENCE_S)
        return process.returncode, printed

    def run(self, *command, ok=True, **options):
        """What a command prints; `ok` is whether it has to end well."""
        code, printed = self.tried(*command, **options)
        assert (code == 0) == ok, f"{command} ended with {code}: {printed}"
        return printed

    def goipctl(self, *words, **options):
        return self.run("/usr/bin/goipctl", *words, **options)

    # -- opkg

    def info(self, name):
        return f"usr/lib/opkg/info/{self.ipk.fields['Package']}.{name}"

    def install(self, upgrade=False):
        """Installs the package as opkg does; what it prints."""
        conffiles = self.ipk.text("conffiles").split()
        kept = {name: (self.root / name.lstrip("/")) for name in conffiles}
        kept = {name: path.read_bytes() for name, path in kept.items() if path.exists()}
        self.ipk.extract(self.root)
        for name, content in kept.items():
            path = self.root / name.lstrip("/")
            if content != path.read_bytes():
                path.rename(f"{path}-opkg")
            self.write(name.lstrip("/"), content, 0o600)
        for name, member in self.ipk.control.items():
            if member.isfile():
                self.write(self.info(name), self.ipk.content(name, "control"), member.mode)
        files = [f"/{name}" for name, member in self.ipk.data.items() if not member.isdir()]
        self.write(self.info("list"), "\n".join(files) + "\n")
        if self.runner:
            # The kernel here does not run the program by itself.
            (self.root / "usr/bin/goipctl").unlink()
            self.write("usr/bin/goipctl", '#!/bin/sh\nexec /usr/bin/qemu -0 goipctl /usr/sbin/goipd "$@"\n', 0o755)
        printed = self.run("/" + self.info("postinst"), "configure", PKG_UPGRADE="1" if upgrade else "0")
        self.procd()
        return printed

    def upgrade(self):
        printed = self.run("/" + self.info("prerm"), "upgrade", PKG_UPGRADE="1")
        self.procd()
        return printed + self.install(upgrade=True)

    def remove(self):
        printed = self.run("/" + self.info("prerm"), "remove")
        self.procd()
        conffiles = self.ipk.text("conffiles").split()
        for name in self.read(self.info("list")).split():
            if name not in conffiles:
                (self.root / name.lstrip("/")).unlink(missing_ok=True)
        return printed

    # -- configuration

    def configure(self, **options):
        """The shipped file with the box, and these options of section `goipd`."""
        text = self.read("etc/config/goipd")
        text = re.sub(r"option url '.*'", f"option url '{self.box.url}'", text)
        text = text.replace("option password 'secret'", "option password 'admin'")
        for name, value in options.items():
            text = re.sub(rf"#?\toption {name} '.*'", f"\toption {name} '{value}'", text, count=1)
        # As `uci commit` does it: another file with the same name, root's alone.
        self.write("etc/config/goipd.new", text, 0o600)
        (self.root / "etc/config/goipd.new").rename(self.root / "etc/config/goipd")

    # -- procd

    def service(self, action, ok=True):
        """Runs the init script; what it prints."""
        printed = self.run("/bin/sh", "/etc/rc.common", "/etc/init.d/goipd", action, ok=ok)
        self.procd()
        return printed

    def told(self):
        """The instances and the triggers that procd was told of."""
        instances, triggers = {}, []
        for line in self.read("procd/record").splitlines():
            kind, *words = line.split("\t")
            if kind == "instance":
                instance = instances[words[0]] = Instance()
            elif kind == "param":
                instance.params[words[0]] = words[1:]
            elif kind == "jail":
                instance.jail = words
            elif kind == "trigger":
                triggers.append(words)
            else:
                getattr(instance, kind).extend(words)
        for instance in instances.values():
            files = [self.root / name.lstrip("/") for name in instance.params.get("file", [])]
            instance.digests = [hashlib.md5(path.read_bytes()).hexdigest() for path in files]
        return instances, triggers

    def procd(self):
        """Does what procd does when it is told of a service: starts, signals, restarts, stops."""
        instances, _ = self.told()
        for name in {**self.running, **instances}:
            old, new = self.running.get(name), instances.get(name)
            alive = name in self.processes and self.processes[name].poll() is None
            if alive and new and old != new and "reload_signal" in new.params:
                self.processes[name].send_signal(getattr(signal, f"SIG{new.params['reload_signal'][0]}"))
            elif alive and old != new:
                self.end(name)
                alive = False
            if new and not alive:
                self.spawn(name, new)
        self.running = instances

    def spawn(self, name, instance):
        command = instance.params["command"]
        if self.runner and command[0] == "/usr/sbin/goipd":
            command = ["/usr/bin/qemu", *command]
        user = GOIPD if instance.params.get("user") == ["goipd"] else 0
        streams = [self.root / f"procd/{name}.{stream}" for stream in ("stdout", "stderr")]
        with streams[0].open("a") as stdout, streams[1].open("a") as stderr:
            self.processes[name] = self.start(command, user, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        self.write(f"procd/pid.{name}", str(self.processes[name].pid))

    def end(self, name):
        """As procd ends an instance: SIGTERM, and SIGKILL after the time it was told."""
        process = self.processes.pop(name)
        process.terminate()
        assert process.wait(timeout=int(self.running[name].params["term_timeout"][0])) == 0
        (self.root / f"procd/pid.{name}").unlink()

    def crash(self, name="goipd"):
        """The instance dies, and procd starts it again."""
        self.processes[name].kill()
        self.processes[name].wait()
        self.procd()

    def is_up(self, name="goipd"):
        return name in self.processes and self.processes[name].poll() is None

    def wait_until_up(self, socket="/var/run/goipd/goipd.sock"):
        until(lambda: self.tried("/usr/bin/goipctl", "--socket", socket, "ping")[0] == 0, "goipd answers")

    def log(self):
        """What the daemon and the scripts have told."""
        return self.read("procd/goipd.stdout") + self.read("procd/goipd.stderr") + self.read("procd/log")

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.box.stop()
        shutil.rmtree(self.folder)
