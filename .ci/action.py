#!/usr/bin/env python3
"""The steps of action.yml as a runner would start them, with a server of this machine as GitHub."""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import github
from github import BASE, SHA, GitHub

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = sys.argv[1]
WORK = Path(tempfile.mkdtemp())


ADDRESS = github.start()


def write(path, text, executable=False):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if executable:
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def step(name, action=ROOT, **env):
    """Runs a step; returns exit code, outputs and what it printed."""
    output = WORK / "output"
    output.write_text("")
    base = {it: os.environ[it] for it in ["PATH", "HOME", "GOPROXY", "GOFLAGS", "GOCACHE", "GOMODCACHE"] if it in os.environ}
    base |= {
        "GITHUB_OUTPUT": output,
        "GITHUB_STEP_SUMMARY": WORK / "summary.md",
        "GITHUB_API_URL": ADDRESS,
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_EVENT_PATH": WORK / "event.json",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_SHA": SHA,
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "GITHUB_WORKSPACE": WORK,
        "RUNNER_TEMP": WORK / "temp",
        "RUNNER_OS": "Linux",
        "RUNNER_ARCH": "X64",
        "ACTION_PATH": action,
        "ACTION_REPOSITORY": "owner/gobuild-opt",
        "GITHUB_TOKEN": "secret-token",
        "GH_TOKEN": "secret-token",
    }
    (WORK / "temp").mkdir(exist_ok=True)
    full = {key: str(value) for key, value in (base | env).items()}
    done = subprocess.run(
        ["bash", str(Path(action) / "packaging/action" / name)], env=full, cwd=WORK, capture_output=True, text=True, timeout=300
    )
    said = done.stdout + done.stderr
    assert "secret-token" not in said, said
    outputs, lines = {}, iter(output.read_text().splitlines())
    for line in lines:
        if "<<" in line:
            key, end = line.split("<<")
            value = []
            for it in lines:
                if it == end:
                    break
                value.append(it)
            outputs[key] = "\n".join(value)
        else:
            key, _, value = line.partition("=")
            outputs[key] = value
    return done.returncode, outputs, said


def expect(got, code, text=""):
    assert got[0] == code and text in got[2], f"exit code {got[0]}, expected {code} with `{text}`:\n{got[2]}"
    return got[1]


def install():
    ours = expect(step("install", BINARY=PROGRAM, ATTESTATION="require"), 0)
    assert ours == {"program": PROGRAM}
    (WORK / "empty").mkdir()
    ours = expect(step("install", BINARY=PROGRAM, ATTESTATION="require", GITHUB_WORKSPACE=WORK / "empty"), 0)
    assert ours == {"program": PROGRAM, "empty": "true"}
    expect(step("install", BINARY="nowhere", ATTESTATION="require"), 4, "::error")
    expect(step("install", BINARY="", ATTESTATION="off"), 4, "it was not made for a release")
    action = WORK / "action"
    shutil.copytree(ROOT / "packaging", action / "packaging", symlinks=True)
    dist = WORK / "dist"
    dist.mkdir()
    shutil.copy(PROGRAM, dist / "gobuild-opt-linux-amd64")
    subprocess.run([ROOT / "packaging/package.py", "archives", dist], check=True)
    archive = (dist / "gobuild-opt-x86_64-unknown-linux-musl.tar.gz").read_bytes()
    sums = [hashlib.sha256(it).hexdigest() for it in [Path(PROGRAM).read_bytes(), archive]]
    GitHub.files["/a.tar.gz"] = archive
    releases = action / "packaging/go-tool/gobuild-opt/release.txt"

    def release(program, packed):
        releases.write_text(f"version 0.1.0\nlinux amd64 {program} {packed} {ADDRESS}/a.tar.gz\n")

    def tried(code, text, **env):
        return expect(step("install", action=action, BINARY="", **env), code, text)

    release(*sums)
    path = os.environ["PATH"]
    gh = {it: write(WORK / it / "gh", f"#!/bin/sh\nexit {code}\n", True).parent for it, code in [("good", 0), ("bad", 1)]}
    assert Path(tried(0, "", ATTESTATION="off")["program"]).is_file()
    tried(0, "", ATTESTATION="require", PATH=f"{gh['good']}:{path}")
    assert "program" not in tried(4, "attestation", ATTESTATION="require", PATH=f"{gh['bad']}:{path}")
    tried(4, "require or off", ATTESTATION="no")
    tried(4, "there is no build", ATTESTATION="off", RUNNER_OS="Windows")
    tried(4, "holds no digest for linux/arm64", ATTESTATION="off", RUNNER_ARCH="ARM64")
    for wrong in [["0" * 64, sums[1]], [sums[0], "0" * 64]]:
        release(*wrong)
        assert "program" not in tried(4, "does not have the digest", ATTESTATION="off")
    releases.write_text(f"linux amd64 {sums[0]} {sums[1]} {ADDRESS}/absent.tar.gz\n")
    tried(4, "cannot download", ATTESTATION="off")


