//! The relay's listening sockets. An address that cannot be had yet is tried again: at boot the
//! network comes up after the daemon.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

/// How many clients may wait to be accepted at an address.
const BACKLOG: i32 = 128;

/// An address that could not be had is tried again so often.
const RETRY_MS: u64 = 5_000;

/// How long nobody is accepted after that has failed: descriptors or memory have run out, and to
/// poll for more clients would not let the daemon rest.
const ACCEPT_PAUSE_MS: u64 = 1_000;

/// One address.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    socket: Option<TcpListener>,
    /// When to try again to have the address, or to accept, in milliseconds since boot.
    again_ms: Option<u64>,
    /// It was told that the address cannot be had, or nobody be accepted.
    told: bool,
}

impl Listener {
    /// A listener that [`Self::open`] is to open.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, socket: None, again_ms: Some(0), told: false }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket, once there is one.
    pub fn socket(&self) -> Option<&TcpListener> {
        self.socket.as_ref()
    }

    /// When [`Self::open`] or [`Self::accept`] is due again, in milliseconds since boot.
    pub fn next_wake(&self) -> Option<u64> {
        self.again_ms
    }

    /// Whether a client that waits should be polled for.
    pub fn wants_clients(&self) -> bool {
        self.again_ms.is_none()
    }

    /// Listens, if it does not yet and it is time to try; says whether it has just begun.
    pub fn open(&mut self, now_ms: u64) -> bool {
        if self.socket.is_some() || self.again_ms.is_none_or(|ms| ms > now_ms) {
            return false;
        }
        match listen(self.address) {
            Ok(socket) => {
                // Port 0 has become another.
                let address = socket.local_addr().unwrap_or(self.address);
                log::info!("relay: listens at {address}");
                (self.socket, self.again_ms, self.told) = (Some(socket), None, false);
                true
            }
            Err(error) => {
                if !self.told {
                    log::warn!(
                        "relay: cannot listen at {} yet: {error}; it is tried again every {} s; see option 'listen'",
                        self.address,
                        RETRY_MS / 1000
                    );
                }
                (self.again_ms, self.told) = (Some(now_ms + RETRY_MS), true);
                false
            }
        }
    }

    /// The next client that waits to be accepted, and its address.
    pub fn accept(&mut self, now_ms: u64) -> Option<(TcpStream, SocketAddr)> {
        let socket = self.socket.as_ref()?;
        loop {
            let error = match socket.accept() {
                Ok(client) => {
                    self.again_ms = None;
                    return Some(client);
                }
                Err(error) => error,
            };
            match error.kind() {
                io::ErrorKind::WouldBlock => {
                    (self.again_ms, self.told) = (None, false);
                    return None;
                }
                // That one has gone, or its network has; perhaps there is another
                // (`accept(2)`, "Error handling").
                io::ErrorKind::ConnectionAborted
                | io::ErrorKind::Interrupted
                | io::ErrorKind::NetworkDown
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable => {}
                _ => {
                    if !self.told {
                        log::error!("relay: no client can be accepted at {}: {error}", self.address);
                    }
                    (self.again_ms, self.told) = (Some(now_ms + ACCEPT_PAUSE_MS), true);
                    return None;
                }
            }
        }
    }

    /// A client has gone: what it held may be what the next one needs.
    pub fn retry(&mut self) {
        if self.socket.is_some() {
            self.again_ms = self.again_ms.map(|_| 0);
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    // A restart must not have to wait for the last run's connections to be forgotten.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        // Each address stands for itself, so that 0.0.0.0 can stand beside [::].
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn anywhere() -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 0).into()
    }

    #[test]
    fn an_address_that_is_taken_is_tried_again_until_it_is_free() {
        let other = TcpListener::bind(anywhere()).unwrap();
        let mut listener = Listener::new(other.local_addr().unwrap());
        assert!(!listener.open(1_000));
        assert_eq!(listener.next_wake(), Some(1_000 + RETRY_MS));
        drop(other);
        assert!(!listener.open(2_000), "not before its time");
        assert!(listener.open(1_000 + RETRY_MS));
        assert_eq!((listener.next_wake(), listener.wants_clients()), (None, true));
        assert!(!listener.open(90_000), "it listens already");
    }

    #[test]
    fn a_client_comes_with_its_address() {
        let mut listener = Listener::new(anywhere());
        assert!(listener.accept(0).is_none());
        assert!(listener.open(0));
        assert!(listener.accept(0).is_none());
        let client = TcpStream::connect(listener.socket().unwrap().local_addr().unwrap()).unwrap();
        let (_, address) = listener.accept(0).unwrap();
        assert_eq!(address, client.local_addr().unwrap());
    }

    #[test]
    fn two_families_have_the_same_port_each_for_itself() {
        let Ok(six) = listen("[::]:0".parse().unwrap()) else { return };
        let port = six.local_addr().unwrap().port();
        assert!(listen((Ipv4Addr::UNSPECIFIED, port).into()).is_ok());
    }
}
