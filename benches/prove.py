#!/usr/bin/env python3
"""Whether the verdicts of `prove` are right: many sessions with a program whose difference is known.

    benches/prove.py target/release/gobuild-opt                    # equals, 3 % and 1 %, 100 sessions each
    benches/prove.py --sessions 40 --load 2 PROGRAM                # with two busy loops beside them
    benches/prove.py --benchstat PROGRAM                           # equals, beside benchstat on runs one after another
    benches/prove.py --only 1030 --pairs 10 PROGRAM                # 3 %, in sessions of at most 10 pairs
    benches/prove.py --only 1010 --threshold 0.5 PROGRAM           # 1 %, where half of it matters
    benches/prove.py --layouts --sessions 30 PROGRAM               # equals that are built, each with three layouts of its own

A counter counts as far as it is told times a factor, so that the difference is exact. Equals are two copies of one file; with --layouts
they are two builds of one source. Sessions of which a run scatters by at most 0.9 % are counted apart.
"""
import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

COUNTER = """package main

import (
	"os"
	"strconv"
)

var factor = "1000"

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	f, _ := strconv.Atoi(factor)
	n = n * f / 1000
	x := uint64(1)
	for i := 0; i < n; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	if x == 0 {
		os.Stdout.WriteString("x")
	}
}
"""


def build(place):
    with open(f"{place}/go.mod", "w") as file:
        file.write("module example.com/counter\n\ngo 1.21\n")
    with open(f"{place}/main.go", "w") as file:
        file.write(COUNTER)
    for factor in (1000, 1010, 1030):
        flag = f"-ldflags=-X main.factor={factor}"
        subprocess.run(["go", "build", flag, "-o", str(factor), "."], cwd=place, check=True)
    shutil.copy(f"{place}/1000", f"{place}/copy")


def session(program, place, other, arguments, seed):
    line = [program, "prove", "-q", "--anyway", "--format", "json", "--seed", str(seed), "--raw", "raw.txt"]
    line += ["--pairs", str(arguments.pairs), "--threshold", f"{arguments.threshold}%"]
    # A tag that no file asks for changes nothing but the command line that is written into the file.
    line += ["--variant", "again: -tags=again"] if arguments.layouts else ["1000", other]
    line += ["--", "{bin}", str(arguments.steps)]
    done = subprocess.run(line, cwd=place, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def many(program, place, other, arguments):
    outcomes, pairs, early, noise, calm = collections.Counter(), 0, 0, [], collections.Counter()
    for seed in range(1, arguments.sessions + 1):
        report = session(program, place, other, arguments, seed)
        found = report["comparisons"][0]
        outcomes[found["outcome"]] += 1
        pairs += found["pairs"]
        early += found["outcome"] == "slower" and found["pairs"] <= 10
        noise.append(max(scatter(it["runs"]) for it in report["programs"]))
        if noise[-1] <= 0.9:
            calm[found["outcome"]] += 1
            calm["pairs"] += found["pairs"]
    noise.sort()
    whole = arguments.sessions * arguments.pairs
    named = lambda counter: ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))
    counts = named(outcomes)
    print(
        f"{other:>5}: {counts}; {pairs / arguments.sessions:.1f} pairs on average;"
        f" {100 - 100 * pairs / whole:.0f} of 100 runs saved; slower within 10 pairs: {early};"
        f" run to run {noise[len(noise) // 2]:.2f} % (median)\n       at most 0.9 %: {named(calm)}",
        flush=True,
    )


def scatter(runs):
    """From the middle half, as for a normal distribution, in percent."""
    runs = sorted(run["user"] + run["system"] for run in runs)
    return 100 * (runs[(3 * len(runs)) // 4] - runs[len(runs) // 4]) / 1.349 / runs[len(runs) // 2]


def cpu(place, name, steps):
    process = os.posix_spawn(f"{place}/{name}", [name, str(steps)], os.environ)
    usage = os.wait4(process, 0)[2]
    return usage.ru_utime + usage.ru_stime


def benchstat(place, text):
    """The p-values and medians that benchstat prints."""
    with open(f"{place}/runs.txt", "w") as file:
        file.write(text)
    done = subprocess.run(["./benchstat", "-col", "variant", "-format", "csv", "runs.txt"], cwd=place, capture_output=True, text=True)
    rows = [line for line in done.stdout.splitlines() if line.startswith("Workload,")]
    return rows[0].split(",") if rows else []


def beside(program, place, arguments):
    subprocess.run(["go", "install", "golang.org/x/perf/cmd/benchstat@latest"], env={**os.environ, "GOBIN": place}, check=True)
    ours, theirs, agree = 0, 0, 0
    for seed in range(1, arguments.sessions + 1):
        report = session(program, place, "copy", arguments, seed)
        found = report["comparisons"][0]
        ours += found["outcome"] in ("faster", "slower")
        row = benchstat(place, open(f"{place}/raw.txt").read())
        medians = [float(row[1]), float(row[3])]
        same = all(abs(a / b - 1) < 1e-4 for a, b in zip(medians, found["middles"]))
        agree += same
        # One after another, as many runs.
        text = ""
        for name in ("1000", "copy"):
            text += f"variant: {name}\n"
            for _ in range(max(found["pairs"], 10)):
                text += f"BenchmarkWorkload 1 {cpu(place, name, arguments.steps):.6f} cpu-sec/op\n"
        row = benchstat(place, text)
        change = row[5] if len(row) > 5 else ""
        theirs += re.match(r"[+-]", change) is not None
    print(f"equals, {arguments.sessions} sessions: {ours} differences by prove, {theirs} by benchstat on runs one after another")
    print(f"medians equal to those of benchstat on the same runs: {agree} of {arguments.sessions}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--steps", type=int, default=40_000_000)
    parser.add_argument("--load", type=int, default=0, help="busy loops beside the sessions")
    parser.add_argument("--benchstat", action="store_true")
    parser.add_argument("--pairs", type=int, default=20, help="the most pairs of a session")
    parser.add_argument("--threshold", type=float, default=1, help="percent; what is as small is no effect")
    parser.add_argument("--layouts", action="store_true")
    parser.add_argument("--only", help="copy, 1010 or 1030")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(arguments.load)]
    try:
        with tempfile.TemporaryDirectory() as place:
            build(place)
            if arguments.benchstat:
                beside(program, place, arguments)
            others = ["again"] if arguments.layouts else [arguments.only]
            for other in others if others != [None] else ["copy", "1030", "1010"] * (not arguments.benchstat):
                many(program, place, other, arguments)
    finally:
        for process in busy:
            process.kill()


if __name__ == "__main__":
    main()