def caches(module):
    def plan(**env):
        env = {"CACHE": "auto", "ARGS": "", "DIRECTORY": module, "DEFAULT_BRANCH": "main"} | env
        return expect(step("caches", **env), 0)

    def decided(**env):
        found = plan(**env)
        return found["restore"], found["save"]

    assert decided() == ("true", "false")
    assert decided(GITHUB_REF="refs/heads/main") == ("true", "true")
    assert decided(GITHUB_REF="refs/heads/other") == ("true", "false")
    # What another step restored, or the machine kept, is no cache for what is released, unless somebody says so.
    full, empty = WORK / "full", WORK / "empty"
    write(full / "00/00-a", "")
    expect(step("caches", CACHE="auto", ARGS="", DIRECTORY=module, DEFAULT_BRANCH="main", GITHUB_REF="refs/tags/v1", GOCACHE=full), 2, "GOCACHE is not empty")
    os.environ["GOCACHE"], kept = str(empty), os.environ.get("GOCACHE")
    assert decided(GITHUB_REF="refs/tags/v1") == ("false", "false")
    assert decided(GITHUB_REF="refs/tags/v1", CACHE="always") == ("true", "false")
    assert decided(GITHUB_REF="refs/heads/main", ACTIONS_ID_TOKEN_REQUEST_URL="x") == ("false", "false")
    os.environ.pop("GOCACHE")
    if kept:
        os.environ["GOCACHE"] = kept
    assert decided(CACHE="off") == ("false", "false")
    one = plan()
    assert one["key"].endswith(f"-{SHA}") and one["prefix"].splitlines()[0] in one["key"] and len(one["paths"].splitlines()) == 2
    write(module / "cmd/default.pgo", "x")
    assert plan()["prefix"] != one["prefix"]
    (module / "cmd/default.pgo").unlink()
    assert plan(ARGS="-race")["prefix"] != one["prefix"]
    expect(step("caches", CACHE="maybe", ARGS="", DIRECTORY=module, DEFAULT_BRANCH="main"), 2, "auto, always or off")


def report(module):
    def run(args=""):
        return step("report", PROGRAM=PROGRAM, ARGS=args, DIRECTORY=module)

    write(WORK / "event.json", json.dumps({"pull_request": {"number": 7, "head": {"sha": SHA}}}))
    done = expect(run('--out-dir dist -ldflags "-X \'main.version=a b\'"'), 0, "build cache: ")
    assert done["exit-code"] == "0"
    folder = Path(done["directory"])
    assert json.loads((folder / "subject.json").read_text()) == {"number": 7, "head_sha": SHA, "base_sha": None}
    assert json.loads((folder / "report.json").read_text())["verdict"]["pass"]
    assert "## gobuild-opt: pass" in (WORK / "summary.md").read_text()
    # A gate fails the job at its end: the report is kept before.
    over = expect(run("--set 'budget.size=\"1 KiB\"'"), 0, "::error")
    assert over["exit-code"] == "1" and Path(over["report"]).is_file()
    # A flag that cannot be read must not get lost.
    expect(run("-ldflags='-X main.version=1"), 2, "is a quote open?")
    expect(step("rebuild", PROGRAM=PROGRAM, ARGS="'", DIRECTORY=module, REBUILD="never", BASE_REF="", KEY="", OUT=folder), 2, "is a quote open?")
    commands()
    write(module / "main.go", "package main\n\nfunc main() { x }\n")
    broken = expect(run(), 0, "undefined: x")
    assert broken == {"exit-code": "3"}
    return folder, Path(over["directory"])


