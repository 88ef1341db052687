#!/usr/bin/env python3
"""Packages of finished binaries. Everything that they say comes from Cargo.toml and from the files themselves.

    package.py archives DIST                  archives of DIST/gobuild-opt-OS-ARCH, and SHA256SUMS
    package.py npm DIST OUT                   npm packages: one for each platform, and the one that picks
    package.py entries DIST OUT [ADDRESS]     Homebrew formula, aqua registry, mise.toml, release.txt of the Go module
    package.py check                          what is written twice is written alike

ADDRESS is where the repository is; without it that of Cargo.toml counts, which has to be a real one.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "packaging"
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text())
SHARED = CARGO["workspace"]["package"]
PACKAGE = {key: SHARED[key] if value == {"workspace": True} else value for key, value in CARGO["package"].items()}
VERSION = PACKAGE["version"]
PLATFORMS = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"]
TRIPLES = {
    "linux-amd64": "x86_64-unknown-linux-musl",
    "linux-arm64": "aarch64-unknown-linux-musl",
    "darwin-amd64": "x86_64-apple-darwin",
    "darwin-arm64": "aarch64-apple-darwin",
}
LICENSES = ["LICENSE-MIT", "LICENSE-APACHE"]


def fail(message):
    sys.exit(f"package.py: {message}")


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def binaries(dist):
    found = {it: Path(dist) / f"gobuild-opt-{it}" for it in PLATFORMS}
    found = {it: path for it, path in found.items() if path.is_file()}
    return found or fail(f"no gobuild-opt-OS-ARCH in {dist}")


def archive(platform, binary, out):
    """The same archive for the same files: no times, no owners, sorted."""
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        files = [("gobuild-opt", binary, 0o755)]
        files += [(it, ROOT / it, 0o644) for it in [*LICENSES, "README.md", "CHANGELOG.md"]]
        for name, path, mode in sorted(files):
            data = Path(path).read_bytes()
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), mode, epoch
            tar.addfile(info, io.BytesIO(data))
    path = Path(out) / f"gobuild-opt-{TRIPLES[platform]}.tar.gz"
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(raw.getvalue())
    return path


def archives(dist):
    made = [archive(platform, path, dist) for platform, path in binaries(dist).items()]
    sums = sorted((it.name, digest(it)) for it in [*made, *binaries(dist).values()])
    (Path(dist) / "SHA256SUMS").write_text("".join(f"{sha}  {name}\n" for name, sha in sums))


def address(given):
    found = (given or PACKAGE["repository"]).rstrip("/")
    if not given and ".invalid" in found:
        fail("there is no public address yet: set `repository` in Cargo.toml, or give one")
    return found


def npm_base(name):
    base = {
        "name": name,
        "version": VERSION,
        "description": PACKAGE["description"],
        "license": PACKAGE["license"],
    }
    if ".invalid" not in PACKAGE["repository"]:
        base["repository"] = PACKAGE["repository"]
    return base


def write_json(path, value):
    Path(path).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def npm(dist, out):
    names = {}
    for platform, binary in binaries(dist).items():
        system, arch = platform.replace("amd64", "x64").split("-")
        name = names[platform] = f"gobuild-opt-{system}-{arch}"
        folder = Path(out) / name
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(binary, folder / "bin" / "gobuild-opt")
        (folder / "bin" / "gobuild-opt").chmod(0o755)
        for it in LICENSES:
            shutil.copy(ROOT / it, folder)
        write_json(folder / "package.json", {**npm_base(name), "os": [system], "cpu": [arch], "files": ["bin"]})
    folder = Path(out) / "gobuild-opt"
    folder.mkdir(parents=True, exist_ok=True)
    for it in [ROOT / "README.md", HERE / "npm" / "gobuild-opt.js", *(ROOT / it for it in LICENSES)]:
        shutil.copy(it, folder)
    write_json(
        folder / "package.json",
        {
            **npm_base("gobuild-opt"),
            "bin": {"gobuild-opt": "gobuild-opt.js"},
            "engines": {"node": ">=18"},
            "files": ["gobuild-opt.js"],
            "optionalDependencies": {name: VERSION for name in names.values()},
        },
    )


def entries(dist, out, given=None):
    base = address(given)
    made = binaries(dist)
    download = f"{base}/releases/download/v{VERSION}"
    values = {"VERSION": VERSION, "ADDRESS": base, "DOWNLOAD": download, "DESCRIPTION": PACKAGE["description"].replace("`", "")}
    values["LICENSE"] = PACKAGE["license"]
    values["OWNER"], values["NAME"] = base.rsplit("/", 2)[-2:]
    lines = []
    for platform in PLATFORMS:
        key = platform.replace("-", "_").upper()
        if platform not in made:
            continue
        packed = Path(dist) / f"gobuild-opt-{TRIPLES[platform]}.tar.gz"
        values[f"SHA256_{key}"] = digest(packed)
        system, arch = platform.split("-")
        lines.append(f"{system} {arch} {digest(made[platform])} {digest(packed)} {download}/{packed.name}\n")
    for template in sorted((HERE / "templates").iterdir()):
        text = template.read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        if "@SHA256_" in text:
            fail(f"{template.name} needs every platform: {', '.join(sorted(set(PLATFORMS) - set(made)))} missing")
        (Path(out) / template.name).write_text(text)
    head = "# os, arch, SHA-256 of the program, SHA-256 of the archive, address. Written by packaging/package.py entries.\n"
    (Path(out) / "release.txt").write_text(f"{head}version {VERSION}\n{''.join(lines)}")


def check():
    """The places that cannot be derived agree with Cargo.toml."""
    wanted = PACKAGE["repository"].split("://", 1)[1] + "/packaging/go-tool"
    module = (HERE / "go-tool" / "go.mod").read_text().split()[1]
    if module != wanted:
        fail(f"packaging/go-tool/go.mod says {module}, Cargo.toml means {wanted}")
    project = tomllib.loads((HERE / "wheel" / "pyproject.toml").read_text())["project"]
    for key in ["description", "license"]:
        if project[key] != PACKAGE[key]:
            fail(f"packaging/wheel/pyproject.toml has another `{key}` than Cargo.toml")
    # No other file knows where the project is.
    host = PACKAGE["repository"].split("://", 1)[1].split("/")[0]
    allowed = {ROOT / "Cargo.toml", HERE / "go-tool" / "go.mod"}
    files = os.popen(f"git -C '{ROOT}' ls-files -z").read().split("\0")
    for it in filter(None, files):
        path = ROOT / it
        if path not in allowed and path.is_file() and host.encode() in path.read_bytes():
            fail(f"{it} holds the address of the project: derive it from Cargo.toml")


def main(args):
    match args:
        case ["archives", dist]:
            archives(dist)
        case ["npm", dist, out]:
            npm(dist, out)
        case ["entries", dist, out, *rest] if len(rest) < 2:
            Path(out).mkdir(parents=True, exist_ok=True)
            entries(dist, out, *rest)
        case ["check"]:
            check()
        case _:
            sys.stderr.write(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
