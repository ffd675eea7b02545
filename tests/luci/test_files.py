"""The files of the LuCI pages, without a browser."""

import json
import re
import subprocess
import sys
import unittest

import world
from router import APP

PAGES = sorted((APP / "htdocs").rglob("*.js"))

# Who may call what of the program without its pages.
PROGRAMS = world.ROOT / "openwrt/files/goipd.acl.json"


class Files(unittest.TestCase):
    def test_every_page_is_javascript(self):
        self.assertTrue(PAGES)
        for page in PAGES:
            with self.subTest(page.name):
                checked = subprocess.run(["node", "--check", page], capture_output=True, text=True)
                self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_no_page_makes_elements_of_text(self):
        ways = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write|dom\.parse|\beval\b")
        for page in PAGES:
            with self.subTest(page.name):
                self.assertIsNone(ways.search(page.read_text()))

    def test_the_template_for_translators_is_in_step_with_the_pages(self):
        subprocess.run([sys.executable, world.ROOT / "scripts" / "luci-template.py", "--check"], check=True)

    def test_every_menu_entry_has_a_page_and_an_access_group(self):
        groups = self.groups()
        for name, entry in self.read("luci/menu.d").items():
            if entry["action"]["type"] == "view":
                with self.subTest(name):
                    view = APP / "htdocs/luci-static/resources/view" / f"{entry['action']['path']}.js"
                    self.assertTrue(view.is_file())
                    self.assertLessEqual(set(entry["depends"]["acl"]), set(groups))

    def test_the_access_groups_name_the_methods_that_goipd_has_on_ubus(self):
        with world.World() as box:
            output = subprocess.run([box.goipctl, "rpcd", "list"], check=True, capture_output=True, text=True).stdout
        methods = set(json.loads(output))
        self.assertEqual(self.named([json.loads(PROGRAMS.read_text())["goipd"]]), methods)
        # Boxes and lines are switched by programs and by people at the shell, not on the pages.
        self.assertEqual(self.named(self.groups().values()), methods - {"line", "ussd", "device"})

    def named(self, groups):
        methods = set()
        for group in groups:
            for level in ("read", "write"):
                methods |= set(group[level].get("ubus", {}).get("goipd", []))
        return methods

    def test_what_changes_something_needs_the_right_to_write(self):
        changing = {"send", "cancel", "resend", "optout", "line", "ussd", "device"}
        for group in [json.loads(PROGRAMS.read_text())["goipd"], *self.groups().values()]:
            self.assertFalse(changing & set(group["read"].get("ubus", {}).get("goipd", [])))

    def groups(self):
        return self.read("rpcd/acl.d")

    def read(self, folder):
        return json.loads((APP / "root/usr/share" / folder / "luci-app-goipd.json").read_text())


if __name__ == "__main__":
    unittest.main()
