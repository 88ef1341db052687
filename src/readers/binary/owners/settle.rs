//! Finds the true owner of variables that lie where those of their apparent owner cannot lie.

use std::collections::HashSet;

use super::chains::Chains;
use super::load_order::{self, Between, LoadOrder, Misplaced, Verdict};
use super::mentioned::Users;
use super::size_classes;
use super::{Links, Owned, Ranked};
use crate::binary::image::Addr;
use crate::binary::objects::{Data, What};
use crate::binary::origins::Origins;
use crate::binary::packages::{NONE, PackageId};
use crate::binary::runs::Content;

/// The objects that are not of whom they seem to be, by who refers to them, each with whose it is; nobody's where several packages can
/// have it. `places` say for each object where the places begin that are not before it.
pub(super) fn by_place(
    (data, places): (&Data, &[u32]),
    (owned, links): (&[Owned], &Links),
    ranked: &Ranked<'_, '_>,
    origins: &Origins<'_, '_>,
) -> Vec<(usize, PackageId)> {
    let all = Users {
        data,
        places,
        owned,
        count: ranked.packages.paths.len(),
    };
    let paths = &ranked.packages.paths;
    let number = |path: &str| {
        paths
            .iter()
            .position(|text| text == path)
            .map(|at| at as PackageId)
    };
    let main = number("main");
    let (order, misplaced) = out_of_order(&all, ranked, main);
    if order.is_empty() {
        return Vec::new();
    }
    let chains = Chains::new(&all, links, &order, origins, &misplaced);
    // Bodies come first: whether the order contradicts a package changes with edits elsewhere.
    let (mut found, standing) = by_bodies(&all, &chains, misplaced, ranked, origins);
    let (more, open) = by_order(&order, standing, |package| ranked.rank(package).0);
    found.extend(more);
    let callers = open.iter().filter(|it| !it.around.is_empty());
    let callers = callers.flat_map(|caller| &caller.users).copied().collect();
    let called = origins.of_calls(&callers);
    // All packages call the runtime, whether they import it or not.
    let runtime = number("runtime");
    let calls = |user, it| Some(it) != runtime && called.binary_search(&(user, it)).is_ok();
    for it in open {
        let among = |packages: &[PackageId]| called_by_all(packages, &it.users, calls);
        let owner = among(&it.placed).or_else(|| among(&it.around));
        // What only one package mentions is its own, where nothing else is known; what only data lead to is theirs.
        let is_own = it.users.len() == 1 && it.users.first() != main.as_ref();
        let is_open = is_own || !all.is_mentioned(it.object);
        found.extend(
            owner
                .or((!is_open).then_some(NONE))
                .map(|owner| (it.object, owner)),
        );
    }
    found
}

/// An object that several packages can have.
struct Open {
    object: usize,
    /// The packages that mention it.
    users: Vec<PackageId>,
    /// The packages that can have it by its place.
    placed: Vec<PackageId>,
    /// The same, wherever those stand of which little is known.
    around: Vec<PackageId>,
}

/// A misplaced variable, and between which places it stands.
struct Standing {
    it: Misplaced,
    /// The packages that mention it.
    users: Vec<PackageId>,
    between: Between,
    /// The package whose own functions it leads to.
    writer: Option<PackageId>,
}

/// The objects of which the bodies that mention them say whose they are; and the others that their place says something of.
fn by_bodies(
    all: &Users<'_>,
    chains: &Chains<'_>,
    misplaced: Vec<Misplaced>,
    ranked: &Ranked<'_, '_>,
    origins: &Origins<'_, '_>,
) -> (Vec<(usize, PackageId)>, Vec<Standing>) {
    let text = |package: PackageId| ranked.rank(package).0;
    let direct: Vec<_> = misplaced
        .iter()
        .map(|misplaced| all.of(misplaced.object))
        .collect();
    let bodies = Bodies::new(all.owned, &misplaced, &direct, origins);
    let (mut found, mut standing) = (Vec::new(), Vec::new());
    for (it, direct) in misplaced.into_iter().zip(direct) {
        let mut users = direct.clone();
        users.extend(bodies.of(all.owned[it.object].object.start));
        users.retain(|user| (*user as usize) < all.count);
        users.sort_unstable();
        users.dedup();
        // The body that was inlined is of who defines the variable, or of who imports that.
        let first = users.iter().copied().min_by_key(|user| text(*user));
        if let Some(first) = first.filter(|first| !direct.contains(first)) {
            found.push((it.object, first));
            continue;
        }
        // Packages stand behind those they import.
        let is_before = |writer| users.iter().all(|user| text(writer) < text(*user));
        if let Some((between, writer)) = chains.between(&it, &users, is_before) {
            standing.push(Standing {
                it,
                users,
                between,
                writer,
            });
        }
    }
    (found, standing)
}

