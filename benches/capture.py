#!/usr/bin/env python3
"""What it costs that the release compile tells its escapes, and what a report costs that finds them.

Cold, in pairs and in turn: A is the release command that `gobuild-opt plan` prints without its `-toolexec`, B the same
with it, each in an empty build cache. CPU is user + system time of go and all that it started. Both binaries must be
the same, bit for bit.

Warm (`--warm`): A is that `go build` when nothing changed, B is `gobuild-opt escape`, on the build cache of the last B.

    cargo build --release
    python3 benches/capture.py target/release/gobuild-opt examples/service
    python3 benches/capture.py --pairs 3 --warm 10 TOOL DIRECTORY [flags and packages ...]
    python3 benches/capture.py --calls 200 TOOL        # what a single call for a tool costs
"""

import argparse
import hashlib
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time


def run(command, ok=(0,), **options):
    """Wall and CPU seconds, and the output."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in ok:
        sys.exit(f"{command}: exit code {child.returncode}\n{out.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime, out.decode(errors="replace")


def row(name, pairs, unit="s"):
    before, after = zip(*pairs)
    ratios = [b / a for a, b in pairs if a]
    print(f"{name:28} {statistics.median(before):9.2f} {statistics.median(after):9.2f} {unit:3}", end="")
    print(f"  ratio {min(ratios):.3f} {statistics.median(ratios):.3f} {max(ratios):.3f}")


def calls(tool, count):
    def each(command):
        times = [run(command)[:2] for _ in range(count)]
        return [statistics.median(it) * 1000 for it in zip(*times)]

    alone = each(["true"])
    behind = each([tool, "toolexec", "--store=x", "--packages=x", "--flags=-m", "--", "true"])
    for name, a, b in zip(("wall", "CPU"), alone, behind):
        print(f"{name}: `true` {a:.2f} ms, behind toolexec {b:.2f} ms: {b - a:.2f} ms a call")


def release_command(tool, directory, rest, environment):
    """The first build of the plan, as words without `-o`, with and without our `-toolexec`."""
    plan = run([tool, "plan", *rest], cwd=directory, env=environment)[2]
    line = next(it for it in plan.splitlines() if re.match(r"([A-Z0-9_]+=\S+ )*go build ", it))
    words = shlex.split(line)
    at = words.index("-o")
    del words[at : at + 2]
    words.remove("-v")
    told = next(it for it in words if it.startswith("-toolexec="))
    return words, [it for it in words if it != told]


def output(words, path):
    at = words.index("--")
    return ["env", *words[:at], "-o", path, *words[at:]]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--warm", type=int, default=0)
    parser.add_argument("--calls", type=int, default=0)
    parser.add_argument("tool")
    parser.add_argument("directory", nargs="?")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    tool = os.path.abspath(args.tool)
    if args.calls:
        calls(tool, args.calls)
    if not args.directory:
        return
    cold = {"wall": [], "CPU": []}
    told, plain, environment = [], [], {}
    place = {"cwd": args.directory}
    with tempfile.TemporaryDirectory() as top:
        binary = [os.path.join(top, it) for it in ("plain", "told")]
        for number in range(max(args.pairs, 1)):
            spent = {}
            for old in filter(os.path.exists, binary):
                os.unlink(old)
            # In turn, so that neither always finds the files in memory.
            for kind in (0, 1) if number % 2 == 0 else (1, 0):
                cache = os.path.join(top, f"{number}-{kind}")
                environment = dict(os.environ, GOCACHE=cache)
                told, plain = release_command(tool, args.directory, args.rest, environment)
                command = output([plain, told][kind], binary[kind])
                if args.pairs or kind == 1:
                    spent[kind] = run(command, env=environment, **place)
            if args.pairs:
                if digest(binary[0]) != digest(binary[1]):
                    sys.exit("the binaries differ")
                for name, at in (("wall", 0), ("CPU", 1)):
                    cold[name].append((spent[0][at], spent[1][at]))
                print(f"pair {number + 1}: CPU {spent[0][1]:.1f} s plain, {spent[1][1]:.1f} s captured", flush=True)
        cache = os.path.join(top, f"{max(args.pairs, 1) - 1}-1")
        environment = dict(os.environ, GOCACHE=cache)
        packages = run(["go", "list", "-deps", *told[told.index("--") :]], env=environment, **place)[2]
        print(f"{len(packages.split())} packages, {args.pairs} pairs; A: go build, B: with the capture")
        if args.pairs:
            row("cold build, wall", cold["wall"])
            row("cold build, CPU", cold["CPU"])
        warm = {"wall": [], "CPU": []}
        for number in range(args.warm):
            build = output(plain, binary[0])
            report = [tool, "escape", *args.rest]
            first, second = (build, report) if number % 2 == 0 else (report, build)
            # `escape` ends with 1 where a gate fails.
            spent = {it[0]: run(it, (0, 1) if it is report else (0,), env=environment, **place) for it in (first, second)}
            for name, at in (("wall", 0), ("CPU", 1)):
                warm[name].append((spent["env"][at], spent[tool][at]))
        if args.warm:
            row("nothing to do, wall", warm["wall"])
            row("nothing to do, CPU", warm["CPU"])
            for name, pairs in warm.items():
                more = statistics.median(b - a for a, b in pairs)
                print(f"`gobuild-opt escape` above `go build`, {name}: {more:+.2f} s")


main()
