#!/usr/bin/env python3
"""Writes the template that translators of the LuCI pages begin with, from the texts in the pages.

    scripts/luci-template.py            writes openwrt/luci-app-goipd/po/templates/goipd.pot
    scripts/luci-template.py --check    says whether it is in step with the pages
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "openwrt" / "luci-app-goipd"
TEMPLATE = APP / "po" / "templates" / "goipd.pot"

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n'
CALL = re.compile(r"\b_\(")
TEXT = re.compile(r"\b_\('((?:[^'\\]|\\.)*)'\)")


def texts():
    """Every text with the file that has it, in the order of the files."""
    for file in sorted((APP / "htdocs").rglob("*.js")):
        source = file.read_text()
        found = TEXT.findall(source)
        if len(found) != len(CALL.findall(source)):
            sys.exit(f"{file}: an argument of _() is no single text in single quotes")
        for text in found:
            yield re.sub(r"\\(.)", r"\1", text), file
    for file in sorted((APP / "root/usr/share").rglob("*.json")):
        for entry in json.loads(file.read_text()).values():
            yield entry.get("title") or entry["description"], file


def template():
    places = {}
    for text, file in texts():
        files = places.setdefault(text, [])
        if file not in files:
            files.append(file)
    entries = [HEAD]
    for text, files in sorted(places.items()):
        where = "".join(f"#: {file.relative_to(APP)}\n" for file in files)
        entries.append(f'{where}msgid {json.dumps(text, ensure_ascii=False)}\nmsgstr ""\n')
    return "\n".join(entries)


def main():
    if sys.argv[1:] == ["--check"]:
        if TEMPLATE.read_text() != template():
            sys.exit(f"{TEMPLATE.relative_to(ROOT)} is not in step with the pages: run scripts/luci-template.py")
    else:
        TEMPLATE.write_text(template())


main()
