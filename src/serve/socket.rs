//! The UNIX socket: where it lies, who may open it, and that one daemon alone has it.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use super::StartError;

/// The mode of a directory that has to be made for the socket: the socket's own mode decides who
/// may connect, so others may come as far as that.
const DIRECTORY_MODE: u32 = 0o755;

/// Nobody but the daemon's user may connect before group and mode are as configured.
const NARROW_UMASK: Mode = Mode::from_bits_retain(0o177);

/// How many clients may wait to be accepted: as many as std asks for.
const BACKLOG: i32 = 128;

/// How long nobody is accepted after that has failed.
const ACCEPT_PAUSE_MS: u64 = 1_000;

/// The listening socket. It is removed when this value is dropped, if it is still this one.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the socket's file.
    file: (u64, u64),
    /// Nobody is accepted before, in milliseconds since boot.
    paused_ms: Option<u64>,
    /// It was told that not all can be accepted.
    short: bool,
    /// Held as long as the socket: two daemons that start at once cannot both find it stale.
    _lock: File,
}

impl Socket {
    /// Listens at `path`. A socket that a daemon has left behind there is replaced.
    ///
    /// # Errors
    /// Another daemon listens there, something that is no socket lies there, or the system's.
    pub fn claim(path: &Path, mode: u32, group: Option<&str>) -> Result<Self, StartError> {
        let failed =
            |what: &str, error: io::Error| StartError(format!("socket {}: {what}: {error}", path.display()));
        if let Some(directory) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(DIRECTORY_MODE)
                .create(directory)
                .map_err(|e| failed("its directory cannot be made", e))?;
        }
        let lock = lock(path)?;
        clear(path)?;
        let umask = rustix::process::umask(NARROW_UMASK);
        let bound = bind(path);
        rustix::process::umask(umask);
        let listener = bound.map_err(|e| failed("cannot be made", e.into()))?;
        let metadata = fs::symlink_metadata(path).map_err(|e| failed("cannot be looked at", e))?;
        let file = (metadata.dev(), metadata.ino());
        let socket = Self { listener, path: path.into(), file, paused_ms: None, short: false, _lock: lock };
        if let Some(group) = group {
            give(path, group);
        }
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|e| failed("its mode", e))?;
        // Only now: whoever can connect at all finds group and mode as they are to be.
        rustix::net::listen(&socket.listener, BACKLOG).map_err(|e| failed("cannot be used", e.into()))?;
        Ok(socket)
    }

    /// The next client that waits to be accepted.
    ///
    /// If descriptors or memory have run out, nobody is accepted for a while: the clients stay in
    /// the kernel's queue, and polling for them would not let the daemon rest.
    pub fn accept(&mut self, now_ms: u64) -> Option<UnixStream> {
        loop {
            let error = match self.listener.accept() {
                Ok((stream, _)) => {
                    self.paused_ms = None;
                    return Some(stream);
                }
                Err(error) => error,
            };
            match error.kind() {
                // Nobody is left.
                io::ErrorKind::WouldBlock => {
                    (self.paused_ms, self.short) = (None, false);
                    return None;
                }
                // That one has gone; perhaps there is another.
                io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                _ => {
                    if !self.short {
                        log::error!("socket {}: no client can be accepted: {error}", self.path.display());
                    }
                    self.short = true;
                    self.paused_ms = Some(now_ms + ACCEPT_PAUSE_MS);
                    return None;
                }
            }
        }
    }

    /// A client has gone: what it held may be what the next one needs.
    pub fn retry(&mut self) {
        self.paused_ms = self.paused_ms.map(|_| 0);
    }

    /// When to try again to accept, if that failed; until then there is no use in polling.
    pub fn next_wake(&self) -> Option<u64> {
        self.paused_ms
    }
}

/// Readable when a client waits to be accepted.
impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.file);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            log::warn!("socket {} cannot be removed: {error}", self.path.display());
        }
    }
}

/// The lock beside the socket. Its file stays: to remove it would let two daemons lock two files.
fn lock(path: &Path) -> Result<File, StartError> {
    let mut lock_path = OsString::from(path);
    lock_path.push(".lock");
    let shown = Path::new(&lock_path).display();
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(&lock_path)
        .map_err(|error| StartError(format!("lock {shown}: {error}")))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(running(path, peer(path))),
        Err(TryLockError::Error(error)) => Err(StartError(format!("lock {shown}: {error}"))),
    }
}

/// A socket at `path` at which nobody is listening yet.
fn bind(path: &Path) -> rustix::io::Result<UnixListener> {
    let socket = unix_socket()?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket.into())
}

fn unix_socket() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

/// Makes place for the socket: only a socket at which nobody listens is removed.
fn clear(path: &Path) -> Result<(), StartError> {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StartError(format!("socket {shown}: {error}"))),
        Ok(metadata) if metadata.file_type().is_socket() => {}
        Ok(_) => {
            return Err(StartError(format!(
                "socket {shown}: something that is no socket lies there; remove it or set another option 'socket'"
            )));
        }
    }
    match peer(path) {
        Peer::None => fs::remove_file(path)
            .map_err(|error| StartError(format!("socket {shown}: the old one cannot be removed: {error}"))),
        peer => Err(running(path, peer)),
    }
}

