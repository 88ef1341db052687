//! Finds the runs of the linker's layout: stretches of the data in which objects are sorted by size.
//!
//! The linker groups what it lays out by kind and sorts each group by size, the smallest first (`dodataSect` in
//! `cmd/link/internal/ld/data.go`, Go 1.21 to 1.27). Where an object begins, those around it bound its size.

use std::ops::Range;

use memchr::memmem;

use super::image::{Addr, Image};
use super::moduledata::Moduledata;
use super::{Binary, Role};

/// What the objects of a run are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Texts and embedded files, one after the other without alignment.
    Texts,
    /// Words with the address of a function.
    Functions,
    /// Which words of a type are pointers, a bit each.
    Masks,
    /// All else that is never written.
    Constants,
    /// Variables without pointers.
    Plain,
    /// Variables with pointers.
    Pointers,
}

impl Content {
    /// Whether symbols name single objects of it.
    pub(crate) fn has_symbols(self) -> bool {
        matches!(self, Self::Constants | Self::Plain | Self::Pointers)
    }

    /// Whether words of it can be addresses of data.
    pub(crate) fn has_pointers(self) -> bool {
        matches!(self, Self::Constants | Self::Pointers)
    }
}

/// A stretch of the data, sorted by size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(crate) range: Range<Addr>,
    pub(crate) content: Content,
}

/// Where types end, where the first and the last mask of their pointers is, and where their names are.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    pub(crate) types_end: Addr,
    pub(crate) masks: Option<Range<Addr>>,
    /// In order.
    pub(crate) names: Vec<Range<Addr>>,
}

/// Every run, by address, without overlap. Nothing is found where the runtime's table of contents was not.
pub(super) fn find(
    image: &Image<'_>,
    binary: &Binary,
    module: &Moduledata,
    marks: &Marks,
    is_function: impl Fn(Addr) -> bool,
) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut push = |start: Addr, end: Addr, content: Content| {
        if start < end {
            let range = start..end;
            runs.push(Run { range, content });
        }
    };
    let verified = verified(image);
    let kinds = [Content::Plain, Content::Pointers];
    for (variables, content) in module.variables.iter().zip(kinds) {
        if let Some((start, end)) = *variables {
            apart(&verified, start..end, |start, end| {
                push(start, end, content)
            });
        }
    }
    for region in &image.regions {
        let role = binary.sections[region.section].role;
        let readable = !region.executable && matches!(role, Role::Rodata | Role::Data);
        // In wasm, constants and variables stand in one section.
        let all = match module.etypes {
            end if region.start < end && end <= region.end() => region.start..end,
            _ => region.start..region.end(),
        };
        if !readable || (region.writable && !all.contains(&module.types)) {
            continue;
        }
        let part = Part {
            range: never_written(all, module, marks),
            gofunc: module.gofunc,
            marks,
            variables: module.masks[0],
            verified: &verified,
        };
        constants(image, &part, &is_function, &mut push);
        if part.range.end <= module.types {
            let values = values_behind_types(image, region.start..region.end(), module);
            let end = functions(image, values.clone(), &is_function);
            push(values.start, end, Content::Functions);
        }
    }
    runs.sort_by_key(|run| run.range.start);
    let mut free = 0;
    runs.retain(|run| {
        let keep = run.range.start >= free;
        free = if keep { run.range.end } else { free };
        keep
    });
    runs
}

/// Where the values of functions stand from Go 1.27 on in a region that has all: behind the types.
fn values_behind_types(image: &Image<'_>, region: Range<Addr>, module: &Moduledata) -> Range<Addr> {
    let word = u32::from(image.pointer_size);
    let first = module.etypes.checked_next_multiple_of(word);
    let inside = |first: &Addr| region.contains(first) && module.types <= module.etypes;
    first.filter(inside).map_or(0..0, |first| first..region.end)
}

/// Where texts and constants stand in a region, or a part of one, that is never written: behind the types; from Go 1.27 on before
/// them and the line table, which PE and wasm have in the same section.
fn never_written(all: Range<Addr>, module: &Moduledata, marks: &Marks) -> Range<Addr> {
    let before = |masks: &&Range<Addr>| all.contains(&masks.start) && masks.end <= module.types;
    if let Some(masks) = marks.masks.as_ref().filter(before) {
        let others = [module.types, module.line_table];
        let next = others.into_iter().filter(|start| *start >= masks.end).min();
        return all.start..next.unwrap_or(all.end).min(all.end);
    }
    match all.contains(&marks.types_end) || all.end == marks.types_end {
        true => marks.types_end..all.end,
        false => all,
    }
}

