#![allow(clippy::unwrap_used)]
use super::*;

async fn put(blobs: &Blobs, name: &Digest, parts: &[&[u8]]) -> Result<bool, BlobError> {
    let mut draft = blobs.draft().await.unwrap();
    for part in parts {
        draft.write(part).await.unwrap();
    }
    draft.finish(name).await
}

/// What holds for every place. `damage` writes other bytes under a name.
async fn behaves(blobs: &Blobs, damage: impl AsyncFn(&Path, &[u8])) {
    let name = sha256(&[b"work"]);
    assert!(!blobs.has(&name).await);
    assert_eq!(blobs.get(&name).await.unwrap(), None);
    let wrong = put(blobs, &name, &[b"wr", b"ong"]).await;
    assert!(matches!(wrong, Err(BlobError::WrongHash { .. })));
    assert!(!blobs.has(&name).await);
    assert!(put(blobs, &name, &[b"wo", b"rk"]).await.unwrap());
    assert!(!put(blobs, &name, &[b"work"]).await.unwrap());
    assert!(blobs.has(&name).await);
    assert_eq!(blobs.get(&name).await.unwrap().unwrap(), b"work");
    let (_, length) = blobs.open_checked(&name).await.unwrap().unwrap();
    assert_eq!(length, 4);
    damage(&blobs.path(&name), b"damaged").await;
    assert_eq!(blobs.get(&name).await.unwrap(), None);
    assert!(!blobs.has(&name).await);
    assert!(put(blobs, &name, &[b"work"]).await.unwrap());
    let large = vec![7; 9 << 20];
    let large_name = sha256(&[&large]);
    assert!(put(blobs, &large_name, &[&large]).await.unwrap());
    assert_eq!(blobs.get(&large_name).await.unwrap().unwrap(), large);
    for _ in 0..2 {
        blobs.remove(&name).await.unwrap();
        assert!(!blobs.has(&name).await);
        assert_eq!(blobs.get(&name).await.unwrap(), None);
    }
    // Nothing is left of what was not kept.
    assert_eq!(drafts(&blobs.drafts), 0);
}

fn drafts(folder: &std::path::Path) -> usize {
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some()).count()
}

async fn in_folder(folder: &std::path::Path) -> Blobs {
    let place = BlobPlace::Folder(folder.to_owned());
    Blobs::open(&place, folder).await.unwrap()
}

#[tokio::test]
async fn a_folder_gives_back_what_is_whole_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = in_folder(folder.path()).await;
    behaves(&blobs, async |path, bytes| {
        std::fs::write(folder.path().join(path.as_ref()), bytes).unwrap();
    })
    .await;
    // Not even after a crash.
    std::fs::write(folder.path().join("0.draft"), b"half").unwrap();
    in_folder(folder.path()).await;
    assert_eq!(drafts(folder.path()), 0);
}

#[tokio::test]
async fn a_folder_of_earlier_versions_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let name = sha256(&[b"work"]);
    let hex = hex::encode(name);
    std::fs::create_dir(folder.path().join(&hex[..2])).unwrap();
    std::fs::write(folder.path().join(&hex[..2]).join(&hex), b"work").unwrap();
    let blobs = in_folder(folder.path()).await;
    assert!(blobs.has(&name).await);
    assert_eq!(blobs.get(&name).await.unwrap().unwrap(), b"work");
}

mod s3 {
    use super::*;
    use axum::body::Body;
    use axum::extract::{Request, State};
    use axum::response::Response;
    use object_store::aws::AmazonS3;
    use s3s::auth::SimpleAuth;
    use s3s::service::{S3Service, S3ServiceBuilder};

    /// A server that speaks S3, on a free port, with an empty bucket "mill".
    async fn server(root: &std::path::Path) -> String {
        std::fs::create_dir(root.join("mill")).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
        service.set_auth(SimpleAuth::from_single("miller", "geheim"));
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
            .with_http_connector(client::Connector)
            .build()
            .unwrap()
    }

    fn place() -> BlobPlace {
        "s3://mill/race".parse().unwrap()
    }

    #[tokio::test]
    async fn an_object_store_gives_back_what_is_whole_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let url = server(root.path()).await;
        let store = Arc::new(bucket(&url, "geheim"));
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_bucket(store.clone(), &place(), data.path())
            .await
            .unwrap();
        behaves(&blobs, async |path, bytes| {
            let bytes = bytes::Bytes::copy_from_slice(bytes);
            store.put(path, bytes.into()).await.unwrap();
        })
        .await;
        assert!(
            root.path().join("mill/race").is_dir(),
            "it is in the bucket"
        );
    }

    #[tokio::test]
    async fn wrong_credentials_are_told_at_the_start() {
        let root = tempfile::tempdir().unwrap();
        let url = server(root.path()).await;
        let store = Arc::new(bucket(&url, "falsch"));
        let refused = Blobs::in_bucket(store, &place(), root.path()).await;
        let error = refused.unwrap_err().to_string();
        assert!(
            error.contains("s3://mill/race") && error.contains("AWS_ACCESS_KEY_ID"),
            "{error}"
        );
    }
}
