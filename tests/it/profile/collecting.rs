//! `profile collect` from real programs: the endpoint of `examples/service` under load, and a server behind TLS.

use super::*;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::harness::processes::{wait_for, wait_for_exit};
use crate::harness::{PROGRAM, Place};

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended meanwhile.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An instance of the example service on ports of its own.
struct Service {
    _process: Running,
    api: String,
    admin: String,
}

fn service(place: &Place, binary: &str) -> Service {
    let mut command = place.command(place.path(binary));
    command.args(["-addr", "127.0.0.1:0", "-admin", "127.0.0.1:0"]);
    command.args(["-sample", "2000"]).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let process = Running(process);
    let mut addresses = [const { String::new() }; 2];
    while addresses.iter().any(String::is_empty) {
        let line = line(&mut log);
        for (at, name) in ["server=api addr=", "server=admin addr="]
            .iter()
            .enumerate()
        {
            if let Some((_, rest)) = line.split_once(name) {
                addresses[at] = rest.split(' ').next().unwrap().trim().to_owned();
            }
        }
    }
    drain(log);
    let [api, admin] = addresses;
    Service {
        _process: process,
        api,
        admin,
    }
}

fn line(log: &mut impl BufRead) -> String {
    let mut line = String::new();
    assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
    line
}

/// A program that cannot write its log would stand still.
fn drain(log: BufReader<ChildStderr>) {
    std::thread::spawn(move || std::io::copy(&mut { log }, &mut std::io::sink()));
}

/// Load on an instance, for longer than any collection takes.
fn load(place: &Place, service: &Service) -> Running {
    let mut command = place.command(place.path("loadgen"));
    command.args(["-duration", "120s", "-workers", "2", "-url"]);
    command.arg(format!("http://{}", service.api));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

/// The example service and its load generator, built as they stand.
fn built() -> Place {
    let place = Place::empty();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/service");
    for (package, output) in [("./cmd/api", "api"), ("./cmd/loadgen", "loadgen")] {
        let mut command = place.command("go");
        command.args([
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags=-s -w",
            "-o",
        ]);
        command.arg(place.path(output)).arg(package);
        let done = command.current_dir(&source).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
    place
}

/// The answer to a request without TLS, without its head.
fn get(address: &str, path: &str) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = memchr::memmem::find(&answer, b"\r\n\r\n").unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200"), "{path}");
    answer.split_off(head + 4)
}

fn shown(place: &Place, line: &str) -> Value {
    let run = place.run(&format!("profile show --format json {line}"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    run.json()
}

#[test]
fn the_example_service_is_collected_under_load() {
    let place = built();
    let services = [service(&place, "api"), service(&place, "api")];
    let _loads = services.each_ref().map(|it| load(&place, it));
    let [one, two] = services.each_ref().map(|it| it.admin.clone());
    let run = place.run(&format!(
        "profile collect {one} {two} --seconds 6 -o default.pgo"
    ));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("collected from 2 programs"),
        "{}",
        run.shown()
    );
    assert!(
        run.stdout.ends_with("next: gobuild-opt release\n"),
        "{}",
        run.shown()
    );

    // A profile of the very executable fits it, and tells which one it is.
    let fresh = shown(&place, "default.pgo --binary api");
    let health = &fresh["health"]["health"];
    assert!(health["by_name"].as_f64().unwrap() > 99.9, "{health}");
    assert!(health["by_call"].as_f64().unwrap() > 99.0, "{health}");
    assert_eq!(fresh["age_days"], 0.0);
    assert!(
        fresh["judgement"]["samples"].as_i64().unwrap() > 10,
        "{fresh}"
    );
    assert!(
        fresh["judgement"]["origin"]["program"]
            .as_str()
            .unwrap()
            .ends_with("/api")
    );
    assert!(
        fresh["judgement"]["origin"]["duration_ms"]
            .as_i64()
            .unwrap()
            >= 8000
    );

    // Old samples count less by their age: these are set back by two half-lives.
    let mut raw = profile::read(&place.read("default.pgo"))
        .unwrap()
        .raw()
        .clone();
    raw.time_nanos -= 60 * 86_400 * 1_000_000_000;
    place.write("default.pgo", profile::encode(&raw));
    let again = place.run(&format!(
        "profile collect {one} --seconds 2 --merge-previous"
    ));
    assert_eq!(again.code(), 0, "{}", again.shown());
    let words = "60 days older, at 0.25 of its weight";
    assert!(again.stdout.contains(words), "{}", again.shown());
    assert_eq!(shown(&place, "default.pgo")["age_days"], 0.0);

    // What the program says of itself otherwise survives us, too.
    for kind in [
        "heap",
        "allocs",
        "mutex",
        "block",
        "goroutine",
        "threadcreate",
    ] {
        let bytes = get(&one, &format!("/debug/pprof/{kind}"));
        place.write("other.pgo", &bytes);
        let profile = profile::read(&bytes).unwrap();
        let again = profile::read(&profile::encode(profile.raw())).unwrap();
        assert!(profile.raw() == again.raw(), "{kind}");
        let refused = place.run(&format!(
            "profile collect http://{one}/debug/pprof/{kind} --seconds 1"
        ));
        assert_eq!(refused.code(), 4, "{kind}: {}", refused.shown());
    }
    // Every kind that advise reads, in files of their own.
    let all = place.run(&format!("profile collect --all {one} --seconds 2"));
    assert_eq!(all.code(), 0, "{}", all.shown());
    for kind in ["cpu", "heap", "goroutine"] {
        let bytes = place.read(&format!("profiles/{kind}.pprof"));
        let profile = profile::read(&bytes).unwrap();
        assert!(!profile.raw().sample.is_empty(), "{kind}");
        assert!(
            all.stdout
                .contains(&format!("{kind}: profiles/{kind}.pprof"))
        );
    }
    for wanted in [
        "s of CPU per second",
        "next: `[advise] profiles = { cpu = \"profiles/cpu.pprof\"",
    ] {
        assert!(all.stdout.contains(wanted), "{wanted}: {}", all.shown());
    }
    let two = place.run(&format!("profile collect --all {one} {two} --seconds 1"));
    assert_eq!(two.code(), 2, "{}", two.shown());

    // Go's own words when it is busy reach the user as one sentence.
    let busy = place.run(&format!(
        "profile collect {one} {one} --seconds 2 -o busy.pgo"
    ));
    assert_eq!(busy.code(), 4, "{}", busy.shown());
    assert!(
        busy.stderr.contains("another CPU profile running"),
        "{}",
        busy.shown()
    );
    assert!(!place.path("busy.pgo").exists());
}

/// Serves the profile in `cpu.pprof` behind a certificate whose authority it writes to `ca.pem`, and prints its address.
const SERVER: &str = r#"package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"
)

func must[T any](it T, err error) T {
	if err != nil {
		panic(err)
	}
	return it
}

func template(serial int64, isCA bool) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: isCA, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func main() {
	caKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ca := template(1, true)
	caBytes := must(x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey))
	bytes := must(x509.CreateCertificate(rand.Reader, template(2, false), ca, &key.PublicKey, caKey))
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caBytes})
	if err := os.WriteFile("ca.pem", text, 0o644); err != nil {
		panic(err)
	}
	profile := must(os.ReadFile("cpu.pprof"))
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{bytes}, PrivateKey: key}}}
	listener := must(tls.Listen("tcp", "127.0.0.1:0", config))
	fmt.Println(listener.Addr())
	http.HandleFunc("/debug/pprof/profile", func(w http.ResponseWriter, _ *http.Request) { w.Write(profile) })
	panic(http.Serve(listener, nil))
}
"#;