def commands():
    """Without arguments: what a configuration says, looked for upward, else every command of the module."""
    module = WORK / "commands"
    write(module / "go.mod", "module example.com/two\n\ngo 1.21\n")
    for name in ["one", "two"]:
        write(module / f"cmd/{name}/main.go", "package main\n\nfunc main() {}\n")
    (module / "docs").mkdir()

    def built(said, directory, **env):
        done = expect(step("report", PROGRAM=PROGRAM, ARGS="  ", DIRECTORY=directory, **env), 0, said)
        report = json.loads(Path(done["report"]).read_text())
        return [it["name"] for it in report["targets"]]

    assert built("every command of the module: 2", module) == ["one", "two"]
    assert built("", module, GOBUILD_OPT_BUILD_PACKAGES="./cmd/two") == ["two"]
    write(module / "gobuild-opt.toml", '[build]\npackages = ["./cmd/one"]\n')
    assert built("", module / "docs") == ["one"]


def git(module, *args):
    own = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *own, *args], cwd=module, check=True, capture_output=True, text=True).stdout.strip()


def rebuild():
    """The pull request merged into its branch, as a runner checks it out; what it is based on is built as well."""
    module = WORK / "merged"
    write(module / "go.mod", "module example.com/tiny\n\ngo 1.21\n")
    write(module / "main.go", 'package main\n\nfunc main() { println("before") }\n')
    git(module, "init", "-q", "-b", "main")
    git(module, "add", "-A")
    git(module, "commit", "-qm", "base")
    git(module, "checkout", "-qb", "change")
    write(module / "main.go", 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("after") }\n')
    git(module, "commit", "-qam", "change")
    head = git(module, "rev-parse", "HEAD")
    git(module, "checkout", "-q", "--detach", "main")
    git(module, "commit", "-q", "--allow-empty", "-m", "the branch goes on")
    target = git(module, "rev-parse", "HEAD")
    git(module, "merge", "-q", "--no-ff", "-m", "merge", head)
    write(WORK / "event.json", json.dumps({"pull_request": {"number": 7, "head": {"sha": head}, "base": {"sha": target}}}))
    args = "--out-dir dist --report own.json"
    done = expect(step("report", PROGRAM=PROGRAM, ARGS=args, DIRECTORY=module), 0)
    folder = Path(done["directory"])
    subject = json.loads((folder / "subject.json").read_text())
    assert subject == {"number": 7, "head_sha": head, "base_sha": target}, subject
    built = (module / "dist/tiny").read_bytes()

    def build(code=0, said="", **env):
        env = {"PROGRAM": PROGRAM, "ARGS": args, "DIRECTORY": module, "REBUILD": "missing", "BASE_REF": "", "KEY": "default", "OUT": folder} | env
        return expect(step("rebuild", **env), code, said)

    build(said="so", REBUILD="never")
    build(2, "missing, always or never", REBUILD="no")
    build(said="outside of the working directory", ARGS="-overlay=/etc/x.json")
    build(said="is not in this clone", BASE_REF="v9")
    GitHub.artifacts[:] = [{"expired": False, "workflow_run": {"head_sha": target}}]
    build(said="there is a report of")
    assert not (folder / "base.json").exists()
    GitHub.artifacts[:] = []
    build(said="for comparison")
    sizes = [json.loads((folder / it).read_text())["targets"][0]["artifact"]["size"] for it in ["base.json", "report.json"]]
    assert sizes[0] < sizes[1], sizes
    assert (module / "dist/tiny").read_bytes() == built and git(module, "worktree", "list").count("\n") == 0
    assert json.loads((folder / "subject.json").read_text())["built"] == target
    # A base that does not compile is no failure of the pull request.
    git(module, "checkout", "-q", "--detach", "HEAD^")
    write(module / "main.go", "package main\n\nfunc main() { ::error }\n")
    git(module, "commit", "-qam", "broken")
    git(module, "tag", "v0")
    shutil.rmtree(module / "dist")
    build(said="exit code 3", BASE_REF="v0")
    return folder, target


