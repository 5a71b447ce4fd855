//! Lets the object store use `reqwest`, the HTTP client that the rest of the workspace uses.

use async_trait::async_trait;
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use std::time::Duration;

/// Limit for connecting, and for each read of a response.
const IO_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = reqwest::Client::builder()
            .connect_timeout(IO_TIMEOUT)
            .read_timeout(IO_TIMEOUT)
            .build();
        let client = client.map_err(|error| object_store::Error::Generic {
            store: "S3",
            source: Box::new(error),
        })?;
        Ok(HttpClient::new(ReqwestService(client)))
    }
}

#[derive(Debug)]
struct ReqwestService(reqwest::Client);

#[async_trait]
impl HttpService for ReqwestService {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = http::Request::from_parts(parts, body);
        let request = reqwest::Request::try_from(request).map_err(http_error)?;
        let response = self.0.execute(request).await.map_err(http_error)?;
        let (parts, body) = http::Response::from(response).into_parts();
        // A blob has at most 64 MiB and is hashed as a whole.
        let body = body.collect().await.map_err(http_error)?.to_bytes();
        Ok(HttpResponse::from_parts(parts, body.into()))
    }
}

/// Classifies errors for retries. Every request may be repeated, because a blob's name determines its
/// content.
fn http_error(error: reqwest::Error) -> HttpError {
    let kind = match &error {
        error if error.is_timeout() => HttpErrorKind::Timeout,
        error if error.is_connect() => HttpErrorKind::Connect,
        error if error.is_builder() => HttpErrorKind::Unknown,
        _ => HttpErrorKind::Interrupted,
    };
    // The URL may contain secrets that must not be logged.
    HttpError::new(kind, error.without_url())
}
