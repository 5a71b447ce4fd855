//! The orchestrator's HTTP API, as a client sees it.

use crate::error::CliError;
use millrace_client::Pubkey;
use millrace_client::history::RecordedEvent;
pub use millrace_protocol::api::{
    JobPhase, JobView, Quote, QuoteRequest, SeatPhase, SeatView, ShardPhase, ShardView,
};
use millrace_protocol::hash::{Digest, sha256};
use millrace_protocol::selection::SelectionRecord;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest blob has to pass in this time.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How often a request is made where the connection breaks.
const ATTEMPTS: u32 = 3;

/// A connection to an orchestrator. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    url: String,
    client: Client,
}

/// Something that is wrong with an orchestrator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// Its name.
    pub name: String,
    /// What it is, with figures.
    pub message: String,
    /// What to do.
    #[serde(rename = "do")]
    pub remedy: String,
}

/// How an orchestrator is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// ok or degraded.
    pub status: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Id of its network, hex.
    pub network_id: String,
    /// Newest slot that it saw.
    pub slot: u64,
    /// Connected agents.
    pub agents: u64,
    /// Jobs that wait.
    pub waiting_jobs: u64,
    /// Lamports of its key.
    pub payer_lamports: u64,
}

impl Api {
    /// An orchestrator's address; nothing is sent yet.
    pub fn new(url: &str) -> Result<Self, CliError> {
        let unusable = |reason: String| {
            CliError::Usage(format!(
                "the orchestrator's address {url} can't be used: {reason}"
            ))
        };
        reqwest::Url::parse(url).map_err(|error| unusable(error.to_string()))?;
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            client,
        })
    }

    /// Its address.
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

    /// Sends a request that may be made again; a broken connection is tried anew, and so is one that
    /// was too much at the moment.
    async fn request(
        &self,
        build: impl Fn(&Client, &str) -> reqwest::RequestBuilder,
    ) -> Result<Response, CliError> {
        let mut pause = Duration::from_millis(100);
        let mut attempt = 1;
        loop {
            match build(&self.client, &self.url).send().await {
                Ok(response) if attempt < ATTEMPTS && asks_to_retry(&response) => {
                    tracing::debug!(attempt, "the orchestrator is busy");
                }
                Ok(response) => return Ok(response),
                // Nobody listens: asking again at once would only hide it.
                Err(error) if error.is_connect() || attempt == ATTEMPTS => {
                    return Err(self.unreachable(&error));
                }
                Err(error) => tracing::debug!(%error, attempt, "a request is made again"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn refused(&self, what: &str, response: Response) -> CliError {
        #[derive(Deserialize)]
        struct Failure {
            error: String,
        }
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        let reason = serde_json::from_str::<Failure>(&text).map(|failure| failure.error);
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
        serde_json::from_str(&text).map_err(|error| CliError::OrchestratorRefused {
            what: what.to_owned(),
            reason: format!("its answer can't be understood: {error}"),
        })
    }

    /// How it is doing; also where it says that it is not well.
    pub async fn health(&self) -> Result<Health, CliError> {
        let response = self
            .request(|client, url| client.get(format!("{url}/v1/health")))
            .await?;
        match response.status() {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => {
                self.json("its health", response).await
            }
            _ => Err(self.refused("its health", response).await),
        }
    }

    /// Its metrics, as Prometheus reads them.
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

    /// Checks that it works on the network with this id.
    ///
    /// # Errors
    /// [`CliError::OrchestratorOfAnother`].
    pub async fn require_network(&self, network_id: &str) -> Result<Health, CliError> {
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

    /// What is at a path.
    async fn get(&self, what: &str, path: &str) -> Result<Response, CliError> {
        let response = self
            .request(|client, url| client.get(format!("{url}{path}")))
            .await?;
        match response.status() {
            StatusCode::OK => Ok(response),
            _ => Err(self.refused(what, response).await),
        }
    }

    /// The jobs that it knows, newest first.
    pub async fn jobs(&self) -> Result<Vec<JobView>, CliError> {
        let response = self.get("the jobs", "/v1/jobs").await?;
        self.json("the jobs", response).await
    }

    /// A job, if it knows it.
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

    /// By what seats of a job were given; empty where it gave none.
    pub async fn selections(&self, job: &Pubkey) -> Result<Vec<SelectionRecord>, CliError> {
        let path = format!("/v1/jobs/{job}/selections");
        let response = self.get("the selections", &path).await?;
        self.json("the selections", response).await
    }

    /// What happened to a job, by its record.
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
            .map_err(|error| CliError::OrchestratorRefused {
                what: "the events".to_owned(),
                reason: format!("its answer can't be understood: {error}"),
            })
    }

    /// Whether a job of these terms could be placed now.
    pub async fn quote(&self, terms: &QuoteRequest) -> Result<Quote, CliError> {
        let response = self
            .request(|client, url| client.post(format!("{url}/v1/quote")).json(terms))
            .await?;
        match response.status() {
            StatusCode::OK => self.json("a quote", response).await,
            _ => Err(self.refused("a quote", response).await),
        }
    }

    /// Uploads a blob, unless it is there. Returns whether it was sent.
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
        match response.status().is_success() {
            true => Ok(true),
            false => Err(self.refused(&format!("the blob {hex}"), response).await),
        }
    }

    /// A blob, checked against its name.
    pub async fn blob(&self, name: &Digest) -> Result<Vec<u8>, CliError> {
        let hex = hex::encode(name);
        let what = format!("the blob {hex}");
        let response = self.get(&what, &format!("/v1/blobs/{hex}")).await?;
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let found = sha256(&[&bytes]);
        if found != *name {
            return Err(CliError::OrchestratorRefused {
                what,
                reason: format!("the bytes that came are those of {}", hex::encode(found)),
            });
        }
        Ok(bytes.into())
    }
}

/// Whether the orchestrator asks to be asked again.
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
    fn a_job_is_over_once_every_shard_has_its_end() {
        let mut job = JobView {
            shard_count: 3,
            settled: 1,
            failed: 1,
            state: JobPhase::Open,
            ..JobView::default()
        };
        assert!(!job.is_over());
        job.cancelled = 1;
        assert!(job.is_over());
    }

    #[test]
    fn an_answer_of_a_newer_orchestrator_is_understood() {
        let text = r#"{"job":"j","state":"open","shard_count":2,"news":1,"shards":[{"index":1,"x":2,"state":"new"}]}"#;
        let job: JobView = serde_json::from_str(text).unwrap();
        assert_eq!((job.shard_count, job.shards[0].index), (2, 1));
    }

    #[tokio::test]
    async fn an_orchestrator_that_is_not_there_is_named() {
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
