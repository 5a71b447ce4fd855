use crate::store::error::StoreError;
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
    Postgres(Box<tokio_postgres::Config>),
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
        let mut config: tokio_postgres::Config = given
            .parse()
            .map_err(|error: tokio_postgres::Error| refuse(error.to_string()))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(refuse("the host is missing".to_owned()));
        }
        if config.get_ssl_mode() == SslMode::Prefer {
            // Nothing is sent over a network unencrypted unless the user asks for it.
            let mode = if is_local(&config) {
                SslMode::Disable
            } else {
                SslMode::Require
            };
            config.ssl_mode(mode);
        }
        Ok(Self::Postgres(Box::new(config)))
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
        let config = match self {
            Self::Sqlite(path) => return write!(f, "sqlite:{}", path.display()),
            Self::Postgres(config) => config,
        };
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
        let mode = |text: &str| match text.parse().unwrap() {
            StoreLocation::Postgres(config) => config.get_ssl_mode(),
            StoreLocation::Sqlite(_) => panic!("{text} is not a database"),
        };
        assert_eq!(mode("postgres://m@127.0.0.1/r"), SslMode::Disable);
        assert_eq!(mode("postgres://m@localhost/r"), SslMode::Disable);
        assert_eq!(mode("postgres://m@db/r"), SslMode::Require);
        assert_eq!(mode("postgres://m@db/r?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://m@localhost,db/r"), SslMode::Require);
    }
}
