//! Finds the numbers in wasm code that can be addresses. An address is a number like any other there; what the code
//! does with it says more.

use std::ops::Range;

use wasmparser::{BinaryReader, FunctionBody, MemArg, Operator};

use crate::binary::bytes::uvarint;
use crate::binary::image::Addr;

/// A number that can be the address of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::binary) struct Mention {
    pub(crate) target: Addr,
    /// Whether only an address is used like this.
    pub(crate) sure: bool,
    /// What is stored behind it, if that can be the length of a text.
    pub(crate) length: Option<u32>,
}

/// What matters of an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A number of 64 bits, as addresses are.
    Number(i64),
    /// A local variable is read.
    Get,
    /// Memory is read at the address on the stack.
    Load,
    /// Memory is written, at a distance.
    Store(u64),
    Add,
    /// Arithmetic that nobody does with an address, and comparisons by size.
    Arithmetic,
    /// 32 bits of a number: what comes before a load or a store.
    Wrap,
    Other,
}

/// Calls `each` with the numbers within `data` that can be addresses. `code` is a body behind its length; `steps` is room
/// for its instructions.
pub(in crate::binary) fn scan(
    code: &[u8],
    data: &Range<Addr>,
    steps: &mut Steps,
    mut each: impl FnMut(Mention),
) {
    let Some((_, prefix)) = uvarint(code) else {
        return;
    };
    let reader = BinaryReader::new(code.get(prefix..).unwrap_or_default(), 0);
    let Ok(operators) = FunctionBody::new(reader).get_operators_reader() else {
        return;
    };
    let steps = &mut steps.0;
    steps.clear();
    let known = operators.into_iter().map_while(Result::ok);
    steps.extend(known.filter_map(step));
    for (index, it) in steps.iter().enumerate() {
        let Step::Number(value) = *it else { continue };
        let target = u32::try_from(value).ok().filter(|addr| data.contains(addr));
        let Some(target) = target else { continue };
        if let Some(sure) = is_address(&steps[index + 1..]) {
            each(Mention {
                target,
                sure,
                length: length(steps, index),
            });
        }
    }
}

/// Calls `each` with the numbers of the functions that a body calls by their number.
pub(in crate::binary) fn calls(code: &[u8], each: impl FnMut(u32)) {
    let Some((_, prefix)) = uvarint(code) else {
        return;
    };
    let reader = BinaryReader::new(code.get(prefix..).unwrap_or_default(), 0);
    let Ok(operators) = FunctionBody::new(reader).get_operators_reader() else {
        return;
    };
    let called = operators.into_iter().map_while(Result::ok);
    let called = called.filter_map(|operator| match operator {
        Operator::Call { function_index } => Some(function_index),
        _ => None,
    });
    called.for_each(each);
}

/// Room for the instructions of a function.
#[derive(Default)]
pub(in crate::binary) struct Steps(Vec<Step>);

/// `None` where what follows a number says that it is no address; whether it says that it is one.
fn is_address(rest: &[Step]) -> Option<bool> {
    match rest {
        // The second operand of an addition: where one is an address, it is the first.
        [Step::Add | Step::Arithmetic, ..] => None,
        [Step::Wrap | Step::Load, ..] => Some(true),
        _ if is_sliced(rest) => Some(true),
        [Step::Get | Step::Number(_), more @ ..] => {
            let loads = more.iter().take_while(|step| **step == Step::Load).count();
            match &more[loads..] {
                [Step::Arithmetic, ..] => None,
                [Step::Add, ..] => Some(true),
                // A place in an array: the number of the element times its size.
                [Step::Number(_), Step::Arithmetic, Step::Add, then @ ..] => Some(matches!(
                    then,
                    [Step::Wrap, ..] | [Step::Other, Step::Wrap, ..]
                )),
                _ => Some(false),
            }
        }
        _ => Some(false),
    }
}

/// Whether a distance is added that is 0 where nothing is left behind it, as for the address of a slice of something: the distance
/// and the sign of what is left with its sign turned (`Slicemask` in `cmd/compile/internal/ssa/_gen/Wasm.rules`), in either order.
fn is_sliced(rest: &[Step]) -> bool {
    fn operand(rest: &[Step]) -> Option<&[Step]> {
        let (Step::Get, rest) = rest.split_first()? else {
            return None;
        };
        let loads = rest.iter().take_while(|step| **step == Step::Load);
        rest.get(loads.count()..)
    }
    fn mask(rest: &[Step]) -> Option<&[Step]> {
        let rest = operand(rest.strip_prefix(&[Step::Number(0)])?)?;
        rest.strip_prefix(&[Step::Arithmetic, Step::Number(63), Step::Arithmetic])
    }
    let distance_first = || mask(operand(rest)?);
    let mask_first = || operand(mask(rest)?);
    let masked = distance_first().or_else(mask_first);
    masked.is_some_and(|rest| rest.starts_with(&[Step::Arithmetic, Step::Add]))
}

