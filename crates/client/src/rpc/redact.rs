//! Addresses as they may be shown: without the passwords and tokens that people put into them.

/// What stands in a secret's place.
const HIDDEN: &str = "***";
/// A part of a path that is at least this long is a token, not a name.
const TOKEN_LENGTH: usize = 16;

/// An address, or several with commas between them, without its secrets: the password before the host,
/// every value behind `?`, and parts of the path that look like tokens.
///
/// ```
/// use millrace_client::rpc::redact::redact_url;
/// assert_eq!(redact_url("https://host/?api-key=1f2e"), "https://host/?api-key=***");
/// assert_eq!(redact_url("postgres://me:pass@db/jobs"), "postgres://me:***@db/jobs");
/// ```
pub fn redact_url(url: &str) -> String {
    let each: Vec<String> = url.split(',').map(hide_one).collect();
    each.join(",")
}

/// A text without the secrets of the addresses in it.
pub fn redact_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let scheme = rest[..at]
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |before| before + char_length(rest, before));
        let (before, url) = rest.split_at(scheme);
        let end = url
            .find(|c: char| c.is_whitespace() || "()<>\"'`".contains(c))
            .unwrap_or(url.len());
        shown.push_str(before);
        shown.push_str(&redact_url(&url[..end]));
        rest = &url[end..];
    }
    shown.push_str(rest);
    shown
}

fn char_length(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

fn hide_one(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return hide_pairs(url);
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    // The host's name has no @: whatever stands before the last one is who asks.
    let start = rest.find('/').unwrap_or(rest.len());
    let start = rest.rfind('@').map_or(start, |at| {
        rest[at..].find('/').map_or(rest.len(), |slash| at + slash)
    });
    let (host, path) = rest.split_at(start);
    let host = match host.rsplit_once('@') {
        Some((who, host)) => match who.split_once(':') {
            Some((user, _)) => format!("{user}:{HIDDEN}@{host}"),
            None => format!("{who}@{host}"),
        },
        None => host.to_owned(),
    };
    let path: Vec<&str> = path.split('/').map(hide_part).collect();
    let mut shown = format!("{scheme}://{host}{}", path.join("/"));
    if let Some(query) = query {
        shown.push('?');
        let pairs: Vec<String> = query.split('&').map(hide_value).collect();
        shown.push_str(&pairs.join("&"));
    }
    shown
}

fn hide_part(part: &str) -> &str {
    if part.len() >= TOKEN_LENGTH {
        HIDDEN
    } else {
        part
    }
}

fn hide_value(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None => hide_part(pair).to_owned(),
    }
}

/// PostgreSQL's other form: `host=db user=me password=secret`.
fn hide_pairs(text: &str) -> String {
    let hide = |word: &str| match word.split_once('=') {
        Some((name, _)) if name.eq_ignore_ascii_case("password") => format!("{name}={HIDDEN}"),
        _ => word.to_owned(),
    };
    let words: Vec<String> = text.split(' ').map(hide).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_every_kind_of_address_are_hidden() {
        for (url, shown) in [
            ("http://127.0.0.1:8899", "http://127.0.0.1:8899"),
            ("https://h/?api-key=s&x=2", "https://h/?api-key=***&x=***"),
            ("https://h.io/v2/0123456789abcdef/", "https://h.io/v2/***/"),
            (
                "postgres://u:p/w@db:5432/m?sslmode=on",
                "postgres://u:***@db:5432/m?sslmode=***",
            ),
            ("postgres://u@db/m", "postgres://u@db/m"),
            (
                "https://a/?k=1,https://b/?k=2",
                "https://a/?k=***,https://b/?k=***",
            ),
            ("host=db password=p user=u", "host=db password=*** user=u"),
        ] {
            assert_eq!(redact_url(url), shown);
        }
    }

    #[test]
    fn addresses_within_a_text_lose_their_secrets_and_the_text_stays() {
        let said = "status 429 for url (https://h/?api-key=s), «wss://u:p@h/x» later";
        let shown = "status 429 for url (https://h/?api-key=***), «wss://u:***@h/x» later";
        assert_eq!(redact_text(said), shown);
        assert_eq!(redact_text("nothing here"), "nothing here");
    }
}
