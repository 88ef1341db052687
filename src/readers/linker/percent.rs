//! How symbol names write the path of a package: some bytes as `%` and two hex digits (`cmd/internal/objabi/path.go`).

/// The path of a package as symbol names have it.
pub(super) fn escaped(path: &str) -> Vec<u8> {
    let slash = path.rfind('/');
    let mut out = Vec::with_capacity(path.len());
    for (at, byte) in path.bytes().enumerate() {
        let dot = byte == b'.' && slash.is_none_or(|slash| at > slash);
        if byte <= b' ' || dot || byte == b'%' || byte == b'"' || byte >= 0x7f {
            out.extend(format!("%{byte:02x}").bytes());
        } else {
            out.push(byte);
        }
    }
    out
}

/// A symbol name with the escapes of its package path undone.
pub(super) fn unescaped(name: &[u8]) -> String {
    let mut out = Vec::with_capacity(name.len());
    let mut at = 0;
    while let Some(byte) = name.get(at) {
        let digits = name
            .get(at + 1..at + 3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                out.push(code);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
