//! Removes secrets, such as passwords and API keys, from addresses before they are shown.

/// Replaces a secret.
const HIDDEN: &str = "***";
/// A path segment of at least this length counts as a token, not as a name.
const MIN_TOKEN_BYTES: usize = 16;

/// Redacts an address, or several separated by commas: the password before the host, every value after
/// `?`, and path segments that look like tokens.
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

/// Redacts all addresses in a text.
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
    // A host name contains no @, so everything before the last one is user information.
    let start = rest.find('/').unwrap_or(rest.len());
    let start = rest.rfind('@').map_or(start, |at| {
        rest[at..].find('/').map_or(rest.len(), |slash| at + slash)
    });
    let (host, path) = rest.split_at(start);
    let host = match host.rsplit_once('@') {
        Some((user_info, host)) => match user_info.split_once(':') {
            Some((user, _)) => format!("{user}:{HIDDEN}@{host}"),
            None => format!("{user_info}@{host}"),
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
    if part.len() >= MIN_TOKEN_BYTES {
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

/// Redacts PostgreSQL's key-value form: `host=db user=me password=secret`.
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
    fn secrets_in_all_kinds_of_addresses_are_redacted() {
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
    fn only_secrets_in_a_text_are_redacted() {
        let text = "status 429 for url (https://h/?api-key=s), \"wss://u:p@h/x\" later";
        let redacted = "status 429 for url (https://h/?api-key=***), \"wss://u:***@h/x\" later";
        assert_eq!(redact_text(text), redacted);
        assert_eq!(redact_text("nothing here"), "nothing here");
    }
}
