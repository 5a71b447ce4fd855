//! Settings that every command and service shares.

use super::table::settings;
use super::{LogFormat, RedactedUrl};
use std::path::PathBuf;

settings! {
    /// Values of the common settings.
    CommonSettings,
    /// Flags of the common settings.
    CommonFlags, global = true;

    /// URL of the RPC endpoint, or several separated by commas in order of preference; if not set, the network file's or the Solana CLI's
    url: RedactedUrl = "http://127.0.0.1:8899", "URL";
    /// Websocket URL of the RPC endpoint, one for each of `url`; if not set, the port above it
    ws_url: Option<RedactedUrl> = "", "URL";
    /// Key file of the wallet or of the service; if not set, the network file's, the Solana CLI's, or ~/.config/solana/id.json
    keypair: Option<PathBuf> = "", "FILE";
    /// URL of the orchestrator, or several separated by commas: an agent works for all of them, other commands use the first; if not set, the network file's
    orchestrator: RedactedUrl = "http://127.0.0.1:8901", "URL";
    /// Network file that `millrace up` wrote, or its folder: sets the endpoint, the orchestrator, the keys, and the network to expect
    network: Option<PathBuf> = "", "PATH";
    /// Log level (error, warn, info, debug, trace), or a filter such as millrace=debug
    log: Option<String> = "", "LEVEL";
    /// Log format: text, or json with one object per line
    log_format: LogFormat = "text", "FORMAT";
}
