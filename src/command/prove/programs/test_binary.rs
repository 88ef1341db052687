//! Builds the test binary of a package, to run its benchmarks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Place, Program, has_layouts};
use crate::command::Session;
use crate::command::measuring::{bench_packages, check_packages, trusting};
use crate::command::prove::variant::Variant;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::facts::{Prepared, Purpose, Wanted, gather, list_flags};
use crate::go;
use crate::go::flags::Flag;
use crate::plan::{Facts, Typed};

/// `go test -c` of one package. Its flags are those that decide about the code: of the linker and the compiler only what was typed.
pub fn test_binary(
    mut loaded: Loaded,
    mut typed: Typed,
    variant: &Variant,
    place: &mut Place,
    session: &mut Session<'_>,
) -> Result<(Program, bool)> {
    Wanted::Program { escapes: false }.narrow(&mut loaded, &mut typed);
    let package = the_package(&loaded, &typed)?;
    typed.packages = vec![package];
    let prepared = gather(loaded, typed, Purpose::Escapes, session)?;
    let Some(facts) = prepared.facts.first() else {
        return Err(Error::new(Kind::Usage, "no target is built"));
    };
    let file = place.file("bench.test")?;
    let took = compiled(&prepared, facts, &file, session)?;
    let mut listed = facts.packages.iter().filter(|package| !package.dep_only);
    let cwd = listed.next().map_or_else(
        || session.cwd.clone(),
        |package| PathBuf::from(&package.dir),
    );
    let program = Program {
        built: Some(took),
        cwd,
        ..Program::of_file(&variant.name, file, facts, &session.interrupt)?
    };
    Ok((program, has_layouts(facts.toolchain.minor())))
}

/// Compiles the test binary. How long it took.
fn compiled(
    prepared: &Prepared,
    facts: &Facts,
    file: &Path,
    session: &Session<'_>,
) -> Result<Duration> {
    let (loaded, typed) = (&prepared.loaded, &prepared.typed);
    let mut go = trusting(&facts.go, typed);
    let ground = std::sync::Arc::make_mut(&mut go.ground);
    ground.trust_benchmarks();
    ground.trust_flags(&["-c"]);
    let mut args: Vec<OsString> = vec!["test".into(), "-c".into(), "-o".into(), file.into()];
    args.extend(list_flags(loaded, typed, &facts.target, &facts.goflags)?);
    args.extend(code_flags(loaded, typed));
    args.extend(typed.packages.iter().cloned());
    let start = Instant::now();
    go::answer(&go.invocation(args), &session.interrupt, "go test failed")?;
    let took = start.elapsed();
    if !file.is_file() {
        let package = typed.packages.first().cloned().unwrap_or_default();
        let message = format!("`{}` has no tests", package.to_string_lossy());
        return Err(Error::new(Kind::Usage, message)
            .hint("`go test -list Benchmark ./...` lists the benchmarks"));
    }
    Ok(took)
}

/// The one package whose benchmarks are run: that of the line, otherwise of the configuration.
fn the_package(loaded: &Loaded, typed: &Typed) -> Result<OsString> {
    let packages = bench_packages(loaded, typed);
    check_packages(&packages)?;
    let [package] = packages.as_slice() else {
        let message = "`--bench` takes one package";
        return Err(Error::new(Kind::Usage, message)
            .hint("`gobuild-opt prove --bench REGEX ./internal/index`"));
    };
    Ok(package.clone())
}

/// Flags of the compiler and the linker, and the profile, that were typed or stand in a variant. The last one of a name wins, so
/// those of one list are joined.
fn code_flags(loaded: &Loaded, typed: &Typed) -> Vec<OsString> {
    let mut all = Vec::new();
    for (name, configured) in [
        ("gcflags", &loaded.config.build.gcflags),
        ("ldflags", &loaded.config.build.ldflags),
        ("asmflags", &loaded.config.build.asmflags),
    ] {
        let typed = typed.flags.iter().filter(|it| it.name == name);
        let typed = typed.filter_map(|it| it.value.clone());
        let joined: Vec<String> = configured.iter().cloned().chain(typed).collect();
        if !joined.is_empty() {
            all.push(format!("-{name}={}", joined.join(" ")).into());
        }
    }
    let profile = typed.flags.iter().rfind(|it| it.name == "pgo");
    all.extend(profile.map(Flag::to_os_arg));
    all
}
