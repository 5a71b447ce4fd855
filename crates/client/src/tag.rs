//! Tags of suppliers and regions in the program's format.

/// A tag in the program's format: 16 bytes of ASCII, padded with zeros. Longer text is truncated and then
/// matches no provider; manifests are checked before.
pub fn tag(text: Option<&str>) -> [u8; 16] {
    let mut tag = [0; 16];
    for (to, from) in tag.iter_mut().zip(text.unwrap_or_default().bytes()) {
        *to = from;
    }
    tag
}

/// A tag as text; empty if it is not set.
pub fn tag_text(tag: &[u8; 16]) -> String {
    let end = tag.iter().position(|byte| *byte == 0).unwrap_or(tag.len());
    String::from_utf8_lossy(&tag[..end]).into_owned()
}
