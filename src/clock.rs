//! What time it is, whatever the clock of the machine says.

use std::time::SystemTime;

use jiff::Timestamp;

/// Now; `None` where the clock is outside the years -9999 to 9999.
pub(crate) fn now() -> Option<Timestamp> {
    written(SystemTime::now())
}

fn written(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}

/// Now, as far as it can be written: for ages.
pub(crate) fn about_now() -> Timestamp {
    now().unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_of_the_year_10000_is_none() {
        let year = |it: u64| SystemTime::UNIX_EPOCH + Duration::from_secs((it - 1970) * 31_556_952);
        assert!(written(year(2026)).is_some());
        assert!(written(year(10_010)).is_none());
        assert!(written(year(200_000)).is_none());
    }
}
