"""The packages in dist/, field by field and mode by mode."""

import hashlib
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from ipk import Ipk, parse_fields

TOP = Path(__file__).resolve().parents[2]
DIST = TOP / "dist"
IPKS = sorted(DIST.glob("*.ipk"))

# Where a file of the package comes from, and its mode.
FILES = {
    "etc/config/goipd": ("goipd.config", 0o600),
    "etc/init.d/goipd": ("goipd.init", 0o755),
    "etc/uci-defaults/90-goipd": ("goipd.defaults", 0o755),
    "lib/upgrade/goipd.sh": ("goipd.upgrade", 0o644),
    "lib/upgrade/keep.d/goipd": ("goipd.keep", 0o644),
    "usr/libexec/rpcd/goipd": ("goipd.rpcd", 0o755),
    "usr/sbin/goipd": (None, 0o755),
    "usr/share/rpcd/acl.d/goipd.json": ("goipd.acl.json", 0o644),
}

# What readelf says of the program for an architecture that begins so, and what runs it here.
MACHINES = {
    "mipsel": ("ELF32", "little endian", "MIPS", "qemu-mipsel-static"),
    "mips": ("ELF32", "big endian", "MIPS", "qemu-mips-static"),
    "arm": ("ELF32", "little endian", "ARM", "qemu-arm-static"),
    "aarch64": ("ELF64", "little endian", "AArch64", "qemu-aarch64-static"),
    "x86": ("ELF64", "little endian", "X86-64", "qemu-x86_64-static"),
}

# OpenWrt's own scripts, word by word.
SCRIPT = """#!/bin/sh
[ "${IPKG_NO_SCRIPT}" = "1" ] && exit 0
[ -s ${IPKG_INSTROOT}/lib/functions.sh ] || exit 0
. ${IPKG_INSTROOT}/lib/functions.sh
default_%s $0 $@
"""


def setting(name, file="Cargo.toml"):
    """The value of `NAME = "VALUE"` or `NAME:=VALUE` in a file."""
    for line in (TOP / file).read_text().splitlines():
        for separator in (" = ", ":="):
            if line.startswith(name + separator):
                return line.removeprefix(name + separator).strip('"')
    raise KeyError(name)


VERSION = setting("version")


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def machine(ipk):
    """What readelf says of its program, and what runs it here."""
    arch = ipk.fields["Architecture"]
    return next(words for start, words in MACHINES.items() if arch.startswith(start))


def packages(start=""):
    """Those whose names begin so, with their paths."""
    found = [(path, Ipk(path)) for path in IPKS if path.name.startswith(start)]
    assert found, f"there is no package {start}*.ipk in {DIST}; run 'make ipk'"
    return found


