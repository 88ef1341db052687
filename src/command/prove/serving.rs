//! Where a server answers once it is ready.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::process::interrupt::seconds;

/// How long a server may take to be ready.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How long one question may take.
const MOMENT: Duration = Duration::from_millis(500);

/// A place that answers.
#[derive(Debug, Clone)]
pub struct Ready {
    said: String,
    host: String,
    /// For HTTP: then the answer has to be a good one.
    path: Option<String>,
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl Ready {
    /// A port, `host:port` or `http://host:port/path`. Fails with [`Kind::Usage`] for anything else.
    pub fn read(text: &str) -> Result<Self> {
        let wrong = || {
            Error::new(
                Kind::Usage,
                format!("`{text}` is no place where a server answers"),
            )
            .hint("write it like 8080, 127.0.0.1:8080 or http://127.0.0.1:8080/healthz")
        };
        let (rest, path) = match text.strip_prefix("http://") {
            Some(rest) => {
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                (host, Some(format!("/{path}")))
            }
            None => (text, None),
        };
        let host = match rest.parse::<u16>() {
            Ok(port) => format!("127.0.0.1:{port}"),
            Err(_) => rest.to_owned(),
        };
        let port = host.rsplit_once(':').map(|it| it.1.parse::<u16>());
        match port {
            Some(Ok(1..)) if !host.contains(char::is_whitespace) => Ok(Self {
                said: text.to_owned(),
                host,
                path,
            }),
            _ => Err(wrong()),
        }
    }

    /// Whether it answers now.
    pub fn answers(&self) -> bool {
        self.answers_within(MOMENT)
    }

    fn answers_within(&self, moment: Duration) -> bool {
        let addresses = self.host.to_socket_addrs().into_iter().flatten();
        let mut addresses = addresses.filter_map(|it| self.ask(it, moment));
        addresses.any(|answer| answer)
    }

    fn ask(&self, address: SocketAddr, moment: Duration) -> Option<bool> {
        let mut stream = TcpStream::connect_timeout(&address, moment).ok()?;
        let Some(path) = &self.path else {
            return Some(true);
        };
        stream.set_read_timeout(Some(moment)).ok()?;
        let host = &self.host;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).ok()?;
        // `HTTP/1.0 200`
        Some(head.starts_with(b"HTTP/") && head[9] == b'2')
    }
}

/// The error of a server that is not ready in time.
pub fn late(ready: &Ready, name: &str, waited: Duration) -> Error {
    let waited = seconds(Duration::from_secs(waited.as_secs()));
    let message =
        format!("the server is not ready after {waited}: `{ready}` does not answer (`{name}`)");
    Error::new(Kind::Usage, message).hint("see that `--ready` is where it listens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_port() {
        for (text, host) in [
            ("8080", "127.0.0.1:8080"),
            ("localhost:80", "localhost:80"),
            ("http://[::1]:90/healthz", "[::1]:90"),
        ] {
            assert_eq!(Ready::read(text).unwrap().host, host);
        }
        for wrong in ["", "0", "api", "http://api/", "70000", "a b:1"] {
            assert!(Ready::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_bad_answer_is_none() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serves = std::thread::spawn(move || {
            for code in ["503", "204"] {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 256]);
                write!(stream, "HTTP/1.0 {code} X\r\n\r\n").unwrap();
            }
        });
        let ready = Ready::read(&format!("http://{address}/")).unwrap();
        let patience = Duration::from_secs(60);
        assert!(!ready.answers_within(patience));
        assert!(ready.answers_within(patience));
        serves.join().unwrap();
    }

    #[test]
    fn nobody_answers_where_nobody_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        // Its port is its own as long as it is connected.
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let held = client.local_addr().unwrap().to_string();
        assert!(
            !Ready::read(&held)
                .unwrap()
                .answers_within(Duration::from_secs(60))
        );
    }
}
