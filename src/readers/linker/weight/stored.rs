//! Weights as bytes, and back.

use super::{Function, Place, Weight, Weights};
use crate::linker::number_lists::{In, Out, groups};

/// All of them, in order.
const PLACES: [Place; 11] = [
    Place::Nowhere,
    Place::Text,
    Place::Types,
    Place::Strings,
    Place::FunctionValues,
    Place::PointerMasks,
    Place::ReadOnly,
    Place::FunctionData,
    Place::Lines,
    Place::PlainData,
    Place::Data,
];

impl Weights {
    pub(in crate::linker) fn store(&self, out: &mut Out) {
        let weight = |weight: &Weight| {
            let lists = weight.listed.min(255) << 16 | weight.task.min(255) << 8;
            [
                weight.place as u32 | lists,
                weight.size,
                weight.align,
                weight.extent,
            ]
        };
        out.numbers(self.weights.iter().flat_map(weight));
        out.numbers(self.order.iter().map(|(node, _)| *node));
        let function = |of: &Function| {
            let (start, end) = of.shared;
            [of.node, of.object, of.fixed, start, end, of.files]
        };
        out.numbers(self.functions.iter().flat_map(function));
        out.numbers(self.shared.iter().copied());
        out.numbers(self.sizes.iter().copied());
    }

    /// Weights of `count` symbols of `objects`.
    pub(in crate::linker) fn restored(
        from: &mut In<'_>,
        count: usize,
        objects: usize,
    ) -> Option<Self> {
        let weights = from.numbers()?;
        let weights: Vec<Weight> = groups(&weights)?.map(weight).collect::<Option<_>>()?;
        let order = from.below(count)?;
        let weighed = |node: u32| Some((node, *weights.get(node as usize)?));
        let order = order.into_iter().map(weighed).collect::<Option<_>>()?;
        let functions = from.numbers()?;
        let functions: Vec<Function> = groups(&functions)?.map(function).collect();
        let shared = from.numbers()?;
        let sizes = from.numbers()?;
        let known = |function: &Function| {
            let (start, end) = function.shared;
            let within = start <= end && end as usize <= shared.len();
            within && (function.node as usize) < count && (function.object as usize) < objects
        };
        let whole = weights.len() == count
            && functions.iter().all(known)
            && shared.iter().all(|index| (*index as usize) < sizes.len());
        whole.then_some(Self {
            weights,
            order,
            functions,
            shared,
            sizes,
            objects,
        })
    }
}

/// A weight from its numbers.
fn weight([packed, size, align, extent]: [u32; 4]) -> Option<Weight> {
    Some(Weight {
        place: *PLACES.get((packed & 0xff) as usize)?,
        size,
        align: align.max(1),
        listed: packed >> 16 & 0xff,
        task: packed >> 8 & 0xff,
        extent,
    })
}

/// A function from its numbers.
fn function([node, object, fixed, start, end, files]: [u32; 6]) -> Function {
    Function {
        node,
        object,
        fixed,
        shared: (start, end),
        files,
    }
}