/// The number that is stored next, a word behind the one at a place.
fn length(steps: &[Step], at: usize) -> Option<u32> {
    const FAR: usize = 8;
    let first = stored_at(steps, at)?;
    let next = (at + 2..at + FAR).find_map(|at| Some((at, stored_at(steps, at)?)));
    let (next, _) = next.filter(|next| next.1 == first + 8)?;
    match steps[next] {
        Step::Number(length) => u32::try_from(length).ok(),
        _ => None,
    }
}

/// Where on the stack a number is stored: the distance is in the instruction, or was added to the address before.
fn stored_at(steps: &[Step], at: usize) -> Option<u64> {
    let (Step::Number(_), Step::Store(distance)) = (steps.get(at)?, steps.get(at + 1)?) else {
        return None;
    };
    let added = match steps[..at] {
        [.., Step::Number(it), Step::Add, Step::Wrap] => u64::try_from(it).ok()?,
        _ => 0,
    };
    distance.checked_add(added)
}

fn step(operator: Operator<'_>) -> Option<Step> {
    let store = |mem_arg: MemArg| Step::Store(mem_arg.offset);
    Some(match operator {
        Operator::Nop => return None,
        Operator::I64Const { value } => Step::Number(value),
        Operator::LocalGet { .. } | Operator::GlobalGet { .. } => Step::Get,
        Operator::I64Store { memarg } | Operator::I32Store { memarg } => store(memarg),
        Operator::I64Add => Step::Add,
        Operator::I32WrapI64 => Step::Wrap,
        Operator::I64Load { .. }
        | Operator::I64Load8U { .. }
        | Operator::I64Load8S { .. }
        | Operator::I64Load16U { .. }
        | Operator::I64Load16S { .. }
        | Operator::I64Load32U { .. }
        | Operator::I64Load32S { .. }
        | Operator::F32Load { .. }
        | Operator::F64Load { .. } => Step::Load,
        Operator::I64Mul
        | Operator::I64Sub
        | Operator::I64DivS
        | Operator::I64DivU
        | Operator::I64RemS
        | Operator::I64RemU
        | Operator::I64And
        | Operator::I64Or
        | Operator::I64Xor
        | Operator::I64Shl
        | Operator::I64ShrS
        | Operator::I64ShrU
        | Operator::I64Rotl
        | Operator::I64LtS
        | Operator::I64LtU
        | Operator::I64GtS
        | Operator::I64GtU
        | Operator::I64LeS
        | Operator::I64LeU
        | Operator::I64GeS
        | Operator::I64GeU
        | Operator::F64ConvertI64S
        | Operator::F64ConvertI64U => Step::Arithmetic,
        _ => Step::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &[u8], expected: &[(bool, Option<u32>)]) {
        let mut found = Vec::new();
        // A body: its length, no locals, the code, its end.
        let body = [&[code.len() as u8 + 2, 0][..], code, &[0x0b]].concat();
        scan(&body, &(0x2000..0x3000), &mut Steps::default(), |mention| {
            assert_eq!(mention.target, 0x2000);
            found.push((mention.sure, mention.length));
        });
        assert_eq!(found, expected, "{code:02x?}");
    }

    #[test]
    fn what_follows_a_number_says_whether_it_is_an_address() {
        const NUMBER: [u8; 4] = [0x42, 0x80, 0xc0, 0x00]; // i64.const 0x2000
        let then = |more: &[u8]| [&NUMBER[..], more].concat();
        check(&then(&[0x1a]), &[(false, None)]); // drop
        check(&then(&[0xa7, 0x29, 3, 0, 0x1a]), &[(true, None)]); // wrap, load
        check(&then(&[0x7e, 0x1a]), &[]); // mul
        check(&then(&[0x20, 0, 0x7c, 0x1a]), &[(true, None)]); // local.get, add
        check(&then(&[0x20, 0, 0x54, 0x1a]), &[]); // local.get, less than
        // The distance of local 2, and the mask of what is left in local 3: 0 less it, shifted by 63.
        let mask = [0x42, 0, 0x20, 3, 0x7d, 0x42, 63, 0x87];
        let sliced =
            |first: &[u8], then: &[u8]| [&NUMBER[..], first, then, &[0x83, 0x7c, 0x1a]].concat();
        check(&sliced(&[0x20, 2], &mask), &[(true, None)]);
        check(&sliced(&mask, &[0x20, 2]), &[(true, None)]);
        // local.get, load, i64.const 4, shl, add, and then wrap or not.
        let element = [0x20, 0, 0x29, 3, 0, 0x42, 4, 0x86, 0x7c];
        check(
            &then(&[&element[..], &[0xa7, 0x1a]].concat()),
            &[(true, None)],
        );
        check(&then(&[&element[..], &[0x1a]].concat()), &[(false, None)]);
        // A store, and that of a length.
        let text = [0x37, 3, 8, 0x20, 0, 0x42, 0x20, 0x37, 3, 16];
        check(&then(&text), &[(false, Some(32))]);
        // Below 0, of 32 bits, and cut off.
        check(&[0x42, 0x7f, 0x1a], &[]);
        check(&[0x41, 0x80, 0xc0, 0x00, 0x1a], &[]);
        check(&[0x42, 0x80, 0xc0, 0x80], &[]);
    }
}
