//! Joins two configurations: what is built comes from the one, what judges it from the other.

use super::layer::Loaded;

/// The keys that judge a build; what is built is not theirs to say.
const JUDGING: &[&str] = &[
    "escape.",
    "assert",
    "compare.",
    "budget.",
    "bench.",
    "prove.require",
    "prove.threshold",
    "advise.",
    "checks.",
    "build.ambient",
    "pgo.on-missing",
    "pgo.require-proof",
    "pgo.max-age",
    "pgo.min-samples",
    "pgo.min-health",
];

impl Loaded {
    /// Takes what judges a build from another configuration, and leaves what is built.
    pub fn judge_by(&mut self, other: &Self) {
        let (own, other_config) = (&mut self.config, other.config.clone());
        own.escape = other_config.escape;
        own.assert = other_config.assert;
        own.compare = other_config.compare;
        own.budget = other_config.budget;
        own.bench = other_config.bench;
        own.prove.require = other_config.prove.require;
        own.prove.threshold = other_config.prove.threshold;
        own.advise = other_config.advise;
        own.checks = other_config.checks;
        own.build.ambient = other_config.build.ambient;
        own.pgo.on_missing = other_config.pgo.on_missing;
        own.pgo.require_proof = other_config.pgo.require_proof;
        own.pgo.max_age = other_config.pgo.max_age;
        own.pgo.min_samples = other_config.pgo.min_samples;
        own.pgo.min_health = other_config.pgo.min_health;
        let judges = |key: &str| JUDGING.iter().any(|prefix| key.starts_with(prefix));
        self.origins.retain(|key, _| !judges(key));
        let theirs = other.origins.iter().filter(|origin| judges(origin.0));
        self.origins
            .extend(theirs.map(|(a, b)| (a.clone(), b.clone())));
    }
}
