#!/usr/bin/env python3
"""`inspect` against the tools that people use today, in pairs on the same files.

    benches/inspect.py [--runs N] [--least] [--compare OTHER] [--inspect PATH] [--go GO] [--gsa GSA] [--build PACKAGE@VERSION] [BINARY...]

`--inspect` is our release build (target/release/gobuild-opt). `--build` makes a program of the Go module proxy, with
symbols and stripped, and measures on both; the largest that builds in minutes is a good choice:

    benches/inspect.py --build github.com/prometheus/prometheus/cmd/prometheus@v0.316.0

`go-size-analyzer` takes part when it is given, in PATH, or in `go env GOPATH`/bin; it installs with

    go install github.com/Zxilly/go-size-analyzer/cmd/gsa@latest

With `--compare OTHER` it is `compare BINARY OTHER` that is measured. `--least` shows the run that took the least CPU in place of
medians, for a machine on which others work.

`openssl sha256`, which reads every byte once, takes part where it is in PATH, `go tool nm -size` for files with symbols. Without any program, one of about 2 MB is built for the start-up.
CPU is user + system of the whole process tree, memory the largest resident set of one process, both from wait4; the
mapped file is part of it. Below about 15 MB it is that of Python, which starts the tools.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def once(command):
    """CPU seconds, wall seconds, peak bytes; None when the command fails."""
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    start = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    unit = 1 if sys.platform == "darwin" else 1024
    return None if status else (usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit)


def pairs(ours, theirs, runs, least):
    """Medians of both, or the run of each that took least; in turn, so that both meet the same machine."""
    found = [[], []]
    once(ours)
    for _ in range(runs):
        for index, command in enumerate((ours, theirs)):
            result = once(command)
            if result is None:
                return None
            found[index].append(result)
    if least:
        return [min(rows) for rows in found]
    return [[statistics.median(column) for column in zip(*rows)] for rows in found]


def has_symbols(go, path):
    done = subprocess.run([go, "tool", "nm", path], capture_output=True)
    return done.returncode == 0 and b" T " in done.stdout[:1_000_000]


def size_analyzer(go):
    gopath = subprocess.run([go, "env", "GOPATH"], capture_output=True, text=True).stdout.strip()
    return shutil.which("gsa") or shutil.which("gsa", path=os.path.join(gopath, "bin"))


def tiny(go, directory):
    with open(os.path.join(directory, "main.go"), "w") as file:
        file.write('package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hi") }\n')
    path = os.path.join(directory, "hello")
    environment = os.environ | {"GOFLAGS": "", "GOWORK": "off", "CGO_ENABLED": "0"}
    command = [go, "build", "-ldflags=-s -w", "-o", path, os.path.join(directory, "main.go")]
    subprocess.run(command, check=True, env=environment)
    return path


def fetched(go, package, directory):
    """A program of the module proxy with symbols, and the same stripped."""
    path, _, version = package.partition("@")
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOWORK": "off", "CGO_ENABLED": "0"}

    def run(*arguments):
        subprocess.run([go, *arguments], check=True, cwd=directory, env=environment)

    run("mod", "init", "scratch")
    run("get", f"{path}@{version or 'latest'}")
    name = os.path.join(directory, path.rsplit("/", 1)[-1])
    run("build", "-trimpath", "-o", name, path)
    run("build", "-trimpath", "-ldflags=-s -w", "-o", name + ".stripped", path)
    return [name, name + ".stripped"]


def row(name, path, ours, theirs):
    size = os.path.getsize(path)
    ms, mb = 1000, 1_000_000
    cells = [
        f"{os.path.basename(path)}, {size / mb:.1f} MB",
        name,
        f"{ours[0] * ms:.0f} / {theirs[0] * ms:.0f}",
        f"{theirs[0] / max(ours[0], 0.001):.1f}",
        f"{ours[1] * ms:.0f} / {theirs[1] * ms:.0f}",
        f"{ours[2] / mb:.0f} (file {(ours[2] - size) / mb:+.0f}) / {theirs[2] / mb:.0f}",
        f"{ours[0] * ms / (size / mb):.2f}",
    ]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binaries", nargs="*", metavar="BINARY")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--least", action="store_true")
    parser.add_argument("--compare", metavar="OTHER")
    parser.add_argument("--inspect", default="target/release/gobuild-opt")
    parser.add_argument("--go", default="go")
    parser.add_argument("--gsa")
    parser.add_argument("--build", action="append", default=[], metavar="PACKAGE@VERSION")
    arguments = parser.parse_args()
    gsa = arguments.gsa or size_analyzer(arguments.go)
    if not gsa:
        print("gsa is not installed: go install github.com/Zxilly/go-size-analyzer/cmd/gsa@latest")
    print("| file | against | CPU ms, ours / theirs | times less | wall ms | peak MB | our CPU ms per MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        binaries = list(arguments.binaries)
        for number, package in enumerate(arguments.build):
            place = os.path.join(directory, str(number))
            os.mkdir(place)
            binaries += fetched(arguments.go, package, place)
        for path in binaries or [tiny(arguments.go, directory)]:
            ours = [arguments.inspect, "inspect", path]
            if arguments.compare:
                ours[1:] = ["compare", path, arguments.compare]
            # A program that does nothing, for what starting a process costs.
            others = [("true", ["true"])]
            if shutil.which("openssl"):
                others.append(("openssl sha256", ["openssl", "sha256", path]))
            if has_symbols(arguments.go, path):
                others.append(("go tool nm -size", [arguments.go, "tool", "nm", "-size", path]))
            if gsa:
                others.append(("gsa", [gsa, "--format", "json", "-o", os.devnull, path]))
            for name, command in others:
                medians = pairs(ours, command, arguments.runs, arguments.least)
                if medians is None:
                    print(f"| {os.path.basename(path)} | {name} | failed | | | | |")
                else:
                    row(name, path, *medians)


if __name__ == "__main__":
    main()
