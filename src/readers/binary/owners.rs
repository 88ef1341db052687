//! Decides the owner of each object by who refers to it.
//!
//! What a package defines is its own, however many use it: of several users, the package that comes first in the code
//! is the closest to the definition. What the linker keeps once for all, as texts, belongs to its users together.

mod anchors;
mod chains;
mod load_order;
mod mentioned;
mod settle;
mod size_classes;
mod votes;

use super::image::{Addr, Image};
use super::ledger::Kind;
use super::objects::{Data, Object, Source, What, addr_of, owner_of, source_of};
use super::origins::Origins;
use super::packages::{NONE, PackageId, Packages};
use super::runs::Content;

/// An object with its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) object: Object,
    pub(crate) owner: PackageId,
    pub(crate) kind: Kind,
    /// Whether its owner is not inferred.
    pub(crate) certain: bool,
    /// Whether neither its owner nor its extent is.
    pub proven: bool,
}

/// Packages, and which is closer to a definition.
pub(super) struct Ranked<'p, 'i> {
    pub(crate) packages: &'p Packages<'i>,
    /// Whether symbols say what is whose. Without them a variable may be of a package that has no functions, and so no name.
    pub(crate) named: bool,
    /// The place of each package in the code, where that is known.
    pub(crate) ranks: Vec<u32>,
    /// The sizes and packages of declared types, in the order of the linker.
    pub(crate) declared: &'p [(u32, PackageId)],
}

impl Ranked<'_, '_> {
    /// Packages that the linker placed first come first.
    pub(crate) fn rank(&self, owner: PackageId) -> (u32, PackageId) {
        let rank = self.ranks.get(owner as usize).copied();
        (rank.unwrap_or(u32::MAX), owner)
    }
}

/// Where objects are, found fast.
struct Index {
    first: Addr,
    /// The last object that begins at or before each multiple of [`Index::STEP`].
    places: Vec<u32>,
}

impl Index {
    const STEP: u32 = 512;

    fn new(objects: &[Object]) -> Self {
        let first = objects.first().map_or(0, |object| object.start);
        let mut places = Vec::new();
        for (index, it) in objects.iter().enumerate() {
            let slot = ((it.start - first) / Self::STEP) as usize;
            // Scattered data would take more memory than the file: what is far away is searched.
            if slot > 4 * objects.len() + 4096 {
                break;
            }
            places.resize(slot + 1, (index as u32).saturating_sub(1));
        }
        Self { first, places }
    }

    /// The object that holds an address.
    fn find(&self, objects: &[Object], addr: Addr) -> Option<usize> {
        let slot = (addr.checked_sub(self.first)? / Self::STEP) as usize;
        let from = *self.places.get(slot).or(self.places.last())? as usize;
        let to = self
            .places
            .get(slot + 1)
            .map_or(objects.len(), |place| *place as usize + 1);
        let among = objects.get(from..to.min(objects.len()).max(from))?;
        let found = from
            + among
                .partition_point(|object| object.start <= addr)
                .checked_sub(1)?;
        (addr < objects[found].end).then_some(found)
    }
}

/// A pointer in an object.
struct Link {
    /// The object that it points into.
    to: u32,
    /// Whether it leads to the beginning of that.
    leads: bool,
    /// Whether it stands at the beginning of its own.
    first: bool,
}

/// The pointers of each object.
struct Links {
    all: Vec<Link>,
    /// Where those of each object begin, and the end.
    places: Vec<u32>,
}

impl Links {
    /// `edges` are from where to where, by where they stand.
    fn new(objects: &[Object], edges: &[(Addr, Addr)]) -> Self {
        let index = Index::new(objects);
        let mut all = Vec::with_capacity(edges.len());
        let mut places = Vec::with_capacity(objects.len() + 1);
        let mut edge = 0;
        for object in objects {
            places.push(all.len() as u32);
            while edges.get(edge).is_some_and(|edge| edge.0 < object.start) {
                edge += 1;
            }
            while let Some(&(at, to)) = edges.get(edge).filter(|edge| edge.0 < object.end) {
                edge += 1;
                let found = index.find(objects, to);
                all.extend(found.map(|it| Link {
                    to: it as u32,
                    leads: objects[it].start == to,
                    first: at == object.start,
                }));
            }
        }
        places.push(all.len() as u32);
        Self { all, places }
    }

    fn of(&self, object: usize) -> &[Link] {
        &self.all[self.places[object] as usize..self.places[object + 1] as usize]
    }
}

/// Whether the linker keeps one of several equal ones.
fn is_common(object: &Object) -> bool {
    match object.what {
        What::Referred(Some(Content::Texts | Content::Masks)) => true,
        What::Referred(Some(Content::Constants)) => object.end - object.start <= 16,
        _ => false,
    }
}

