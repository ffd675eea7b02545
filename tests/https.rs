//! Webhooks through TLS, against a server that is not ours: Python's, with certificates of OpenSSL.
//! Only with the feature `https` there is anything to test.

#![cfg(feature = "https")]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use common::receiver::{self, Request};
use common::{Daemon, Folder, config, field, slow_box};

const SECRET: &str = "0123456789abcdef";

/// Serves one request after the other: prints it, and answers as its path says.
const SERVER: &str = r#"
import socket, ssl, sys, time
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(20)
print(listener.getsockname()[1], flush=True)
while True:
    plain, _ = listener.accept()
    try:
        with context.wrap_socket(plain, server_side=True) as stream:
            data = b""
            while b"\r\n\r\n" not in data:
                data += stream.recv(4096)
            head, body = data.split(b"\r\n\r\n", 1)
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            while len(body) < int(fields[b"content-length"]):
                body += stream.recv(4096)
            sys.stdout.buffer.write(head + b"\r\n\r\n" + body)
            sys.stdout.buffer.flush()
            if b"/hang" in head:
                time.sleep(30)
            elif b"/large" in head:
                stream.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 10485760\r\n\r\n" + bytes(10485760))
            elif b"/moved" in head:
                stream.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
            else:
                stream.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    except OSError:
        pass
"#;

fn openssl(folder: &Folder, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder.path("")).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority of that name: `NAME.pem`, `NAME.key`.
fn authority(folder: &Folder, name: &str) {
    openssl(
        folder,
        &format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name} \
             -keyout {name}.key -out {name}.pem"
        ),
    );
}

/// A server's certificate for `host` that the authority vouches for: `HOST.pem`, `HOST.key`.
fn certificate(folder: &Folder, authority: &str, host: &str) {
    fs::write(folder.path("san"), format!("subjectAltName=DNS:{host}\n")).unwrap();
    openssl(
        folder,
        &format!("req -newkey rsa:2048 -nodes -subj /CN={host} -keyout {host}.key -out {host}.csr"),
    );
    openssl(
        folder,
        &format!(
            "x509 -req -in {host}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days 2 \
             -extfile san -out {host}.pem"
        ),
    );
}

/// A running server; killed in the end.
struct Server {
    child: Child,
    port: String,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(folder: &Folder, host: &str) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", SERVER, &format!("{host}.pem"), &format!("{host}.key")])
            .current_dir(folder.path(""))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        output.read_line(&mut port).unwrap();
        Self { child, port: port.trim().into(), output }
    }

    fn next(&mut self) -> Request {
        struct Once<'a>(&'a mut BufReader<ChildStdout>);
        impl Read for Once<'_> {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                self.0.read(into)
            }
        }
        receiver::read(&mut Once(&mut self.output)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn section(name: &str, url: &str, ca_file: &Path) -> String {
    format!(
        "config webhook '{name}'\n option url '{url}'\n option secret '{SECRET}'\n option timeout '2'\n \
         option ca_file '{}'\n list event 'queued'\n",
        ca_file.display()
    )
}

/// The daemon of the folder with these webhooks, and a message.
fn daemon(folder: Folder, sections: &str) -> (Daemon, goip_sim::Sim) {
    let sim = slow_box();
    let path = config(&folder, &sim, "");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text + sections).unwrap();
    let daemon = Daemon::start_in(folder);
    daemon.ask("send 12 through TLS");
    (daemon, sim)
}

#[test]
fn an_event_reaches_a_host_that_the_ca_file_vouches_for() {
    let folder = Folder::new();
    authority(&folder, "ca");
    certificate(&folder, "ca", "localhost");
    let mut server = Server::start(&folder, "localhost");
    let url = format!("https://localhost:{}/sms", server.port);
    let sections = section("crm", &url, &folder.path("ca.pem"));
    let (daemon, _sim) = daemon(folder, &sections);
    for text in ["through TLS", "again"] {
        let request = server.next();
        assert!(request.head.starts_with("POST /sms HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(field(&request.body, "text"), text);
        assert_eq!(request.header("X-Goipd-Event"), "queued");
        assert_eq!(request.header("Content-Type"), "application/json");
        assert!(request.is_signed(SECRET));
        daemon.ask("send 12 again");
    }
    assert_eq!(daemon.err(), "");
}

#[test]
fn no_event_reaches_a_host_for_which_nobody_vouches() {
    let folder = Folder::new();
    authority(&folder, "ca");
    authority(&folder, "other");
    certificate(&folder, "ca", "localhost");
    certificate(&folder, "ca", "example.org");
    let server = Server::start(&folder, "localhost");
    let wrong = Server::start(&folder, "example.org");
    fs::write(folder.path("empty.pem"), "").unwrap();
    let mut sections = String::new();
    for (name, port, ca) in [
        ("stranger", &server.port, "other.pem"),
        ("host", &wrong.port, "ca.pem"),
        ("missing", &server.port, "missing.pem"),
        ("empty", &server.port, "empty.pem"),
    ] {
        sections.push_str(&section(name, &format!("https://localhost:{port}/"), &folder.path(ca)));
    }
    let (daemon, _sim) = daemon(folder, &sections);
    for (name, why) in [
        ("stranger", "certificate not trusted"),
        ("host", "certificate: wrong host"),
        ("missing", "ca_file cannot be read"),
        ("empty", "ca_file is empty"),
    ] {
        daemon.wait_for_err(&format!(
            "webhook '{name}' did not take event 1 ({why}); it is tried again in 10 s"
        ));
    }
    // Not even its head has left.
    for mut server in [server, wrong] {
        server.child.kill().unwrap();
        let mut rest = String::new();
        server.output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn a_receiver_that_fails_behind_tls_is_a_failure_as_any_other() {
    let folder = Folder::new();
    authority(&folder, "ca");
    certificate(&folder, "ca", "localhost");
    let kinds =
        [("moved", "HTTP 302; redirects are not followed"), ("hang", "timed out"), ("large", "HTTP 500")];
    let servers = kinds.map(|_| Server::start(&folder, "localhost"));
    let mut sections = String::new();
    for ((name, _), server) in kinds.iter().zip(&servers) {
        let url = format!("https://localhost:{}/{name}", server.port);
        sections.push_str(&section(name, &url, &folder.path("ca.pem")));
    }
    // Plain HTTP behind an https address.
    let plain = receiver::Receiver::willing();
    let url = format!("https://localhost:{}/", plain.address.port());
    sections.push_str(&section("plain", &url, &folder.path("ca.pem")));
    let (daemon, _sim) = daemon(folder, &sections);
    for (name, why) in kinds {
        daemon.wait_for_err(&format!(
            "webhook '{name}' did not take event 1 ({why}); it is tried again in 10 s"
        ));
    }
    daemon.wait_for_err("webhook 'plain' did not take event 1 (");
    assert!(plain.rest().is_empty());
}
