//! Configuration: `recoup.toml`, then `RECOUP__SECTION__KEY` variables over it, checked at start.
//!
//! One small struct per concern. Unknown keys and contradictions are errors, so that a typing mistake cannot silently
//! change how Recoup runs. Secrets never appear in `Debug`.

mod ai;
mod connectors;
mod load;
mod mail;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::ids::OrgId;

pub use ai::{AiConfig, EncoderUse, ProviderConfig, ProviderKind};
pub use connectors::{
    ConnectorsConfig, GooglePushConfig, HttpConfig, HubspotConfig, MetaConfig, SourceConfig, XConfig,
};
pub use load::ConfigError;
pub(crate) use load::decode_key;
pub use mail::{MailConfig, MailTls};

/// A value that must not be printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it was not given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "(not set)" } else { "(secret)" })
    }
}

/// Everything that can be configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `DATABASE_URL`: the PostgreSQL to use; absent, a private cluster is run under the data directory.
    pub database_url: Option<String>,
    /// `REDIS_URL`: carries the live bus and shared rate limits between processes.
    pub redis_url: Option<String>,
    /// `RECOUP__DATA_DIR`: where the private cluster, the master key, models and files live.
    pub data_dir: DataDir,
    /// `RECOUP__HTTP__…`: the web server.
    pub http: WebConfig,
    /// `RECOUP__DATABASE__…`: connections.
    pub database: DatabaseConfig,
    /// `RECOUP__VAULT__…`: encryption.
    pub vault: VaultConfig,
    /// `RECOUP__CONNECTORS__…`: outside systems.
    pub connectors: ConnectorsConfig,
    /// `RECOUP__AI__…`: model providers and budgets.
    pub ai: AiConfig,
    /// `RECOUP__MAIL__…`: letters.
    pub mail: MailConfig,
    /// `RECOUP__LOG__…`: logging.
    pub log: LogConfig,
    /// `RECOUP__SSO__…`: single sign-on.
    pub sso: SsoConfig,
    /// `RECOUP__INTAKE__…`: sources and files.
    pub intake: IntakeConfig,
    /// `RECOUP__SFTP__…`: the folder that files can be dropped in.
    pub sftp: SftpConfig,
    /// `RECOUP__SITE__…`: public sites.
    pub site: SiteConfig,
    /// `RECOUP__OBJECTS__…`: where pictures and archives are kept.
    pub objects: ObjectsConfig,
}

/// The data directory; by default `recoup-data` under the user's data folder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DataDir(pub PathBuf);

impl Default for DataDir {
    fn default() -> Self {
        let base = std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
            .unwrap_or_else(|| PathBuf::from("."));
        Self(base.join("recoup"))
    }
}

/// The web server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// `RECOUP__HTTP__BIND`: the address to listen on.
    pub bind: SocketAddr,
    /// `RECOUP__HTTP__PUBLIC_URL`: how the outside reaches Recoup, for OAuth and webhook addresses.
    pub public_url: Option<String>,
    /// `RECOUP__HTTP__TRUST_PROXY`: whether `X-Forwarded-For` and `-Proto` of the peer are believed.
    pub trust_proxy: bool,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self { bind: SocketAddr::from(([127, 0, 0, 1], 8080)), public_url: None, trust_proxy: false }
    }
}

impl WebConfig {
    /// The address links begin with, without a slash at the end.
    pub fn base_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.bind),
        }
    }
}

/// Connections to PostgreSQL.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `RECOUP__DATABASE__POOL`: connections for requests and for jobs one by one.
    pub pool: u32,
    /// `RECOUP__DATABASE__WORK_POOL`: connections for the batches of workers and for followers; by default two a core and four.
    pub work_pool: u32,
    /// `RECOUP__DATABASE__SYSTEM_POOL`: connections for receiving, claiming and reading the ledger; by default one a core and four.
    pub system_pool: u32,
    /// `RECOUP__DATABASE__SITE_POOL`: connections for visitors of public sites.
    pub site_pool: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from).min(16) as u32;
        Self { pool: 16, work_pool: 2 * cores + 4, system_pool: cores + 4, site_pool: 6 }
    }
}