/// The owner of every object: first by who refers to its beginning, then by what points to it.
pub(super) fn find(
    data: &Data,
    objects: &[Object],
    edges: &[(Addr, Addr)],
    ranked: &Ranked<'_, '_>,
    origins: &Origins<'_, '_>,
    function: impl Fn(Addr) -> Option<PackageId>,
) -> Vec<Owned> {
    let (image, packages) = (origins.image, ranked.packages);
    let (mut owned, places) = by_users(image, data, objects, ranked, function);
    let links = Links::new(objects, edges);
    // What refers to each object, before anything follows from it.
    let mentioned: Vec<(PackageId, bool)> = match ranked.named {
        true => Vec::new(),
        false => owned
            .iter()
            .map(|owned| (owned.owner, owned.certain))
            .collect(),
    };
    // A number that looks like an address within a large object is no reason where a pointer leads to its beginning.
    for within in [false, true] {
        follow(objects, &mut owned, &links, ranked, within);
    }
    let settled = match ranked.named {
        true => Vec::new(),
        false => settle::by_place((data, &places), (&owned, &links), ranked, origins),
    };
    if !settled.is_empty() {
        for (it, before) in owned.iter_mut().zip(&mentioned) {
            (it.owner, it.certain) = *before;
        }
        for (object, owner) in settled {
            (owned[object].owner, owned[object].certain) = (owner, false);
        }
        for within in [false, true] {
            follow(objects, &mut owned, &links, ranked, within);
        }
    }
    for from in 0..objects.len() {
        let common = |link: &Link| link.leads && is_common(&objects[link.to as usize]);
        for link in links.of(from).iter().filter(|link| common(link)) {
            let to = link.to as usize;
            owned[to].owner = packages.join(owned[to].owner, owned[from].owner);
            let sure = owned[from].certain && (objects[from].how.is_proven() || link.first);
            owned[to].certain &= sure || owned[from].owner == NONE;
        }
    }
    for it in &mut owned {
        it.proven = it.certain && it.object.how.is_proven() && it.owner != NONE;
    }
    alignment(image, &mut owned);
    owned
}

/// Owners as far as code, symbols and types say; and for each object, where the places that are not before it begin.
fn by_users(
    image: &Image<'_>,
    data: &Data,
    objects: &[Object],
    ranked: &Ranked<'_, '_>,
    function: impl Fn(Addr) -> Option<PackageId>,
) -> (Vec<Owned>, Vec<u32>) {
    let packages = ranked.packages;
    let mut starts = data.starts.as_slice();
    let mut owned = Vec::with_capacity(objects.len());
    let mut places = Vec::with_capacity(objects.len());
    for object in objects {
        let mut it = Owned {
            object: *object,
            owner: object.owner,
            kind: kind(image, object, false),
            certain: true,
            proven: false,
        };
        starts = &starts[near(starts, |addr| addr < object.start)..];
        places.push((data.starts.len() - starts.len()) as u32);
        let users = near(starts, |addr| addr == object.start);
        let (users, inside) = starts.split_at(users);
        let value = match object.what {
            What::Referred(_) => function_of(image, object).and_then(&function),
            What::Known(_) | What::Rest => None,
        };
        match (object.what, users.first()) {
            (What::Rest, _) => {}
            (What::Known(_), _) if it.owner != NONE => {}
            (What::Referred(_), _) if value.is_some() => it.owner = value.unwrap_or(NONE),
            (_, Some(first)) => {
                let record = source_of(*first) == Source::Record;
                if record || is_common(object) {
                    let users = users.iter().map(|user| owner_of(*user));
                    it.owner = users.fold(NONE, |all, it| packages.join(all, it));
                } else {
                    let fields = fields(object, inside, data.word);
                    let users = || users.iter().chain(fields.clone());
                    let best = users().min_by_key(|user| {
                        (source_of(**user) as u8, ranked.rank(owner_of(**user)))
                    });
                    let several = of_many(users(), ranked).filter(|_| !ranked.named);
                    it.owner = several.unwrap_or(best.map_or(NONE, |best| owner_of(*best)));
                    let same = |user: &u64| owner_of(*user) == it.owner;
                    it.certain =
                        source_of(*first) == Source::Symbol || (ranked.named && users().all(same));
                }
                it.kind = kind(image, object, record);
            }
            (_, None) => {}
        }
        owned.push(it);
    }
    (owned, places)
}

/// How many of the first are so; the next that is not is near.
fn near(starts: &[u64], is_so: impl Fn(Addr) -> bool) -> usize {
    let so = starts.iter().take_while(|start| is_so(addr_of(**start)));
    so.count()
}

