//! A service's settings as one table.

/// A setting as it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its key in the file.
    pub name: &'static str,
    /// Its default as text; empty where it has none, or where it depends on others.
    pub default: &'static str,
    /// What it is, for people.
    pub help: &'static str,
}

/// The flag of a setting.
pub fn flag_of(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// The environment variable of a setting.
pub fn variable_of(name: &str) -> String {
    format!("MILLRACE_{}", name.to_uppercase())
}

/// Help of a flag.
pub fn help_of(name: &str, help: &str, default: &str) -> String {
    let (help, variable) = (help.trim(), variable_of(name));
    let default = match default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    format!("{help}{default} [env: {variable}]")
}

/// Makes the settings of a service and its flags out of a table. `shared` ones have flags that every
/// command knows; the others are flags of the service.
macro_rules! settings {
    (
        $(#[$about:meta])* $settings:ident, $(#[$flags_about:meta])* $flags:ident;
        shared { $( $(#[doc = $s_help:literal])+ $s_name:ident: $s_type:ty = $s_default:literal; )* }
        own { $( $(#[doc = $help:literal])+ $name:ident: $type:ty = $default:literal, $value:literal; )* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $settings {
            $( $(#[doc = $s_help])+ pub $s_name: $s_type, )*
            $( $(#[doc = $help])+ pub $name: $type, )*
        }

        $(#[$flags_about])*
        #[derive(clap::Args, Clone, Debug, Default)]
        pub struct $flags {
            /// File of settings (TOML); flags and the environment come before it
            #[arg(long, env = "MILLRACE_CONFIG", value_name = "FILE")]
            pub config: Option<std::path::PathBuf>,
            $(
                $(#[doc = $help])+
                #[arg(
                    long,
                    value_name = $value,
                    help = $crate::config::table::help_of(stringify!($name), concat!($($help),+), $default)
                )]
                pub $name: Option<String>,
            )*
        }

        impl $flags {
            /// What was typed, by name.
            pub fn typed(&self) -> Vec<(&'static str, Option<String>)> {
                vec![$( (stringify!($name), self.$name.clone()), )*]
            }
        }

        impl $settings {
            /// Every setting.
            pub const FIELDS: &'static [$crate::config::Field] = &[
                $( $crate::config::Field {
                    name: stringify!($s_name),
                    default: $s_default,
                    help: concat!($($s_help),+),
                }, )*
                $( $crate::config::Field {
                    name: stringify!($name),
                    default: $default,
                    help: concat!($($help),+),
                }, )*
            ];

            /// Reads every setting.
            ///
            /// # Errors
            /// [`CliError::Usage`](crate::error::CliError::Usage), which names the setting and where it
            /// came from.
            pub fn read(
                layers: &$crate::config::Layers,
            ) -> Result<Self, $crate::error::CliError> {
                Ok(Self {
                    $( $s_name: layers.get(stringify!($s_name))?, )*
                    $( $name: layers.get(stringify!($name))?, )*
                })
            }

            /// How every setting is shown: none of them tells a secret.
            pub fn show(&self) -> Vec<(&'static str, String)> {
                use $crate::config::Setting;
                vec![
                    $( (stringify!($s_name), self.$s_name.show()), )*
                    $( (stringify!($name), self.$name.show()), )*
                ]
            }
        }
    };
}

pub(crate) use settings;
