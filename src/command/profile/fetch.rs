//! Fetches a profile from the address of a running program. The only module that uses the network.

use std::time::Duration;

use crate::error::{Error, Kind, Result};

/// What to ask for, and for how long.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "net"), allow(dead_code))]
pub(crate) struct Request {
    /// The whole address, with `seconds`.
    pub(crate) url: String,
    /// Names and values.
    pub(crate) headers: Vec<(String, String)>,
    /// How long the program collects before it answers.
    pub(crate) collects: Duration,
    /// How long to wait for a connection, for an answer beyond `collects`, and for its body.
    pub(crate) patience: Duration,
    /// Who may vouch for the server; `None`: whom Mozilla trusts.
    pub(crate) roots: Option<Roots>,
}

/// Certificates that are trusted.
#[cfg(feature = "net")]
pub(crate) type Roots = ureq::tls::RootCerts;

/// Certificates that are trusted.
#[cfg(not(feature = "net"))]
pub(crate) type Roots = ();

/// The certificates in a PEM file. Fails with [`Kind::Usage`] where there is none, or one that is damaged.
pub(crate) fn roots(pem: &[u8], name: &str) -> Result<Roots> {
    #[cfg(feature = "net")]
    if let Some(roots) = net::roots(pem) {
        return Ok(roots);
    }
    let _ = pem;
    Err(
        Error::new(Kind::Usage, format!("`{name}` holds no certificate"))
            .hint("name a PEM file: it begins with -----BEGIN CERTIFICATE-----"),
    )
}

/// CPU profiles of large programs are some MiB; what never ends is cut off here.
#[cfg(feature = "net")]
const LIMIT: u64 = 64 << 20;

/// The address to ask, from what the user wrote: `host:6060` is `http://host:6060/debug/pprof/profile`.
pub(crate) fn address(typed: &str, seconds: u64) -> String {
    let with_scheme = match typed.contains("://") {
        true => typed.to_owned(),
        false => format!("http://{typed}"),
    };
    let plain = with_scheme.split('#').next().unwrap_or_default();
    let (place, query) = plain.split_once('?').unwrap_or((plain, ""));
    let authority = place.find("://").map_or(0, |place| place + 3);
    let path = place[authority..]
        .find('/')
        .map_or("", |index| &place[authority + index..]);
    let base = place.trim_end_matches('/');
    let place = match path.trim_end_matches('/') {
        "" => format!("{base}/debug/pprof/profile"),
        "/debug/pprof" => format!("{base}/profile"),
        _ => place.to_owned(),
    };
    if query.split('&').any(|part| part.starts_with("seconds=")) {
        return format!("{place}?{query}");
    }
    let more = if query.is_empty() { "" } else { "&" };
    format!("{place}?{query}{more}seconds={seconds}")
}

/// The address that all kinds of profiles are below, from what the user wrote: `http://host:6060/debug/pprof`.
pub(crate) fn base(typed: &str) -> String {
    let profile = address(typed, 0);
    let place = profile.split('?').next().unwrap_or(&profile);
    let base = place.strip_suffix("/profile").unwrap_or(place);
    base.trim_end_matches('/').to_owned()
}