fn running(path: &Path, peer: Peer) -> StartError {
    let pid = match peer {
        Peer::Process(pid) => format!(", pid {pid}"),
        Peer::None | Peer::Somebody => String::new(),
    };
    StartError(format!("already running{pid}: socket {} is in use", path.display()))
}

/// Who listens at a socket.
enum Peer {
    None,
    Process(i32),
    /// Somebody who cannot be asked.
    Somebody,
}

fn peer(path: &Path) -> Peer {
    let connected = || -> rustix::io::Result<OwnedFd> {
        let socket = unix_socket()?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
        Ok(socket)
    };
    match connected() {
        Ok(socket) => match sockopt::socket_peercred(&socket) {
            Ok(credentials) => Peer::Process(credentials.pid.as_raw_nonzero().get()),
            Err(_) => Peer::Somebody,
        },
        Err(Errno::CONNREFUSED | Errno::NOENT) => Peer::None,
        Err(_) => Peer::Somebody,
    }
}

/// Gives the socket to a group. Without the group the daemon's own user can still use it, so
/// that is no reason not to start.
fn give(path: &Path, group: &str) {
    let shown = path.display();
    let Some(gid) = gid(group) else {
        log::warn!("socket {shown}: there is no group '{group}'; see option 'socket_group'");
        return;
    };
    if let Err(error) = chown(path, None, Some(gid)) {
        log::warn!("socket {shown}: cannot be given to group '{group}': {error}");
    }
}

/// The number of a group, by `/etc/group`: a router has no other directory of groups.
fn gid(name: &str) -> Option<u32> {
    gid_in(&fs::read_to_string("/etc/group").ok()?, name)
}

fn gid_in(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() == Some(name) { fields.nth(1)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own, removed in the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("goipd-{}-{name}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn socket(&self) -> PathBuf {
            self.0.join("s")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_socket_has_its_mode_and_a_directory_that_is_made() {
        let folder = Folder::new("mode");
        let path = folder.0.join("a/b/s");
        let socket = Socket::claim(&path, 0o620, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o620);
        UnixStream::connect(&path).unwrap();
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_socket_is_replaced() {
        let folder = Folder::new("stale");
        drop(UnixListener::bind(folder.socket()).unwrap());
        assert!(folder.socket().exists());
        let _socket = Socket::claim(&folder.socket(), 0o600, None).unwrap();
        UnixStream::connect(folder.socket()).unwrap();
    }

    #[test]
    fn what_is_no_socket_is_never_removed() {
        let folder = Folder::new("file");
        fs::write(folder.socket(), "mine").unwrap();
        let error = Socket::claim(&folder.socket(), 0o600, None).unwrap_err();
        assert!(error.0.contains("no socket lies there"), "{}", error.0);
        assert_eq!(fs::read_to_string(folder.socket()).unwrap(), "mine");

        fs::rename(folder.socket(), folder.0.join("target")).unwrap();
        std::os::unix::fs::symlink(folder.0.join("target"), folder.socket()).unwrap();
        assert!(Socket::claim(&folder.socket(), 0o600, None).is_err());
        assert!(folder.socket().is_symlink());
    }

    #[test]
    fn a_second_daemon_is_told_who_runs_already() {
        let folder = Folder::new("twice");
        let _socket = Socket::claim(&folder.socket(), 0o600, None).unwrap();
        let error = Socket::claim(&folder.socket(), 0o600, None).unwrap_err();
        assert!(error.0.contains(&format!("already running, pid {}", std::process::id())), "{}", error.0);
        UnixStream::connect(folder.socket()).unwrap();
    }

    #[test]
    fn a_socket_at_which_somebody_else_listens_is_left_alone() {
        let folder = Folder::new("foreign");
        let _listener = UnixListener::bind(folder.socket()).unwrap();
        let error = Socket::claim(&folder.socket(), 0o600, None).unwrap_err();
        assert!(error.0.contains("is in use"), "{}", error.0);
        UnixStream::connect(folder.socket()).unwrap();
    }

    #[test]
    fn a_socket_that_took_the_place_of_ours_is_not_removed() {
        let folder = Folder::new("replaced");
        let socket = Socket::claim(&folder.socket(), 0o600, None).unwrap();
        fs::remove_file(folder.socket()).unwrap();
        let _other = UnixListener::bind(folder.socket()).unwrap();
        drop(socket);
        assert!(folder.socket().exists());
    }

    #[test]
    fn a_missing_group_is_no_reason_not_to_listen() {
        let folder = Folder::new("group");
        let _socket = Socket::claim(&folder.socket(), 0o660, Some("no such group")).unwrap();
        UnixStream::connect(folder.socket()).unwrap();
    }

    #[test]
    fn a_groups_number_is_its_third_field() {
        let groups = "root:x:0:\ngoip:x:42\ngoipd:x:453:a,b\nbad:x:y:\n";
        assert_eq!(gid_in(groups, "goipd"), Some(453));
        assert_eq!(gid_in(groups, "goip"), Some(42));
        assert_eq!(gid_in(groups, "bad"), None);
        assert_eq!(gid_in(groups, "x"), None);
    }
}
