#!/usr/bin/env python3
"""What `why` costs on a large program: the first question, which reads the archives, and the next, which does not.

    python3 benches/why.py [--runs N] TOOL MODULE PACKAGE [PACKAGE_TO_CUT]

MODULE is a directory in which go finds PACKAGE, with all archives in the build cache; the head of loop.py says how to prepare minio.
`own` is the CPU time of the tool alone, user and system, as the kernel counts it; `tree` is that of the go commands, too. `memory` is
what the tool has that is not a file, sampled every 10 ms. Figures are the least of the runs, which is what other work on the machine
disturbs least.
"""

import argparse
import os
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")


def anonymous(pid):
    """KiB that are not files; 0 where the process has ended."""
    try:
        with open(f"/proc/{pid}/status") as file:
            found = [line for line in file if line.startswith("RssAnon")]
        return int(found[0].split()[1]) if found else 0
    except (OSError, IndexError, ValueError):
        return 0


def run(command, cwd, env):
    """Own CPU seconds, CPU seconds of the tree, wall seconds, peak MiB that are not files."""
    start = time.monotonic()
    child = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL)
    peak = 0
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        peak = max(peak, anonymous(child.pid))
        time.sleep(0.01)
    wall = time.monotonic() - start
    with open(f"/proc/{child.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    user, system, child_user, child_system = (int(field) for field in fields[11:15])
    code = child.wait()
    if code:
        raise SystemExit(f"{command}: exit code {code}")
    own = (user + system) / TICK
    return own, own + (child_user + child_system) / TICK, wall, peak / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("tool")
    parser.add_argument("module")
    parser.add_argument("package")
    parser.add_argument("cut", nargs="?", default="encoding/json")
    args = parser.parse_args()
    tool = os.path.abspath(args.tool)
    with tempfile.TemporaryDirectory(prefix="why-") as state:
        kept = {**os.environ, "XDG_STATE_HOME": state}
        ways = [
            ("archives read", {**kept, "GOBUILD_OPT_CACHE": "off"}),
            ("first, kept for the next", None),
            ("next", kept),
        ]
        questions = [
            ("why dce", ["why", "dce"]),
            (f"why {args.cut}", ["why", args.cut]),
            (f"why --cut {args.cut}", ["why", "--cut", args.cut]),
            ("why --biggest-cuts 10", ["why", "--biggest-cuts", "10"]),
        ]
        print("| | | own CPU s | tree CPU s | wall s | own memory MiB |")
        print("|---|---|---|---|---|---|", flush=True)
        for question, words in questions:
            for way, env in ways:
                rows = []
                if way == "next":
                    run([tool, *words, args.package], args.module, env)
                for index in range(args.runs):
                    # With a secret that is new nothing is believed.
                    fresh = env or {**kept, "XDG_STATE_HOME": os.path.join(state, f"{words[-1]}-{index}".replace("/", "-"))}
                    rows.append(run([tool, *words, args.package], args.module, fresh))
                least = [min(column) for column in zip(*rows)]
                print(f"| {question} | {way} | {least[0]:.2f} | {least[1]:.2f} | {least[2]:.2f} | {least[3]:.0f} |", flush=True)


main()