class Package(unittest.TestCase):
    def test_an_ipk_is_three_archives_of_root_with_the_time_of_the_sources(self):
        for path, ipk in packages():
            with self.subTest(path.name):
                self.assertEqual(ipk.outer, ["./debian-binary", "./data.tar.gz", "./control.tar.gz"])
                self.assertEqual(ipk.version, b"2.0\n")
                members = [*ipk.members, *ipk.data.values(), *ipk.control.values()]
                owners = {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members}
                self.assertEqual(owners, {(0, 0, "", "", int(ipk.fields["SourceDateEpoch"]))})
                for archive in (ipk.data, ipk.control):
                    self.assertEqual(list(archive), sorted(archive))

    def test_the_fields_are_openwrts_in_its_order(self):
        epochs = os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "--format=%ct", cwd=TOP)
        for path, ipk in packages("goipd"):
            with self.subTest(path.name):
                name, version, arch = path.stem.split("_", 2)
                https = {"Depends": "ca-bundle", "Conflicts": "goipd", "Provides": "goipd"} if "https" in name else {}
                epoch = ipk.fields["SourceDateEpoch"]
                self.assertIn(epoch, epochs.split(), "built of other sources; run 'make ipk'")
                expected = {
                    "Package": name,
                    "Version": f"{VERSION}-r{setting('PKG_RELEASE', 'openwrt/Makefile')}",
                    **https,
                    "License": setting("license"),
                    "Section": "net",
                    "Require-User": "goipd:goipd",
                    "SourceDateEpoch": epoch,
                    "Maintainer": setting("PKG_MAINTAINER", "openwrt/Makefile"),
                    "Architecture": arch,
                    "Installed-Size": str(len(ipk.tars["data"])),
                }
                description = ipk.fields.pop("Description")
                self.assertEqual(list(ipk.fields.items()), list(expected.items()))
                self.assertEqual(version, expected["Version"])
                self.assertIn("UNIX socket", description)
                self.assertEqual("https" in description, "https" in name)

    def test_the_versions_are_the_programs(self):
        self.assertEqual(setting("PKG_VERSION", "openwrt/Makefile"), VERSION)

    def test_every_file_is_there_with_its_mode_and_no_other(self):
        for path, ipk in packages("goipd"):
            with self.subTest(path.name):
                files = {name: m.mode for name, m in ipk.data.items() if m.isfile()}
                self.assertEqual(files, {name: mode for name, (_, mode) in FILES.items()})
                links = {name: m.linkname for name, m in ipk.data.items() if m.issym()}
                self.assertEqual(links, {"usr/bin/goipctl": "../sbin/goipd"})
                folders = {m.mode for m in ipk.data.values() if m.isdir()}
                self.assertEqual(folders, {0o755})
                for name, (source, _) in FILES.items():
                    if source:
                        self.assertEqual(ipk.content(name), (TOP / "openwrt/files" / source).read_bytes(), name)

    def test_the_document_names_every_file_and_no_other(self):
        document = (TOP / "docs/openwrt.md").read_text()
        section = document.split("\n## What lies where\n")[1].split("\n## ")[0]
        named = re.findall(r"^\| `/(\S+)` \|", section, re.MULTILINE)
        made_later = {"etc/goipd", "var/run/goipd"}
        self.assertEqual(set(named), {*FILES, "usr/bin/goipctl", *made_later})

    def test_the_scripts_are_openwrts_and_the_packages_own_stand_beside_them(self):
        for path, ipk in packages():
            with self.subTest(path.name):
                for name in ("postinst", "prerm"):
                    self.assertEqual(ipk.text(name), SCRIPT % name)
                modes = {name: m.mode for name, m in ipk.control.items() if m.isfile()}
                for name, mode in modes.items():
                    self.assertEqual(mode, 0o644 if name in ("control", "conffiles") else 0o755, name)
        for path, ipk in packages("goipd"):
            with self.subTest(path.name):
                own = {"conffiles", "control", "postinst", "postinst-pkg", "prerm", "prerm-pkg"}
                self.assertEqual({name for name, m in ipk.control.items() if m.isfile()}, own)
                self.assertEqual(ipk.text("conffiles"), "/etc/config/goipd\n")

    def test_the_program_is_static_stripped_and_knows_no_path_of_this_machine(self):
        for path, ipk in packages("goipd"):
            with self.subTest(path.name):
                *words, qemu = machine(ipk)
                with tempfile.TemporaryDirectory() as folder:
                    elf = Path(folder) / "goipd"
                    elf.write_bytes(ipk.content("usr/sbin/goipd"))
                    elf.chmod(0o755)
                    header = run("readelf", "--file-header", "--program-headers", "--sections", elf)
                    for word in words:
                        self.assertIn(word, header)
                    for word in ("INTERP", "DYNAMIC", ".symtab", ".debug"):
                        self.assertNotIn(word, header)
                    for place in (str(TOP), "/.cargo/", "/registry/", "/rustlib/", "/home/", "/root/"):
                        self.assertNotIn(place.encode(), elf.read_bytes(), place)
                    if shutil.which(qemu):
                        self.assertEqual(run(qemu, elf, "--version"), f"goipd {VERSION}\n")

    def test_the_same_program_packed_elsewhere_is_the_same_package(self):
        for path, ipk in packages("goipd")[:1]:
            with self.subTest(path.name):
                with tempfile.TemporaryDirectory() as folder:
                    folder = Path(folder)
                    shutil.copytree(TOP / "openwrt", folder / "elsewhere" / "openwrt")
                    program = folder / "program"
                    program.write_bytes(ipk.content("usr/sbin/goipd"))
                    environment = {**os.environ, "SOURCE_DATE_EPOCH": ipk.fields["SourceDateEpoch"], "TZ": "Asia/Tokyo"}
                    pack = folder / "elsewhere/openwrt/pack.sh"
                    fields = ipk.fields
                    os.umask(0o077)
                    run(pack, fields["Package"], fields["Architecture"], program, folder, env=environment)
                    os.umask(0o022)
                    self.assertEqual((folder / path.name).read_bytes(), path.read_bytes())

    def test_the_index_names_every_package_with_size_and_digest(self):
        text = (DIST / "Packages").read_text()
        self.assertEqual(gzip.decompress((DIST / "Packages.gz").read_bytes()).decode(), text)
        blocks = [parse_fields(block) for block in text.strip("\n").split("\n\n")]
        self.assertEqual([block["Filename"] for block in blocks], [path.name for path in IPKS])
        for block, (path, ipk) in zip(blocks, packages()):
            content = path.read_bytes()
            self.assertEqual(block.pop("Filename"), path.name)
            self.assertEqual(block.pop("Size"), str(len(content)))
            self.assertEqual(block.pop("SHA256sum"), hashlib.sha256(content).hexdigest())
            self.assertEqual(block, ipk.fields)

    def test_every_method_of_the_permissions_is_one_of_goipctls(self):
        ipk = packages("goipd")[0][1]
        acl = json.loads(ipk.content("usr/share/rpcd/acl.d/goipd.json"))["goipd"]
        allowed = {way: set(acl[way]["ubus"]["goipd"]) for way in ("read", "write")}
        listed = self.listed(ipk)
        self.assertEqual(allowed["read"] | allowed["write"], set(listed))
        self.assertFalse(allowed["read"] & allowed["write"])

    def listed(self, ipk):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "goipctl"
            program.write_bytes(ipk.content("usr/sbin/goipd"))
            program.chmod(0o755)
            return json.loads(run(machine(ipk)[3], program, "rpcd", "list"))

    def test_an_app_is_for_every_router_and_has_no_program(self):
        for path, ipk in packages("luci-app"):
            with self.subTest(path.name):
                self.assertEqual(ipk.fields["Architecture"], "all")
                self.assertEqual(ipk.fields["Depends"], "luci-base, goipd")
                self.assertEqual(ipk.fields["Version"].split("-")[0], VERSION)
                files = {name: m.mode for name, m in ipk.data.items() if m.isfile()}
                self.assertEqual(set(files.values()), {0o644})
                for name in files:
                    self.assertRegex(name, r"^(www/luci-static/resources/.*\.js|usr/share/.*\.json)$")


if __name__ == "__main__":
    sys.exit(unittest.main())
