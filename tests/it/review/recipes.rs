//! The flags and variables of release recipes that people have: all of them go through without `--trust-config`. Facts
//! about well-known projects' release builds, as one finds them in goreleaser files, Makefiles and Dockerfiles.

use std::sync::Arc;

use gobuild_opt::config::{Sources, load};
use gobuild_opt::quote;
use gobuild_opt::review::{Ground, Invocation};

use crate::harness::Place;

struct Recipe {
    name: &'static str,
    ldflags: &'static [&'static str],
    gcflags: &'static [&'static str],
    asmflags: &'static [&'static str],
    flags: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
}

const EMPTY: Recipe = Recipe {
    name: "",
    ldflags: &[],
    gcflags: &[],
    asmflags: &[],
    flags: &[],
    env: &[],
};

const RECIPES: &[Recipe] = &[
    Recipe {
        name: "kubernetes",
        ldflags: &[
            "-X k8s.io/component-base/version.gitVersion=v1.31.0 -X 'k8s.io/component-base/version.buildDate=2026-01-01T00:00:00Z' -s -w",
        ],
        gcflags: &["all=-trimpath=/go/src"],
        asmflags: &["all=-trimpath=/go/src"],
        flags: &["-tags=selinux,notest,grpcnotrace"],
        env: &[("CGO_ENABLED", "0")],
    },
    Recipe {
        name: "moby",
        ldflags: &[
            "-w -X github.com/docker/docker/dockerversion.Version=27.0.1 -linkmode=external -extldflags '-static'",
        ],
        flags: &[
            "-buildmode=pie",
            "-tags",
            "netgo osusergo static_build journald",
        ],
        env: &[("CGO_ENABLED", "1"), ("GO111MODULE", "auto")],
        ..EMPTY
    },
    Recipe {
        name: "containerd",
        ldflags: &[
            "-X github.com/containerd/containerd/v2/version.Version=v2.0.0 -s -w -extldflags \"-static\"",
        ],
        gcflags: &["-trimpath=/src"],
        flags: &["-buildmode=pie", "-tags=urfave_cli_no_docs"],
        ..EMPTY
    },
    Recipe {
        name: "runc",
        ldflags: &[
            "-X main.gitCommit={git.commit} -linkmode external -extldflags -static -w -s -buildid=",
        ],
        flags: &[
            "-trimpath",
            "-tags=seccomp urfave_cli_no_docs netgo osusergo",
        ],
        ..EMPTY
    },
    Recipe {
        name: "etcd",
        ldflags: &["-X=go.etcd.io/etcd/api/v3/version.GitSHA={env.GIT_SHA}"],
        flags: &["-installsuffix=cgo", "-trimpath", "-mod=readonly"],
        env: &[("CGO_ENABLED", "0")],
        ..EMPTY
    },
    Recipe {
        name: "prometheus",
        ldflags: &[
            "-X github.com/prometheus/common/version.Version={env.VERSION} -X github.com/prometheus/common/version.BuildUser=ci@host",
        ],
        flags: &["-a", "-tags=netgo,builtinassets"],
        env: &[("GOOS", "linux"), ("GOARCH", "arm"), ("GOARM", "7")],
        ..EMPTY
    },
    Recipe {
        name: "hugo",
        ldflags: &[
            "-s -w -X github.com/gohugoio/hugo/common/hugo.vendorInfo=gohugoio",
            "-extldflags '-static'",
        ],
        flags: &["-tags", "extended,withdeploy"],
        env: &[("CGO_ENABLED", "1")],
        ..EMPTY
    },
    Recipe {
        name: "terraform",
        ldflags: &["-w -s -X 'github.com/hashicorp/terraform/version.dev=no'"],
        flags: &["-trimpath", "-buildvcs=false"],
        env: &[("CGO_ENABLED", "0"), ("GOTOOLCHAIN", "local")],
        ..EMPTY
    },
    Recipe {
        name: "vault",
        ldflags: &["-X github.com/hashicorp/vault/version.fullVersion=1.18.0+ent"],
        flags: &["-tags=ui", "-mod=vendor"],
        env: &[("GOEXPERIMENT", "boringcrypto"), ("CGO_ENABLED", "1")],
        ..EMPTY
    },
    Recipe {
        name: "cockroach",
        ldflags: &["-linkmode external -extldflags '-Wl,-z,relro,-z,now -lresolv -lpthread'"],
        gcflags: &["-d=checkptr=0"],
        env: &[
            ("CGO_CFLAGS", "-O2 -g -fno-omit-frame-pointer"),
            ("CGO_LDFLAGS", "-O2 -g"),
        ],
        ..EMPTY
    },
    Recipe {
        name: "traefik",
        ldflags: &["-s -w -X github.com/traefik/traefik/v3/pkg/version.Codename={env.TAG_NAME}"],
        flags: &["-v"],
        env: &[("CGO_ENABLED", "0"), ("GOGC", "off")],
        ..EMPTY
    },
    Recipe {
        name: "caddy",
        ldflags: &["-s -w"],
        flags: &["-mod=readonly", "-trimpath", "-tags=nobadger,nomysql,nopgx"],
        env: &[("CGO_ENABLED", "0"), ("GO111MODULE", "on")],
        ..EMPTY
    },
    Recipe {
        name: "github cli",
        ldflags: &[
            "-X github.com/cli/cli/v2/internal/build.Version={git.describe} -X github.com/cli/cli/v2/internal/build.Date={date}",
        ],
        env: &[
            ("CGO_CPPFLAGS", "-D_FORTIFY_SOURCE=2"),
            ("CGO_CFLAGS", "-O2 -pipe -Wall -fstack-protector-strong"),
            ("CGO_CXXFLAGS", "-O2"),
            ("CGO_LDFLAGS", "-Wl,-z,relro,-z,now -Wl,--as-needed"),
        ],
        ..EMPTY
    },
    Recipe {
        name: "minio",
        ldflags: &[
            "-s -w -X github.com/minio/minio/cmd.ReleaseTag=RELEASE.2026 -X 'github.com/minio/minio/cmd.CopyrightYear=2026'",
        ],
        flags: &["-tags", "kqueue", "-trimpath"],
        env: &[("CGO_ENABLED", "0"), ("GOAMD64", "v2")],
        ..EMPTY
    },
    Recipe {
        name: "syncthing",
        ldflags: &[
            "-w -X 'github.com/syncthing/syncthing/lib/build.Host=a host' -X 'github.com/syncthing/syncthing/lib/build.Tags=noupgrade'",
        ],
        env: &[
            ("SOURCE_DATE_EPOCH", "1700000000"),
            ("TZ", "UTC"),
            ("LC_ALL", "C.UTF-8"),
        ],
        ..EMPTY
    },
    Recipe {
        name: "rclone",
        ldflags: &["-s -X github.com/rclone/rclone/fs.Version=v1.68"],
        flags: &["-trimpath", "-tags", "cmount"],
        env: &[
            ("GOOS", "windows"),
            ("CGO_ENABLED", "0"),
            ("GO386", "softfloat"),
        ],
        ..EMPTY
    },
    Recipe {
        name: "k3s",
        ldflags: &["-w -s -extldflags '-static -lm -ldl -lz -lpthread'"],
        flags: &["-tags", "ctrd apparmor seccomp static_build libsqlite3"],
        env: &[
            ("CGO_ENABLED", "1"),
            (
                "CGO_CFLAGS",
                "-DSQLITE_ENABLE_DBSTAT_VTAB=1 -DSQLITE_USE_ALLOCA=1",
            ),
        ],
        ..EMPTY
    },
    Recipe {
        name: "gitea",
        ldflags: &[
            "-X 'main.MakeVersion=GNU Make 4.3' -X 'main.Tags=bindata sqlite'",
            "-linkmode external -extldflags '-static'",
        ],
        flags: &[
            "-tags",
            "netgo osusergo bindata sqlite sqlite_unlock_notify",
        ],
        env: &[("CGO_CFLAGS", "-g -O2 -DSQLITE_MAX_VARIABLE_NUMBER=32766")],
        ..EMPTY
    },
    Recipe {
        name: "tailscale",
        ldflags: &["-X tailscale.com/version.longStamp=1.80.0-t1234 -w -s"],
        flags: &["-tags=ts_include_cli,ts_omit_aws"],
        env: &[("GOFLAGS", "'-mod=readonly' -trimpath -buildvcs=false")],
        ..EMPTY
    },
    Recipe {
        name: "distribution package",
        ldflags: &["-linkmode=external -compressdwarf=false -bindnow -B gobuildid"],
        flags: &["-buildmode=pie", "-trimpath", "-mod=vendor", "-modcacherw"],
        env: &[
            (
                "CGO_CFLAGS",
                "-O2 -g -fPIC -Wp,-D_FORTIFY_SOURCE=2 -fstack-clash-protection -march=x86-64 -mtune=generic",
            ),
            (
                "CGO_LDFLAGS",
                "-Wl,-O1,--sort-common,--as-needed,-z,relro,-z,now",
            ),
        ],
        ..EMPTY
    },
    Recipe {
        name: "desktop program",
        ldflags: &["-H=windowsgui -s -w"],
        flags: &["-race=false", "-p=4"],
        env: &[("GOOS", "windows"), ("GOARCH", "amd64")],
        ..EMPTY
    },
    Recipe {
        name: "debug image",
        ldflags: &["-compressdwarf=false"],
        gcflags: &["all=-N -l"],
        flags: &["-cover", "-covermode=atomic", "-coverpkg=./..."],
        env: &[("GOWORK", "off"), ("GOPROXY", "off")],
        ..EMPTY
    },
    Recipe {
        name: "hardened service",
        ldflags: &["-extldflags '-Wl,-z,noexecstack -Wl,--build-id=none -static-pie'"],
        gcflags: &[
            "all=-spectre=all",
            "./internal/...=-m -d=ssa/check_bce/debug=1",
        ],
        asmflags: &["all=-spectre=all"],
        env: &[("GOFIPS140", "v1.0.0"), ("GODEBUG", "gotypesalias=1")],
        ..EMPTY
    },
    Recipe {
        name: "small image",
        ldflags: &[
            "-s -w -buildid= -checklinkname=0 -X main.commit={env.GITHUB_SHA} -X main.branch={env.GITHUB_REF_NAME}",
        ],
        gcflags: &["-l=4", "-B"],
        flags: &["-a", "-trimpath"],
        env: &[
            ("GOMIPS", "softfloat"),
            ("GOMAXPROCS", "4"),
            ("GOMEMLIMIT", "2GiB"),
        ],
        ..EMPTY
    },
];

