//! Requests to the API of GitHub: answers within limits, with patience for a server that is busy.

use serde_json::Value;

use super::comment_subject::text;
use crate::command::Session;
use crate::error::{Error, Kind, Result};
use crate::process::Interrupt;

/// Where to ask, and as whom.
#[cfg_attr(not(feature = "net"), allow(dead_code))]
pub(crate) struct Api<'a> {
    address: String,
    token: String,
    interrupt: &'a Interrupt,
}

impl<'a> Api<'a> {
    /// As the runner says.
    pub(crate) fn of(session: &'a Session<'_>) -> Result<Self> {
        Ok(Self {
            address: text(session, "GITHUB_API_URL")?
                .trim_end_matches('/')
                .to_owned(),
            token: text(session, "GITHUB_TOKEN")?,
            interrupt: &session.interrupt,
        })
    }

    /// What is at a path.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        let body = self.request("GET", path, None)?;
        serde_json::from_slice(&body).map_err(|error| {
            Error::new(
                Kind::Machine,
                format!("`GET {path}` is not answered with JSON"),
            )
            .source(error)
        })
    }

    /// Sends a request that writes.
    pub(crate) fn send(&self, method: &'static str, path: &str, body: &Value) -> Result<()> {
        self.request(method, path, Some(body)).map(drop)
    }

    /// Removes. What is gone already is no failure: another run may have been faster.
    pub(crate) fn delete(&self, path: &str) -> Result<()> {
        match self.request("DELETE", path, None) {
            Err(error) if error.status == Some(404) => Ok(()),
            other => other.map(drop),
        }
    }

    #[cfg(not(feature = "net"))]
    fn request(&self, method: &'static str, _: &str, _: Option<&Value>) -> Result<Vec<u8>> {
        let message = format!("`{method}`: this program was built without the feature `net`");
        Err(Error::new(Kind::Usage, message).hint("leave out `--post`"))
    }

    #[cfg(feature = "net")]
    fn request(&self, method: &'static str, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let mut tries = 0;
        loop {
            self.interrupt.check()?;
            let answer = net::once(self, method, path, body)?;
            if (200..300).contains(&answer.status) {
                return Ok(answer.body);
            }
            tries += 1;
            match answer.wait(tries) {
                Some(wait) if tries < 4 => net::sleep(wait, self.interrupt)?,
                _ => return Err(refused(&answer, method, path)),
            }
        }
    }
}

/// An answer.
#[cfg(feature = "net")]
struct Answer {
    status: u16,
    retry_after: Option<u64>,
    exhausted: bool,
    body: Vec<u8>,
}

#[cfg(feature = "net")]
impl Answer {
    /// How long to wait before it is worth asking again.
    fn wait(&self, tries: u32) -> Option<std::time::Duration> {
        let busy = self.status >= 500 || self.status == 429;
        let limited = self.status == 403 && (self.exhausted || self.retry_after.is_some());
        let seconds = self.retry_after.unwrap_or(1 << tries.min(4));
        // Longer than a minute: the job had better fail than wait.
        ((busy || limited) && seconds <= 60).then(|| std::time::Duration::from_secs(seconds))
    }
}

#[cfg(feature = "net")]
fn refused(answer: &Answer, method: &str, path: &str) -> Error {
    let status = answer.status;
    let hint = match status {
        401 => "is GITHUB_TOKEN the token of this job?",
        403 | 429 if answer.exhausted || answer.retry_after.is_some() => {
            "the rate limit is reached: run the job again later"
        }
        403 if path.contains("/check-runs") => "give the job `permissions: checks: write`",
        403 => "give the job `permissions: pull-requests: write`",
        404 => "is the pull request in this repository, and may the token read it?",
        500.. => "GitHub is not well: run the job again later",
        _ => "see what the answer says",
    };
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = said["message"].as_str().unwrap_or_default();
    let said: String = said.chars().take(200).collect();
    let message = format!("`{method} {path}` is answered with {status} {said}");
    Error::new(Kind::Machine, message.trim_end())
        .status(Some(i32::from(status)))
        .hint(hint)
}

#[cfg(feature = "net")]
mod net {
    use std::time::{Duration, Instant};

    use serde_json::Value;

    use super::{Answer, Api};
    use crate::error::{Error, Kind, Result};
    use crate::process::Interrupt;

    /// 100 comments of 65,536 characters.
    const LIMIT: u64 = 32 << 20;

    pub(crate) fn once(
        api: &Api<'_>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let url = format!("{}{path}", api.address);
        let failed = |error: ureq::Error| {
            Error::new(Kind::Machine, format!("cannot ask `{method} {path}`"))
                .source(error)
                .hint("is GITHUB_API_URL right, and open from here?")
        };
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(&url)
            .header("Accept", "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .header("Content-Type", "application/json")
            .header("Authorization", format!("Bearer {}", api.token));
        let content = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let wrong = |error: ureq::http::Error| failed(ureq::Error::Http(error));
        let response = match body {
            Some(_) => agent(&url).run(request.body(content).map_err(wrong)?),
            None => agent(&url).run(request.body(()).map_err(wrong)?),
        };
        read(response.map_err(failed)?).map_err(failed)
    }

    fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let retry_after = header("retry-after").and_then(|header| header.parse().ok());
        let exhausted = header("x-ratelimit-remaining").is_some_and(|header| header == "0");
        let status = response.status().as_u16();
        let read = response.body_mut().with_config().limit(LIMIT).read_to_vec();
        Ok(Answer {
            status,
            retry_after,
            exhausted,
            body: read?,
        })
    }

    fn agent(url: &str) -> ureq::Agent {
        let limit = Some(Duration::from_secs(30));
        let mut config = ureq::Agent::config_builder()
            .timeout_connect(limit)
            .timeout_recv_response(limit)
            .timeout_recv_body(limit)
            .timeout_global(Some(Duration::from_secs(90)))
            // The token is for this server only.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("gobuild-opt/", env!("CARGO_PKG_VERSION")));
        if url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost") {
            config = config.proxy(None);
        }
        config.build().into()
    }

    pub(crate) fn sleep(length: Duration, interrupt: &Interrupt) -> Result<()> {
        let end = Instant::now() + length;
        while Instant::now() < end {
            interrupt.check()?;
            std::thread::sleep(Duration::from_millis(50).min(length));
        }
        Ok(())
    }
}
