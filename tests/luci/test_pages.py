"""The pages in Chromium, before a real goipd and a simulated box: what people do, step by step."""

import os
import unittest

import world
from browser import Browser
from router import READER, Router

PICTURES = world.ROOT / "target" / os.environ.get("GOIPD_LUCI_PICTURES", "luci")

HOSTILE = "<img src=/hacked onerror=window.hacked=1></script><script>window.hacked=1</script>\u202e%h &amp; {{}} "


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        PICTURES.mkdir(parents=True, exist_ok=True)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.world = world.World()
        self.addCleanup(self.world.close)
        self.router = Router(self.world)
        self.addCleanup(self.router.close)

    def tearDown(self):
        # The last page must not ask a router that is gone.
        self.browser.open("about:blank")
        self.assertEqual(self.browser.log(), [])

    def open(self, path, **session):
        self.browser.open(self.router.page(path, **session))

    def picture(self, name):
        self.browser.picture(PICTURES / f"{name}.png")

    def assert_harmless(self):
        """No script of a text ran, and none of it became an element."""
        self.assertIsNone(self.browser.run("return window.hacked === undefined ? null : window.hacked"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('#view img, .modal img').length"), 0)
        self.assertNotIn("/hacked", self.router.asked)

    def test_the_overview_shows_the_lines_and_follows_them(self):
        self.world.start()
        self.open("goipd/overview")
        self.browser.until_text("office/2")
        self.browser.until_text("ready")
        self.browser.click_word("Test the boxes")
        self.browser.until_text("shows the 2 lines configured", "#goipd-boxes")
        self.browser.until_text("vendor's default", "#goipd-boxes")
        self.picture("overview")
        self.world.tell("refuse 60000")
        self.browser.until_text("cannot be reached")
        self.picture("overview-down")

    def test_a_message_is_sent_by_the_form_and_seen_to_be_sent(self):
        self.world.start()
        self.open("goipd/messages")
        self.browser.until_text("There is no message yet.")
        self.browser.type("#goipd-to", "+49 151 12345678")
        self.browser.type("#goipd-text", "Pump 3 stopped €")
        self.browser.until_text("Segments: 1. Encoding: GSM-7. Characters left in this segment: 143.")
        self.browser.choose("#goipd-line", "office/2")
        self.browser.click_word("Send")
        self.browser.until_text("Message 1 is accepted.")
        self.browser.until_text("sent", "#goipd-messages .label")
        self.assertIn("Pump 3 stopped €", self.world.air())
        self.browser.click_word("Details")
        self.browser.until_text("+4915112345678", ".modal")
        self.picture("message")
        self.browser.click_word("Close")
        self.picture("messages")

    def test_a_refusal_is_told_beside_the_form(self):
        self.world.start()
        self.open("goipd/messages")
        self.browser.until_text("There is no message yet.")
        self.browser.type("#goipd-to", "12x")
        self.browser.type("#goipd-text", "hello")
        self.browser.click_word("Send")
        self.browser.until_text("'12x' is not a phone number")
        self.assertEqual(self.browser.run("return document.querySelector('#goipd-text').value"), "hello")

    def test_a_message_whose_answer_was_lost_is_sent_once_however_often_one_presses(self):
        self.world.start()
        self.router.loses_answer = True
        self.open("goipd/messages")
        self.browser.until_text("There is no message yet.")
        self.browser.type("#goipd-to", "12345")
        self.browser.type("#goipd-text", "once")
        self.browser.click_word("Send")
        self.browser.until_text("Press Send again", "#goipd-said")
        self.browser.click_word("Send")
        self.browser.until_text("Message 1 is accepted.", "#goipd-said")
        self.browser.type("#goipd-text", "twice")
        self.browser.click_word("Send")
        self.browser.until_text("Message 2 is accepted.", "#goipd-said")
        self.browser.until(lambda: "twice" in self.world.air(), "the second message on the air")
        self.assertEqual(self.world.air().count("once"), 1)

    def test_a_queued_message_is_cancelled(self):
        self.world.tell("refuse 60000")
        self.world.start()
        self.world.ask(op="send", to="+4915112345678", text="too early")
        self.open("goipd/messages")
        self.browser.click_word("Cancel")
        self.browser.until_text("cancelled", "#goipd-messages .label")
        self.assertEqual(self.world.ask(op="status", id=1)["state"], "cancelled")

    def test_a_failed_message_says_why_and_is_sent_again(self):
        self.world.tell("fault error +49151 2172")
        self.world.start()
        self.world.ask(op="send", to="+4915112345678", text="no credit")
        self.open("goipd/messages")
        self.browser.until_text("error 2172")
        self.picture("failed")
        self.world.tell("clear")
        self.browser.click_word("Send again")
        self.browser.until_text("several segments", ".modal")
        self.browser.click_word("Send again", ".modal button")
        self.browser.until_text("sent", "#goipd-messages .label")
        self.assertEqual(self.world.ask(op="status", id=1)["state"], "sent")

    def test_many_messages_are_turned_over_page_by_page(self):
        self.world.tell("refuse 600000")
        self.world.start()
        for number in range(1, 61):
            self.world.ask(op="send", to="12345", text=f"text {number}.")
        for number in (3, 40):
            self.world.ask(op="cancel", id=number)
        self.open("goipd/messages")
        self.browser.until_text("text 60.")
        self.browser.until_text("text 36.")
        self.assertNotIn("text 35.", self.browser.text())
        self.browser.click_word("Older")
        self.browser.until_text("text 11.")
        self.browser.click_word("Older")
        self.browser.until_text("text 1.")
        self.assertNotIn("text 11.", self.browser.text())
        self.browser.click_word("Newer")
        self.browser.until_text("text 11.")
        self.browser.click_word("Newest")
        self.browser.until_text("text 60.")
        self.browser.choose("#goipd-filter", "cancelled")
        self.browser.until_text("text 3.")
        self.assertIn("text 40.", self.browser.text())
        self.assertNotIn("text 60.", self.browser.text())
        self.browser.choose("#goipd-filter", "failed")
        self.browser.until_text("No message is in this state.")

    def test_a_hostile_text_that_was_sent_is_shown_as_it_is(self):
        self.world.start()
        text = HOSTILE + "x" * 500
        self.world.ask(op="send", to="12345", text=text)
        self.open("goipd/messages")
        self.browser.until_text("<img src=/hacked")
        self.browser.click_word("Details")
        self.browser.until_text(r"\u{202e}%h &amp; {{}} xxx", ".modal")
        self.picture("hostile")
        self.assert_harmless()

    def test_the_inbox_shows_what_comes_hostile_or_not_and_is_replied_to(self):
        self.world.start()
        self.open("goipd/inbox")
        self.browser.until_text("Nothing was received yet.")
        self.world.tell("sms 1 +4915199999999 Water is rising")
        self.browser.until_text("Water is rising")
        self.world.tell(f"sms 2 <b>evil</b> {HOSTILE}{'y' * 2800}")
        self.browser.until_text("<img src=/hacked")
        self.browser.until_text("<b>evil</b>")
        self.picture("inbox")
        self.assert_harmless()
        self.browser.click_word("Reply")
        self.browser.until_text("Reply to +4915199999999", ".modal")
        self.browser.type("#goipd-text", "Thank you")
        self.picture("reply")
        self.browser.click_word("Send", ".modal button")
        self.browser.until(lambda: "Thank you" in self.world.air(), "the reply on the air")

    def test_of_a_long_message_the_inbox_shows_the_whole_alone(self):
        config = self.world.config.read_text()
        self.world.config.write_text(config.replace("option inbox_interval", "option join '1'\n\toption inbox_interval"))
        self.world.start()
        self.open("goipd/inbox")
        self.browser.until_text("Nothing was received yet.")
        self.world.tell(f"sms 1 +4915199999999 {'a' * 153}")
        self.world.tell("sms 1 +4915199999999 and the end")
        self.browser.until_text("aaand the end")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#goipd-inbox tr').length"), 2)

    def test_numbers_that_have_opted_out_are_shown_added_and_removed(self):
        self.world.start()
        self.open("goipd/optouts")
        self.browser.until_text("Nobody has opted out.")
        self.browser.type("#goipd-number", "+49 151 12345678")
        self.browser.click_word("Add")
        self.browser.until_text("+4915112345678")
        self.picture("optouts")
        self.assertEqual(self.world.ask(op="send", to="+4915112345678", text="x")["error"], "opted_out")
        self.browser.type("#goipd-number", "12x")
        self.browser.click_word("Add")
        self.browser.until_text("'12x' is not a phone number")
        self.browser.click_word("Remove")
        self.browser.until_text("Nobody has opted out.")

    def test_who_may_only_read_gets_no_buttons_that_change_anything(self):
        self.world.tell("refuse 60000")
        self.world.start()
        self.world.ask(op="send", to="12345", text="waits")
        self.open("goipd/messages", session=READER)
        self.browser.until_text("waits")
        self.assertNotIn("Cancel", self.browser.text())
        self.assertEqual(self.browser.text("#goipd-compose"), "")
        self.open("goipd/settings", session=READER)
        self.browser.until_text("Time to live")
        self.assertTrue(self.browser.run("return document.getElementById('widget.cbid.goipd.main.ttl').disabled"))

    def test_every_page_says_what_to_do_when_goipd_does_not_run(self):
        for page in ("overview", "messages", "inbox", "optouts"):
            with self.subTest(page):
                self.open(f"goipd/{page}")
                self.browser.until_text("goipd is not running")
                self.browser.until_text("Settings")
                self.picture(f"{page}-not-running")

    def test_a_page_comes_back_when_goipd_does(self):
        self.open("goipd/overview")
        self.browser.until_text("goipd is not running")
        self.world.start()
        self.browser.until_text("office/1")

    def test_every_page_says_what_to_do_when_ubus_does_not_know_goipd(self):
        self.router.has_plugin = False
        for page in ("overview", "messages", "inbox", "optouts"):
            with self.subTest(page):
                self.open(f"goipd/{page}")
                self.browser.until_text("/etc/init.d/rpcd restart")

    def test_the_settings_say_what_to_do_where_there_is_no_configuration(self):
        self.world.config.unlink()
        self.open("goipd/settings")
        self.browser.until_text("The configuration of goipd cannot be read")
        self.assertNotIn("Save", self.browser.text())

    def test_the_settings_have_every_option_that_is_documented_and_no_other(self):
        documented = documented_options()
        text = self.world.config.read_text()
        for kind in set(documented) - {kind for kind, _, _ in world.parse(text)}:
            text += f"\nconfig {kind} 'one_{kind}'\n"
        self.world.config.write_text(text)
        self.open("goipd/settings")
        self.browser.until_text("Time to live")
        self.assertEqual(self.shown_options(), documented)

    def test_every_option_can_be_set_to_what_the_form_suggests(self):
        self.world.config.write_text(self.world.config.read_text() + MORE)
        self.open("goipd/settings")
        self.browser.until_text("Time to live")
        changed = {}
        for kind, name, _ in world.parse(self.world.config.read_text()):
            button = f"#view tr[data-sid={name}] .cbi-button-edit"
            if not self.browser.run("return document.querySelector(arguments[0])", button):
                continue
            self.turn_to(kind)
            self.browser.click(button)
            self.browser.until_text(name, ".modal h4")
            changed[kind] = self.browser.run(SUGGESTED, ".modal")
            self.browser.click_word("Save", ".modal button")
            self.browser.until(lambda: self.router.staged, "the change")
            self.browser.until(lambda: not self.browser.run(MODAL), "the end of the dialog")
        changed["others"] = self.browser.run(SUGGESTED, "#view")
        self.save_and_apply()
        self.browser.until(lambda: not self.router.staged, "the application")
        self.assertGreater(sum(map(len, changed.values())), 35, changed)
        checked = self.world.rpcd("check", {})
        self.assertEqual(checked["errors"], [], self.world.config.read_text())

    def shown_options(self):
        """Options by section type, of the page and of the dialogs that edit a section."""
        script = """
            const found = {};
            for (const field of document.querySelectorAll(arguments[0] + ' [data-field]')) {
                const [ , , section, option ] = field.dataset.field.split('.');
                (found[section] = found[section] || []).push(option);
            }
            return found;"""
        shown = {}
        sections = {name: kind for kind, name, _ in world.parse(self.world.config.read_text())}
        for section, options in self.browser.run(script, "#view").items():
            shown[sections[section]] = sorted(options)
        for name, kind in sections.items():
            if kind in shown:
                continue
            self.turn_to(kind)
            self.browser.click(f"#cbi-goipd-{kind} .cbi-button-edit")
            self.browser.until_text(name, ".modal h4")
            self.picture(f"settings-{kind}")
            shown[kind] = sorted(self.browser.run(script, ".modal")[name])
            self.browser.click_word("Dismiss", ".modal button")
        return shown

    def test_settings_that_are_saved_are_a_configuration_that_goipd_takes(self):
        self.world.start()
        self.open("goipd/settings")
        self.browser.until_text("Time to live")
        self.picture("settings")
        self.add("device", "mast")
        self.edit("mast", url="http://192.168.9.1", username="admin", password="it's # \"secret\"", lines="4")
        self.browser.click_word("Save", ".modal button")
        self.browser.until_text("http://192.168.9.1", "#cbi-goipd-device")
        self.picture("settings-devices")
        self.assertNotIn("secret", self.browser.text())
        self.turn_to("goipd")
        self.browser.type("[id='widget.cbid.goipd.main.ttl']", "7200")
        self.save_and_apply()
        self.browser.until(lambda: "mast" in self.world.config.read_text(), "the new device")
        self.browser.until(lambda: len(self.world.ask(op="lines")["lines"]) == 6, "its lines")
        sections = {name: values for _, name, values in world.parse(self.world.config.read_text())}
        self.assertEqual(sections["main"]["ttl"], "7200")
        self.assertEqual(sections["mast"]["password"], "it's # \"secret\"")
        self.assertEqual(sections["mast"]["lines"], "4")
        self.assertNotIn("exclusive", sections["mast"])
        self.assertEqual(sections["nagios"]["from"], ["192.168.1.0/24", "fd00::/8"])

    def save_and_apply(self):
        # A button; in LuCI itself it has a choice beside it.
        self.browser.click_word("Save & Apply", ".cbi-page-actions button, .cbi-page-actions li")

    def turn_to(self, kind):
        self.browser.run("document.querySelector(`li[data-tab='${arguments[0]}'] a`).click()", kind)

    def add(self, kind, name):
        self.turn_to(kind)
        self.browser.type(f"#cbi-goipd-{kind} .cbi-section-create-name", name)
        self.browser.click_word("Add", f"#cbi-goipd-{kind} .cbi-button-add")
        self.browser.until_text(name, ".modal h4")

    def edit(self, section, **values):
        for option, value in values.items():
            self.browser.type(f".modal [id='widget.cbid.goipd.{section}.{option}']", value)

    def test_settings_that_goipd_would_refuse_are_not_saved(self):
        self.open("goipd/settings")
        self.browser.until_text("Time to live")
        before = self.world.config.read_text()
        self.browser.type("[id='widget.cbid.goipd.main.ttl']", "59")
        self.save_and_apply()
        self.browser.until_text("Time to live", ".modal")
        self.picture("settings-refused")
        # LuCI throws what it has told, too.
        self.assertIn("invalid input value", "".join(self.browser.log()))
        self.assertEqual(self.world.config.read_text(), before)

    def test_a_configuration_that_goipd_refuses_is_explained_with_file_and_line(self):
        self.world.config.write_text(self.world.config.read_text().replace("option lines '2'", "option lines '99'"))
        for page in ("overview", "settings"):
            with self.subTest(page):
                self.open(f"goipd/{page}")
                self.browser.until_text("does not take this configuration")
                self.browser.until_text("option 'lines': '99'")
        self.picture("settings-mistake")

    def test_words_for_yes_other_than_1_stay_yes(self):
        text = self.world.config.read_text().replace("config relay 'lan'", "config relay 'lan'\n\toption metrics_open 'on'")
        self.world.config.write_text(text)
        self.open("goipd/settings")
        self.browser.until_text("Time to live")
        self.browser.type("[id='widget.cbid.goipd.main.ttl']", "7200")
        self.save_and_apply()
        self.browser.until(lambda: "7200" in self.world.config.read_text(), "the change")
        self.assertIn("option metrics_open 1", self.world.config.read_text())

    def test_segments_are_counted_as_goipd_counts_them(self):
        self.world.tell("refuse 600000")
        self.world.start()
        self.open("goipd/messages")
        self.browser.until_text("There is no message yet.")
        counted = self.browser.run(
            """const texts = arguments[0];
            return L.require('goipd.text').then(text => texts.map(t => text.shape(t)));""",
            TEXTS,
        )
        for text, shape in zip(TEXTS, counted, strict=True):
            reply = self.world.ask(op="send", to="12345", text=text)
            with self.subTest(text=text[:40], length=len(text)):
                self.assertTrue(reply["ok"], reply)
                self.assertEqual((shape["encoding"], shape["segments"]), (reply["encoding"], reply["segments"]))
                self.assertEqual(shape["bytes"], len(text.encode()))


# Sections that the other tests do without.
MORE = """
config reply 'hours'
	list pattern 'HOURS'
	option text 'We are open.'

config webhook 'crm'
	option url 'http://192.168.1.9/sms'
	option secret 'at-least-16-characters'

config hook 'forward'
	list command '/usr/bin/forward'
"""

# Sets every field to what it suggests, a choice to its last word, a box to the other state; gives the
# names of the options.
SUGGESTED = """
const names = [];
for (const field of document.querySelectorAll(arguments[0] + ' [data-field]')) {
    let found = false;
    for (const input of field.querySelectorAll('input, select')) {
        if (input.type === 'checkbox')
            input.click();
        else if (input.localName === 'select')
            input.selectedIndex = input.length - 1;
        else if (input.type !== 'hidden' && input.placeholder && !input.readOnly)
            input.value = input.placeholder;
        else
            continue;
        found = true;
        for (const name of ['input', 'keyup', 'change'])
            input.dispatchEvent(new Event(name, { bubbles: true }));
        input.dispatchEvent(new KeyboardEvent('keydown', { keyCode: 13, bubbles: true }));
    }
    if (found)
        names.push(field.dataset.field);
}
return names;"""

MODAL = "return document.body.classList.contains('modal-overlay-active');"

# Texts at every edge: of the alphabets, of a segment, and of pairs that must not be split.
TEXTS = [
    *("a" * n for n in (1, 159, 160, 161, 306, 307, 459, 460)),
    *("ć" * n for n in (1, 70, 71, 134, 135, 201, 202)),
    *("€" * n for n in (80, 81, 152, 153)),
    "a" * 158 + "€",
    "a" * 159 + "€",
    "a" * 151 + "€" + "a" * 153,
    "a" * 152 + "€" + "a" * 152,
    "a" * 152 + "€" + "a" * 151,
    "ć" * 68 + "😀",
    "ć" * 69 + "😀",
    "ć" * 65 + "😀" + "ć" * 67,
    "ć" * 66 + "😀" + "ć" * 66,
    "ć" * 66 + "😀" + "ć" * 65,
    "a" * 100 + "ć",
    "a`b",
    "\t",
    "\n" * 160,
    "\r\n" * 80,
    "\x0c^{}\\[~]|€" * 8,
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
    "Grüße, schöne Straße",
    "Ça va? Ñandú",
    "\u00a0",
    "e\u0301",
    "👩‍👩‍👧‍👦" * 6,
]


def documented_options():
    """Options by section type, of docs/configuration.md."""
    found, kind = {}, None
    for line in (world.ROOT / "docs" / "configuration.md").read_text().splitlines():
        if line.startswith("## "):
            kind = line.split("`")[1] if line.startswith("## Section type") else None
        elif kind and line.startswith("| `"):
            found.setdefault(kind, []).append(line.split("`")[1])
    return {kind: sorted(options) for kind, options in found.items()}


if __name__ == "__main__":
    unittest.main()
