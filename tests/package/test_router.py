"""The package on a router that is none: installed, configured, used, upgraded, removed.

    GOIPD_IPK=dist/goipd_…_mipsel_24kc.ipk python3 test_router.py

As root only: the scripts run in a root of their own, and the program as a user of its own.
"""

import json
import os
import re
import shutil
import sys
import unittest
from pathlib import Path

from router import GOIPD, MEMBER, STRANGER, Box, Router, until

IPK = os.environ.get("GOIPD_IPK")

NUMBER = "+4915112345678"


class OnRouter(unittest.TestCase):
    def setUp(self):
        self.router = Router(IPK)
        self.addCleanup(self.router.close)
        self.router.install()

    def enable(self, **options):
        """Has the service run."""
        self.router.configure(enabled=1, **options)
        self.router.service("start")
        self.router.wait_until_up()

    def send(self, text):
        return self.router.goipctl("send", "--wait", NUMBER, text)


class Installation(OnRouter):
    def test_a_fresh_router_has_a_user_and_a_token_and_waits_for_its_owner(self):
        router = self.router
        self.assertIn("goipd:x:32768:32768:goipd:/var/run/goipd:/bin/false\n", router.read("etc/passwd"))
        self.assertIn("goipd:x:32768:\n", router.read("etc/group"))
        self.assertTrue((router.root / "etc/rc.d/S95goipd").is_symlink())
        self.assertTrue((router.root / "etc/rc.d/K10goipd").is_symlink())
        self.assertFalse((router.root / "etc/uci-defaults/90-goipd").exists())
        instances, triggers = router.told()
        self.assertEqual((instances, triggers[0]), ({}, ["reload", "goipd"]))
        config = router.read("etc/config/goipd")
        self.assertEqual(router.stat("etc/config/goipd"), (0, 0, 0o600))
        shipped = router.ipk.content("etc/config/goipd").decode()
        self.assertTrue(config.startswith(shipped))
        self.assertRegex(config[len(shipped) :], r"^\nconfig client 'first'\n\toption token '[0-9a-f]{32}'\n")
        self.assertEqual(router.goipctl("check"), "ok: /etc/config/goipd: 1 device, 1 line\n")

    def test_every_router_gets_another_token_and_keeps_it(self):
        other = Router(IPK)
        self.addCleanup(other.close)
        other.write("dev/urandom", os.urandom(4096))
        other.install()
        tokens = [re.findall(r"option token '([0-9a-f]+)'", r.read("etc/config/goipd")) for r in (self.router, other)]
        self.assertEqual([len(found) for found in tokens], [1, 1])
        self.assertNotEqual(*tokens)
        other.upgrade()
        self.assertEqual(re.findall(r"option token '([0-9a-f]+)'", other.read("etc/config/goipd")), tokens[1])

    def test_without_its_user_it_does_not_start_as_root(self):
        router = self.router
        router.configure(enabled=1)
        router.write("etc/passwd", "root:x:0:0:root:/root:/bin/ash\n")
        self.assertIn("there is no user 'goipd'", router.service("start"))
        self.assertEqual(router.told()[0], {})