/// The address without what may be secret: user, password and query.
pub(crate) fn shown(url: &str) -> String {
    let place = url.split('?').next().unwrap_or(url);
    let Some((scheme, rest)) = place.split_once("://") else {
        return place.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{}", &rest[end..])
}

/// Asks for a profile. Fails as [`fetch_if_there`] does, and where there is none at this address.
pub(crate) fn fetch(request: &Request) -> Result<Vec<u8>> {
    fetch_if_there(request)?.ok_or_else(|| {
        let message = format!("`{}` answers 404 Not Found", shown(&request.url));
        Error::new(Kind::Machine, message)
            .hint("does the program import net/http/pprof, and serve it at this address?")
    })
}

/// Asks for a profile.
#[cfg(not(feature = "net"))]
pub(crate) fn fetch_if_there(request: &Request) -> Result<Option<Vec<u8>>> {
    Err(Error::new(
        Kind::Usage,
        format!(
            "cannot ask `{}`: this program was built without the feature `net`",
            shown(&request.url)
        ),
    )
    .hint("download the profile with another tool"))
}

/// Asks for a profile; `None` where the program has none at this address (404). Fails with [`Kind::Machine`] when there is
/// no answer in time, another answer than 200, a page instead of a profile, or more than 64 MiB. Redirects are not followed: headers may hold secrets.
#[cfg(feature = "net")]
pub(crate) fn fetch_if_there(request: &Request) -> Result<Option<Vec<u8>>> {
    let failed = |error: ureq::Error| net::explain(error, request);
    let mut get = net::agent(request).get(&request.url);
    for (name, value) in &request.headers {
        get = get.header(name, value);
    }
    let mut response = get.call().map_err(failed)?;
    if response.status().as_u16() == 404 {
        return Ok(None);
    }
    net::check_status(&response, request)?;
    let is_page = net::is_page(&response);
    let body = response.body_mut().with_config().limit(LIMIT);
    let bytes = body.read_to_vec().map_err(failed)?;
    let start = bytes.trim_ascii_start();
    if is_page || start.starts_with(b"<") {
        return Err(Error::new(
            Kind::Machine,
            format!(
                "`{}` answers with a web page, no profile",
                shown(&request.url)
            ),
        )
        .hint("name the pprof endpoint itself, such as http://host:6060/debug/pprof/profile"));
    }
    Ok(Some(bytes))
}

#[cfg(feature = "net")]
mod net {
    use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

    use super::{Error, Kind, LIMIT, Request, Result, shown};

    pub(crate) fn roots(pem: &[u8]) -> Option<RootCerts> {
        let items = parse_pem(pem).collect::<Result<Vec<_>, _>>().ok()?;
        let certificates = items.into_iter().filter_map(|item| match item {
            PemItem::Certificate(item) => Some(item),
            _ => None,
        });
        let certificates: Vec<_> = certificates.collect();
        (!certificates.is_empty()).then(|| certificates.into())
    }

    pub(crate) fn agent(request: &Request) -> ureq::Agent {
        let patience = request.patience;
        let answer = request.collects + patience;
        let mut config = ureq::Agent::config_builder()
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(answer))
            .timeout_recv_body(Some(patience))
            .timeout_global(Some(answer + 3 * patience))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("gobuild-opt/", env!("CARGO_PKG_VERSION")));
        if let Some(roots) = &request.roots {
            let tls = TlsConfig::builder().root_certs(roots.clone()).build();
            config = config.tls_config(tls);
        }
        if is_loopback(&request.url) {
            config = config.proxy(None);
        }
        config.build().into()
    }

    /// As Go has it: a proxy is never asked for this machine.
    fn is_loopback(url: &str) -> bool {
        let host = shown(url);
        let host = host.split("://").nth(1).unwrap_or_default();
        host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]")
    }

    pub(crate) fn is_page(response: &ureq::http::Response<ureq::Body>) -> bool {
        let kind = response.headers().get("content-type");
        kind.and_then(|value| value.to_str().ok())
            .is_some_and(|text| text.starts_with("text/html"))
    }

    pub(crate) fn check_status(
        response: &ureq::http::Response<ureq::Body>,
        request: &Request,
    ) -> Result<()> {
        let status = response.status();
        if status.as_u16() == 200 {
            return Ok(());
        }
        let hint = match status.as_u16() {
            401 | 403 => {
                "give what it asks for with --header 'Authorization: Bearer ${TOKEN}'".into()
            }
            300..=399 => match response.headers().get("location") {
                Some(place) => format!(
                    "it redirects: ask `{}` itself",
                    shown(&String::from_utf8_lossy(place.as_bytes()))
                ),
                None => "it redirects: ask the address behind it".into(),
            },
            500 => "is another CPU profile running? Go allows one at a time".into(),
            _ => "ask again, or look at the log of the program".to_owned(),
        };
        let message = format!("`{}` answers {status}", shown(&request.url));
        Err(Error::new(Kind::Machine, message).hint(hint))
    }

    pub(crate) fn explain(error: ureq::Error, request: &Request) -> Error {
        let kind = match &error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => Kind::Usage,
            _ => Kind::Machine,
        };
        let (message, hint) = words(&error, request);
        let plain = Error::new(kind, message).hint(hint);
        match says_all(&error) {
            true => plain,
            false => plain.source(error),
        }
    }

    /// Whether the words of an error add nothing, or hold the address with its secrets.
    fn says_all(error: &ureq::Error) -> bool {
        matches!(
            error,
            ureq::Error::Timeout(_)
                | ureq::Error::BodyExceedsLimit(_)
                | ureq::Error::HostNotFound
                | ureq::Error::BadUri(_)
        )
    }

    /// What went wrong, and what to try.
    fn words(error: &ureq::Error, request: &Request) -> (String, &'static str) {
        let url = shown(&request.url);
        match error {
            ureq::Error::Timeout(timeout) => late(*timeout, request),
            ureq::Error::BodyExceedsLimit(_) => (
                format!("`{url}` sends more than {} MiB", LIMIT >> 20),
                "no CPU profile is that large: name the pprof endpoint itself",
            ),
            ureq::Error::HostNotFound => (
                format!("no host has the name in `{url}`"),
                "is the name right, and known here?",
            ),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => (
                format!("cannot ask `{url}`"),
                "write it like http://host:6060, and headers like 'Name: value'",
            ),
            other if other.to_string().contains("certificate") => (
                format!("`{url}` is not trusted"),
                "give the certificate of who vouches for it with `--cacert FILE`",
            ),
            _ => (
                format!("cannot get the profile from `{url}`"),
                "is the program running, and did it live until the end?",
            ),
        }
    }

    /// As [`words`], for what took too long.
    fn late(timeout: ureq::Timeout, request: &Request) -> (String, &'static str) {
        let url = shown(&request.url);
        let patience = request.patience.as_secs();
        let seconds = request.collects.as_secs();
        match timeout {
            ureq::Timeout::Connect | ureq::Timeout::Resolve => (
                format!("`{url}` did not accept a connection within {patience} s"),
                "is the address right, and open from here?",
            ),
            ureq::Timeout::RecvBody => (
                format!("`{url}` did not send the profile within {patience} s"),
                "raise `--patience`",
            ),
            _ => (
                format!("`{url}` did not answer within {seconds} s and {patience} s more"),
                "raise `--patience`, or see what keeps the program from answering",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_completed() {
        let full = |typed| address(typed, 30);
        let profile = "http://h:6060/debug/pprof/profile?seconds=30";
        for typed in [
            "h:6060",
            "http://h:6060/",
            "h:6060/debug/pprof/",
            "http://h:6060/debug/pprof/profile",
        ] {
            assert_eq!(full(typed), profile, "{typed}");
        }
        assert_eq!(full("https://h/p?seconds=5"), "https://h/p?seconds=5");
        assert_eq!(full("https://h/p?a=b"), "https://h/p?a=b&seconds=30");
    }

    #[test]
    fn secrets_of_an_address_are_not_shown() {
        assert_eq!(shown("https://me:word@h:1/p?token=x"), "https://h:1/p");
    }
}
