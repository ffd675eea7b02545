//! A model on a loopback port: one thread, one connection at a time. No meaning of a request.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use crate::{Accept, Command, Job, Model, Options, Page, Request, Rule, Step, control, is_whole};

/// How often a thread looks whether something changed: short beside any time a test measures in,
/// long enough to leave the processor alone.
pub(crate) const POLL: Duration = Duration::from_millis(2);
/// A client that sends half a request is given up after so long, in ms.
const READ_IDLE_MS: u64 = 10_000;
/// A request head longer than any that the box could use, with its body.
const REQUEST_BYTES: usize = 65_536;
/// How long a call waits at most for the port to open or close as the model says.
const PORT_WAIT: Duration = Duration::from_secs(5);

/// A simulated box on a loopback port. Dropping it stops its threads and closes its ports.
#[derive(Debug)]
pub struct Sim {
    shared: Arc<Shared>,
    addr: SocketAddr,
    control: Option<SocketAddr>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    model: Mutex<Model>,
    started: Instant,
    stopped: AtomicBool,
    /// Whether the port is open at this moment.
    is_open: AtomicBool,
}

impl Shared {
    /// Gives `act` the model, with everything that is due done, and the time in ms.
    fn with<T>(&self, act: impl FnOnce(&mut Model, u64) -> T) -> T {
        let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        // Read behind the lock, or the time could go backwards from one caller to the next.
        let now_ms = self.started.elapsed().as_millis() as u64;
        model.tick(now_ms);
        act(&mut model, now_ms)
    }

    /// The same for callers outside, who expect the port to be as they asked when this returns.
    pub(crate) fn settle<T>(&self, act: impl FnOnce(&mut Model, u64) -> T) -> T {
        let result = self.with(act);
        let begun = Instant::now();
        while !self.is_stopped()
            && begun.elapsed() < PORT_WAIT
            && self.with(|model, now_ms| model.is_listening(now_ms)) != self.is_open.load(Ordering::Acquire)
        {
            sleep(POLL);
        }
        result
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

impl Sim {
    /// A box on a free port of 127.0.0.1, without a control port.
    ///
    /// # Panics
    /// If the loopback interface gives no port: no test can go on then.
    pub fn start(options: Options) -> Self {
        match Self::bind(options, (Ipv4Addr::LOCALHOST, 0).into(), None) {
            Ok(sim) => sim,
            Err(error) => panic!("127.0.0.1 gives no port: {error}"),
        }
    }

    /// A box on `listen` with, if asked for, a control port. Port 0 stands for any free one.
    ///
    /// # Errors
    /// If an address cannot be bound.
    pub fn bind(options: Options, listen: SocketAddr, control: Option<SocketAddr>) -> io::Result<Self> {
        let listener = bind(listen)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            model: Mutex::new(Model::new(options)),
            started: Instant::now(),
            stopped: AtomicBool::new(false),
            is_open: AtomicBool::new(true),
        });
        let mut sim = Self { shared: shared.clone(), addr, control: None, threads: Vec::new() };
        if let Some(control) = control {
            let listener = bind(control)?;
            sim.control = Some(listener.local_addr()?);
            let shared = shared.clone();
            sim.threads.push(spawn(move || control::run(&listener, &shared)));
        }
        let server = Server { shared, addr, listener: Some(listener), reboots: 0, clears: 0 };
        sim.threads.push(spawn(move || server.run()));
        Ok(sim)
    }

    /// `http://127.0.0.1:PORT`, without a slash behind it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where its control port is.
    pub fn control_addr(&self) -> Option<SocketAddr> {
        self.control
    }

    /// Gives `act` the model and the time in ms since the start. Everything that was due has been
    /// done; and when this returns, the port is open or closed as the model then says.
    pub fn with<T>(&self, act: impl FnOnce(&mut Model, u64) -> T) -> T {
        self.shared.settle(act)
    }

    /// Puts a rule into force: `sim.fault(Fault::Busy.times(3))`.
    pub fn fault(&self, rule: impl Into<Rule>) {
        self.with(|model, _| model.fault(rule));
    }

    /// Does a command, given in words or not: `sim.command("reboot 500")`.
    ///
    /// # Errors
    /// A sentence, if the words are no command, or a foreign send is refused.
    pub fn command(&self, command: &str) -> Result<(), String> {
        let command: Command = command.parse()?;
        self.with(|model, now_ms| model.command(now_ms, command))
    }

    /// Ends all faults and outages; a box that hangs goes on at once. Jobs stay as they are.
    pub fn clear(&self) {
        // A clear is never refused.
        let _ = self.with(|model, now_ms| model.command(now_ms, Command::Clear));
    }

    /// See [`Model::air`].
    pub fn air(&self) -> Vec<Job> {
        self.with(|model, _| model.air())
    }

    /// See [`Model::jobs`].
    pub fn jobs(&self) -> Vec<Job> {
        self.with(|model, _| model.jobs())
    }

    /// See [`Model::requests`].
    pub fn requests(&self) -> Vec<Request> {
        self.with(|model, _| model.requests())
    }

    /// The most status requests that came within any one second.
    pub fn most_status_per_second(&self) -> usize {
        self.with(|model, _| model.most_per_second(Page::Status))
    }

