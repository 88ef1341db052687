//! Which values of a run are trusted, and the text that templates stand for.

use std::path::Path;

use crate::config::layer::Loaded;
use crate::config::trust::{self, EVERYTHING};
use crate::error::{Error, Kind, Result};
use crate::go::vcs::Templates;
use crate::go::{Package, pattern};
use crate::plan::output::Outputs;
use crate::plan::{Typed, stamp};
use crate::process::Interrupt;
use crate::quote;
use crate::review::{Ground, Tool};
use crate::session::Session;

/// The values of layers that are trusted, and what was typed.
pub(crate) fn ground(loaded: &Loaded, typed: &Typed, session: &Session<'_>) -> Ground {
    let mut ground = loaded.ground.clone();
    for flag in &typed.flags {
        ground.trust_flags(&[flag.to_arg()]);
        if flag.bytes.is_some() {
            ground.trust_arg(flag.to_os_arg());
        }
    }
    typed
        .packages
        .iter()
        .for_each(|package| ground.trust_package(package));
    if let Some(program) = &session.program {
        ground.trust_own(program);
    }
    ground
}

/// Fills in the templates of `[build] ldflags`. What is filled into a trusted entry is trusted; a variable that is typed, too,
/// gets what was typed.
///
/// What neither git nor the environment knows fails the run; with `unknown` it is `unknown` and returned.
pub(crate) fn fill_templates(
    loaded: &mut Loaded,
    typed: &Typed,
    unknown: bool,
    interrupt: &Interrupt,
) -> Result<Vec<Error>> {
    let variables = set_by_hand(typed);
    let layer = loaded.origins.get("build.ldflags").cloned();
    let layer = layer.unwrap_or_default();
    let mut templates = Templates::new(loaded.allowed.clone(), unknown);
    let ground = &mut loaded.ground;
    for value in &mut loaded.config.build.ldflags {
        // Split before filling: a value with spaces or quotes stays one word, whatever it says.
        let unreadable = |why: String| {
            let message = format!("cannot read `build.ldflags` `{value}`: {why}");
            Error::new(Kind::Usage, message)
        };
        let words = quote::split(value).map_err(unreadable)?;
        let trusted = ground.holds_list(Tool::Link, &words);
        if !trusted {
            let reviewed = words.iter().try_for_each(|word| templates.review(word));
            reviewed.map_err(|mut error| {
                error.message = format!("`{layer}` sets `build.ldflags`: {}", error.message);
                error
            })?;
        }
        let words = without(&words, &variables);
        let filled = words
            .into_iter()
            .map(|word| fill(word, &mut templates, typed, interrupt));
        let filled = filled.collect::<Result<Vec<_>>>()?;
        if trusted {
            ground.trust_list(Tool::Link, &filled);
        }
        *value = quote::join(&filled).map_err(|why| Error::new(Kind::Usage, why))?;
    }
    let lists = &mut loaded.config.build.ldflags;
    lists.retain(|value| !value.is_empty());
    Ok(templates.unfilled)
}

/// Fills in one word. What is filled in is text: never a flag, and never the name of a file with flags.
fn fill(
    word: &str,
    templates: &mut Templates,
    typed: &Typed,
    interrupt: &Interrupt,
) -> Result<String> {
    let value = templates.fill(word, &typed.cwd, interrupt)?;
    if word.starts_with('{') && value.starts_with(['-', '@']) {
        let message =
            format!("`{word}` stands for `{value}`, which the linker would take for a flag");
        return Err(Error::new(Kind::Usage, message).hint(
            "write the flag itself, and the template in its value: -X main.version={env.VERSION}",
        ));
    }
    Ok(value)
}

/// The variables that the typed flags of the linker set in each program, as `main.version`.
fn set_by_hand(typed: &Typed) -> Vec<String> {
    let flags = typed.flags.iter().filter(|flag| flag.name == "ldflags");
    let words = flags.filter_map(|flag| {
        let value = flag.value.as_deref()?.trim();
        let of_all = value.strip_prefix("all=");
        // What a pattern stands before is not for every program (`cmd/go/internal/load`, PerPackageFlag).
        let flags = of_all.or_else(|| value.starts_with('-').then_some(value))?;
        quote::split(flags).ok()
    });
    // What go refuses is not refused here.
    let stamps = words.filter_map(|words| stamp::stamps(&words).ok());
    let variable = |stamp: stamp::Stamp| format!("{}.{}", stamp.package, stamp.name);
    stamps.flatten().map(variable).collect()
}

/// The words of a list without the templates of `variables`: their values need not be known.
fn without<'w>(words: &'w [String], variables: &[String]) -> Vec<&'w String> {
    let is_typed = |definition: &str| {
        let variable = definition.split('=').next().unwrap_or_default();
        definition.contains('{') && variables.iter().any(|typed| typed == variable)
    };
    let mut kept: Vec<&String> = Vec::new();
    for word in words {
        let bare = word.trim_start_matches('-');
        let joined = bare.strip_prefix("X=").filter(|_| bare != word);
        let behind = kept
            .last()
            .is_some_and(|last| *last == "-X" || *last == "--X");
        match joined {
            Some(definition) if is_typed(definition) => {}
            None if behind && is_typed(word) => drop(kept.pop()),
            _ => kept.push(word),
        }
    }
    kept
}

/// Fails with [`Kind::Usage`] for a pattern of a configuration that means packages of Go itself, such as `net/...`: a project
/// ships none of them, and there may be hundreds.
pub(crate) fn packages(loaded: &Loaded, typed: &Typed, packages: &[Package]) -> Result<()> {
    let standard = packages
        .iter()
        .find(|package| package.standard && !package.dep_only);
    let (Some(standard), true) = (standard, typed.packages.is_empty()) else {
        return Ok(());
    };
    let means = |text: &&String| {
        !loaded.ground.holds_package(text)
            && (Path::new(text).is_absolute() || pattern::matches(text, &standard.import_path))
    };
    let Some(found) = loaded.config.build.packages.iter().find(means) else {
        return Ok(());
    };
    let layer = loaded.origins.get("build.packages");
    let layer = layer.map_or("", String::as_str);
    let message = format!(
        "`{layer}` sets `build.packages`: `{found}` is refused, it means packages of Go itself, such as `{}`",
        standard.import_path
    );
    Err(Error::new(Kind::Usage, message).hint(EVERYTHING))
}

/// Fails with [`Kind::Usage`] for an output that a configuration puts where it would be run, or out of the project.
pub(crate) fn outputs(loaded: &Loaded, typed: &Typed, outputs: &Outputs) -> Result<()> {
    let Some(place) = &loaded.config.build.out_dir else {
        return Ok(());
    };
    if loaded.ground.holds_place(place) || typed.flags.iter().any(|flag| flag.name == "o") {
        return Ok(());
    }
    let executables = outputs.targets.iter().flatten();
    let paths = executables
        .filter_map(|executable| executable.path.as_ref())
        .chain(&outputs.checksums);
    for path in paths {
        if let Some(why) = trust::reserved(path, &loaded.root) {
            let layer = loaded
                .origins
                .get("build.out-dir")
                .map_or("", String::as_str);
            let message = format!(
                "`{layer}` sets `build.out-dir`: `{}` is refused, {why}",
                path.display()
            );
            return Err(Error::new(Kind::Usage, message)
                .hint("name a directory such as `dist`; give this one with `--out-dir`, or run with `--trust-config` if you trust this file"));
        }
    }
    Ok(())
}
