//! Tables of settings.

/// Values of flags by key; `None` for a flag that was not given.
pub type FlagValues = Vec<(&'static str, Option<String>)>;

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Key in the file.
    pub name: &'static str,
    /// Default as text; empty if there is none, or if it depends on other settings.
    pub default: &'static str,
    pub help: &'static str,
}

impl Field {
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    pub fn variable(&self) -> String {
        variable(self.name)
    }
}

fn variable(name: &str) -> String {
    format!("MILLRACE_{}", name.to_uppercase())
}

/// Help of a flag, with its default and environment variable.
pub(crate) fn flag_help(name: &str, help: &str, default: &str) -> String {
    let (help, variable) = (help.trim(), variable(name));
    if default.is_empty() {
        format!("{help} [env: {variable}]")
    } else {
        format!("{help} [default: {default}] [env: {variable}]")
    }
}

/// Declares the settings of a table and their flags. `global`: whether every command accepts the
/// flags.
macro_rules! settings {
    (
        $(#[$about:meta])* $settings:ident, $(#[$flags_about:meta])* $flags:ident, global = $global:literal;
        $( $(#[doc = $help:literal])+ $name:ident: $type:ty = $default:literal, $value:literal; )*
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $settings {
            $( $(#[doc = $help])+ pub $name: $type, )*
        }

        $(#[$flags_about])*
        #[derive(clap::Args, Clone, Debug, Default)]
        pub struct $flags {
            $(
                #[arg(
                    long,
                    global = $global,
                    value_name = $value,
                    help = $crate::config::table::flag_help(stringify!($name), concat!($($help),+), $default)
                )]
                pub $name: Option<String>,
            )*
        }

        impl $flags {
            pub fn values(&self) -> $crate::config::FlagValues {
                vec![$( (stringify!($name), self.$name.clone()), )*]
            }
        }

        impl $settings {
            pub const FIELDS: &'static [$crate::config::Field] = &[
                $( $crate::config::Field {
                    name: stringify!($name),
                    default: $default,
                    help: concat!($($help),+),
                }, )*
            ];

            /// # Errors
            /// [`CliError::Usage`](crate::error::CliError::Usage) with the first setting that cannot be
            /// parsed and its origin.
            pub fn read(
                layers: &$crate::config::Layers,
            ) -> Result<Self, $crate::error::CliError> {
                Ok(Self { $( $name: layers.get(stringify!($name))?, )* })
            }

            /// Values by key, without secrets.
            pub fn redacted(&self) -> Vec<(&'static str, String)> {
                use $crate::config::SettingValue;
                vec![$( (stringify!($name), self.$name.redacted()), )*]
            }
        }
    };
}

pub(crate) use settings;