/// A part of the memory that is never written.
struct Part<'m> {
    range: Range<Addr>,
    /// Where what functions say of themselves begins, which before Go 1.26 stands among constants.
    gofunc: Option<Addr>,
    marks: &'m Marks,
    variables: Option<Addr>,
    verified: &'m [Range<Addr>],
}

impl Part<'_> {
    /// Behind the masks of types stands that of all variables.
    fn masks_end(&self, masks: &Range<Addr>) -> Addr {
        let variables = self.variables.filter(|variable| masks.contains(variable));
        variables.unwrap_or(masks.end)
    }
}

/// The groups of what is never written, which follow each other in the order of [`Content`].
fn constants(
    image: &Image<'_>,
    part: &Part<'_>,
    is_function: &impl Fn(Addr) -> bool,
    push: &mut impl FnMut(Addr, Addr, Content),
) {
    let all = &part.range;
    let word = u32::from(image.pointer_size);
    let function = |at: Addr| is_value(image, at, is_function);
    let inside = |range: &&Range<Addr>| all.start <= range.start && range.end <= all.end;
    let rest = match part.marks.masks.as_ref().filter(inside) {
        Some(masks) => {
            let masks = masks.start..part.masks_end(masks);
            let mut first = masks.start & !(word - 1);
            while first >= all.start + word && function(first - word) {
                first -= word;
            }
            let among = |addr: &Addr| (all.start..masks.start).contains(addr);
            let texts = part.gofunc.filter(among).unwrap_or(first);
            push(all.start, texts, Content::Texts);
            if texts == first {
                push(first, masks.start, Content::Functions);
            }
            push(masks.start, masks.end, Content::Masks);
            masks.end
        }
        // Where the loader patches addresses, what has some stands apart from texts and masks.
        None => {
            let first = all.start.next_multiple_of(word);
            let end = functions(image, first..all.end, is_function);
            push(first, end, Content::Functions);
            end
        }
    };
    apart(part.verified, rest..all.end, |start, end| {
        push(start, end, Content::Constants);
    });
}

/// Whether a word has the address of a function.
fn is_value(image: &Image<'_>, at: Addr, is_function: &impl Fn(Addr) -> bool) -> bool {
    image.pointer(at).is_some_and(is_function)
}

/// Where the values of functions end that stand in a row from the start of a range on.
fn functions(image: &Image<'_>, all: Range<Addr>, is_function: &impl Fn(Addr) -> bool) -> Addr {
    let mut end = all.start;
    while end < all.end && is_value(image, end, is_function) {
        end += u32::from(image.pointer_size);
    }
    end
}

/// Cuts a stretch where verified data begins and ends: it is sorted for itself.
fn apart(verified: &[Range<Addr>], all: Range<Addr>, mut each: impl FnMut(Addr, Addr)) {
    let mut start = all.start;
    for it in verified {
        if all.start <= it.start && it.end <= all.end && it.start >= start {
            each(start, it.start);
            each(it.start, it.end);
            start = it.end;
        }
    }
    each(start, all.end);
}

/// Data of cryptography that a program verifies at its start (FIPS 140): a table of where it begins and ends, from Go 1.24
/// on (`cmd/link/internal/ld/fips140.go`).
fn verified(image: &Image<'_>) -> Vec<Range<Addr>> {
    const MAGIC: &[u8] = b"\xff Go fipsinfo \xff\x00";
    const SUM: usize = 32;
    let finder = memmem::Finder::new(MAGIC);
    let writable = image.regions.iter().filter(|region| region.writable);
    let found = writable.filter_map(|region| Some((region, finder.find(&region.bytes)?)));
    let mut ranges = Vec::new();
    for (region, at) in found.take(1) {
        let word = usize::from(image.pointer_size);
        let reader = image.over(&region.bytes);
        // Itself, and the bounds of code, stand before those of data.
        let first = at + MAGIC.len() + SUM + 3 * word;
        for index in 0..3 {
            let bound = |end: usize| image.addr(reader.word(first + (2 * index + end) * word)?);
            if let (Some(start), Some(end)) = (bound(0), bound(1))
                && start < end
            {
                ranges.push(start..end);
            }
        }
    }
    ranges.sort_by_key(|range| range.start);
    ranges
}
