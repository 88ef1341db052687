//! Build information in, what the program will do at run time out.

use std::collections::BTreeMap;

use super::{PackageSize, RuntimeContract};
use crate::binary::Binary;
use crate::check::gomaxprocs::{Contract, GoLine, judge};
use crate::check::{Seen, Status};
use crate::go::minor_of;

const AUTOMAXPROCS: &str = "go.uber.org/automaxprocs";
const AUTOMEMLIMIT: &str = "github.com/KimMachineGun/automemlimit";

pub fn contract(binary: &Binary, packages: &[PackageSize]) -> RuntimeContract {
    let info = binary.build_info.as_ref();
    let go_version = info.map(|it| it.go_version.clone()).unwrap_or_default();
    let godebug = info
        .and_then(|it| it.setting("DefaultGODEBUG"))
        .unwrap_or_default();
    let linked = |module: &str| {
        let below = |path: &str| {
            path.strip_prefix(module)
                .is_some_and(|it| it.is_empty() || it.starts_with('/'))
        };
        packages.iter().any(|it| below(&it.path))
            || info.is_some_and(|it| it.deps.iter().any(|it| it.path == module))
    };
    let contract = Contract {
        goos: binary.goos.clone().unwrap_or_default(),
        modern: minor_of(&go_version).map(|it| it >= (1, 25)),
        go_version,
        switched_off: godebug.split(',').any(|it| it == "containermaxprocs=0"),
        automaxprocs: linked(AUTOMAXPROCS),
        go_line: GoLine::Unknown,
    };
    let (status, message, hint) = match judge(&contract) {
        Seen::Good(message) => (Status::Pass, message, None),
        Seen::Bad(message, hint) => (Status::Warn, message, Some(hint)),
        Seen::Skipped(message) => (Status::Skip, message, None),
        Seen::NotJudged { cause, .. } => (Status::Skip, cause.to_string(), None),
    };
    RuntimeContract {
        container_cpu: contract.container_cpu(),
        status,
        message,
        hint,
        automaxprocs: contract.automaxprocs,
        automemlimit: linked(AUTOMEMLIMIT),
        pgo: info.and_then(|it| it.setting("-pgo")).map(str::to_owned),
        godebug: pairs(godebug),
    }
}

/// `a=1,b=0`
fn pairs(godebug: &str) -> BTreeMap<String, String> {
    let pairs = godebug.split(',').filter_map(|it| it.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