class Service(OnRouter):
    def test_procd_is_told_all_that_goipd_needs_and_nothing_secret(self):
        router = self.router
        router.write("sbin/ujail", "", 0o755)
        router.configure(enabled=1)
        router.run("/bin/sh", "/etc/rc.common", "/etc/init.d/goipd", "start")
        instances, triggers = router.told()
        self.assertEqual(list(instances), ["goipd"])
        instance = instances["goipd"]
        self.assertEqual(
            instance.params,
            {
                "command": "/usr/sbin/goipd -c /var/run/goipd/config --shown-as /etc/config/goipd".split(),
                "user": ["goipd"],
                "group": ["goipd"],
                "no_new_privs": ["1"],
                "file": ["/var/run/goipd/config"],
                "reload_signal": ["HUP"],
                "respawn": ["3600", "5", "0"],
                "term_timeout": ["15"],
                "stdout": ["1"],
                "stderr": ["1"],
            },
        )
        self.assertEqual(instance.jail, ["goipd", "procfs"])
        self.assertEqual(instance.ro, ["/etc/group", "/etc/hosts", "/etc/resolv.conf", "/etc/TZ", "/etc/ssl/certs"])
        self.assertEqual(instance.rw, ["/var/run/goipd", "/etc/goipd"])
        self.assertEqual(triggers, [["reload", "goipd"], ["mount", "/etc/goipd"]])
        self.assertNotIn("admin", router.read("procd/record"))

    def test_the_jail_has_the_certificates_that_a_webhook_names(self):
        router = self.router
        router.write("sbin/ujail", "", 0o755)
        router.configure(enabled=1)
        # The package without https would refuse the file.
        router.write("check", "#!/bin/sh\n", 0o755)
        (router.root / "check").rename(router.root / "usr/bin/goipctl")
        webhook = "\nconfig webhook 'crm'\n\toption url 'https://crm.lan'\n\toption ca_file '/etc/crm-ca.pem'\n"
        router.write("etc/config/goipd", router.read("etc/config/goipd") + webhook, 0o600)
        router.run("/bin/sh", "/etc/rc.common", "/etc/init.d/goipd", "start")
        ro = router.told()[0]["goipd"].ro
        self.assertEqual(ro, ["/etc/group", "/etc/hosts", "/etc/resolv.conf", "/etc/TZ", "/etc/ssl/certs", "/etc/crm-ca.pem"])
        # A jail that stands has no new file.
        self.assertIn("ca_file", router.run("/bin/sh", "-c", ". /etc/init.d/goipd; places /etc/config/goipd"))

    def test_it_runs_as_its_own_user_and_lets_root_and_its_group_use_it(self):
        router = self.router
        self.enable()
        self.assertEqual(router.stat("tmp/run/goipd"), (GOIPD, GOIPD, 0o755))
        self.assertEqual(router.stat("tmp/run/goipd/config"), (GOIPD, GOIPD, 0o400))
        self.assertEqual(router.stat("tmp/run/goipd/goipd.sock"), (GOIPD, GOIPD, 0o660))
        self.assertEqual(router.stat("etc/goipd"), (GOIPD, GOIPD, 0o700))
        self.assertEqual(router.stat("etc/config/goipd"), (0, 0, 0o600))
        self.assertEqual(os.listdir(router.root / "tmp/run"), ["goipd"])
        pid = router.processes["goipd"].pid
        status = Path(f"/proc/{pid}/status").read_text()
        self.assertIn(f"Uid:\t{GOIPD}\t{GOIPD}\t{GOIPD}\t{GOIPD}\n", status)

        self.assertEqual(self.send("by root"), "1 queued\n1 sent\n")
        self.assertEqual(router.stat("etc/goipd/journal-00000001.log")[:2], (GOIPD, GOIPD))
        by_member = router.goipctl("send", NUMBER, "by a member", user=MEMBER, groups=[GOIPD])
        self.assertEqual(by_member, "2 queued\n")
        refused = router.goipctl("send", NUMBER, "by a stranger", user=STRANGER, ok=False)
        self.assertIn("run it as root, or as a member of the socket's group", refused)
        until(lambda: router.box.texts() == ["by root", "by a member"], "both are on the air")
        self.assertIn("message 1 sent on office/1", router.read("procd/goipd.stdout"))

    def test_a_rewritten_configuration_is_taken_over_without_a_restart(self):
        router = self.router
        self.enable()
        pid = router.processes["goipd"].pid
        router.configure(ttl=60, log_level="debug")
        router.service("reload")
        until(lambda: "configuration reloaded; changed: goipd" in router.log(), "goipd has taken it over")
        self.assertEqual(router.processes["goipd"].pid, pid)
        self.assertEqual(router.stat("tmp/run/goipd/config"), (GOIPD, GOIPD, 0o400))
        self.assertIn("option ttl '60'", router.read("tmp/run/goipd/config"))
        self.assertEqual(self.send("after it"), "1 queued\n1 sent\n")
        router.configure(enabled=0)
        router.service("reload")
        self.assertFalse(router.is_up())

    def test_a_bad_configuration_is_told_and_what_runs_goes_on(self):
        router = self.router
        self.enable()
        before = router.read("tmp/run/goipd/config")
        for action in ("reload", "start"):
            router.configure(ttl="1h")
            printed = router.service(action, ok=False)
            self.assertRegex(printed, r"goipd: /etc/config/goipd:\d+: option 'ttl': '1h' is no whole number")
            self.assertIn("daemon.err goipd: /etc/config/goipd:", router.read("procd/log"))
            self.assertEqual(router.read("tmp/run/goipd/config"), before)
            self.assertTrue(router.is_up())
        router.service("stop")
        self.assertFalse(router.is_up())
        router.service("start")
        self.assertFalse(router.is_up())
        self.assertEqual(router.told()[1], [["reload", "goipd"]])
        router.configure(ttl=3600)
        router.service("reload")
        router.wait_until_up()

    def test_other_places_take_a_restart_because_the_jail_has_the_old_ones(self):
        router = self.router
        router.write("sbin/ujail", "", 0o755)
        self.enable()
        pid = router.processes["goipd"].pid
        router.configure(state_dir="/etc/sms", socket="/var/run/sms/socket")
        router.service("reload")
        router.wait_until_up("/var/run/sms/socket")
        self.assertNotEqual(router.processes["goipd"].pid, pid)
        self.assertEqual(router.stat("etc/sms"), (GOIPD, GOIPD, 0o700))
        self.assertEqual(router.stat("tmp/run/sms"), (GOIPD, GOIPD, 0o755))
        rw = router.told()[0]["goipd"].rw
        self.assertEqual(rw, ["/var/run/goipd", "/etc/sms", "/var/run/sms"])
        # rpcd finds it there, and so does the service.
        self.assertIn('"uptime":', router.run("/usr/libexec/rpcd/goipd", "call", "status", stdin="{}"))
        self.assertIn("office/1", router.service("health"))

    def test_the_override_of_uci_is_what_counts_and_what_errors_name(self):
        router = self.router
        router.configure(enabled=1)
        router.write("var/run/uci/goipd", router.read("etc/config/goipd").replace("'main'", "'other'"), 0o600)
        router.configure(enabled=0)
        router.service("start")
        router.wait_until_up()
        self.assertEqual(router.told()[0]["goipd"].params["command"][-1], "/var/run/uci/goipd")
        self.assertIn("'other'", router.read("tmp/run/goipd/config"))

    def test_root_writes_through_no_link_of_goipds(self):
        router = self.router
        self.enable()
        link = router.root / "tmp/run/goipd/config"
        before = router.read("etc/passwd")
        link.unlink()
        link.symlink_to("/etc/passwd")
        (router.root / "etc/goipd/journal-00000099.log").symlink_to("/etc/passwd")
        router.service("stop")
        router.service("start")
        self.assertEqual(router.read("etc/passwd"), before)
        self.assertEqual(router.stat("etc/passwd"), (0, 0, 0o644))
        self.assertFalse(link.is_symlink())

    def test_it_waits_for_the_disk_that_its_journal_is_on(self):
        router = self.router
        router.write("procd/mountpoints", "/mnt/sd\n")
        router.configure(enabled=1, state_dir="/mnt/sd/goipd")
        self.assertIn("waits for /mnt/sd", router.service("start"))
        self.assertFalse(router.is_up())
        self.assertFalse((router.root / "mnt/sd").exists())
        self.assertIn(["mount", "/mnt/sd/goipd"], router.told()[1])
        router.write("proc/mounts", "/dev/sda1 /mnt/sd ext4 rw 0 0\n")
        router.service("restart")
        router.wait_until_up()
        self.assertTrue((router.root / "mnt/sd/goipd/lock").exists())

    def test_after_a_crash_the_messages_are_there(self):
        router = self.router
        self.enable()
        router.box.stop()
        router.goipctl("send", NUMBER, "through a crash")
        router.crash()
        router.box = Box(router.folder, router.box.port)
        router.wait_until_up()
        self.assertIn("sent", until(lambda: re.search("state +sent", router.goipctl("status", "1")), "it is sent")[0])
        self.assertEqual(router.box.texts(), ["through a crash"])

    def test_a_stop_has_the_journal_at_rest_when_it_returns(self):
        router = self.router
        self.enable()
        self.send("before the stop")
        router.service("stop")
        self.assertFalse(router.is_up())
        self.assertIn("stopped", router.log())
        self.assertFalse((router.root / "tmp/run/goipd/goipd.sock").exists())

    def test_health_shows_figures_and_lines_and_fails_without_the_daemon(self):
        router = self.router
        router.run("/bin/sh", "/etc/rc.common", "/etc/init.d/goipd", "health", ok=False)
        self.enable()
        printed = router.service("health")
        self.assertRegex(printed, r"version +\d")
        self.assertRegex(printed, r"\noffice/1 ")