def base(good, built):
    folder, target = built
    GitHub.target = target
    env = {"KEY": "default", "BASE_REF": "", "HEAD_SHA": SHA, "REPOSITORY_ID": "5", "SUBJECT": good / "subject.json", "DEFAULT_BRANCH": "main"}
    env |= {"HEAD": good, "BASE": WORK / "base"}
    found = WORK / "base/report.json"

    def artifact(run, repository=5, sha=BASE, expired=False):
        return {"expired": expired, "workflow_run": {"id": run, "head_sha": sha, "head_repository_id": repository}}

    assert expect(step("base", **env), 0, "no run left a report") == {}
    # A fork, another commit, and one that is gone.
    GitHub.artifacts[:] = [artifact(1, repository=6), artifact(2, sha=SHA), artifact(3, expired=True)]
    assert expect(step("base", **env), 0, "no run left a report") == {}
    # What the run of the pull request says of the base, held against the history: between the merge base and the branch.
    subject = write(WORK / "claimed.json", json.dumps({"number": 7, "head_sha": SHA, "base_sha": target, "built": target}))
    claims = {**env, "SUBJECT": subject, "HEAD": folder}
    name = f"{target[:12]} (built by the run of the pull request)"
    assert expect(step("base", **claims), 0, "built it") == {"name": name} and found.is_file()
    found.unlink()
    other = write(WORK / "other.json", json.dumps({"number": 7, "head_sha": SHA, "base_sha": "e" * 40, "built": "e" * 40}))
    assert expect(step("base", **{**claims, "SUBJECT": other}), 0, "no baseline") == {} and not found.exists()
    # Somebody who may push left a note.
    GitHub.notes[target] = (good / "report.json").read_bytes()
    assert expect(step("base", **claims), 0, "from a git note") == {"name": f"{target[:12]} (git note)"}
    assert found.read_bytes() == (good / "report.json").read_bytes()
    GitHub.notes.clear()
    found.unlink()
    GitHub.artifacts += [artifact(4), artifact(5, sha=target)]
    assert expect(step("base", **claims), 0) == {"run": "5", "name": f"{target[:12]} (report of its run)"}
    assert expect(step("base", **env), 0) == {"run": "4", "name": f"{BASE[:12]} (report of its run)"}
    assert expect(step("base", **{**env, "BASE_REF": "v1.0.0"}), 0) == {"run": "4", "name": "v1.0.0 (report of its run)"}
    assert expect(step("base", **{**env, "BASE_REF": "v9 x"}), 0, "there is no commit") == {}
    for number in ['"7/../8"', "-1", "7.5", "null", '{"a":1}', '"::error::x"', "1e30"]:
        forged = write(WORK / "forged.json", f'{{"number": {number}}}')
        got = step("base", **{**env, "SUBJECT": forged})
        assert expect(got, 0) == {} and "::error" not in got[2], got
    for sha in ['"../../x"', "7", '["a"]', '"::error::x"', f'"{"E" * 40}"']:
        forged = write(WORK / "forged.json", f'{{"number": 7, "base_sha": {sha}, "built": {sha}}}')
        got = step("base", **{**env, "SUBJECT": forged})
        assert expect(got, 0)["run"] == "4" and "::error" not in got[2], got


def comment(good, over):
    write(WORK / "event.json", json.dumps({"workflow_run": {"id": 10, "event": "pull_request", "head_sha": SHA, "conclusion": "failure"}}))
    env = {"PROGRAM": PROGRAM, "KEY": "default", "WHEN": "changes", "HEAD": over, "BASE": good, "BASE_NAME": "main"}
    expect(step("comment", **{**env, "HEAD": WORK / "nowhere"}), 0, "::notice")
    GitHub.broken[:] = [503]
    expect(step("comment", **env), 0, "commented on pull request 7")
    expect(step("comment", **env), 0, "up to date")
    assert len(GitHub.comments) == 1
    body = GitHub.comments[0]["body"]
    assert "## gobuild-opt: FAIL" in body and "main" in body, body
    assert not GitHub.checks
    expect(step("comment", **env, CHECK="gobuild-opt"), 0, "check `gobuild-opt`: failure")
    expect(step("comment", **env, CHECK="gobuild-opt"), 0, "check `gobuild-opt`: failure")
    assert [(it["name"], it["conclusion"], it["head_sha"]) for it in GitHub.checks] == [("gobuild-opt", "failure", SHA)]
    GitHub.broken[:] = [403]
    expect(step("comment", **env), 4, "pull-requests: write")
    # The report of a stranger.
    forged = WORK / "forged"
    shutil.copytree(over, forged)
    write(forged / "report.json", (over / "report.json").read_text().replace("tiny", "</details>@all ::error::x <img src=x>"))
    expect(step("comment", **{**env, "HEAD": forged}), 0)
    body = GitHub.comments[0]["body"]
    assert "<img" not in body and "@all" not in body and "\n::" not in body, body
    write(forged / "subject.json", json.dumps({"number": 7, "head_sha": BASE}))
    expect(step("comment", **{**env, "HEAD": forged}), 4, "is not about the commit")
    write(WORK / "event.json", json.dumps({"workflow_run": {"id": 10, "event": "push", "head_sha": SHA}}))
    expect(step("comment", **env), 0, "for no pull request")


