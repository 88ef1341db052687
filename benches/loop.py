#!/usr/bin/env python3
"""What the daily loop costs: `gobuild-opt release` against `go build -trimpath -ldflags='-s -w'`, in pairs and in turn.

Nothing changed: both run again as they are. Relink: before each run a line that was never there before is added to a
file of its own in a main package, so that go compiles one package and links. New file: the same in a file that was not there before,
with `--new-file`. With `--no-baseline` both are measured
once more with `[compare] baseline = "off"`, with `--lock` once more against a lock, as most projects run it: it is written
by `accept`, and removed. The binaries must be the same, bit for bit.

CPU is user and system time of the whole process tree (wait4). `own` is the CPU time and the peak memory of gobuild-opt
alone, as its last line says. `--cold` adds one pair on two empty build caches, `--only-cpu` leaves out what a machine on
which others work cannot tell.

    cargo build --release
    python3 benches/loop.py target/release/gobuild-opt examples/service ./cmd/api
    python3 benches/loop.py --pairs 9 --edit DIR TOOL MODULE PACKAGE      # DIR: the sources of the main package

A package of another module is not edited in the module cache: copy it and point to the copy with a `replace` line. So for minio
(1,301 packages; four minutes cold on two cores):

    mkdir loop && cd loop && go mod init example.com/loop && go get github.com/minio/minio
    cp -r --no-preserve=mode $(go list -f '{{.Dir}}' github.com/minio/minio) ../minio
    go mod edit -replace github.com/minio/minio=../minio && cd ..
    python3 benches/loop.py --no-baseline --edit minio target/release/gobuild-opt loop github.com/minio/minio
"""

import argparse
import hashlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time


def run(command, **options):
    """Wall seconds, CPU seconds, standard error."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    err = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        sys.exit(f"{command}: exit code {child.returncode}\n{err}")
    return wall, usage.ru_utime + usage.ru_stime, err


def own(text):
    """CPU seconds and MiB of our own, from the line that says where the time went."""
    found = re.search(r"own ([0-9.]+) s CPU(?:, ([0-9.]+) MiB)?", text)
    return (float(found[1]), float(found[2] or "nan")) if found else (float("nan"), float("nan"))


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--edit", help="directory of the main package, for the relink")
    parser.add_argument("--no-baseline", action="store_true")
    parser.add_argument("--lock", action="store_true")
    parser.add_argument("--new-file", action="store_true")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--only-cpu", action="store_true")
    parser.add_argument("tool")
    parser.add_argument("module")
    parser.add_argument("package")
    args = parser.parse_args()
    tool = os.path.abspath(args.tool)
    place = tempfile.mkdtemp(prefix="loop-")
    options = {"cwd": args.module}
    theirs, ours = os.path.join(place, "theirs"), os.path.join(place, "ours")
    plain = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", theirs, args.package]
    release = [tool, "release", "-o", ours, args.package]
    listed = ["go", "list", "-f", "{{.Dir}}", args.package]
    sources = args.edit or subprocess.check_output(listed, text=True, **options).strip()
    edited = os.path.join(sources, "zz_loop_bench.go")
    lock = os.path.join(args.module, "gobuild-opt.lock")

    def edit(word, path=edited):
        with open(path, "w") as file:
            file.write(f'package main\n\nvar _loopBench = "{word}-{time.time_ns()}"\n\nfunc init() {{ _ = _loopBench }}\n')

    def clear():
        for name in os.listdir(sources):
            if name.startswith("zz_loop_bench"):
                os.remove(os.path.join(sources, name))

    def new_file(word):
        clear()
        edit(word, os.path.join(sources, f"zz_loop_bench_{time.time_ns()}.go"))

    def measure(name, before, release):
        rows = []
        for index in range(args.pairs + 1):
            before("theirs")
            a = run(plain, **options)
            before("ours")
            b = run(release, **options)
            if index:  # The first pair fills the caches.
                rows.append((a[0], b[0], a[1], b[1], *own(b[2])))
        columns = list(zip(*rows))
        middle = [statistics.median(it) for it in columns]
        wall = statistics.median(b / a for a, b in zip(columns[0], columns[1]))
        cpu = statistics.median(b / a for a, b in zip(columns[2], columns[3]))
        walls = f"{middle[0]:.2f} / {middle[1]:.2f} | **{wall:.2f}**" if not args.only_cpu else "|"
        print(
            f"| {name} | {walls} "
            f"| {middle[2]:.2f} / {middle[3]:.2f} | **{cpu:.2f}** | {middle[4]:.2f} | {middle[5]:.0f} |",
            flush=True,
        )

    def cold():
        rows = []
        for command in plain, release:
            with tempfile.TemporaryDirectory(prefix="loop-cache-") as cache:
                rows.append(run(command, cwd=args.module, env={**os.environ, "GOCACHE": cache}))
        (wall, cpu, _), (our_wall, our_cpu, text) = rows
        walls = f"{wall:.2f} / {our_wall:.2f} | **{our_wall / wall:.2f}**" if not args.only_cpu else "|"
        print(
            f"| cold | {walls} | {cpu:.2f} / {our_cpu:.2f} | **{our_cpu / cpu:.2f}** "
            "| {:.2f} | {:.0f} |".format(*own(text)),
            flush=True,
        )

    print("| | wall s, go build / release | ratio | CPU s | ratio | own CPU s | own peak MiB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    without = [*release[:2], "--baseline", "off", *release[2:]]
    commands = [("", release)] + [(", baseline off", without)] * args.no_baseline
    try:
        if args.cold:
            cold()
        for more, command in commands:
            measure(f"nothing changed{more}", lambda _: None, command)
        for more, command in commands:
            measure(f"one line edited{more}", edit, command)
        if args.new_file:
            measure("one file new", new_file, release)
            clear()
        if args.lock:
            if os.path.exists(lock):
                sys.exit(f"{lock} is there already: take --lock away, or the file")
            edit("accepted")
            run([tool, "accept", args.package], **options)
            # An edit that the lock does not know, as in a day's work.
            measure("nothing changed, with a lock", lambda _: None, release)
            measure("one line edited, with a lock", edit, release)
            os.remove(lock)
    finally:
        clear()
    run(plain, **options)
    run(release, **options)
    if digest(theirs) != digest(ours):
        sys.exit("the binaries differ")


main()