#[test]
fn a_server_behind_tls_has_to_be_vouched_for() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/server\n\ngo 1.21\n");
    place.write("main.go", SERVER);
    place.write("cpu.pprof", bytes("cpu.pprof"));
    place.tool("go", &["build", "-o", "server", "."]);
    let mut command = place.command(place.path("server"));
    let mut process = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said: BufReader<ChildStdout> = BufReader::new(process.stdout.take().unwrap());
    let _server = Running(process);
    let address = format!("https://{}", line(&mut said).trim());
    let collect = |more: &str| {
        place.run(&format!(
            "profile collect {address} --seconds 1 -o a.pgo {more}"
        ))
    };

    let unknown = collect("");
    assert_eq!(unknown.code(), 4, "{}", unknown.shown());
    assert!(
        unknown.stderr.contains("is not trusted"),
        "{}",
        unknown.shown()
    );
    assert!(unknown.stderr.contains("--cacert"), "{}", unknown.shown());
    assert_eq!(unknown.stderr.matches("error:").count(), 1);
    assert!(!place.path("a.pgo").exists());
    for (file, code, words) in [
        ("main.go", 2, "holds no certificate"),
        ("none.pem", 4, "cannot read the certificates"),
    ] {
        let run = collect(&format!("--cacert {file}"));
        assert_eq!(run.code(), code, "{}", run.shown());
        assert!(run.stderr.contains(words), "{}", run.shown());
    }
    let known = collect("--cacert ca.pem");
    assert_eq!(known.code(), 0, "{}", known.shown());
    assert!(place.path("a.pgo").exists());
    // The other way round: no TLS where it is wanted.
    let plain = place.run(&format!(
        "profile collect {} --seconds 1",
        address.replace("https", "http")
    ));
    assert_eq!(plain.code(), 4, "{}", plain.shown());
}