/// Whose it is what the code of many packages mentions: which of them is the closest to the definition changes with the order
/// in which the linker meets them, and an edit elsewhere can change that.
fn of_many<'s>(users: impl Iterator<Item = &'s u64>, ranked: &Ranked<'_, '_>) -> Option<PackageId> {
    const MANY: usize = 3;
    let users = users.filter(|user| source_of(**user) == Source::Code);
    let mut all: Vec<PackageId> = users.map(|user| owner_of(*user)).collect();
    all.sort_unstable();
    all.dedup();
    let join = |all: Vec<PackageId>| all.into_iter().reduce(|a, b| ranked.packages.join(a, b));
    (all.len() >= MANY).then(|| join(all)).flatten()
}

/// The places within an object: of its fields. Places come in order; where a field can hardly begin, none does.
fn fields<'s>(
    object: &Object,
    starts: &'s [u64],
    word: u32,
) -> impl Iterator<Item = &'s u64> + Clone + use<'s> {
    let (start, end) = (object.start, object.end);
    let inside = starts.iter().take_while(move |it| addr_of(**it) < end);
    inside.filter(move |it| (addr_of(**it) - start).is_multiple_of(word))
}

/// Gives what only pointers lead to the owner of what points to it; of several, the first. Those count that lead to the
/// beginning, or also those `within`.
fn follow(
    objects: &[Object],
    owned: &mut [Owned],
    links: &Links,
    ranked: &Ranked<'_, '_>,
    within: bool,
) {
    let points = |object: &Object| match object.what {
        What::Referred(content) => content.is_none_or(Content::has_pointers),
        What::Known(kind) => kind == Kind::Data,
        What::Rest => false,
    };
    let mut queue: Vec<u32> = Vec::new();
    let mut fixed = vec![false; objects.len()];
    for (place, it) in objects.iter().enumerate() {
        let is_owned = owned[place].owner != NONE;
        fixed[place] = is_owned
            || is_common(it)
            || !matches!(it.what, What::Referred(_) | What::Known(Kind::Data));
        if is_owned && points(it) {
            queue.push(place as u32);
        }
    }
    while let Some(from) = queue.pop() {
        let owner = owned[from as usize].owner;
        for link in links.of(from as usize) {
            let to = link.to as usize;
            if fixed[to] || !(within || link.leads) {
                continue;
            }
            let target = &mut owned[to];
            let differs = target.owner != NONE && target.owner != owner;
            target.certain &= ranked.named && !differs;
            if target.owner == NONE || ranked.rank(owner) < ranked.rank(target.owner) {
                target.owner = owner;
                queue.push(to as u32);
            }
        }
    }
}

/// Alignment goes with what stands before it.
fn alignment(image: &Image<'_>, owned: &mut [Owned]) {
    const MOST: u32 = 64;
    for index in 1..owned.len() {
        let (before, it) = (owned[index - 1], owned[index]);
        let object = it.object;
        let short = object.what == What::Rest && object.end - object.start < MOST;
        if short && before.object.end == object.start {
            let bytes = image.slice(object.start, object.end).unwrap_or_default();
            if bytes.iter().all(|byte| *byte == 0) {
                (owned[index].owner, owned[index].kind) = (before.owner, before.kind);
                owned[index].proven = before.proven;
            }
        }
    }
}

/// The address in a function value, which is nothing else, or in an initialisation task: a state of 0, a small number,
/// and as many addresses (`runtime/proc.go`, `initTask`).
fn function_of(image: &Image<'_>, object: &Object) -> Option<Addr> {
    let word = usize::from(image.pointer_size);
    let reader = image.over(image.slice(object.start, object.end)?);
    let size = reader.data.len();
    if size == word {
        return image.addr(reader.word(0)?);
    }
    let tasks = reader.u32(4)? as usize;
    let is_task = reader.u32(0)? == 0 && (1..1000).contains(&tasks) && size >= 8 + tasks * word;
    is_task.then(|| image.addr(reader.word(8)?)).flatten()
}

fn kind(image: &Image<'_>, object: &Object, record: bool) -> Kind {
    match object.what {
        What::Known(kind) => kind,
        _ if record => Kind::StackMaps,
        What::Referred(Some(Content::Texts)) => Kind::Strings,
        What::Referred(Some(Content::Masks)) => Kind::Types,
        What::Referred(None) if is_text(image, object) => Kind::Strings,
        _ => Kind::Data,
    }
}

/// Read-only bytes without a NUL that are UTF-8.
fn is_text(image: &Image<'_>, object: &Object) -> bool {
    let Some(region) = image.region(object.start).filter(|region| !region.writable) else {
        return false;
    };
    let bytes =
        &region.bytes[(object.start - region.start) as usize..(object.end - region.start) as usize];
    memchr::memchr(0, bytes).is_none() && std::str::from_utf8(bytes).is_ok()
}
