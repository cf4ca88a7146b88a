//! Reads the file and the environment into one [`Config`] and checks it.

use std::path::Path;

use base64::Engine;
use toml::{Table, Value};

use super::{Config, DatabaseConfig, Secret};

/// Why Recoup cannot start with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file or a variable does not fit.
    #[error("the configuration is wrong: {0}")]
    Invalid(String),
}

impl Config {
    /// Loads `recoup.toml` (if there is one, or the named file) and lays the environment over it.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(path) => read(path)?,
            None if Path::new("recoup.toml").exists() => read(Path::new("recoup.toml"))?,
            None => Table::new(),
        };
        overlay(&mut table, std::env::vars())?;
        Self::from_table(table)
    }

    /// Builds a configuration from variables alone: for tests.
    pub fn from_vars<const N: usize>(vars: [(&str, &str); N]) -> Result<Self, ConfigError> {
        let mut table = Table::new();
        overlay(&mut table, vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())))?;
        Self::from_table(table)
    }

    fn from_table(table: Table) -> Result<Self, ConfigError> {
        let config: Self = Value::Table(table).try_into().map_err(|error| ConfigError::Invalid(format!("{error}")))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let invalid = |text: String| Err(ConfigError::Invalid(text));
        for key in std::iter::once(&self.vault.master_key).chain(&self.vault.previous_keys) {
            if !key.is_empty() && decode_key(key).is_none() {
                return invalid("RECOUP__VAULT__MASTER_KEY must be base64 of exactly 32 bytes; make one with `openssl rand -base64 32`".into());
            }
        }
        self.vault.check()?;
        let DatabaseConfig { pool, work_pool, system_pool, site_pool } = self.database;
        if pool < 2 || work_pool < 2 || system_pool < 4 || site_pool < 1 {
            return invalid(
                "RECOUP__DATABASE__POOL and RECOUP__DATABASE__WORK_POOL must be at least 2, RECOUP__DATABASE__SYSTEM_POOL \
                 at least 4 and RECOUP__DATABASE__SITE_POOL at least 1"
                    .into(),
            );
        }
        for provider in &self.ai.providers {
            if provider.kind == super::ProviderKind::Azure && provider.api_version.is_none() {
                return invalid(format!("provider {} is of kind azure and needs an api_version", provider.name));
            }
        }
        if let Err(words) = self.mail.check() {
            return invalid(words.into());
        }
        let urls = [
            Some(&self.connectors.meta.base_url),
            Some(&self.connectors.x.base_url),
            Some(&self.connectors.hubspot.base_url),
            self.http.public_url.as_ref(),
        ];
        let urls = urls.into_iter().flatten().chain(self.ai.providers.iter().map(|provider| &provider.base_url));
        for url in urls {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return invalid(format!("{url} is not an http or https address"));
            }
        }
        Ok(())
    }
}

/// The 32 bytes of a key given as base64.
pub(crate) fn decode_key(key: &Secret) -> Option<[u8; 32]> {
    base64::engine::general_purpose::STANDARD.decode(key.reveal().trim()).ok()?.try_into().ok()
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.display().to_string(), source })?;
    text.parse().map_err(|error| ConfigError::Invalid(format!("{}: {error}", path.display())))
}

fn overlay(table: &mut Table, vars: impl Iterator<Item = (String, String)>) -> Result<(), ConfigError> {
    let mut vars: Vec<_> = vars.collect();
    vars.sort();
    let amazon: Vec<(String, String)> =
        vars.iter().filter(|(name, text)| name.starts_with("AWS_") && !text.is_empty()).cloned().collect();
    for (name, text) in vars {
        match name.as_str() {
            "DATABASE_URL" if !text.is_empty() => {
                table.insert("database_url".into(), Value::String(text));
            }
            "REDIS_URL" if !text.is_empty() => {
                table.insert("redis_url".into(), Value::String(text));
            }
            _ => {
                if let Some(path) = name.strip_prefix("RECOUP__") {
                    let keys: Vec<String> = path.split("__").map(str::to_lowercase).collect();
                    put(table, &name, &keys, &text)?;
                }
            }
        }
    }
    usual_amazon(table, &amazon);
    Ok(())
}

