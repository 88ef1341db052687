//! Decides the order in which the programs of a round run, from a seed.

use super::random::Random;

/// The order of `programs` in a round, by their numbers. Two rounds belong together: the second is the first from behind, so that
/// what drifts, as a machine that grows warm does, weighs on all of them alike.
pub fn order(round: usize, programs: usize, seed: u64) -> Vec<usize> {
    let mut random =
        Random::new(seed ^ ((round / 2) as u64 + 1).wrapping_mul(0xa076_1d64_78bd_642f));
    let mut order: Vec<usize> = (0..programs).collect();
    for place in (1..programs).rev() {
        order.swap(place, random.below(place + 1));
    }
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_is_first_as_often_as_last() {
        for programs in 2..5 {
            let mut places = vec![0; programs];
            for round in 0..40 {
                for (place, program) in order(round, programs, 3).into_iter().enumerate() {
                    places[program] += place;
                }
            }
            let middle = 40 * (programs - 1) / 2;
            assert!(places.iter().all(|it| *it == middle), "{places:?}");
        }
        let firsts = (0..40).map(|it| order(2 * it, 2, 3)[0]).sum::<usize>();
        assert!((10..31).contains(&firsts), "{firsts}");
        assert_ne!(
            (0..20).map(|it| order(it, 2, 1)).collect::<Vec<_>>(),
            (0..20).map(|it| order(it, 2, 2)).collect::<Vec<_>>()
        );
    }
}
