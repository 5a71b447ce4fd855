#![allow(clippy::unwrap_used)]
use super::*;
use crate::manifest::samples::{MAP, TOML, blob_of, changed, files, resolve_with};
use std::path::PathBuf;

/// The sample's files and the manifest in a subfolder of a temporary folder.
fn job(toml: &str) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("job");
    fs::create_dir_all(&folder).unwrap();
    for (path, content) in files() {
        fs::write(folder.join(path), content).unwrap();
    }
    let path = folder.join("job.toml");
    fs::write(&path, toml).unwrap();
    (root, path)
}

#[test]
fn paths_are_relative_to_the_manifests_folder() {
    let (root, path) = job(&changed("\"text.txt\"", "\"../shared/text.txt\""));
    fs::create_dir(root.path().join("shared")).unwrap();
    let text = path.with_file_name("text.txt");
    fs::rename(&text, root.path().join("shared/text.txt")).unwrap();
    assert_eq!(load(&path), resolve_with(TOML, &files()));
}

#[test]
fn a_missing_file_is_reported_with_its_full_path() {
    let (_root, path) = job(TOML);
    let text = path.with_file_name("text.txt");
    fs::remove_file(&text).unwrap();
    let error = load(&path).unwrap_err();
    assert!(matches!(
        &error,
        ManifestError::MissingFile { path, .. } if *path == text.display().to_string()
    ));
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn a_missing_manifest_is_reported_with_its_path() {
    let (root, _) = job(TOML);
    let path = root.path().join("none.toml");
    assert!(matches!(
        load(&path),
        Err(ManifestError::Unreadable { path: named, .. }) if named == path.display().to_string()
    ));
}

#[test]
fn a_blob_by_its_hash_is_fetched_or_refused() {
    let name = blob_of(MAP);
    let (_root, path) = job(&changed("map.wasm", &name));
    assert!(matches!(
        load(&path),
        Err(ManifestError::MissingBlob { field, blob, .. }) if field == "program" && blob == name
    ));
    let fetched = load_with(&path, &mut |digest| {
        assert_eq!(blob::format(digest), name);
        Ok(MAP.into())
    });
    assert_eq!(fetched, resolve_with(TOML, &files()));
    let refused = load_with(&path, &mut |_| Err("the node is offline".to_owned()));
    assert!(matches!(
        refused,
        Err(ManifestError::MissingBlob { reason, .. }) if reason == "the node is offline"
    ));
}
