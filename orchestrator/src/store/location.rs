use crate::store::error::StoreError;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use tokio_postgres::config::{Host, SslMode};

/// The location of a store: an SQLite file, or a PostgreSQL database that several orchestrators can share.
///
/// Written as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. `Display` and `Debug` omit the
/// password.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreLocation {
    Sqlite(PathBuf),
    Postgres(Box<PostgresLocation>),
}

/// A PostgreSQL database.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresLocation {
    pub config: tokio_postgres::Config,
    /// A PEM file with the certificate authorities that may sign the server's certificate. `None` accepts the
    /// public ones.
    pub root_certificates: Option<PathBuf>,
}

impl FromStr for StoreLocation {
    type Err = StoreError;

    fn from_str(given: &str) -> Result<Self, StoreError> {
        let refuse = |reason: String| StoreError::InvalidLocation {
            given: without_password(given),
            reason,
        };
        if let Some(path) = given.strip_prefix("sqlite:") {
            if path.is_empty() {
                return Err(refuse("the path is missing".to_owned()));
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if !given.starts_with("postgres://") && !given.starts_with("postgresql://") {
            return Err(refuse("unknown scheme".to_owned()));
        }
        let tls = TlsParameters::extract(given).map_err(refuse)?;
        let mut config: tokio_postgres::Config = tls
            .rest
            .parse()
            .map_err(|error: tokio_postgres::Error| refuse(error.to_string()))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(refuse("the host is missing".to_owned()));
        }
        if config.get_ssl_mode() == SslMode::Prefer {
            // Nothing is sent over a network unencrypted unless the user asks for it.
            let mode = if tls.root_certificates.is_none() && is_local(&config) {
                SslMode::Disable
            } else {
                SslMode::Require
            };
            config.ssl_mode(mode);
        }
        Ok(Self::Postgres(Box::new(PostgresLocation {
            config,
            root_certificates: tls.root_certificates,
        })))
    }
}

/// The parameters that [`tokio_postgres::Config`] does not parse.
struct TlsParameters {
    root_certificates: Option<PathBuf>,
    /// The URL without them.
    rest: String,
}

impl TlsParameters {
    /// Splits a URL. Errors contain no part of the URL.
    fn extract(url: &str) -> Result<Self, String> {
        // A password may contain a question mark.
        let after_user = url.find('@').unwrap_or_default();
        let query = url[after_user..].find('?').map(|at| after_user + at);
        let (before, parameters) = query.map_or((url, ""), |at| (&url[..at], &url[at + 1..]));
        let (mut root_certificates, mut rest) = (None, Vec::new());
        for parameter in parameters.split('&').filter(|one| !one.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslrootcert", path)) => {
                    let path = percent_decode_str(path).decode_utf8();
                    let path = path.map_err(|_| "sslrootcert is not valid UTF-8".to_owned())?;
                    root_certificates = Some(PathBuf::from(path.as_ref()));
                }
                // An encrypted connection always verifies the certificate and its name.
                Some(("sslmode", "verify-full")) => rest.push("sslmode=require"),
                Some(("sslmode", mode)) if !["disable", "prefer", "require"].contains(&mode) => {
                    let reason = "sslmode is not disable, prefer, require or verify-full";
                    return Err(reason.to_owned());
                }
                _ => rest.push(parameter),
            }
        }
        let separator = if rest.is_empty() { "" } else { "?" };
        Ok(Self {
            root_certificates,
            rest: format!("{before}{separator}{}", rest.join("&")),
        })
    }
}

/// Whether every host of the database is this machine.
fn is_local(config: &tokio_postgres::Config) -> bool {
    let loopback = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) if name == "localhost" => true,
        Host::Tcp(name) => name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
    };
    config.get_hosts().iter().all(loopback)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// The text without a password before the `@`, and without parameters.
