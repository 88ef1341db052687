//! Sizes and a rectangle in, one rectangle per size out: a squarified treemap (Bruls, Huizing, van Wijk, 2000).

/// A rectangle, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    /// Left.
    pub(crate) x: f64,
    /// Top.
    pub(crate) y: f64,
    /// Width.
    pub(crate) width: f64,
    /// Height.
    pub(crate) height: f64,
}

impl Rect {
    /// What is left within a border, with a wider one at the top.
    pub(crate) fn inner(self, border: f64, top: f64) -> Self {
        Self {
            x: self.x + border,
            y: self.y + top,
            width: (self.width - 2.0 * border).max(0.0),
            height: (self.height - top - border).max(0.0),
        }
    }
}

/// Fills `bounds` with one rectangle for each size, areas in proportion, as square as may be. The largest should come
/// first. Sizes of 0 get a rectangle without area.
pub(crate) fn squarify(sizes: &[u64], bounds: Rect) -> Vec<Rect> {
    let whole: f64 = sizes.iter().map(|size| *size as f64).sum();
    let scale = if whole > 0.0 {
        bounds.width * bounds.height / whole
    } else {
        0.0
    };
    let areas: Vec<f64> = sizes.iter().map(|size| *size as f64 * scale).collect();
    let mut out = Vec::with_capacity(areas.len());
    let (mut free, mut rest) = (bounds, areas.as_slice());
    while !rest.is_empty() {
        let count = row(rest, free.width.min(free.height));
        let (now, later) = rest.split_at(count);
        free = place(now, free, &mut out);
        rest = later;
    }
    out
}

/// How many of the areas stand in the next row along a side of this length: as long as the worst of them gets no worse.
fn row(areas: &[f64], side: f64) -> usize {
    let mut worst = f64::INFINITY;
    let (mut sum, mut largest, mut smallest) = (0.0, 0.0_f64, f64::INFINITY);
    for (index, area) in areas.iter().enumerate() {
        sum += area;
        largest = largest.max(*area);
        smallest = smallest.min(*area);
        let ratio = if smallest > 0.0 && side > 0.0 {
            let (side, sum) = (side * side, sum * sum);
            (side * largest / sum).max(sum / (side * smallest))
        } else {
            f64::INFINITY
        };
        if index > 0 && ratio > worst {
            return index;
        }
        worst = ratio;
    }
    areas.len()
}

/// Puts a row along the shorter side; gives what stays free.
fn place(areas: &[f64], free: Rect, out: &mut Vec<Rect>) -> Rect {
    let sum: f64 = areas.iter().sum();
    let upright = free.width >= free.height;
    let side = if upright { free.height } else { free.width };
    let depth = if side > 0.0 { sum / side } else { 0.0 };
    let mut along = 0.0;
    for area in areas {
        let length = if sum > 0.0 { side * area / sum } else { 0.0 };
        out.push(match upright {
            true => Rect {
                y: free.y + along,
                width: depth,
                height: length,
                ..free
            },
            false => Rect {
                x: free.x + along,
                width: length,
                height: depth,
                ..free
            },
        });
        along += length;
    }
    free.behind(depth, upright)
}

impl Rect {
    /// What is left of it behind a row of such a depth, which stands on the left or lies at the top.
    fn behind(self, depth: f64, upright: bool) -> Self {
        if upright {
            let depth = depth.min(self.width);
            return Self {
                x: self.x + depth,
                width: self.width - depth,
                ..self
            };
        }
        let depth = depth.min(self.height);
        Self {
            y: self.y + depth,
            height: self.height - depth,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Rect = Rect {
        x: 10.0,
        y: 20.0,
        width: 640.0,
        height: 400.0,
    };
    const NEAR: f64 = 1e-6;

    fn overlap(a: &Rect, b: &Rect) -> f64 {
        let width = (a.x + a.width).min(b.x + b.width) - a.x.max(b.x);
        let height = (a.y + a.height).min(b.y + b.height) - a.y.max(b.y);
        width.max(0.0) * height.max(0.0)
    }

    #[test]
    fn areas_are_in_proportion_within_bounds_and_apart() {
        proptest!(|(mut sizes in prop::collection::vec(0u64..1_000_000, 1..60))| {
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            let rects = squarify(&sizes, BOUNDS);
            prop_assert_eq!(rects.len(), sizes.len());
            let whole: u64 = sizes.iter().sum();
            for (size, rect) in sizes.iter().zip(&rects) {
                let wanted = *size as f64 / whole.max(1) as f64 * BOUNDS.width * BOUNDS.height;
                prop_assert!((rect.width * rect.height - wanted).abs() < 1e-3, "{rect:?} {wanted}");
                prop_assert!(rect.x >= BOUNDS.x - NEAR && rect.y >= BOUNDS.y - NEAR);
                prop_assert!(rect.x + rect.width <= BOUNDS.x + BOUNDS.width + NEAR);
                prop_assert!(rect.y + rect.height <= BOUNDS.y + BOUNDS.height + NEAR);
            }
            for (index, a) in rects.iter().enumerate() {
                for b in &rects[index + 1..] {
                    prop_assert!(overlap(a, b) < 1e-3, "{a:?} {b:?}");
                }
            }
        });
    }

    #[test]
    fn the_example_of_the_paper() {
        let bounds = Rect {
            x: 0.0,
            y: 0.0,
            width: 6.0,
            height: 4.0,
        };
        let rects = squarify(&[6, 6, 4, 3, 2, 2, 1], bounds);
        assert_eq!(
            rects[0],
            Rect {
                x: 0.0,
                y: 0.0,
                width: 3.0,
                height: 2.0
            }
        );
        assert_eq!(
            rects[1],
            Rect {
                x: 0.0,
                y: 2.0,
                width: 3.0,
                height: 2.0
            }
        );
    }
}
