//! A box for this room's tests: a listener on port 0 that serves one connection by a script.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::{JoinHandle, spawn};

use super::device::{Device, NumberFormat};

/// A device with an ordinary login on this machine's port `port`.
pub(super) fn device_at(port: u16) -> Device {
    Device {
        host: "127.0.0.1".into(),
        port,
        username: "admin".into(),
        password: "p&w".into(),
        timeout_s: 10,
        number_format: NumberFormat::Keep,
    }
}

/// A listener that accepts only in its backlog, and the device that it is.
pub(super) fn silent_box() -> (TcpListener, Device) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, device_at(port))
}

/// A box that serves one connection with `serve`, whose result the thread returns.
pub(super) fn scripted_box<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (JoinHandle<T>, Device) {
    let (listener, device) = silent_box();
    (spawn(move || serve(listener.accept().unwrap().0)), device)
}

/// A box that reads the request, gives `answer` and closes; its thread returns the request.
pub(super) fn answering_box(answer: impl AsRef<[u8]> + Send + 'static) -> (JoinHandle<String>, Device) {
    scripted_box(move |mut stream| {
        let request = read_request(&mut stream);
        stream.write_all(answer.as_ref()).unwrap();
        request
    })
}

/// The whole request: head, and as much body as it announces.
pub(super) fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head.lines().find_map(|l| l.strip_prefix("Content-Length: "));
            if body.len() >= announced.map_or(0, |len| len.parse().unwrap()) {
                return text.into_owned();
            }
        }
        let n = stream.read(&mut chunk).unwrap();
        assert!(n > 0, "the request broke off: {text}");
        bytes.extend_from_slice(&chunk[..n]);
    }
}
