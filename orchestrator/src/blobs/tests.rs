#![allow(clippy::unwrap_used)]
use super::s3_http::Connector;
use super::*;
use millrace_protocol::hash::{Digest, sha256};
use object_store::ObjectStoreExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use std::sync::Arc;

async fn put(blobs: &BlobStore, name: &Digest, parts: &[&[u8]]) -> Result<bool, BlobStoreError> {
    let mut writer = blobs.writer().await.unwrap();
    for part in parts {
        writer.write(part).await.unwrap();
    }
    blobs.commit(writer, name).await
}

/// Checks a blob store. `damage` overwrites the stored bytes at a path.
async fn check_blob_store(blobs: &BlobStore, damage: impl AsyncFn(&Path, &[u8])) {
    let name = sha256(&[b"work"]);
    assert!(!blobs.contains(&name).await);
    assert_eq!(blobs.get(&name).await.unwrap(), None);
    let wrong = put(blobs, &name, &[b"wr", b"ong"]).await;
    assert!(matches!(wrong, Err(BlobStoreError::HashMismatch { .. })));
    assert!(!blobs.contains(&name).await);
    assert!(put(blobs, &name, &[b"wo", b"rk"]).await.unwrap());
    assert!(!put(blobs, &name, &[b"work"]).await.unwrap());
    assert!(blobs.contains(&name).await);
    assert_eq!(blobs.get(&name).await.unwrap().unwrap(), b"work");
    let (_, length) = blobs.open_verified(&name).await.unwrap().unwrap();
    assert_eq!(length, 4);
    damage(&blobs.path(&name), b"damaged").await;
    assert_eq!(blobs.get(&name).await.unwrap(), None);
    assert!(!blobs.contains(&name).await);
    assert!(put(blobs, &name, &[b"work"]).await.unwrap());
    let large = vec![7; 9 << 20];
    let large_name = sha256(&[&large]);
    assert!(put(blobs, &large_name, &[&large]).await.unwrap());
    assert_eq!(blobs.get(&large_name).await.unwrap().unwrap(), large);
    for _ in 0..2 {
        blobs.remove(&name).await.unwrap();
        assert!(!blobs.contains(&name).await);
        assert_eq!(blobs.get(&name).await.unwrap(), None);
    }
    // Incomplete and refused blobs leave no files behind.
    assert_eq!(count_drafts(&blobs.drafts), 0);
}

fn count_drafts(folder: &std::path::Path) -> usize {
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some()).count()
}

async fn in_folder(folder: &std::path::Path) -> BlobStore {
    let location = BlobLocation::Folder(folder.to_owned());
    BlobStore::open(&location, folder).await.unwrap()
}

#[tokio::test]
async fn a_folder_returns_only_intact_blobs() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = in_folder(folder.path()).await;
    check_blob_store(&blobs, async |path, bytes| {
        std::fs::write(folder.path().join(path.as_ref()), bytes).unwrap();
    })
    .await;
    // Files left by a crash are deleted at the next start.
    std::fs::write(folder.path().join("0.draft"), b"half").unwrap();
    in_folder(folder.path()).await;
    assert_eq!(count_drafts(folder.path()), 0);
}

#[tokio::test]
async fn a_folder_of_an_earlier_version_is_readable() {
    let folder = tempfile::tempdir().unwrap();
    let name = sha256(&[b"work"]);
    let hex = hex::encode(name);
    std::fs::create_dir(folder.path().join(&hex[..2])).unwrap();
    std::fs::write(folder.path().join(&hex[..2]).join(&hex), b"work").unwrap();
    let blobs = in_folder(folder.path()).await;
    assert!(blobs.contains(&name).await);
    assert_eq!(blobs.get(&name).await.unwrap().unwrap(), b"work");
}

mod s3 {
    use super::*;
    use axum::body::Body;
    use axum::extract::{Request, State};
    use axum::response::Response;
    use s3s::auth::SimpleAuth;
    use s3s::service::{S3Service, S3ServiceBuilder};

    /// Starts an S3-compatible server on a free port, with an empty bucket "mill".
    async fn server(root: &std::path::Path) -> String {
        std::fs::create_dir(root.join("mill")).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
        service.set_auth(SimpleAuth::from_single("miller", "correct-secret"));
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(service.build());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    async fn answer(State(service): State<S3Service>, request: Request) -> Response {
        let request = request.map(s3s::Body::http_body_unsync);
        service.call(request).await.unwrap().map(Body::new)
    }

    fn bucket(url: &str, secret: &str) -> AmazonS3 {
        AmazonS3Builder::new()
            .with_endpoint(url)
            .with_bucket_name("mill")
            .with_access_key_id("miller")
            .with_secret_access_key(secret)
            .with_http_connector(Connector)
            .build()
            .unwrap()
    }

    fn location() -> BlobLocation {
        "s3://mill/race".parse().unwrap()
    }

    #[tokio::test]
    async fn an_object_store_returns_only_intact_blobs() {
        let root = tempfile::tempdir().unwrap();
        let url = server(root.path()).await;
        let store = Arc::new(bucket(&url, "correct-secret"));
        let data = tempfile::tempdir().unwrap();
        let blobs = BlobStore::in_bucket(store.clone(), &location(), data.path())
            .await
            .unwrap();
        check_blob_store(&blobs, async |path, bytes| {
            let bytes = bytes::Bytes::copy_from_slice(bytes);
            store.put(path, bytes.into()).await.unwrap();
        })
        .await;
        assert!(
            root.path().join("mill/race").is_dir(),
            "the blobs are below the prefix"
        );
    }

    #[tokio::test]
    async fn wrong_credentials_are_reported_at_startup() {
        let root = tempfile::tempdir().unwrap();
        let url = server(root.path()).await;
        let store = Arc::new(bucket(&url, "wrong-secret"));
        let refused = BlobStore::in_bucket(store, &location(), root.path()).await;
        let error = refused.unwrap_err().to_string();
        assert!(
            error.contains("s3://mill/race") && error.contains("AWS_ACCESS_KEY_ID"),
            "{error}"
        );
    }
}
