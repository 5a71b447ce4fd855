#![allow(clippy::unwrap_used)]
use super::*;

/// What holds for every place. `damage` writes other bytes under a name.
async fn behaves(blobs: &Blobs, damage: impl AsyncFn(&Path, &[u8])) {
    let name = sha256(&[b"work"]);
    assert!(!blobs.has(&name).await);
    assert_eq!(blobs.get(&name).await.unwrap(), None);
    let wrong = blobs.put(&name, b"wrong").await;
    assert!(matches!(wrong, Err(BlobError::WrongHash { .. })));
    assert!(!blobs.has(&name).await);
    assert!(blobs.put(&name, b"work").await.unwrap());
    assert!(!blobs.put(&name, b"work").await.unwrap());
    assert!(blobs.has(&name).await);
    assert_eq!(blobs.get(&name).await.unwrap().unwrap(), b"work");
    damage(&blobs.path(&name), b"damaged").await;
    assert_eq!(blobs.get(&name).await.unwrap(), None);
    assert!(!blobs.has(&name).await);
    assert!(blobs.put(&name, b"work").await.unwrap());
    let large = vec![7; 9 << 20];
    let name = sha256(&[&large]);
    assert!(blobs.put(&name, &large).await.unwrap());
    assert_eq!(blobs.get(&name).await.unwrap().unwrap(), large);
}

#[tokio::test]
async fn a_folder_gives_back_what_is_whole_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let place = BlobPlace::Folder(folder.path().to_owned());
    let blobs = Blobs::open(&place).await.unwrap();
    behaves(&blobs, async |path, bytes| {
        std::fs::write(folder.path().join(path.as_ref()), bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_folder_of_earlier_versions_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let name = sha256(&[b"work"]);
    let hex = hex::encode(name);
    std::fs::create_dir(folder.path().join(&hex[..2])).unwrap();
    std::fs::write(folder.path().join(&hex[..2]).join(&hex), b"work").unwrap();
    let place = BlobPlace::Folder(folder.path().to_owned());
    let blobs = Blobs::open(&place).await.unwrap();
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
        let blobs = Blobs::in_bucket(store.clone(), "race", &place())
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
        let refused = Blobs::in_bucket(store, "race", &place()).await;
        let error = refused.unwrap_err().to_string();
        assert!(
            error.contains("s3://mill/race") && error.contains("AWS_ACCESS_KEY_ID"),
            "{error}"
        );
    }
}
