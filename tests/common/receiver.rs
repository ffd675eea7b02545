//! A receiver of webhooks: it takes each request as a whole, and answers as a script says.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Requests, Sender, channel};
use std::thread;

use super::PATIENCE;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let value = self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        });
        value.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    /// Whether the signature is one with `secret`.
    pub fn is_signed(&self, secret: &str) -> bool {
        let parts = [self.header("X-Goipd-Timestamp").as_bytes(), b".", self.body.as_bytes()];
        let signature = goipd::notify::signature(secret.as_bytes(), &parts);
        self.header("X-Goipd-Signature") == format!("sha256={signature}")
    }
}

/// A receiver at a port of this machine. It ends with the test.
pub struct Receiver {
    pub address: SocketAddr,
    requests: Requests<Request>,
}

impl Receiver {
    /// A receiver that answers the requests one by one: with `answer`'s bytes, given the request's
    /// number from 0 on, or by whatever that does with the connection.
    pub fn start(answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self::at(listener, answer)
    }

    pub fn at(listener: TcpListener, answer: impl Fn(usize, &mut TcpStream) + Send + 'static) -> Self {
        let address = listener.local_addr().unwrap();
        let (told, requests) = channel();
        thread::spawn(move || serve(&listener, &told, answer));
        Self { address, requests }
    }

    /// A receiver that takes everything.
    pub fn willing() -> Self {
        Self::start(|_, stream| status(stream, "204 No Content"))
    }

    pub fn url(&self) -> String {
        format!("http://{}/sms?k=1", self.address)
    }

    /// The next request.
    pub fn next(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("no request has come")
    }

    /// The requests that have come already.
    pub fn rest(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

/// Answers with this status and nothing else.
pub fn status(stream: &mut TcpStream, status: &str) {
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

fn serve(listener: &TcpListener, told: &Sender<Request>, answer: impl Fn(usize, &mut TcpStream)) {
    for n in 0.. {
        let Ok((mut stream, _)) = listener.accept() else { return };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let Some(request) = read(&mut stream) else { continue };
        if told.send(request).is_err() {
            return;
        }
        answer(n, &mut stream);
    }
}

/// The whole request: its head, and as much body as that announces.
pub fn read(stream: &mut impl Read) -> Option<Request> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let announced = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            let length: usize = announced.unwrap_or("0").parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
                return Some(Request { head, body });
            }
        }
        match stream.read(&mut chunk) {
            Ok(count @ 1..) => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}
