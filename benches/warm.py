#!/usr/bin/env python3
"""What a warm `gobuild-opt release` costs beside the go commands it runs.

In pairs, in turn: A is `gobuild-opt release`, B the very go commands that `gobuild-opt plan`
prints, run by a shell. Prints the medians, the ratio pair by pair, and the CPU time and memory
of gobuild-opt itself, without go.

    cargo build --release
    python3 benches/warm.py target/release/gobuild-opt examples/service
    python3 benches/warm.py --pairs 20 target/release/gobuild-opt DIRECTORY [packages and flags ...]
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time


def timed(command, **options):
    start = time.monotonic()
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    wall = time.monotonic() - start
    if run.returncode not in (0, 1):
        sys.exit(f"{command}: exit code {run.returncode}\n{run.stderr.decode(errors='replace')}")
    return wall, run.stdout


def row(name, values, unit):
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{name:34} {low:9.3f} {middle:9.3f} {high:9.3f}  {unit}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("tool")
    parser.add_argument("directory")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    tool = os.path.abspath(args.tool)
    place = {"cwd": args.directory}
    release = [tool, "release", "--format", "json", *args.rest]
    script = timed([tool, "plan", *args.rest], **place)[1].decode()

    # Once each, so that the build cache is warm.
    timed(release, **place)
    timed(["sh", "-c", script], **place)
    ours, theirs, ratios, cpu, memory, size = [], [], [], [], [], 0
    for _ in range(args.pairs):
        wall, out = timed(release, **place)
        by_hand, _ = timed(["sh", "-c", script], **place)
        report = json.loads(out)
        ours.append(wall)
        theirs.append(by_hand)
        ratios.append(wall / by_hand)
        cpu.append(report["cost"]["own_cpu_ms"])
        memory.append((report["cost"]["own_peak_memory"] or 0) / 2**20)
        size = max(it["artifact"]["size"] for it in report["targets"])
    commands = len(re.findall(r"^(?:[A-Z0-9_]+=\S+ )*go (?:build|list) ", script, re.M))
    print(f"{args.pairs} pairs, {commands} go commands, largest binary {size / 1e6:.1f} MB")
    print(f"{'':34} {'min':>9} {'median':>9} {'max':>9}")
    row("gobuild-opt release", ours, "s wall")
    row("the go commands of its plan", theirs, "s wall")
    row("ratio", ratios, "")
    row("own CPU time", cpu, "ms")
    row("own peak memory, with mapped files", memory, "MiB")


main()