def first_comment():
    """A repository that knows nothing of us, from the recipes to the first comment on a pull request."""
    started = time.monotonic()
    lines = 0
    for it in ["release", "comment"]:
        text = (ROOT / f"examples/service/.github/workflows/{it}.yml").read_text()
        beyond = re.split(r"^(?=permissions:|jobs:)", text, maxsplit=1, flags=re.M)[1]
        lines += sum(1 for it in beyond.splitlines() if it.strip() and not it.strip().startswith("#"))
    module = WORK / "stranger"
    shutil.copytree(ROOT / "examples/cli", module)
    (module / "gobuild-opt.toml").unlink()
    git(module, "init", "-q", "-b", "main")
    git(module, "add", "-A")
    git(module, "commit", "-qm", "all")
    base = git(module, "rev-parse", "HEAD")
    main = module / "cmd/logstat/main.go"
    main.write_text(main.read_text() + "\n// Said at the start.\nfunc init() { println(os.Getpid(), os.Args[0]) }\n")
    git(module, "commit", "-qam", "change")
    head = git(module, "rev-parse", "HEAD")
    write(WORK / "event.json", json.dumps({"pull_request": {"number": 7, "head": {"sha": head}, "base": {"sha": base}}}))
    env = {"PROGRAM": PROGRAM, "DIRECTORY": module, "ARGS": "", "CACHE": "auto", "DEFAULT_BRANCH": "main", "KEY": "default"}
    expect(step("caches", **env), 0)
    folder = Path(expect(step("report", **env), 0, "cmd/logmerge")["directory"])
    expect(step("rebuild", **env, REBUILD="missing", BASE_REF="", OUT=folder), 0, "for comparison")
    # The second half, on the default branch.
    GitHub.head, GitHub.target, GitHub.artifacts[:], GitHub.comments[:] = head, base, [], []
    write(WORK / "event.json", json.dumps({"workflow_run": {"id": 11, "event": "pull_request", "head_sha": head, "conclusion": "success"}}))
    env |= {"SUBJECT": folder / "subject.json", "HEAD": folder, "BASE": WORK / "first", "HEAD_SHA": head, "BASE_REF": "", "REPOSITORY_ID": "5"}
    name = expect(step("base", **env), 0)["name"]
    expect(step("comment", **env, WHEN="changes", CHECK="gobuild-opt", BASE_NAME=name), 0, "commented on pull request 7")
    body = GitHub.comments[0]["body"]
    assert "## gobuild-opt: pass" in body and "| logstat |" in body and "built by the run of the pull request" in body, body
    assert "no baseline" not in body and GitHub.checks[-1]["conclusion"] == "success", body
    print(f"the first comment: {lines} lines of YAML beyond the triggers, {time.monotonic() - started:.0f} s of build and comment")


def main():
    action = (ROOT / "action.yml").read_text()
    started = re.findall(r'bash "\$ACTION_PATH/packaging/action/(\w+)"', action)
    # What ends in .sh is read by the others.
    present = sorted(it.name for it in (ROOT / "packaging/action").iterdir() if it.suffix != ".sh")
    assert sorted(started) == present, (started, present)
    assert "${{" not in "".join(re.findall(r"run: .*", action)), "an expression in a script"
    module = WORK / "module"
    write(module / "go.mod", "module example.com/tiny\n\ngo 1.21\n")
    write(module / "main.go", 'package main\n\nvar version = "dev"\n\nfunc main() { println("hi", version) }\n')
    install()
    caches(module)
    good, over = report(module)
    base(good, rebuild())
    comment(good, over)
    first_comment()
    print("the steps of the action: ok")


try:
    main()
finally:
    shutil.rmtree(WORK)
