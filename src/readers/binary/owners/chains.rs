//! Narrows down between which packages a variable stands by what its pointers lead to.
//!
//! What only the pointers of a variable lead to was written with it (`var Err = errors.New("a text")` makes a variable, a value
//! and a text), so that all of it is of one package. Each part stands in a row of its own, and texts have the longest
//! rows, with the most packages that are known.

use std::collections::HashMap;

use super::Links;
use super::load_order::{Between, LoadOrder, Misplaced};
use super::mentioned::Users;
use crate::binary::ledger::Kind;
use crate::binary::objects::What;
use crate::binary::origins::Origins;
use crate::binary::packages::PackageId;
use crate::binary::runs::Content;

/// What pointers lead to, and where that stands.
pub(super) struct Chains<'a> {
    all: &'a Users<'a>,
    links: &'a Links,
    pub(crate) order: &'a LoadOrder,
    origins: &'a Origins<'a, 'a>,
    /// Between which packages variables stand.
    known: HashMap<usize, Between>,
    /// How many pointers lead to each object, up to two.
    leading: Vec<u8>,
}

impl<'a> Chains<'a> {
    pub(crate) fn new(
        all: &'a Users<'a>,
        links: &'a Links,
        order: &'a LoadOrder,
        origins: &'a Origins<'a, 'a>,
        misplaced: &[Misplaced],
    ) -> Self {
        let mut leading = vec![0u8; all.owned.len()];
        for link in links.all.iter().filter(|link| link.leads) {
            let count = &mut leading[link.to as usize];
            *count = 2.min(*count + 1);
        }
        let known = misplaced.iter();
        let known = known.filter_map(|it| Some((it.object, it.between?)));
        Self {
            all,
            links,
            order,
            origins,
            known: known.collect(),
            leading,
        }
    }

    /// Between which packages a variable stands that some packages mention, and who wrote it, if that is known and `can` be;
    /// `None` where nothing says for sure that it is of none of them.
    pub(crate) fn between(
        &self,
        it: &Misplaced,
        users: &[PackageId],
        can: impl Fn(PackageId) -> bool,
    ) -> Option<(Between, Option<PackageId>)> {
        let (mut low, mut high) = it.between?;
        let among = |between: Between| {
            let mut places = users.iter().map(|user| self.order.place(*user));
            places.any(|place| place.is_none_or(|it| between.0 <= it && it <= between.1))
        };
        let parts = self.parts(it.object);
        let (mut elsewhere, mut here) = (0, 0);
        for between in parts.iter().filter_map(|part| self.place(*part)) {
            match among(between) {
                true => here += 1,
                false => elsewhere += 1,
            }
            // Where two contradict each other, one is wrong.
            (low, high) = common((low, high), between).unwrap_or((low, high));
        }
        if !it.is_sure && (here > 0 || elsewhere == 0) {
            return None;
        }
        let writer = self.writer((low, high), it.object, &parts, users);
        let writer = writer.filter(|writer| can(*writer));
        let place = writer.and_then(|writer| self.order.place(writer));
        Some((place.map_or((low, high), |place| (place, place)), writer))
    }

    /// The package whose own things a variable and its parts lead to: functions, and values without a name. It is near where
    /// they stand; or little is known of its place, and no other package can name its functions.
    fn writer(
        &self,
        (low, high): Between,
        object: usize,
        parts: &[usize],
        users: &[PackageId],
    ) -> Option<PackageId> {
        let all = std::iter::once(&object).chain(parts);
        let links = all.flat_map(|from| self.links.of(*from));
        let own = links.filter(|link| {
            let to = link.to as usize;
            let what = self.all.owned[to].object.what;
            let is_value = matches!(what, What::Referred(Some(Content::Pointers)));
            let unnamed = link.leads && !self.all.is_mentioned(to);
            unnamed && (self.is_function(to) || (is_value && self.leading[to] > 1))
        });
        let mut owners = own.filter_map(|link| {
            let to = link.to as usize;
            let owner = self.all.owned[to].owner;
            let owner = Some(owner).filter(|owner| (*owner as usize) < self.all.count)?;
            let fits = self.fits(owner, (low, high), || self.is_own_function(to));
            (fits && !users.contains(&owner)).then_some(owner)
        });
        let first = owners.next()?;
        owners.all(|owner| owner == first).then_some(first)
    }

    /// Whether a package can have a variable that stands between two places. `is_own` is asked where its own place is not near.
    fn fits(&self, package: PackageId, (low, high): Between, is_own: impl Fn() -> bool) -> bool {
        const NEAR: u32 = 2;
        // The more packages, the farther off can the order be.
        let off = (self.order.packages.len() as u32 / 50).clamp(NEAR, 8);
        let within = |place: u32, off: u32| {
            (low.saturating_sub(off)..=high.saturating_add(off)).contains(&place)
        };
        match self.order.place(package) {
            Some(place) if within(place, NEAR) => true,
            Some(place) => {
                (within(place, off) || self.order.has_room(package, (low, high))) && is_own()
            }
            None => low < high && is_own(),
        }
    }

    /// Whether an object is the value of a function.
    fn is_function(&self, object: usize) -> bool {
        let it = self.all.owned[object].object;
        match it.what {
            What::Referred(Some(Content::Functions)) => true,
            What::Known(Kind::Data) => self.all.data.records.contains(&it.start),
            _ => false,
        }
    }

