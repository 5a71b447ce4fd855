//! Client of the orchestrator's HTTP API.

use crate::error::CliError;
use millrace_client::Pubkey;
use millrace_client::history::RecordedEvent;
pub use millrace_protocol::api::{
    HealthView, JobPhase, JobView, ProblemView, Quote, QuoteRequest, SeatPhase, SeatView,
    ShardPhase, ShardView,
};
use millrace_protocol::hash::{Digest, sha256};
use millrace_protocol::selection::SelectionRecord;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Long enough for the largest blob.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// Attempts of a request if the connection breaks or the orchestrator is busy.
const MAX_ATTEMPTS: u32 = 3;

/// An orchestrator's API. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    url: String,
    client: Client,
}

impl Api {
    /// Sends nothing.
    ///
    /// # Errors
    /// [`CliError::Usage`] if the URL is invalid.
    pub fn new(url: &str) -> Result<Self, CliError> {
        let unusable =
            |reason: String| CliError::Usage(format!("invalid orchestrator URL {url}: {reason}"));
        reqwest::Url::parse(url).map_err(|error| unusable(error.to_string()))?;
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            client,
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        CliError::OrchestratorUnreachable {
            url: self.url.clone(),
            reason: cause.to_string(),
        }
    }

    /// Sends an idempotent request. Retries if the connection breaks or the orchestrator asks to retry.
    async fn request(
        &self,
        build: impl Fn(&Client, &str) -> reqwest::RequestBuilder,
    ) -> Result<Response, CliError> {
        let mut pause = Duration::from_millis(100);
        let mut attempt = 1;
        loop {
            match build(&self.client, &self.url).send().await {
                Ok(response) if attempt < MAX_ATTEMPTS && asks_to_retry(&response) => {
                    tracing::debug!(attempt, "orchestrator is busy; retrying");
                }
                Ok(response) => return Ok(response),
                // Nothing listens at the address: a retry would only delay the error.
                Err(error) if error.is_connect() || attempt == MAX_ATTEMPTS => {
                    return Err(self.unreachable(&error));
                }
                Err(error) => tracing::debug!(%error, attempt, "request failed; retrying"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn refused(&self, what: &str, response: Response) -> CliError {
        #[derive(Deserialize)]
        struct ErrorBody {
            error: String,
        }
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        let reason = serde_json::from_str::<ErrorBody>(&text).map(|body| body.error);
        CliError::OrchestratorRefused {
            what: what.to_owned(),
            reason: reason.unwrap_or_else(|_| status.to_string()),
        }
    }

    async fn json<T: DeserializeOwned>(
        &self,
        what: &str,
        response: Response,
    ) -> Result<T, CliError> {
        let text = response
            .text()
            .await
            .map_err(|error| self.unreachable(&error))?;
        serde_json::from_str(&text).map_err(|error| CliError::InvalidAnswer {
            what: what.to_owned(),
            reason: error.to_string(),
        })
    }

    /// The health, also if it is degraded.
    pub async fn health(&self) -> Result<HealthView, CliError> {
        let response = self
            .request(|client, url| client.get(format!("{url}/v1/health")))
            .await?;
        match response.status() {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => {
                self.json("the health", response).await
            }
            _ => Err(self.refused("the health", response).await),
        }
    }

    /// The metrics in Prometheus' text format.
    pub async fn metrics(&self) -> Result<String, CliError> {
        let response = self
            .request(|client, url| client.get(format!("{url}/metrics")))
            .await?;
        let unreadable = |error: reqwest::Error| CliError::OrchestratorUnreachable {
            url: self.url.clone(),
            reason: error.to_string(),
        };
        response.text().await.map_err(unreadable)
    }

    /// Checks that the orchestrator works on the network with this id.
    ///
    /// # Errors
    /// [`CliError::OrchestratorOfAnother`].
    pub async fn require_network(&self, network_id: &str) -> Result<HealthView, CliError> {
        let health = self.health().await?;
        if health.network_id == network_id {
            return Ok(health);
        }
        Err(CliError::OrchestratorOfAnother {
            url: self.url.clone(),
            found: health.network_id,
            expected: network_id.to_owned(),
        })
    }

    async fn get(&self, what: &str, path: &str) -> Result<Response, CliError> {
        let response = self
            .request(|client, url| client.get(format!("{url}{path}")))
            .await?;
        match response.status() {
            StatusCode::OK => Ok(response),
            _ => Err(self.refused(what, response).await),
        }
    }

    /// The recorded jobs, newest first.
    pub async fn jobs(&self) -> Result<Vec<JobView>, CliError> {
        let response = self.get("the jobs", "/v1/jobs").await?;
        self.json("the jobs", response).await
    }

    /// The record of a job, if there is one.
    pub async fn job(&self, job: &Pubkey) -> Result<Option<JobView>, CliError> {
        let response = self
            .request(|client, url| client.get(format!("{url}/v1/jobs/{job}")))
            .await?;
        match response.status() {
            StatusCode::OK => self.json("a job", response).await.map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.refused("a job", response).await),
        }
    }

    /// The selection records of a job; empty if this orchestrator assigned no seats.
    pub async fn selections(&self, job: &Pubkey) -> Result<Vec<SelectionRecord>, CliError> {
        let path = format!("/v1/jobs/{job}/selections");
        let response = self.get("the selections", &path).await?;
        self.json("the selections", response).await
    }

    /// The recorded events of a job.
    pub async fn events(&self, job: &Pubkey) -> Result<Vec<RecordedEvent>, CliError> {
        let path = format!("/v1/events?job={job}");
        let response = self.get("the events", &path).await?;
        let text = response
            .text()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let lines = text.lines().map(serde_json::from_str);
        lines
            .collect::<Result<_, _>>()
            .map_err(|error| CliError::InvalidAnswer {
                what: "the events".to_owned(),
                reason: error.to_string(),
            })
    }

    pub async fn quote(&self, terms: &QuoteRequest) -> Result<Quote, CliError> {
        let response = self
            .request(|client, url| client.post(format!("{url}/v1/quote")).json(terms))
            .await?;
        match response.status() {
            StatusCode::OK => self.json("a quote", response).await,
            _ => Err(self.refused("a quote", response).await),
        }
    }

    /// Uploads a blob unless the orchestrator has it. Returns whether it was sent.
    pub async fn put_blob(&self, name: &Digest, bytes: &[u8]) -> Result<bool, CliError> {
        let hex = hex::encode(name);
        let there = self
            .request(|client, url| client.head(format!("{url}/v1/blobs/{hex}")))
            .await?;
        if there.status() == StatusCode::OK {
            return Ok(false);
        }
        let body = bytes.to_vec();
        let response = self
            .request(|client, url| {
                client
                    .put(format!("{url}/v1/blobs/{hex}"))
                    .body(body.clone())
            })
            .await?;
        if response.status().is_success() {
            Ok(true)
        } else {
            Err(self.refused(&format!("blob {hex}"), response).await)
        }
    }

    /// Fetches a blob and checks it against its name.
    pub async fn blob(&self, name: &Digest) -> Result<Vec<u8>, CliError> {
        let hex = hex::encode(name);
        let what = format!("blob {hex}");
        let response = self.get(&what, &format!("/v1/blobs/{hex}")).await?;
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let found = sha256(&[&bytes]);
        if found != *name {
            return Err(CliError::InvalidAnswer {
                what,
                reason: format!("the bytes have the hash {}", hex::encode(found)),
            });
        }
        Ok(bytes.into())
    }
}

fn asks_to_retry(response: &Response) -> bool {
    let busy = [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    busy.contains(&response.status()) && response.headers().contains_key(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn answer_of_a_newer_orchestrator_is_accepted() {
        let text = r#"{"job":"j","state":"open","shard_count":2,"news":1,"shards":[{"index":1,"x":2,"state":"new"}]}"#;
        let job: JobView = serde_json::from_str(text).unwrap();
        assert_eq!((job.shard_count, job.shards[0].index), (2, 1));
    }

    #[tokio::test]
    async fn unreachable_orchestrator_is_reported_with_its_url() {
        let api = Api::new("http://127.0.0.1:9").unwrap();
        let error = api.health().await.unwrap_err();
        assert!(
            matches!(error, CliError::OrchestratorUnreachable { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("127.0.0.1:9"));
        assert!(Api::new("nowhere").is_err());
    }
}