/// Encryption at rest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultConfig {
    /// `RECOUP__VAULT__MASTER_KEY`: base64 of 32 bytes; made in the data directory when absent.
    pub master_key: Secret,
    /// `RECOUP__VAULT__PREVIOUS_KEYS__0…`: older master keys that may still wrap data keys.
    pub previous_keys: Vec<Secret>,
    /// `RECOUP__VAULT__CURRENT`: which kind of master key wraps, `local` or `kms`; when absent, `kms` where it is configured.
    pub current: Option<MasterKind>,
    /// `RECOUP__VAULT__KMS__…`: AWS KMS as the master key.
    pub kms: KmsConfig,
}

impl VaultConfig {
    /// Which kind of master key wraps what is made.
    pub fn current(&self) -> MasterKind {
        self.current.unwrap_or(if self.kms.is_set() { MasterKind::Kms } else { MasterKind::Local })
    }
}

/// Kinds of master keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MasterKind {
    /// From the configuration or the data directory.
    Local,
    /// In AWS KMS.
    Kms,
}

/// A key in AWS KMS. What is not given is taken from the usual `AWS_…` variables.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KmsConfig {
    /// `RECOUP__VAULT__KMS__KEY_ID`: id, ARN or alias of a symmetric key; KMS is used when it is given.
    pub key_id: String,
    /// `RECOUP__VAULT__KMS__REGION`, or `AWS_REGION`: such as `eu-central-1`.
    pub region: String,
    /// `RECOUP__VAULT__KMS__ENDPOINT`, or `AWS_ENDPOINT_URL_KMS`: another address than the region's own.
    pub endpoint: String,
    /// `RECOUP__VAULT__KMS__ACCESS_KEY_ID`, or `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `RECOUP__VAULT__KMS__SECRET_ACCESS_KEY`, or `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
    /// `RECOUP__VAULT__KMS__SESSION_TOKEN`, or `AWS_SESSION_TOKEN`: of temporary credentials.
    pub session_token: Secret,
}

impl KmsConfig {
    /// Whether KMS is configured.
    pub fn is_set(&self) -> bool {
        !self.key_id.is_empty()
    }

    /// The address calls go to.
    pub fn endpoint(&self) -> String {
        if !self.endpoint.is_empty() {
            return self.endpoint.clone();
        }
        let domain = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://kms.{}.{domain}", self.region)
    }
}

/// Single sign-on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SsoConfig {
    /// `RECOUP__SSO__ALLOW_PRIVATE`: lets organisations name identity providers in private networks and without TLS.
    pub allow_private: bool,
    /// `RECOUP__SSO__NAMESERVER`: asked for the records that verify domains, such as `9.9.9.9:53`; those of the machine when
    /// absent.
    pub nameserver: Option<SocketAddr>,
}

/// Sources and files.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntakeConfig {
    /// `RECOUP__INTAKE__ALLOW_PRIVATE`: lets organisations read servers in private networks and without TLS.
    pub allow_private: bool,
}

/// The folder that files can be dropped in over SFTP; closed unless an address is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SftpConfig {
    /// `RECOUP__SFTP__LISTEN`: where to listen, such as `0.0.0.0:2022`.
    pub listen: Option<SocketAddr>,
    /// `RECOUP__SFTP__HOST`: how the outside reaches it, such as `files.example.com:2022`; the listening address when absent.
    pub host: Option<String>,
}

/// Public sites.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SiteConfig {
    /// `RECOUP__SITE__ORGANISATION`: whose site the installation's own address shows; when absent, that of the only organisation
    /// that published one without a domain.
    pub organisation: Option<OrgId>,
}

/// The object store: a folder under the data directory, or a bucket that speaks S3 where several machines share it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectsConfig {
    /// `RECOUP__OBJECTS__BUCKET`: the bucket; the data directory is used when it is absent.
    pub bucket: Option<String>,
    /// `RECOUP__OBJECTS__REGION`: such as `eu-central-1`.
    pub region: String,
    /// `RECOUP__OBJECTS__ENDPOINT`: another address than the region's own.
    pub endpoint: Option<String>,
    /// `RECOUP__OBJECTS__ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `RECOUP__OBJECTS__SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
}

/// Logging.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `RECOUP__LOG__FILTER`: what is logged, such as `info,inbox=debug`.
    pub filter: String,
    /// `RECOUP__LOG__FORMAT`: `text` or `json`.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info,sqlx=warn".into(), format: LogFormat::Text }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