/// What every program for AWS reads from the environment, where KMS is configured and does not say it itself.
fn usual_amazon(table: &mut Table, vars: &[(String, String)]) {
    let kms = table.get_mut("vault").and_then(|vault| vault.get_mut("kms")).and_then(Value::as_table_mut);
    let Some(kms) = kms.filter(|kms| kms.contains_key("key_id")) else { return };
    let named = |name: &str| vars.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone());
    let has_own_credentials = kms.contains_key("access_key_id");
    for (key, names, of_credentials) in [
        ("region", &["AWS_REGION", "AWS_DEFAULT_REGION"][..], false),
        ("endpoint", &["AWS_ENDPOINT_URL_KMS"], false),
        ("access_key_id", &["AWS_ACCESS_KEY_ID"], true),
        ("secret_access_key", &["AWS_SECRET_ACCESS_KEY"], true),
        ("session_token", &["AWS_SESSION_TOKEN"], true),
    ] {
        // A session token belongs to its own key and to no other.
        if kms.contains_key(key) || (of_credentials && has_own_credentials) {
            continue;
        }
        if let Some(text) = names.iter().find_map(|name| named(name)) {
            kms.insert(key.to_owned(), Value::String(text));
        }
    }
}

impl super::VaultConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let invalid = |text: &str| Err(ConfigError::Invalid(text.into()));
        if self.current == Some(super::MasterKind::Kms) && !self.kms.is_set() {
            return invalid("RECOUP__VAULT__CURRENT is kms and needs RECOUP__VAULT__KMS__KEY_ID");
        }
        if !self.kms.is_set() {
            return Ok(());
        }
        if self.kms.region.is_empty() {
            return invalid("AWS KMS needs RECOUP__VAULT__KMS__REGION or AWS_REGION");
        }
        if self.kms.access_key_id.is_empty() || self.kms.secret_access_key.is_empty() {
            return invalid(
                "AWS KMS needs RECOUP__VAULT__KMS__ACCESS_KEY_ID and __SECRET_ACCESS_KEY, or AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY",
            );
        }
        if !self.kms.endpoint().starts_with("https://") && !self.kms.endpoint().starts_with("http://") {
            return invalid("RECOUP__VAULT__KMS__ENDPOINT is not an http or https address");
        }
        Ok(())
    }
}

/// Puts a variable's text at its place; a number as a key is an index of an array.
fn put(table: &mut Table, name: &str, keys: &[String], text: &str) -> Result<(), ConfigError> {
    let wrong = || ConfigError::Invalid(format!("{name} does not name a setting"));
    let (key, rest) = keys.split_first().ok_or_else(wrong)?;
    if rest.is_empty() {
        table.insert(key.clone(), scalar(key, text));
        return Ok(());
    }
    if let Ok(index) = rest[0].parse::<usize>() {
        let entry = table.entry(key.clone()).or_insert_with(|| Value::Array(Vec::new()));
        let list = entry.as_array_mut().ok_or_else(wrong)?;
        if index > list.len() {
            return Err(ConfigError::Invalid(format!("{name}: the entries before it are missing")));
        }
        if rest.len() == 1 {
            if index == list.len() {
                list.push(scalar(key, text));
            } else {
                list[index] = scalar(key, text);
            }
            return Ok(());
        }
        if index == list.len() {
            list.push(Value::Table(Table::new()));
        }
        return put(list[index].as_table_mut().ok_or_else(wrong)?, name, &rest[1..], text);
    }
    let entry = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
    put(entry.as_table_mut().ok_or_else(wrong)?, name, rest, text)
}

/// Settings that are numbers; everything else given by the environment is text (ids and secrets may be all digits).
const NUMBERS: &[&str] = &[
    "pool",
    "work_pool",
    "system_pool",
    "site_pool",
    "connect_timeout_s",
    "timeout_s",
    "pool_per_host",
    "input_price",
    "output_price",
    "port",
];

/// Settings that are switches.
const SWITCHES: &[&str] = &["trust_proxy", "allow_private"];

