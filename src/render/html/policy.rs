//! Writes the policy of a page: just its style and its script, and nothing from anywhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The content of a `Content-Security-Policy`. The icon is empty, so that no browser asks for one.
pub(crate) fn policy(style: &str, script: &str) -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(script),
        digest(style)
    )
}