/// The objects of which the order says whose they are, and those of which it does not.
fn by_order(
    order: &LoadOrder,
    mut standing: Vec<Standing>,
    text: impl Fn(PackageId) -> u32,
) -> (Vec<(usize, PackageId)>, Vec<Open>) {
    load_order::narrow(standing.iter_mut().map(|it| (&it.it, &mut it.between)));
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for Standing {
        it,
        users,
        between,
        writer,
    } in standing
    {
        if let Some(writer) = writer {
            found.push((it.object, writer));
            continue;
        }
        match order.judge(between, &users, &text) {
            Verdict::User(owner) => found.push((it.object, owner)),
            Verdict::Of { placed, nowhere } => match (&placed[..], &nowhere[..]) {
                ([only], []) | ([], [only]) => found.push((it.object, *only)),
                _ => open.push(Open {
                    object: it.object,
                    around: order.around(between, &users, &text),
                    placed,
                    users,
                }),
            },
        }
    }
    (found, open)
}

/// The order of loading, and the variables that it contradicts.
fn out_of_order(
    all: &Users<'_>,
    ranked: &Ranked<'_, '_>,
    main: Option<PackageId>,
) -> (LoadOrder, Vec<Misplaced>) {
    let mut rows = size_classes::of_variables(all.owned, all.data, |at| all.seat(at));
    let variables = rows.len();
    rows.extend(size_classes::of_types(ranked.declared));
    let order = LoadOrder::new(&rows, all.count, main);
    let mut found = load_order::misplaced(&rows[..variables], &order, |at| all.of(at));
    // Bodies that were inlined say whose the others are, wherever they stand.
    let misplaced: HashSet<usize> = found.iter().map(|misplaced| misplaced.object).collect();
    let is_variable = |it: &usize| {
        let what = all.owned[*it].object.what;
        let content = [Content::Plain, Content::Pointers];
        content
            .iter()
            .any(|content| what == What::Referred(Some(*content)))
    };
    let others = (0..all.owned.len()).filter(is_variable);
    let others = others.filter(|at| all.is_mentioned(*at));
    let others = others.filter(|at| !misplaced.contains(at));
    found.extend(others.map(Misplaced::perhaps));
    (order, found)
}

/// Objects, by address, and the packages whose bodies mention them.
struct Bodies(Vec<(Addr, PackageId)>);

impl Bodies {
    fn new(
        owned: &[Owned],
        misplaced: &[Misplaced],
        direct: &[Vec<PackageId>],
        origins: &Origins<'_, '_>,
    ) -> Self {
        let users = direct.iter().flatten().copied().collect();
        let targets = misplaced
            .iter()
            .map(|misplaced| owned[misplaced.object].object.start);
        let mut targets: Vec<Addr> = targets.collect();
        targets.sort_unstable();
        Self(origins.of_mentions(&targets, &users))
    }

    fn of(&self, start: Addr) -> impl Iterator<Item = PackageId> {
        let first = self.0.partition_point(|entry| entry.0 < start);
        let all = self.0[first..].iter().take_while(move |it| it.0 == start);
        all.map(|entry| entry.1)
    }
}

/// The only one of some packages that all users call.
fn called_by_all(
    all: &[PackageId],
    users: &[PackageId],
    calls: impl Fn(PackageId, PackageId) -> bool,
) -> Option<PackageId> {
    let is_called = |package: &&PackageId| users.iter().all(|user| calls(*user, **package));
    let mut called = all.iter().filter(is_called);
    called.next().copied().filter(|_| called.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(called: &[(PackageId, PackageId)], expected: Option<PackageId>) {
        let calls = |user, other| called.contains(&(user, other));
        assert_eq!(
            called_by_all(&[3, 4, 5], &[8, 9], calls),
            expected,
            "{called:?}"
        );
    }

    #[test]
    fn one_package_is_called_by_all_or_nobody_knows() {
        check(&[], None);
        check(&[(8, 3), (9, 4)], None);
        check(&[(8, 3), (9, 4), (8, 4)], Some(4));
        check(&[(8, 3), (9, 3), (8, 4), (9, 4)], None);
        check(&[(8, 6), (9, 6)], None);
    }
}
