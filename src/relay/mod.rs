//! What the HTTP relay means: who may do what, by which names it may be called, the routes, the
//! clean API, the box's own pages, the metrics. No sockets and no framing here.

pub mod access;
mod denied;
pub mod door;
pub mod goip;
pub mod host;
pub mod lines;
mod login;
pub mod metrics;
pub mod openapi;
mod quota;
pub mod reply;
pub mod route;
mod slowdown;
pub mod v1;

pub use access::{Access, Client, Right};
pub use denied::{Denied, status};
pub use host::Hosts;
pub use login::Login;
pub use quota::{Count, Daily, Rate};
