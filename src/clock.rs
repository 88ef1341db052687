//! What time it is, whatever the clock of the machine says.

use jiff::Timestamp;

/// Now; `None` where the clock is outside the years -9999 to 9999.
pub fn now() -> Option<Timestamp> {
    Timestamp::try_from(std::time::SystemTime::now()).ok()
}

/// Now, as far as it can be written: for ages.
pub fn about_now() -> Timestamp {
    now().unwrap_or(Timestamp::MAX)
}
