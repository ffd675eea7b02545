"""The router, as a browser sees it: LuCI's files, its page around a view, and ubus over HTTP.

What LuCI's own files are: the small ones of `standin/`, or the real ones, for who has them:
GOIPD_LUCI names a folder with `luci-static/` in it, made of htdocs of luci-base and of a theme.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import world

HERE = Path(__file__).resolve().parent
APP = Path(os.environ.get("GOIPD_LUCI_APP", world.ROOT / "openwrt" / "luci-app-goipd"))
LUCI = Path(os.environ.get("GOIPD_LUCI", HERE / "standin"))

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}

# ubus codes.
OK, INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED = 0, 2, 4, 6

# Sessions, and whether they may write.
SESSIONS = {"11111111111111111111111111111111": True, "22222222222222222222222222222222": False}
WRITER, READER = SESSIONS

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="/luci-static/bootstrap/cascade.css">
<script src="/luci-static/resources/cbi.js"></script></head>
<body><header><a class="brand" href="/">router</a><div id="indicators" class="pull-right"></div></header>
<div id="maincontent" class="container"><div id="tabmenu"><ul class="tabs">{tabs}</ul></div>
<script src="/luci-static/resources/luci.js"></script>
<script>L = new LuCI({environment});</script>
<div id="view"><script>L.require('ui').then(ui => ui.instantiateView('{path}'));</script></div>
</div></body></html>"""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A browser that has left its page hangs up."""


class Router:
    def __init__(self, box):
        self.world = box
        # What people do with a router that does not have the plugin, or whose rpcd is old.
        self.has_plugin = True
        # Whether the answer to the next `send` is lost.
        self.loses_answer = False
        # Options that were set and not applied yet.
        self.staged = None
        self.asked = []
        self.lock = threading.Lock()
        self.acl = json.loads((APP / "root/usr/share/rpcd/acl.d/luci-app-goipd.json").read_text())
        self.menu = json.loads((APP / "root/usr/share/luci/menu.d/luci-app-goipd.json").read_text())
        router = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                router.get(self)

            def do_POST(self):
                router.post(self)

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def page(self, path, session=WRITER):
        return f"{self.url}/cgi-bin/luci/admin/services/{path}?session={session}"

    # HTTP

    def answer(self, handler, status, kind, body):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def get(self, handler):
        path, _, query = handler.path.partition("?")
        self.asked.append(path)
        if path.startswith("/cgi-bin/luci/"):
            session = query.partition("session=")[2] or WRITER
            return self.answer(handler, 200, "text/html", self.frame(path, session).encode())
        if path == "/favicon.ico":
            return self.answer(handler, 204, "image/png", b"")
        for root in (APP / "htdocs", LUCI):
            file = (root / path[1:]).resolve()
            if file.is_relative_to(root) and file.is_file():
                return self.answer(handler, 200, TYPES.get(file.suffix, "text/plain"), file.read_bytes())
        return self.answer(handler, 404, "text/plain", b"not found")

    def frame(self, path, session):
        """What the theme and LuCI's dispatcher make of a menu entry."""
        name = path.removeprefix("/cgi-bin/luci/")
        entry = self.menu[name]
        tabs = "".join(
            f'<li class="{"active" if other == name else ""}"><a href="/cgi-bin/luci/{other}?session={session}">'
            f"{child['title']}</a></li>"
            for other, child in self.menu.items()
            if child["action"]["type"] == "view"
        )
        environment = {
            "media": "/luci-static/bootstrap",
            "resource": "/luci-static/resources",
            "scriptname": "/cgi-bin/luci",
            "documentroot": "/www",
            "pollinterval": 5,
            "ubuspath": "/ubus/",
            "sessionid": session,
            "token": "token",
            "nodespec": {"satisfied": True, "readonly": not SESSIONS[session]},
            "apply_rollback": 30,
            "apply_holdoff": 0.1,
            "apply_timeout": 5,
            "apply_display": 0.1,
        }
        return PAGE.format(
            title=entry["title"], tabs=tabs, environment=json.dumps(environment), path=entry["action"]["path"]
        )

    def post(self, handler):
        path = handler.path.partition("?")[0].rstrip("/")
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if path.startswith("/ubus"):
            request = json.loads(body)
            many = isinstance(request, list)
            replies = [self.call(one) for one in (request if many else [request])]
            reply = json.dumps(replies if many else replies[0]).encode()
            return self.answer(handler, 200, "application/json", reply)
        if path == "/cgi-bin/cgi-exec":
            # Who asks, so that LuCI can tell whether it cuts itself off.
            return self.answer(handler, 200, "application/json", b"{}")
        if path.startswith("/cgi-bin/luci/admin/uci/"):
            if path.endswith("/apply_rollback") and self.apply():
                return self.answer(handler, 200, "application/json", b'{"token":"t"}')
            return self.answer(handler, 204, "text/plain", b"")
        return self.answer(handler, 404, "text/plain", b"not found")

    # ubus

    def call(self, request):
        reply = {"jsonrpc": "2.0", "id": request.get("id")}
        if request["method"] == "list":
            return {**reply, "result": {}}
        session, target, method, arguments = request["params"]
        if not self.allowed(session, "ubus", target, method):
            return {**reply, "error": {"code": -32002, "message": "Access denied"}}
        with self.lock:
            code, data = self.invoke(session, target, method, arguments)
        if code is None:
            return {**reply, "error": {"code": -32000, "message": "Object not found"}}
        return {**reply, "result": [code] if data is None else [code, data]}

    def allowed(self, session, scope, name, action):
        """Whether the access lists of the package, or LuCI's own, let this session do that."""
        if scope == "ubus" and name in ("session", "luci", "file", "uci"):
            return True
        levels = ["read", "write"] if SESSIONS.get(session) else ["read"]
        for group in self.acl.values():
            for level in levels:
                granted = group.get(level, {}).get(scope, {})
                if scope == "uci" and level == action and name in granted:
                    return True
                if scope == "ubus" and action in granted.get(name, []):
                    return True
        return False

    def invoke(self, session, target, method, arguments):
        if target == "goipd":
            if not self.has_plugin:
                return None, None
            # uhttpd tells every object whose request it is.
            answer = self.world.rpcd(method, {**arguments, "ubus_rpc_session": session})
            if method == "send" and self.loses_answer:
                self.loses_answer = False
                answer = {"error": "unknown", "message": "the answer was lost"}
            return OK, answer
        if target == "uci":
            return self.uci(session, method, arguments)
        if target == "session" and method == "access":
            level = arguments["function"]
            return OK, {"access": self.allowed(session, arguments["scope"], arguments["object"], level)}
        # What LuCI asks for by itself: its features, its preloaded classes.
        return OK, {}

    def uci(self, session, method, arguments):
        config = arguments.get("config")
        if config not in (None, "goipd"):
            return OK, {"values": {}}
        if method == "changes":
            return OK, {"changes": {"goipd": self.staged[1]} if self.staged else {}}
        level = "read" if method == "get" else "write"
        if not self.allowed(session, "uci", config, level):
            return PERMISSION_DENIED, None
        if not self.world.config.exists():
            return NOT_FOUND, None
        sections = self.staged[0] if self.staged else world.parse(self.world.config.read_text())
        if method == "get":
            values = {
                name: {".anonymous": False, ".type": kind, ".name": name, ".index": index, **values}
                for index, (kind, name, values) in enumerate(sections)
            }
            return OK, {"values": values}
        changes = self.staged[1] if self.staged else []
        self.staged = (sections, changes)
        found = next((s for s in sections if s[1] == arguments.get("section")), None)
        changes.append([method, arguments.get("section") or arguments.get("name")])
        if method == "add":
            name = arguments.get("name") or f"cfg{len(sections):02x}4a8b"
            sections.append((arguments["type"], name, dict(arguments.get("values") or {})))
            return OK, {"section": name}
        if method == "set":
            found[2].update(arguments["values"])
        elif method == "delete" and arguments.get("options") is None:
            sections.remove(found)
        elif method == "delete":
            for option in arguments["options"]:
                found[2].pop(option, None)
        else:
            return INVALID_ARGUMENT, None
        return OK, None

    def apply(self):
        """Makes the changes the configuration, as rpcd and procd do."""
        if not self.staged:
            return False
        self.world.config.write_text(world.written(self.staged[0]))
        self.staged = None
        self.world.reload()
        return True

