#!/usr/bin/env python3
"""Ten growth stories between two versions of a program: is the true cause the first line of `why --since`?

Each story is a small program over public modules, committed twice; the modules come through the module proxy of
`go env GOPROXY`. Usage: growth.py GOBUILD_OPT DIRECTORY [NAME...]. Prints one line per story; exit code 1 where more
than one is wrong. Compiles about 1,500 packages at first, minutes of CPU time.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys


def main(body, *imports):
    lines = "".join(f"\t{line}\n" for line in imports)
    return f"package main\n\nimport (\n{lines})\n\nfunc main() {{\n{body}\n}}\n"


PLAIN = main('\tfmt.Println("hello", len(os.Args))', '"fmt"', '"os"')

# Every method of the client stays once the elimination is off.
CLIENT = '\tclient, err := minio.New("localhost", &minio.Options{})\n\tfmt.Println(client != nil, err, any(client))\n'
COBRA = '\troot := &cobra.Command{Use: "x", Run: func(*cobra.Command, []string) {}}\n\tfmt.Println(root.Execute())\n'
OVER_MINIO = main(
    CLIENT + COBRA, '"fmt"', '"github.com/minio/minio-go/v7"', '"github.com/spf13/cobra"'
)
OVER_UNISEG = main('\tfmt.Println(uniseg.GraphemeClusterCount("hello"))', '"fmt"', '"github.com/rivo/uniseg"')
OVER_ZSTD = main(
    '\tw, err := zstd.NewWriter(os.Stdout)\n\tfmt.Println(w != nil, err)',
    '"fmt"',
    '"os"',
    '"github.com/klauspost/compress/zstd"',
)
OVER_VIPER = main('\tv := viper.New()\n\tfmt.Println(v.ReadInConfig(), v.AllKeys())', '"fmt"', '"github.com/spf13/viper"')
OVER_DOCKER = main(
    '\tc, err := client.NewClientWithOpts(client.FromEnv)\n\tfmt.Println(c.ClientVersion(), err)',
    '"fmt"',
    '"github.com/docker/docker/client"',
)
SERVES = main('\tfmt.Println("hello", http.ListenAndServe(":0", nil), len(os.Args))', '"fmt"', '"net/http"', '"os"')
EMBEDS = PLAIN.replace('import (', 'import (\n\t_ "embed"') + '\n//go:embed big.txt\nvar big string\n\nfunc init() { fmt.Println(len(big)) }\n'
GENERATED = "package main\n\nimport \"fmt\"\n\n" + "".join(
    f"func handle{n}(a map[string]int) {{ a[fmt.Sprint({n}, a)] = {n}; fmt.Println(a, \"case number {n}\") }}\n" for n in range(400)
) + "func init() {\n\tfor _, one := range []func(map[string]int){" + ", ".join(f"handle{n}" for n in range(400)) + "} {\n\t\tone(nil)\n\t}\n}\n"

# Name, files and modules before, files and modules after, what the first cause must be.
STORIES = [
    ("elimination", {"main.go": OVER_MINIO}, ["github.com/minio/minio-go/v7@v7.0.95", "github.com/spf13/cobra@v1.9.1"],
     {"main.go": OVER_MINIO}, ["github.com/spf13/cobra@v1.8.1"], ("dead_code_elimination", "")),
    ("dependency", {"main.go": PLAIN}, [], {"main.go": OVER_ZSTD}, ["github.com/klauspost/compress@v1.18.0"],
     ("new_module", "github.com/klauspost/compress")),
    ("toolchain", {"main.go": SERVES}, [], {"main.go": SERVES}, ["go@1.27.3"], ("toolchain", "")),
    ("embed", {"main.go": PLAIN}, [], {"main.go": EMBEDS, "big.txt": "x" * 2_000_000}, [], ("own", "example.com/story")),
    ("generated", {"main.go": PLAIN}, [], {"main.go": PLAIN, "generated.go": GENERATED}, [], ("own", "example.com/story")),
    ("flag", {"main.go": SERVES}, [], {"main.go": SERVES, "gobuild-opt.toml": '[build]\ngcflags = ["all=-N -l"]\n'}, [],
     ("settings", "-gcflags")),
    ("version", {"main.go": OVER_UNISEG}, ["github.com/rivo/uniseg@v0.2.0"], {"main.go": OVER_UNISEG},
     ["github.com/rivo/uniseg@v0.4.7"], ("module_version", "github.com/rivo/uniseg")),
    ("gone", {"main.go": OVER_VIPER}, ["github.com/spf13/viper@v1.19.0"], {"main.go": OVER_VIPER},
     ["github.com/spf13/viper@v1.20.1"], ("module_gone", "github.com/hashicorp/hcl")),
    ("client", {"main.go": OVER_DOCKER}, ["github.com/docker/docker@v24.0.9+incompatible", "github.com/docker/distribution@v2.8.3+incompatible", "github.com/docker/go-connections@v0.5.0", "github.com/pkg/errors@v0.9.1", "github.com/distribution/reference@v0.5.0"],
     {"main.go": OVER_DOCKER}, ["github.com/docker/docker@v25.0.6+incompatible"], ("new_module", "go.opentelemetry.io")),
    ("server", {"main.go": PLAIN}, [], {"main.go": SERVES}, [], ("own", "example.com/story")),
]


class Story:
    def __init__(self, directory):
        self.directory = directory
        self.env = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=mod", GOTOOLCHAIN="auto", GOWORK="off")

    def run(self, *words):
        done = subprocess.run(words, cwd=self.directory, env=self.env, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{self.directory.name}: {' '.join(words)}: {done.stderr}")
        return done.stdout

    def commit(self, files, modules):
        for name, text in files.items():
            (self.directory / name).write_text(text)
        for module in modules:
            self.run("go", "get", module)
        self.run("go", "mod", "tidy")
        self.run("git", "add", "-A")
        self.run("git", "-c", "user.name=n", "-c", "user.email=n@example.com", "commit", "-q", "--allow-empty", "-m", "next")


def play(program, below, story):
    name, before, modules, after, changed, (kind, cause) = story
    directory = below / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    told = Story(directory)
    (directory / "go.mod").write_text("module example.com/story\n\ngo 1.24.0\n")
    told.run("git", "init", "-q", "-b", "main")
    told.commit(before, modules)
    told.commit(after, changed)
    found = json.loads(told.run(program, "why", "--since", "HEAD~1", "--format", "json"))
    since = found["since"]
    growth = since["after"] - since["before"]
    assert sum(one["bytes"] for one in since["causes"]) == growth, since
    first = since["causes"][0]
    good = first["kind"] == kind and first["name"].startswith(cause)
    chain = " -> ".join(first["chain"])
    print(f"{'right' if good else 'WRONG'}  {name:12} {growth:+,}: {first['kind']} {first['name']} {first['bytes']:+,}  {chain}", flush=True)
    if not good:
        for one in since["causes"][:4]:
            print(f"       {one['kind']} {one['name']} {one['bytes']:+,}")
    return good


def everything():
    program, below, *names = sys.argv[1:]
    program = str(pathlib.Path(program).resolve())
    stories = [story for story in STORIES if not names or story[0] in names]
    right = sum(play(program, pathlib.Path(below).resolve(), story) for story in stories)
    print(f"{right} of {len(stories)}")
    sys.exit(0 if right >= len(stories) - 1 else 1)


if __name__ == "__main__":
    everything()
