//! A request through TLS. The library runs it in the thread that asks, so that one's stack has to be
//! large enough.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::post::{HEAD_MAX_BYTES, Receiver, Trouble, lost};
use crate::message::Words;

/// The status of the answer. The certificates are read each time: they are exchanged now and then,
/// and a webhook that has nothing to say needs no memory for them.
pub(super) fn post(receiver: &Receiver, headers: &[(&str, &str)], body: &str) -> Result<u16, Trouble> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&certificates(&receiver.ca_file)?))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let agent: Agent = Agent::config_builder()
        .tls_config(tls)
        .https_only(true)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(receiver.timeout_s.into())))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_response_header_size(HEAD_MAX_BYTES)
        .build()
        .into();
    let mut request = agent.post(&*receiver.url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.header("Connection", "close").send(body).map(|answer| answer.status().as_u16()).map_err(trouble)
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>, Trouble> {
    let text = std::fs::read(file).map_err(|_| Trouble::Lost(Words::new("ca_file cannot be read")))?;
    let items = parse_pem(&text).filter_map(Result::ok);
    let certificates: Vec<_> = items
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        Err(Trouble::Lost(Words::new("ca_file is empty")))
    } else {
        Ok(certificates)
    }
}

fn trouble(error: ureq::Error) -> Trouble {
    let words = match error {
        ureq::Error::Io(error) => {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(error) => tls(error),
                None => return lost(&error),
            }
        }
        ureq::Error::Rustls(error) => tls(&error),
        ureq::Error::Tls(_) => "TLS failed",
        ureq::Error::Timeout(_) => "timed out",
        ureq::Error::HostNotFound => "host not found",
        ureq::Error::ConnectionFailed => "connection failed",
        _ => "not an HTTP answer",
    };
    Trouble::Lost(Words::new(words))
}

/// At most 23 bytes each.
fn tls(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer => "certificate not trusted",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "certificate: wrong host"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate expired",
            // What a clock that was not set yet makes of every certificate.
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "certificate of later"
            }
            _ => "certificate is bad",
        },
        _ => "TLS failed",
    }
}