fn list(values: &[&str]) -> String {
    let values = values.iter().map(|it| toml::Value::from(*it)).collect();
    toml::Value::Array(values).to_string()
}

/// As a configuration, and composed, as go would get it.
#[test]
fn release_recipes_go_through() {
    let place = Place::empty();
    let names: std::collections::BTreeSet<&str> = RECIPES.iter().map(|it| it.name).collect();
    assert!(names.len() >= 20);
    for it in RECIPES {
        let mut text = String::from("[build]\n");
        for (key, values) in [
            ("ldflags", it.ldflags),
            ("gcflags", it.gcflags),
            ("asmflags", it.asmflags),
            ("flags", it.flags),
        ] {
            text.push_str(&format!("{key} = {}\n", list(values)));
        }
        text.push_str("[build.env]\n");
        for (name, value) in it.env {
            text.push_str(&format!("{name} = {}\n", toml::Value::from(*value)));
        }
        place.write("gobuild-opt.toml", &text);
        let loaded = load(&Sources {
            cwd: place.dir().into(),
            ..Sources::default()
        });
        let loaded =
            loaded.unwrap_or_else(|error| panic!("{}: {error}: {:?}\n{text}", it.name, error.hint));
        let words: Vec<String> = it
            .ldflags
            .iter()
            .flat_map(|it| quote::split(it).unwrap())
            .collect();
        let mut args = vec![
            "build".to_owned(),
            format!("-ldflags={}", quote::join(&words).unwrap()),
        ];
        args.extend(it.gcflags.iter().map(|it| format!("-gcflags={it}")));
        args.extend(it.asmflags.iter().map(|it| format!("-asmflags={it}")));
        args.extend(it.flags.iter().map(|it| (*it).to_owned()));
        args.extend(["--".to_owned(), ".".to_owned()]);
        for ground in [Ground::default(), loaded.ground] {
            let mut command = Invocation::new("go", &args, place.dir(), &Arc::new(ground));
            let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), value.into());
            command.env = it.env.iter().map(variable).collect();
            let reviewed = command.reviewed();
            assert!(reviewed.is_ok(), "{}: {}", it.name, reviewed.unwrap_err());
        }
    }
}

