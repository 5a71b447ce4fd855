//! `millrace job result`.

use crate::config::Settings;
use crate::connection::{connect, orchestrator_api};
use crate::error::CliError;
use crate::job::result;
use crate::ui::output::key_values;
use crate::ui::progress::Progress;
use millrace_client::Pubkey;
use millrace_protocol::hash::sha256;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Serialize)]
struct ResultReport {
    job: String,
    file: PathBuf,
    bytes: usize,
    sha256: String,
    verified: String,
}

/// Writes the result to `out`, or to the file that the manifest names.
pub(crate) async fn run(
    settings: &Settings,
    job: &Pubkey,
    out: Option<PathBuf>,
) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let api = orchestrator_api(settings)?;
    let mut progress = Progress::new();
    progress.update("fetching and verifying the outputs");
    let outputs = result::fetch(&connection.rpc, &api, job).await?;
    let verified = outputs.provenance();
    // Manifests with a path here are refused when they are parsed.
    let file = out.unwrap_or_else(|| PathBuf::from(&outputs.manifest.output));
    progress.update("joining the outputs");
    let bytes = result::join(&api, job, outputs).await?;
    progress.finish();
    result::write(&file, &bytes)?;
    let report = ResultReport {
        job: job.to_string(),
        file,
        bytes: bytes.len(),
        sha256: hex::encode(sha256(&[&bytes])),
        verified,
    };
    settings.output.print(&report, |report| {
        key_values([
            ("result", report.file.display().to_string()),
            ("bytes", report.bytes.to_string()),
            ("SHA-256", report.sha256.clone()),
            ("verified", report.verified.clone()),
        ])
    });
    Ok(())
}