fn without_password(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => rest.to_owned(),
    };
    // A parameter may contain a password, too.
    let rest = rest.split('?').next().unwrap_or_default();
    format!("{scheme}{rest}")
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(database) => database.fmt(f),
        }
    }
}

/// Omits the password.
impl fmt::Display for PostgresLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        f.write_str("postgres://")?;
        if let Some(user) = config.get_user() {
            write!(f, "{user}@")?;
        }
        for (at, host) in config.get_hosts().iter().enumerate() {
            let separator = if at > 0 { "," } else { "" };
            match host {
                Host::Tcp(name) => write!(f, "{separator}{name}")?,
                Host::Unix(path) => write!(f, "{separator}{}", path.display())?,
            }
            if let Some(port) = config.get_ports().get(at).or(config.get_ports().first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn a_location_is_displayed_without_its_password() {
        let location: StoreLocation = "postgres://mill:secret@db.example:5433/race"
            .parse()
            .unwrap();
        for shown in [location.to_string(), format!("{location:?}")] {
            assert_eq!(shown, "postgres://mill@db.example:5433/race");
        }
    }

    #[test]
    fn an_invalid_location_is_reported_without_its_password() {
        for wrong in [
            "mysql://mill:secret@db/race",
            "postgres://mill:secret@db:port/race",
            "postgres://mill:sec@ret@db:port/race",
            "postgres://mill@db:port/race?password=secret",
            "postgres:///race",
            "sqlite:",
            "",
        ] {
            let error = wrong.parse::<StoreLocation>().unwrap_err().to_string();
            assert!(
                !error.contains("secret") && !error.contains("ret@"),
                "{error}"
            );
        }
    }

    #[test]
    fn remote_connections_are_encrypted_unless_disabled() {
        let mode = |text: &str| database(text).config.get_ssl_mode();
        assert_eq!(mode("postgres://m@127.0.0.1/r"), SslMode::Disable);
        assert_eq!(mode("postgres://m@localhost/r"), SslMode::Disable);
        assert_eq!(mode("postgres://m@db/r"), SslMode::Require);
        assert_eq!(mode("postgres://m@db/r?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://m@localhost,db/r"), SslMode::Require);
        for text in [
            "postgres://m@localhost/r?sslmode=require",
            "postgres://m@localhost/r?sslmode=verify-full",
            "postgres://m@localhost/r?sslrootcert=/ca.pem",
        ] {
            assert_eq!(mode(text), SslMode::Require, "{text}");
        }
        let disabled = "postgres://m@localhost/r?sslrootcert=/ca.pem&sslmode=disable";
        assert_eq!(mode(disabled), SslMode::Disable);
    }

    #[test]
    fn parameters_of_tls_are_parsed_beside_others() {
        let text = "postgres://m:se?c@db:5433/r?connect_timeout=7&sslmode=verify-full\
                    &sslrootcert=%2Fetc%2Four%20ca.pem&application_name=x";
        let database = database(text);
        let roots = Path::new("/etc/our ca.pem");
        assert_eq!(database.root_certificates.as_deref(), Some(roots));
        let config = &database.config;
        assert_eq!(config.get_password(), Some(&b"se?c"[..]));
        assert_eq!(config.get_dbname(), Some("r"));
        assert_eq!(config.get_application_name(), Some("x"));
        let timeout = Duration::from_secs(7);
        assert_eq!(config.get_connect_timeout(), Some(&timeout));
    }

    #[test]
    fn unsupported_modes_of_tls_are_refused() {
        for mode in ["verify-ca", "allow", "none"] {
            let text = format!("postgres://m@db/r?sslmode={mode}");
            let error = text.parse::<StoreLocation>().unwrap_err().to_string();
            assert!(error.contains("sslmode"), "{error}");
        }
    }

    fn database(text: &str) -> Box<PostgresLocation> {
        match text.parse().unwrap() {
            StoreLocation::Postgres(database) => database,
            StoreLocation::Sqlite(_) => panic!("{text} is not a database"),
        }
    }
}