class Hooks(OnRouter):
    def test_hooks_are_roots_and_outside_of_the_jail_and_come_and_go_with_their_sections(self):
        router = self.router
        router.write("sbin/ujail", "", 0o755)
        self.enable()
        self.assertEqual(list(router.told()[0]), ["goipd"])
        router.write("etc/hotplug.d/goip/10-tell", 'echo "$GOIP_EVENT $GOIP_ID $GOIP_TEXT" >>/tmp/told\n')
        without = router.read("etc/config/goipd")
        hook = "\nconfig hook 'hotplug'\n\toption command '/sbin/hotplug-call goip'\n\tlist event '%s'\n"
        router.write("etc/config/goipd", without + hook % "sent", 0o600)
        router.service("reload")
        hooks = router.told()[0]["hooks"]
        # What it runs stands in a file that only root can write.
        self.assertEqual(hooks.params["command"], "/usr/bin/goipctl hooks -c /etc/config/goipd".split())
        self.assertEqual(hooks.params["respawn"], ["3600", "5", "0"])
        self.assertNotIn("user", hooks.params)
        self.assertIsNone(hooks.jail)
        # What was sent before it has asked for events is not for it.
        told = until(lambda: self.send("Pump 3; $(id)") and router.read("tmp/told"), "the hook has run")
        self.assertRegex(told, r"^sent \d+ Pump 3; \$\(id\)\n")

        pid = router.processes["hooks"].pid
        router.write("etc/config/goipd", without + hook % "queued", 0o600)
        router.service("reload")
        self.assertEqual(router.processes["hooks"].pid, pid)
        until(lambda: self.send("again") and "queued" in router.read("tmp/told"), "the hook has changed")

        router.write("etc/config/goipd", without, 0o600)
        router.service("reload")
        self.assertFalse(router.is_up("hooks"))
        self.assertTrue(router.is_up())


