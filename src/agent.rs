//! The small processes that a run starts of this program: one file each.

pub mod measurer;

pub mod watcher;
