//! Compares the routes of docs/http-api.md with those of the router.

use std::collections::BTreeSet;
use std::path::Path;

/// Method and path of every `.route(PATH, METHOD(HANDLER)...)` in a source file. A method starts a word,
/// so that the names of handlers such as `get_blob` do not count.
fn routes_of(source: &str) -> Vec<String> {
    let mut routes = Vec::new();
    for call in source.split(".route(").skip(1) {
        let mut parts = call.splitn(3, '"');
        let (Some(before), Some(path), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        if !before.trim().is_empty() {
            continue;
        }
        let end = [".route(", ".layer(", ".merge(", ";"]
            .iter()
            .filter_map(|next| rest.find(next))
            .min();
        let handlers = &rest[..end.unwrap_or(rest.len())];
        for method in ["get", "post", "put", "delete", "patch"] {
            let calls = format!("{method}(");
            let starts_word = |at: usize| {
                let before = handlers[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            };
            if handlers
                .match_indices(&calls)
                .any(|(at, _)| starts_word(at))
            {
                routes.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    routes
}

fn routes_in(folder: &Path) -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            routes.extend(routes_in(&path));
        } else if !path.ends_with("documented.rs") {
            let source = std::fs::read_to_string(&path).expect("the source can be read");
            routes.extend(routes_of(&source));
        }
    }
    routes
}

#[test]
fn every_route_is_documented() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let routes = routes_in(&folder);
    assert!(routes.len() > 10, "{routes:?}");
    let page = include_str!("../../../docs/http-api.md");
    let rows = page.lines().filter_map(|row| row.strip_prefix("| [`"));
    let documented: BTreeSet<String> = rows
        .filter_map(|row| row.split('`').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(documented, routes);
}

#[test]
fn routes_are_found_in_a_source() {
    let source = r#"Router::new()
        .route("/a", get(show))
        .route("/b/{name}", get(get_b).put(routes::put_b))
        .layer(post(nothing))"#;
    assert_eq!(
        routes_of(source),
        ["GET /a", "GET /b/{name}", "PUT /b/{name}"]
    );
}