#[test]
fn an_interrupted_collection_leaves_the_old_file() {
    use rustix::process::{Pid, Signal, kill_process};
    let place = Place::empty();
    let old = bytes("cpu.pprof");
    place.write("default.pgo", &old);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // In the background of a script this process ignores Ctrl-C, and so do those it starts.
    let heard =
        |it: &(Signal, i32)| it.0 != Signal::INT || !crate::harness::interrupts_are_ignored();
    let signals = [(Signal::INT, 130), (Signal::TERM, 143)];
    for (signal, code) in signals.into_iter().filter(heard) {
        let mut command = place.command(PROGRAM);
        command.args(["profile", "collect", &address, "--seconds", "600"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        // It has asked: now it waits for an answer.
        let (_stream, _) = listener.accept().unwrap();
        let id = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        assert_eq!(wait_for_exit(&mut process).code(), Some(code));
        assert!(place.read("default.pgo") == old);
        assert_eq!(place.files(), "default.pgo");
    }
    // The same while a command is waited for, which is ended too.
    let mut command = place.command(PROGRAM);
    command.args([
        "profile",
        "collect",
        "--",
        "sh",
        "-c",
        "echo $$ > pid; sleep 600",
    ]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let pid = crate::harness::processes::wait_for_file(&place.path("pid"));
    let id = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    assert_eq!(wait_for_exit(&mut process).code(), Some(143));
    wait_for("the end of the command", || {
        let status = Path::new("/proc").join(pid.trim()).join("cmdline");
        std::fs::read(status)
            .map_or(true, |it| it.is_empty())
            .then_some(())
    });
    assert!(place.read("default.pgo") == old);
}

#[test]
fn hostile_answers_are_one_error_each() {
    use std::io::{Read, Write};
    let place = Place::empty();
    let old = bytes("cpu.pprof");
    place.write("default.pgo", &old);
    let bomb = {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..64 {
            writer.write_all(&[0; 1 << 20]).unwrap();
        }
        writer.finish().unwrap()
    };
    let answers: Vec<(&str, Vec<u8>, &str)> = vec![
        ("bomb", body("application/octet-stream", &bomb), "is larger than"),
        ("cut profile", body("application/octet-stream", &old[..old.len() / 2]), "is cut off"),
        ("HTML without a type", body("application/octet-stream", b"  <html>"), "a web page"),
        ("JSON", body("application/json", b"{\"error\": 1}"), "not a pprof profile"),
        ("no HTTP", b"\x00\x01garbage\r\n\r\n".to_vec(), "cannot get the profile"),
        ("no words", Vec::new(), "cannot get the profile"),
        ("heads for ever", b"HTTP/1.1 200 OK\r\n".iter().copied().chain(b"X-A: b\r\n".repeat(40_000)).collect(), "cannot get the profile"),
        ("a length that lies", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx".to_vec(), "cannot get the profile"),
        ("busy", b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno".to_vec(), "answers 500"),
        ("moved for ever", b"HTTP/1.1 301 Moved Permanently\r\nLocation: /debug/pprof/profile\r\nContent-Length: 0\r\n\r\n".to_vec(), "it redirects"),
        ("\u{1b}[2J", b"HTTP/1.1 302 Found\r\nLocation: http://h/\x1b[2J::error::\r\nContent-Length: 0\r\n\r\n".to_vec(), ""),
    ];
    for (name, answer, words) in answers {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read(&mut [0; 4096]);
            // It may be gone before it has heard all of it.
            let _ = stream.write_all(&answer);
        });
        let run = place.run(&format!(
            "profile collect {address} --seconds 1 --patience 20"
        ));
        thread.join().unwrap();
        assert_eq!(run.code(), 4, "{name}: {}", run.shown());
        assert!(run.stderr.contains(words), "{name}: {}", run.shown());
        assert_eq!(
            run.stderr.matches("error:").count(),
            1,
            "{name}: {}",
            run.shown()
        );
        assert!(run.stderr.contains("hint:"), "{name}: {}", run.shown());
        assert!(!run.stderr.contains('\u{1b}'), "{name}: {:?}", run.stderr);
        assert!(place.read("default.pgo") == old, "{name}");
        assert_eq!(place.files(), "default.pgo", "{name}");
    }
    for (line, words) in [
        ("h:1 --seconds 0", "1..=86400"),
        ("h:1 --seconds 86401", "1..=86400"),
        ("h:1 --seconds soon", "invalid"),
        ("h:1 --patience 0", "1..=3600"),
        ("", "required"),
        ("h:1 --header x", "has no `:`"),
        ("'http://h h:1/' --seconds 1", "cannot ask"),
    ] {
        let run = place.run(&format!("profile collect {line}"));
        assert_eq!(run.code(), 2, "{line}: {}", run.shown());
        assert!(run.stderr.contains(words), "{line}: {}", run.shown());
    }
}

fn body(kind: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        bytes.len()
    );
    [head.as_bytes(), bytes].concat()
}
