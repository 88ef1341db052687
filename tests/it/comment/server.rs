//! As much of the API of GitHub as a comment needs, on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// Its number, who wrote it, and what it says.
pub type Comment = (u64, String, String);

#[derive(Default)]
struct State {
    sha: String,
    open: String,
    comments: Vec<Comment>,
    checks: Vec<Value>,
    next: u64,
    /// Whether nobody may write comments.
    closed: bool,
    /// Whether nobody may write checks.
    closed_checks: bool,
    /// What is answered to requests about checks before anything else.
    first_of_checks: Vec<String>,
    /// What is answered before anything else.
    first: Vec<String>,
    /// A comment that appears when the first one is made.
    race: Option<String>,
    /// A check that appears when the first one is made or updated.
    check_race: Option<(Value, bool)>,
}

/// A server.
pub struct Server {
    pub address: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// With one open pull request, 7, at this commit.
    pub fn start(sha: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            sha: sha.to_owned(),
            open: "open".into(),
            next: 100,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &shared);
            }
        });
        Self { address, state }
    }

    pub fn comments(&self) -> Vec<Comment> {
        self.state.lock().unwrap().comments.clone()
    }

    pub fn refuse_comments(&self) {
        self.state.lock().unwrap().closed = true;
    }

    pub fn comment(&self, author: &str, body: &str) {
        add(&mut self.state.lock().unwrap(), author, body);
    }

    /// Checks as GitHub would list them.
    pub fn checks(&self) -> Vec<Value> {
        self.state.lock().unwrap().checks.clone()
    }

    pub fn check(&self, check: Value) {
        self.state.lock().unwrap().checks.push(check);
    }

    pub fn refuse_checks(&self) {
        self.state.lock().unwrap().closed_checks = true;
    }

    /// What is answered to requests about checks before anything else.
    pub fn answer_first_of_checks(&self, answers: &[&str]) {
        let answers = answers.iter().map(|it| (*it).to_owned());
        self.state.lock().unwrap().first_of_checks = answers.collect();
    }

    pub fn set_state(&self, open: &str) {
        self.state.lock().unwrap().open = open.into();
    }

    pub fn race(&self, body: &str) {
        self.state.lock().unwrap().race = Some(body.into());
    }

    /// Somebody else makes this check when the first one is made: `before` it or after it. Where one is updated: the other
    /// one's words go over it, or a check of its own is made.
    pub fn race_check(&self, check: Value, before: bool) {
        self.state.lock().unwrap().check_race = Some((check, before));
    }

    pub fn answer_first(&self, answers: &[&str]) {
        self.state.lock().unwrap().first = answers.iter().map(|it| (*it).to_owned()).collect();
    }
}

fn add(state: &mut State, author: &str, body: &str) {
    state.next += 1;
    state
        .comments
        .push((state.next, author.into(), body.into()));
}

const BOT: &str = "github-actions[bot]";

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    let mut length = 0;
    let mut authorized = false;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        authorized |= lower == "authorization: bearer secret-token";
        head.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let words: Vec<&str> = head[0].split(' ').collect();
    let mut state = state.lock().unwrap();
    let about_checks = words[1].contains("check-runs") && !state.first_of_checks.is_empty();
    let (status, headers, answer) = match state.first.is_empty() {
        true if about_checks => scripted(&state.first_of_checks.remove(0)),
        false => scripted(&state.first.remove(0)),
        true if !authorized => (401, "", json!({})),
        true => {
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let (status, answer) = answer(&mut state, words[0], words[1], &body);
            (status, "", answer)
        }
    };
    let text = if status == 204 {
        String::new()
    } else {
        answer.to_string()
    };
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n{text}"
    )
}

fn scripted(answer: &str) -> (u16, &'static str, Value) {
    let status = answer[..3].parse().unwrap();
    let said = json!({"message": "::error::\u{1b}[2Jno"});
    match answer {
        "403" | "404" => (status, "", said),
        "302" => (status, "Location: http://127.0.0.1:1/\r\n", said),
        "403 limited" => (
            status,
            "x-ratelimit-remaining: 0\r\nretry-after: 0\r\n",
            said,
        ),
        _ => (status, "retry-after: 0\r\n", said),
    }
}

fn answer(state: &mut State, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let base = "/repos/owner/name";
    let rest = path.strip_prefix(base).unwrap_or_default();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let text = body["body"].as_str().unwrap_or_default().to_owned();
    match (method, rest) {
        ("GET", "/pulls/7") => (
            200,
            json!({"state": state.open, "head": {"sha": state.sha}}),
        ),
        ("GET", "/issues/7/comments") => {
            let page: usize = query.rsplit('=').next().unwrap().parse().unwrap();
            let shown = state.comments.iter().skip((page - 1) * 100).take(100);
            let shown = shown
                .map(|(id, login, body)| json!({"id": id, "user": {"login": login}, "body": body}));
            (200, shown.collect())
        }
        ("POST", "/issues/7/comments") if state.closed => (403, json!({"message": "Forbidden"})),
        ("POST", "/issues/7/comments") => {
            if let Some(other) = state.race.take() {
                add(state, BOT, &other);
            }
            add(state, BOT, &text);
            (201, json!({}))
        }
        (method, rest) if rest.contains("check-runs") => check(state, method, rest, body),
        (method, rest) => {
            let id = rest
                .strip_prefix("/issues/comments/")
                .and_then(|it| it.parse().ok());
            let at = state.comments.iter().position(|it| Some(it.0) == id);
            match (method, at) {
                ("PATCH", Some(at)) => {
                    state.comments[at].2 = text;
                    (200, json!({}))
                }
                ("DELETE", Some(at)) => {
                    state.comments.remove(at);
                    (204, Value::Null)
                }
                _ => (404, json!({"message": "Not Found"})),
            }
        }
    }
}

fn check(state: &mut State, method: &str, rest: &str, body: &Value) -> (u16, Value) {
    match method {
        "GET" => {
            assert!(
                rest.starts_with(&format!("/commits/{}", state.sha)),
                "{rest}"
            );
            (200, json!({ "check_runs": state.checks }))
        }
        "POST" if state.closed_checks => (
            403,
            json!({"message": "Resource not accessible by integration"}),
        ),
        "POST" => {
            let other = state.check_race.take();
            let all = match other {
                Some((other, true)) => vec![other, body.clone()],
                Some((other, false)) => vec![body.clone(), other],
                None => vec![body.clone()],
            };
            for mut check in all {
                state.next += 1;
                check["id"] = json!(state.next);
                check["app"] = json!({"slug": "github-actions"});
                state.checks.push(check);
            }
            (201, json!({}))
        }
        _ if state.closed_checks => (
            403,
            json!({"message": "Resource not accessible by integration"}),
        ),
        _ => {
            let id: u64 = rest.rsplit('/').next().unwrap().parse().unwrap();
            let found = state.checks.iter_mut().find(|it| it["id"] == id);
            let check = found.unwrap();
            let mut put = |words: &Value| {
                for (key, value) in words.as_object().unwrap() {
                    check[key] = value.clone();
                }
            };
            put(body);
            match state.check_race.take() {
                Some((other, true)) => put(&other),
                Some((mut other, false)) => {
                    state.next += 1;
                    other["id"] = json!(state.next);
                    other["app"] = json!({"slug": "github-actions"});
                    state.checks.push(other);
                }
                None => {}
            }
            (200, json!({}))
        }
    }
}