    /// Waits until `condition` holds, looking often, for `limit` at most; whether it did.
    pub fn wait_until(&self, limit: Duration, mut condition: impl FnMut(&mut Model) -> bool) -> bool {
        let begun = Instant::now();
        loop {
            if self.with(|model, _| condition(model)) {
                return true;
            }
            if begun.elapsed() >= limit {
                return false;
            }
            sleep(POLL);
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so on stderr.
            let _ = thread.join();
        }
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The thread that serves the box's pages.
struct Server {
    shared: Arc<Shared>,
    addr: SocketAddr,
    listener: Option<TcpListener>,
    /// The model's counts when the connection under way began.
    reboots: u32,
    clears: u32,
}

/// The box rebooted, or the simulation ends: the connection is gone.
struct Interrupted;

impl Server {
    fn run(mut self) {
        while !self.shared.is_stopped() {
            self.follow();
            match self.listener.as_ref().map(TcpListener::accept) {
                Some(Ok((stream, _))) => {
                    // However it ended, the next client is served.
                    let _ = self.connection(stream);
                }
                _ => sleep(POLL),
            }
        }
    }

    /// Opens or closes the port as the model says. A closed one is bound anew, and tried again
    /// where somebody else has it for the moment.
    fn follow(&mut self) {
        let listening = self.shared.with(|model, now_ms| model.is_listening(now_ms));
        if listening && self.listener.is_none() {
            self.listener = bind(self.addr).ok();
        } else if !listening {
            self.listener = None;
        }
        self.shared.is_open.store(self.listener.is_some(), Ordering::Release);
    }

    /// To be called while a connection waits for anything.
    fn go_on(&mut self) -> Result<(), Interrupted> {
        self.follow();
        let reboots = self.shared.with(|model, _| model.reboots());
        if self.shared.is_stopped() || reboots != self.reboots { Err(Interrupted) } else { Ok(()) }
    }

    fn is_cleared(&self) -> bool {
        self.shared.with(|model, _| model.clears()) != self.clears
    }

    /// Lets `ms` pass, or less if `client` hangs up or the faults are cleared.
    fn pass(&mut self, ms: u64, client: Option<&mut TcpStream>) -> Result<(), Interrupted> {
        let begun = Instant::now();
        let mut client = client;
        let mut scrap = [0; 512];
        loop {
            let left = Duration::from_millis(ms).saturating_sub(begun.elapsed());
            self.go_on()?;
            if left.is_zero() || self.is_cleared() {
                return Ok(());
            }
            match client.as_mut().map(|stream| stream.read(&mut scrap)) {
                Some(Ok(0)) => return Ok(()),
                Some(Err(error)) if !is_patience(&error) => return Ok(()),
                // The read has waited already.
                Some(_) => {}
                None => sleep(left.min(POLL)),
            }
        }
    }

    /// One connection, from accept to close.
    fn connection(&mut self, mut stream: TcpStream) -> Result<(), Interrupted> {
        let accept = self.shared.with(|model, now_ms| {
            (self.reboots, self.clears) = (model.reboots(), model.clears());
            model.accept(now_ms)
        });
        if let Accept::Hang { ms } = accept {
            return self.pass(ms, None);
        }
        let set = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_read_timeout(Some(POLL)))
            .and_then(|()| stream.set_write_timeout(Some(POLL)));
        if set.is_err() {
            return Ok(());
        }
        let Some(request) = self.read_request(&mut stream)? else { return Ok(()) };
        let late_ms = self.shared.with(|model, now_ms| model.lateness_ms(now_ms, &request));
        self.pass(late_ms, None)?;
        for step in self.shared.with(|model, now_ms| model.request(now_ms, &request)) {
            match step {
                Step::Write(bytes) => {
                    if !self.write(&mut stream, &bytes)? {
                        return Ok(());
                    }
                }
                Step::Repeat(bytes) => while !self.is_cleared() && self.write(&mut stream, &bytes)? {},
                Step::Pause(ms) => self.pass(ms, None)?,
                Step::Hang(ms) => self.pass(ms, Some(&mut stream))?,
            }
        }
        drain(&mut stream);
        Ok(())
    }

    /// The whole request, or `None` if the client left before.
    fn read_request(&mut self, stream: &mut TcpStream) -> Result<Option<Vec<u8>>, Interrupted> {
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        let mut heard = Instant::now();
        while !is_whole(&request) {
            match stream.read(&mut chunk) {
                Ok(count @ 1..) if request.len() <= REQUEST_BYTES => {
                    request.extend_from_slice(&chunk[..count]);
                    heard = Instant::now();
                }
                Err(error) if is_patience(&error) && heard.elapsed().as_millis() < READ_IDLE_MS.into() => {
                    self.go_on()?;
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(request))
    }

    /// Writes all of `bytes`, however slowly they are taken; `false` if the client left.
    fn write(&mut self, stream: &mut TcpStream, bytes: &[u8]) -> Result<bool, Interrupted> {
        let mut written = 0;
        while written < bytes.len() {
            self.go_on()?;
            match stream.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if is_patience(&error) => {}
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// Whether the time-out of one poll ran out, and nothing else.
fn is_patience(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Takes what the client sent beyond what the box reads: a socket closed with unread bytes
/// resets the connection, and could cost the client the answer.
fn drain(stream: &mut TcpStream) {
    let mut scrap = [0; 4096];
    if stream.shutdown(std::net::Shutdown::Write).is_ok() && stream.set_nonblocking(true).is_ok() {
        while matches!(stream.read(&mut scrap), Ok(1..)) {}
    }
}
