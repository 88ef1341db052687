#!/usr/bin/env python3
"""Six targets of a module: on half the memory that all of them take at once, and at the same time against one after another.

Builds six platforms with `gobuild-opt release`, all packages compiled before, so that every run links six times as many
executables as there are commands. First all at once (`--jobs 6`), without a limit: the memory of the whole tree that is not
files, sampled. Then with `--jobs auto` in a memory control group of half of that, made by this script (root, cgroup v1 or v2):
it has to end well, with the same files. Then, without a limit, `--jobs 1` and `--jobs auto` in turn.

    cargo build --release
    python3 benches/matrix.py target/release/gobuild-opt examples/cli ./cmd/...
    python3 benches/matrix.py --pairs 0 TOOL MODULE PACKAGES       # without the times
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PLATFORMS = ["linux/amd64", "linux/arm64", "linux/386", "darwin/amd64", "darwin/arm64", "windows/amd64"]


class Group:
    """A memory control group below our own."""

    def __init__(self):
        lines = [it.split(":", 2) for it in Path("/proc/self/cgroup").read_text().splitlines()]
        first = [it[2] for it in lines if "memory" in it[1].split(",")]
        second = [it[2] for it in lines if it[1] == ""]
        root, own = ("/sys/fs/cgroup/memory", first[0]) if first else ("/sys/fs/cgroup", second[0])
        self.first = bool(first)
        self.path = Path(root) / own.lstrip("/") / f"gobuild-opt-{os.getpid()}"
        self.path.mkdir()

    def limit(self, size):
        name = "memory.limit_in_bytes" if self.first else "memory.max"
        (self.path / name).write_text(str(size or -1 if self.first else size or "max"))

    def memory(self):
        """What its processes have that is not files, in bytes."""
        wanted = "total_rss" if self.first else "anon"
        for line in (self.path / "memory.stat").read_text().splitlines():
            key, value = line.split()
            if key == wanted:
                return int(value)
        return 0

    def kills(self):
        name = "memory.oom_control" if self.first else "memory.events"
        for line in (self.path / name).read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
        return 0

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("tool")
    parser.add_argument("module")
    parser.add_argument("packages", nargs="+")
    args = parser.parse_args()
    group = Group()
    place = Path(tempfile.mkdtemp(prefix="matrix-"))
    command = [os.path.abspath(args.tool), "release", "--out-dir", str(place / "out")]
    for it in PLATFORMS:
        command += ["--target", it]
    count = 0

    def build(jobs, limit=None):
        """Wall and CPU seconds, peak of the memory, digests. Links anew: no run has the flags of another."""
        nonlocal count
        count += 1
        group.limit(limit)
        flags = ["-trimpath", f"-ldflags=-s -w -X main.version=matrix-{os.getpid()}-{count}"]
        peak = 0
        done = threading.Event()

        def watch():
            nonlocal peak
            while not done.wait(0.02):
                peak = max(peak, group.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.monotonic()
        child = subprocess.Popen(
            [*command, "--jobs", str(jobs), *flags, *args.packages],
            cwd=args.module, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=group.enter,
        )
        err = child.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        watcher.join()
        if child.returncode != 0:
            sys.exit(f"--jobs {jobs}: exit code {child.returncode}\n{err}")
        files = sorted(it for it in (place / "out").rglob("*") if it.is_file() and it.name != "SHA256SUMS")
        names = [str(it.relative_to(place)) for it in files if not it.name.startswith(".")]
        if len(names) < len(PLATFORMS):
            sys.exit(f"--jobs {jobs}: only {names}")
        return wall, usage.ru_utime + usage.ru_stime, peak, names, err

    mib = 1 << 20
    try:
        build(1)
        _, _, whole, names, _ = build(6)
        limit = whole // 2
        before = group.kills()
        _, _, peak, again, err = build("auto", limit)
        print(f"all at once: {whole / mib:.0f} MiB; a limit of {limit / mib:.0f} MiB: built, with {peak / mib:.0f} MiB at most")
        print(f"killed for memory on the way: {group.kills() - before}")
        if names != again:
            sys.exit(f"other files: {again} instead of {names}")
        rows = []
        for _ in range(args.pairs):
            rows.append((*build(1)[:2], *build("auto")[:2]))
        if rows:
            one, one_cpu, auto, auto_cpu = (statistics.median(it) for it in zip(*rows))
            print(f"one after another {one:.2f} s ({one_cpu:.2f} CPU), at the same time {auto:.2f} s ({auto_cpu:.2f} CPU)")
    finally:
        group.limit(None)
        subprocess.run(["rm", "-rf", str(place)], check=False)
        for _ in range(50):
            try:
                group.path.rmdir()
                break
            except OSError:
                time.sleep(0.1)


main()
