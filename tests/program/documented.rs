//! Whether the documents say what is there.

use std::fs;
use std::path::PathBuf;

/// Where the tests' sources are.
fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The names of tests in a document: all in backquotes that are paths of modules.
fn named(document: &str) -> Vec<&str> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.contains("::")).collect()
}

/// Whether there is a test of this path, below the tests of the program or beside them.
fn is_there(test: &str) -> bool {
    let (modules, name) = test.rsplit_once("::").unwrap();
    let path = modules.replace("::", "/");
    let tests = [
        format!("#[test]\nfn {name}()"),
        format!("#[tokio::test(flavor = \"multi_thread\")]\nasync fn {name}()"),
    ];
    let folders = [sources().join("program"), sources()];
    let files = [
        format!("{path}.rs"),
        format!("{path}/mod.rs"),
        format!("{path}/main.rs"),
    ];
    let places = folders
        .iter()
        .flat_map(|folder| files.iter().map(move |file| folder.join(file)));
    let mut texts = places.filter_map(|path| fs::read_to_string(path).ok());
    texts.any(|text| tests.iter().any(|test| text.contains(test)))
}

#[test]
fn every_test_named_in_the_attacks_document_exists() {
    let path = sources().join("../docs/attacks.md");
    let document = fs::read_to_string(path).unwrap();
    let named = named(&document);
    assert!(named.len() > 100, "{}", named.len());
    let missing: Vec<&&str> = named.iter().filter(|test| !is_there(test)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(!is_there("documented::no_such_test"));
}