/// No program starts that was not reviewed: what a configuration says is refused in the composed command, too, wherever it
/// comes from.
#[test]
fn a_command_is_refused_as_it_was_composed() {
    let place = Place::empty();
    let refused = |program: &str, args: &[&str], env: &[(&str, &str)], ground: &Ground| {
        let mut command = Invocation::new(program, args, place.dir(), &Arc::new(ground.clone()));
        let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), value.into());
        command.env = env.iter().map(variable).collect();
        command
            .reviewed()
            .err()
            .map(|it| it.to_string())
            .unwrap_or_default()
    };
    let none = Ground::default();
    assert_eq!(
        refused(
            "go",
            &["build", "-trimpath", "-o", "/stage/x", "--", "."],
            &[("GOOS", "linux")],
            &none
        ),
        ""
    );
    let evil: &[(&str, &[&str])] = &[
        ("sh", &["-c", "x"]),
        ("./go", &["build"]),
        ("go", &["run", "."]),
        ("go", &["generate"]),
        ("go", &["tool", "x"]),
        ("go", &["build", "-ldflags=\u{a0}-extld=./evil.sh"]),
        ("go", &["build", "-ldflags", "all=-extld=./evil.sh"]),
        ("go", &["build", "--ldflags=-s -w '-extld=./evil.sh'"]),
        ("go", &["build", "-o=x"]),
        ("go", &["build", "-toolexec=./evil.sh"]),
        (
            "go",
            &["build", "-toolexec=gobuild-opt toolexec -- ./evil.sh"],
        ),
        ("go", &["build", "x", "/etc/x.go"]),
        ("go", &["env", "-w", "CC=./evil.sh"]),
        ("go", &["list", "-gcflags=-m -bench=x"]),
    ];
    for (program, args) in evil {
        assert_ne!(refused(program, args, &[], &none), "", "{program} {args:?}");
    }
    assert_ne!(refused("go", &["build"], &[("CC", "x")], &none), "");
    assert_ne!(
        refused("go", &["build"], &[("GOFLAGS", "-ldflags=-extld=x")], &none),
        ""
    );
    let mut ground = Ground::default();
    ground.trust_flags(&["-ldflags=-extld clang -s", "-toolexec=garble"]);
    ground.trust_own(std::path::Path::new("/bin/gobuild-opt"));
    let told = "-toolexec=/bin/gobuild-opt toolexec --store=/c --flags=-m -- garble";
    assert_eq!(
        refused(
            "go",
            &["build", "-ldflags=-w -extld clang -s", told],
            &[],
            &ground
        ),
        ""
    );
    assert_ne!(
        refused("go", &["build", "-ldflags=-extld ./evil.sh"], &[], &ground),
        ""
    );
    assert_ne!(
        refused(
            "go",
            &[
                "build",
                "-toolexec=/bin/gobuild-opt toolexec --store=/c -- ./evil.sh"
            ],
            &[],
            &ground
        ),
        ""
    );
    assert_ne!(
        refused(
            "go",
            &[
                "build",
                "-toolexec=/bin/gobuild-opt toolexec '--flags=-bench=x' -- garble"
            ],
            &[],
            &ground
        ),
        ""
    );
}