class Ubus(OnRouter):
    def call(self, method, **arguments):
        printed = self.router.run("/usr/libexec/rpcd/goipd", "call", method, stdin=json.dumps(arguments))
        return json.loads(printed)

    def test_rpcd_has_every_method(self):
        methods = json.loads(self.router.run("/usr/libexec/rpcd/goipd", "list"))
        self.assertEqual(methods["message"], {"id": 32})
        self.assertEqual(self.call("check")["ok"], True)
        self.assertEqual(self.call("lines")["error"], "unreachable")
        self.enable()
        sent = self.call("send", ubus_rpc_session="0" * 32, to=NUMBER, text="by ubus\n2nd line")
        self.assertEqual((sent["id"], sent["state"], sent["segments"]), (1, "queued", 1))
        until(lambda: self.call("message", id=1)["state"] == "sent", "it is sent")
        self.assertEqual([m["text"] for m in self.call("list", limit=10)["messages"]], ["by ubus\n2nd line"])
        self.assertEqual(self.call("cancel", id=1)["error"], "too_late")
        self.assertEqual([line["line"] for line in self.call("lines")["lines"]], ["office/1"])
        self.assertEqual(self.call("status")["counters"]["sent"], 1)
        findings = self.call("check", live=True)["findings"]
        self.assertEqual([finding["level"] for finding in findings], ["ok", "warning"])