fn scalar(key: &str, text: &str) -> Value {
    if NUMBERS.contains(&key) {
        if let Ok(number) = text.parse() {
            return Value::Integer(number);
        }
        if let Ok(number) = text.parse() {
            return Value::Float(number);
        }
    }
    match (SWITCHES.contains(&key), text) {
        (true, "true" | "1") => Value::Boolean(true),
        (true, "false" | "0") => Value::Boolean(false),
        _ => Value::String(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nested_lists_and_numbers_from_variables() {
        let config = Config::from_vars([
            ("RECOUP__HTTP__BIND", "0.0.0.0:9000"),
            ("RECOUP__DATABASE__POOL", "7"),
            ("RECOUP__AI__PROVIDERS__0__NAME", "local"),
            ("RECOUP__AI__PROVIDERS__0__BASE_URL", "http://127.0.0.1:1/v1"),
            ("RECOUP__AI__PROVIDERS__0__FAST_MODEL", "tiny"),
            ("RECOUP__CONNECTORS__META__APP_ID", "263902037430900"),
            ("DATABASE_URL", "postgres://x"),
        ])
        .expect("a valid configuration");
        assert_eq!(config.http.bind.port(), 9000);
        assert_eq!(config.database.pool, 7);
        assert_eq!(config.ai.providers[0].fast_model, "tiny");
        assert_eq!(config.connectors.meta.app_id, "263902037430900");
    }

    #[test]
    fn kms_takes_the_usual_variables_where_it_says_nothing_itself() {
        let usual = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDUSUAL"),
            ("AWS_SECRET_ACCESS_KEY", "usual"),
            ("AWS_SESSION_TOKEN", "token"),
        ];
        let config = Config::from_vars(usual).expect("AWS variables alone turn nothing on");
        assert!(!config.vault.kms.is_set() && config.vault.kms.access_key_id.is_empty());
        let [region, id, secret, token] = usual;
        let config = Config::from_vars([("RECOUP__VAULT__KMS__KEY_ID", "alias/recoup"), region, id, secret, token]);
        let kms = config.expect("complete").vault.kms;
        assert_eq!((kms.access_key_id.as_str(), kms.session_token.reveal()), ("AKIDUSUAL", "token"));
        assert_eq!(kms.endpoint(), "https://kms.eu-central-1.amazonaws.com");
        let own = [
            ("RECOUP__VAULT__KMS__KEY_ID", "alias/recoup"),
            ("RECOUP__VAULT__KMS__REGION", "us-east-1"),
            ("RECOUP__VAULT__KMS__ACCESS_KEY_ID", "AKIDOWN"),
            ("RECOUP__VAULT__KMS__SECRET_ACCESS_KEY", "own"),
            token,
        ];
        let kms = Config::from_vars(own).expect("complete").vault.kms;
        assert!(kms.session_token.is_empty(), "a token belongs to its own key");
        assert!(!format!("{kms:?}").contains("own\""), "{kms:?}");
        for missing in 1..4 {
            let mut vars = own;
            vars[missing] = ("RECOUP__LOG__FILTER", "info");
            assert!(Config::from_vars(vars).is_err(), "without {}", own[missing].0);
        }
        assert!(Config::from_vars([("RECOUP__VAULT__CURRENT", "kms")]).is_err());
    }

    #[test]
    fn a_mistyped_name_or_a_bad_key_stops_the_start() {
        let error = Config::from_vars([("RECOUP__HTTP__BINDD", "x")]).expect_err("unknown key");
        assert!(error.to_string().contains("bindd"), "{error}");
        let error = Config::from_vars([("RECOUP__VAULT__MASTER_KEY", "short")]).expect_err("bad key");
        assert!(error.to_string().contains("32 bytes"), "{error}");
        assert!(Config::from_vars([("RECOUP__AI__PROVIDERS__1__NAME", "x")]).is_err(), "a gap in a list");
    }

    #[test]
    fn a_secret_is_never_printed() {
        let config = Config::from_vars([("RECOUP__CONNECTORS__META__APP_SECRET", "hush-hush")]).expect("valid");
        assert!(!format!("{config:?}").contains("hush"));
    }
}
