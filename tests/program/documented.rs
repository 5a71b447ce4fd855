//! Checks that tests named in the documents exist.

use std::fs;
use std::path::PathBuf;

/// The root of the test sources.
fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Test names in a document: all texts in backquotes that are module paths.
fn named(document: &str) -> Vec<&str> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.contains("::")).collect()
}

/// Whether a test with this path exists, relative to the tests of the program or to all tests.
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

/// Checks that all tests named in a document exist, and that there are at least `count` names.
fn names_existing_tests(document: &str, count: usize) {
    let document = fs::read_to_string(sources().join(document)).unwrap();
    let named = named(&document);
    assert!(named.len() >= count, "{}", named.len());
    let missing: Vec<&&str> = named.iter().filter(|test| !is_there(test)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_test_named_in_the_attacks_document_exists() {
    names_existing_tests("../docs/attacks.md", 100);
    assert!(!is_there("documented::no_such_test"));
}

#[test]
fn every_test_named_in_the_security_case_of_accounts_exists() {
    names_existing_tests("../programs/millrace/src/account/README.md", 15);
}