class Upgrade(OnRouter):
    def test_an_upgrade_keeps_configuration_and_journal(self):
        router = self.router
        self.enable(keep_events="500")
        self.send("before")
        router.box.stop()
        router.goipctl("send", NUMBER, "through the upgrade")
        config = router.read("etc/config/goipd")
        printed = router.upgrade()
        self.assertNotIn("messages stay", printed)
        self.assertEqual(router.read("etc/config/goipd"), config)
        self.assertEqual(router.stat("etc/config/goipd"), (0, 0, 0o600))
        self.assertTrue((router.root / "etc/config/goipd-opkg").exists())
        router.box = Box(router.folder, router.box.port)
        router.wait_until_up()
        until(lambda: router.box.texts() == ["through the upgrade"], "it is sent, once, and the other not again")
        self.assertRegex(router.goipctl("status", "1"), "text +before")

    def test_a_removal_leaves_the_journal_and_says_so(self):
        router = self.router
        self.enable()
        self.send("the last one")
        self.assertIn("goipd's messages stay in /etc/goipd; 'rm -r /etc/goipd' removes them.", router.remove())
        self.assertFalse(router.is_up())
        self.assertEqual(os.listdir(router.root / "etc/rc.d"), [])
        self.assertFalse((router.root / "usr/sbin/goipd").exists())
        self.assertTrue((router.root / "etc/goipd/journal-00000001.log").exists())

    def test_a_removal_names_the_place_that_is_configured(self):
        self.enable(state_dir="/etc/sms")
        self.assertIn("goipd's messages stay in /etc/sms; 'rm -r /etc/sms' removes them.", self.router.remove())

    def test_a_backup_has_the_configuration_and_not_the_journal(self):
        router = self.router
        self.enable()
        self.send("not into the backup")
        listed = router.run("/sbin/sysupgrade", "-l").split()
        self.assertIn("/etc/config/goipd", listed)
        self.assertFalse([name for name in listed if name.startswith("/etc/goipd/")])
        router.run("/sbin/sysupgrade", "-b", "/tmp/backup.tgz")
        self.assertNotIn("journal", router.run("tar", "-tzf", "/tmp/backup.tgz"))
        self.assertTrue(router.is_up())

    def test_wherever_the_journal_lies_upgrades_have_it_and_backups_do_not(self):
        router = self.router
        for place in ("/etc/goipd/", "/etc/sms", "/root/sms/"):
            with self.subTest(place):
                self.enable(state_dir=place)
                self.send("into the journal")
                journal = f"{place.rstrip('/')}/journal-00000001.log"
                self.assertNotIn(journal, router.run("/sbin/sysupgrade", "-l").split())
                router.run("/sbin/sysupgrade", "image")
                router.processes.pop("goipd").wait()
                kept = router.run("tar", "-tzf", "/tmp/sysupgrade.tgz").split()
                self.assertIn(journal.lstrip("/"), kept)
                self.assertFalse([name for name in kept if name.endswith("/lock")])
        router.write("proc/mounts", "/dev/sda1 /mnt/sd ext4 rw 0 0\n")
        self.enable(state_dir="/mnt/sd/goipd")
        router.run("/sbin/sysupgrade", "image")
        self.assertNotIn("mnt/sd", router.run("tar", "-tzf", "/tmp/sysupgrade.tgz"))

    def test_a_new_firmware_finds_the_journal_of_the_old_at_rest(self):
        old = self.router
        self.enable()
        self.send("before")
        old.box.stop()
        old.goipctl("send", NUMBER, "through the firmware")
        old.run("/sbin/sysupgrade", "image")
        old.processes.pop("goipd").wait()
        kept = old.run("tar", "-tzf", "/tmp/sysupgrade.tgz").split()
        self.assertIn("etc/goipd/journal-00000001.log", kept)
        self.assertNotIn("etc/goipd/lock", kept)

        # The package is installed again, and its user has another number.
        new = Router(IPK)
        self.addCleanup(new.close)
        new.box.stop()
        shutil.unpack_archive(old.root / "tmp/sysupgrade.tgz", new.root, "gztar")
        for path in (new.root / "etc/goipd").iterdir():
            os.chown(path, STRANGER, STRANGER)
        new.install()
        new.box = Box(new.folder, old.box.port)
        new.wait_until_up()
        until(lambda: new.box.texts() == ["through the firmware"], "it is sent, once, and the other not again")
        self.assertEqual(new.stat("etc/goipd/journal-00000001.log")[:2], (GOIPD, GOIPD))

    def test_a_journal_from_the_past_sends_nothing_again(self):
        router = self.router
        self.enable()
        self.send("before the copy")
        # Seen by the copy as one that still waits.
        router.box.stop()
        router.goipctl("send", NUMBER, "in the copy")
        router.service("stop")
        shutil.copytree(router.root / "etc/goipd", router.root / "copy")
        router.box = Box(router.folder, router.box.port)
        router.service("start")
        until(lambda: router.box.texts() == ["in the copy"], "it is sent")
        router.wait_until_up()
        self.send("after the copy")
        router.service("stop")
        shutil.rmtree(router.root / "etc/goipd")
        shutil.copytree(router.root / "copy", router.root / "etc/goipd")
        router.service("start")
        router.wait_until_up()
        status = until(lambda: re.search(r"problem +journal_restored", router.goipctl("status", "2")), "it is unknown")
        self.assertTrue(status)
        self.assertEqual(router.box.texts(), ["in the copy", "after the copy"])
        self.assertEqual(self.send("from now on").splitlines()[-1].split()[1], "sent")


if __name__ == "__main__":
    if os.getuid() != 0:
        sys.exit("test_router.py: not run, because it needs root")
    sys.exit(unittest.main())
