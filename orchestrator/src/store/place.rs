//! Where a store is.

use super::StoreError;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use tokio_postgres::config::{Host, SslMode};

/// Where a store is: a file of SQLite's, or a PostgreSQL database that several orchestrators share.
///
/// Written `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. A password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum StorePlace {
    /// A file.
    Sqlite(PathBuf),
    /// A database.
    Postgres(Box<tokio_postgres::Config>),
}

impl FromStr for StorePlace {
    type Err = StoreError;

    fn from_str(given: &str) -> Result<Self, StoreError> {
        let refuse = |reason: String| StoreError::Place {
            given: without_password(given),
            reason,
        };
        if let Some(path) = given.strip_prefix("sqlite:") {
            return match path {
                "" => Err(refuse("it names no file".to_owned())),
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        if !given.starts_with("postgres://") && !given.starts_with("postgresql://") {
            return Err(refuse("it has another scheme".to_owned()));
        }
        let mut config: tokio_postgres::Config = given
            .parse()
            .map_err(|error: tokio_postgres::Error| refuse(error.to_string()))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(refuse("it names no host".to_owned()));
        }
        if config.get_ssl_mode() == SslMode::Prefer {
            // Nothing goes over a network in the clear unless that is asked for.
            config.ssl_mode(match is_local(&config) {
                true => SslMode::Disable,
                false => SslMode::Require,
            });
        }
        Ok(Self::Postgres(Box::new(config)))
    }
}

/// Whether the database is on this machine.
fn is_local(config: &tokio_postgres::Config) -> bool {
    let loopback = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) if name == "localhost" => true,
        Host::Tcp(name) => name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
    };
    config.get_hosts().iter().all(loopback)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// The text with stars in place of a password before the `@` or in a parameter.
fn without_password(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => rest.to_owned(),
    };
    // Parameters may hold one as well.
    let rest = rest.split('?').next().unwrap_or_default();
    format!("{scheme}{rest}")
}

impl fmt::Display for StorePlace {
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
            let comma = if at > 0 { "," } else { "" };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                Host::Unix(path) => write!(f, "{comma}{}", path.display())?,
            }
            if let Some(port) = config.get_ports().get(at).or(config.get_ports().first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_place_is_shown_without_its_password() {
        let place: StorePlace = "postgres://mill:geheim@db.example:5433/race"
            .parse()
            .unwrap();
        for shown in [place.to_string(), format!("{place:?}")] {
            assert_eq!(shown, "postgres://mill@db.example:5433/race");
        }
    }

    #[test]
    fn a_refused_place_is_shown_without_its_password() {
        for wrong in [
            "mysql://mill:geheim@db/race",
            "postgres://mill:geheim@db:port/race",
            "postgres://mill:ge@heim@db:port/race",
            "postgres://mill@db:port/race?password=geheim",
            "postgres:///race",
            "sqlite:",
            "",
        ] {
            let error = wrong.parse::<StorePlace>().unwrap_err().to_string();
            assert!(!error.contains("heim"), "{error}");
        }
    }

    #[test]
    fn what_goes_over_a_network_is_encrypted_unless_told_otherwise() {
        let mode = |text: &str| match text.parse().unwrap() {
            StorePlace::Postgres(config) => config.get_ssl_mode(),
            StorePlace::Sqlite(_) => panic!("{text} is no database"),
        };
        assert_eq!(mode("postgres://m@127.0.0.1/r"), SslMode::Disable);
        assert_eq!(mode("postgres://m@localhost/r"), SslMode::Disable);
        assert_eq!(mode("postgres://m@db/r"), SslMode::Require);
        assert_eq!(mode("postgres://m@db/r?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://m@localhost,db/r"), SslMode::Require);
    }
}