    /// Whether an object is the value of a function that no other package can name.
    fn is_own_function(&self, object: usize) -> bool {
        let start = self.all.owned[object].object.start;
        let name = self.origins.name_of_value(start);
        self.is_function(object) && name.is_some_and(|name| !is_exported(name))
    }

    /// What only the pointers of a variable lead to, and those of its parts.
    fn parts(&self, object: usize) -> Vec<usize> {
        const MOST: usize = 16;
        let mut found = vec![object];
        let mut at = 0;
        while let Some(from) = found.get(at).copied().filter(|_| at < MOST) {
            at += 1;
            let leads = self.links.of(from).iter().filter(|link| link.leads);
            let to = leads.map(|link| link.to as usize);
            found.extend(to.filter(|to| self.leading[*to] == 1 && !self.all.is_mentioned(*to)));
        }
        found.remove(0);
        found
    }

    /// Between which packages an object stands.
    fn place(&self, object: usize) -> Option<Between> {
        match self.all.owned[object].object.what {
            What::Referred(Some(Content::Texts)) => Some(self.of_text(object)),
            _ => self.known.get(&object).copied(),
        }
    }

    /// Between which packages a text stands, by the nearest of its length: of two on each side that are out of order one may be
    /// elsewhere, since a text that several packages have stands with the first.
    fn of_text(&self, object: usize) -> Between {
        const NEAREST: usize = 2;
        const MOST: usize = 64;
        let owned = self.all.owned;
        let size = |at: usize| owned[at].object.end - owned[at].object.start;
        let place = |at: usize| {
            let it = &owned[at];
            let known = it.certain && (it.owner as usize) < self.all.count;
            self.order.place(it.owner).filter(|_| known)
        };
        let same = |at: &usize| size(*at) == size(object);
        let before = (0..object).rev().take(MOST).take_while(same);
        let before: Vec<u32> = before.filter_map(place).take(NEAREST).collect();
        let after = (object + 1..owned.len()).take(MOST).take_while(same);
        let after: Vec<u32> = after.filter_map(place).take(NEAREST).collect();
        nearest(&before, &after)
    }
}

/// Between which places a text stands that has these before it and behind it, two on each side where they are known. Where they
/// contradict each other it ends before it begins: no package stands there.
fn nearest(before: &[u32], behind: &[u32]) -> Between {
    match (before, behind) {
        ([low, lower], [high, higher]) if lower <= low && low <= high && high <= higher => {
            (*low, *high)
        }
        ([low, lower], [high, higher]) => (*low.min(lower), *high.max(higher)),
        ([low, lower], _) => (*low.min(lower), u32::MAX),
        (_, [high, higher]) => (0, *high.max(higher)),
        _ => (0, u32::MAX),
    }
}

/// Whether other packages can name a function: `a.com/b.Do`, `b.T.Do` and `b.(*T).Do`, but neither `b.do` nor `b.Do.func1`. A name
/// that is not ASCII is taken for one that they can.
fn is_exported(name: &[u8]) -> bool {
    let plain = name.split(|byte| *byte == b'[').next().unwrap_or_default();
    let last = plain
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default();
    let parts = last.split(|byte| *byte == b'.').skip(1);
    let mut parts = parts.map(|part| part.strip_prefix(b"(*").unwrap_or(part));
    let first = parts.next();
    let is_upper = |part: &[u8]| {
        part.first()
            .is_some_and(|it| !matches!(it, b'a'..=b'z' | b'_' | b'0'..=b'9'))
    };
    first.is_some_and(is_upper) && parts.all(is_upper)
}

/// What two places have in common, where they have.
fn common(a: Between, b: Between) -> Option<Between> {
    let found = (a.0.max(b.0), a.1.min(b.1));
    Some(found).filter(|(low, high)| low <= high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_function_is_not_exported() {
        let exported = [
            "b.Do",
            "a.com/x.y/b.Do",
            "a.com/b.(*T).Do",
            "a.com/b.T.Do",
            "b.(*T).Do-fm",
            "b.Map[go.shape.int]",
            "b.(*List[go.shape.string]).Do",
        ];
        let own = [
            "b.do",
            "a.com/B.do",
            "b.Do.func1",
            "b.(*T).do",
            "b.(*t).Do",
            "b.T.do",
            "b.Do.gowrap1",
            "b.map_[go.shape.int]",
            "b.init.0",
            "b",
        ];
        assert!(exported.iter().all(|name| is_exported(name.as_bytes())));
        assert!(!own.iter().any(|name| is_exported(name.as_bytes())));
    }

    #[test]
    fn texts_that_contradict_each_other_leave_no_place() {
        assert_eq!(nearest(&[5, 3], &[6, 9]), (5, 6));
        // One on each side is out of order.
        assert_eq!(nearest(&[8, 3], &[6, 9]), (3, 9));
        assert_eq!(nearest(&[5, 6], &[]), (5, u32::MAX));
        assert_eq!(nearest(&[], &[6, 5]), (0, 6));
        // All that stand before come behind all that stand behind: from minio, where a variable was then looked for there.
        let none = nearest(&[385, 390], &[331, 300]);
        assert_eq!(common((0, 500), none), None);
        assert_eq!(common((330, 386), none), None);
        assert_eq!(common((3, 9), (5, 20)), Some((5, 9)));
    }
}
