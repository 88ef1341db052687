//! One file per rule.

pub mod boxing;

pub mod cgo;

pub mod channels;

pub mod concat;

pub mod constructors;

pub mod copies;

pub mod goroutines;

pub mod growth;

pub mod locks;

pub mod moved;

pub mod pool;

pub mod subslice;
