//! Tables that come as files over SFTP: fetched from a customer's server, or dropped in a folder of ours.
//!
//! A file that was there before, by name, size and content, is not read again. It is read by the connection's saved mapping; where
//! there is none and the file leaves questions, it waits on the connection's page.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::http::guard;
use kernel::ids::{ConnectionId, OrgId};
use kernel::ledger::Actor;
use serde_json::{Value, json};
use sftp::client::{Client, ClientError, Proof};
use sftp::host::{Door, Folder, Incoming};
use shell::AppError;

use crate::connections::secrets::{Secrets, door};
use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::csv::mapping::{Answers, Mapping};
use crate::files::upload::{Spooled, Writer, register};
use crate::files::{self, start};
use crate::kinds::Kind;
use crate::runs::store::Run;
use crate::runs::{Ended, store as runs};

/// The usual port.
const PORT: u16 = 22;
/// The stream under which it is kept what the folder held.
const STREAM: &str = "files";

fn text<'a>(settings: &'a Value, name: &str) -> &'a str {
    settings[name].as_str().unwrap_or_default().trim()
}

/// A session with a connection's server, at an address that may be reached.
async fn open(core: &Core, org: OrgId, connection: &Connection) -> anyhow::Result<Result<Client, ClientError>> {
    let vault = core.kernel.vault.of(org).await?;
    let secrets = Secrets::open(&vault, connection, "fetch")?;
    let proof = match (secrets.of("private_key"), secrets.of("password")) {
        (Some(key), _) => Proof::Key(key.reveal().to_owned()),
        (None, Some(password)) => Proof::Password(password.reveal().to_owned()),
        (None, None) => return Ok(Err(ClientError::Refused)),
    };
    let host = text(&connection.settings, "host");
    let address = match resolve(host, core.kernel.config.intake.allow_private).await {
        Ok(address) => address,
        Err(why) => return Ok(Err(ClientError::Away(why))),
    };
    let expected = Some(text(&connection.settings, "host_key").to_owned()).filter(|key| !key.is_empty());
    Ok(Client::connect(address, text(&connection.settings, "user"), &proof, expected).await)
}

/// The address of a server; one in a private network only where the operator allows it.
async fn resolve(host: &str, allow_private: bool) -> Result<SocketAddr, String> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') => (name, port.parse().map_err(|_| format!("{port} is not a port"))?),
        _ => (host, PORT),
    };
    let found = tokio::net::lookup_host((name, port)).await.map_err(|_| "its name cannot be resolved".to_owned())?;
    let found: Vec<SocketAddr> = found.collect();
    if !allow_private && found.iter().any(|address| !guard::is_public(address.ip())) {
        return Err("this address is not on the public internet".to_owned());
    }
    found.first().copied().ok_or_else(|| "its name cannot be resolved".to_owned())
}

/// Asks the server once; says how many files the folder holds.
pub(crate) async fn check(core: &Core, org: OrgId, connection: &Connection) -> Result<String, AppError> {
    let listed = match open(core, org, connection).await.map_err(AppError::internal)? {
        Ok(client) => {
            let listed = client.list(text(&connection.settings, "folder")).await;
            client.close().await;
            listed
        }
        Err(error) => Err(error),
    };
    let files = listed.map_err(|error| AppError::unprocessable(format!("{error}; nothing was changed")))?;
    Ok(format!("{} · {} files", text(&connection.settings, "host"), files.len()))
}

/// Fetches what is new in the folder and has it read.
pub(crate) async fn poll(core: &Core, org: OrgId, run: &Run, connection: &Connection) -> anyhow::Result<Ended> {
    let client = match open(core, org, connection).await? {
        Ok(client) => client,
        Err(error) => return Ok(ended_by(&error)),
    };
    pin(core, org, connection, client.fingerprint()).await?;
    let folder = text(&connection.settings, "folder");
    let listed = match client.list(folder).await {
        Ok(listed) => listed,
        Err(error) => return Ok(ended_by(&error)),
    };
    let mut tx = core.kernel.db.begin(org).await?;
    let before = runs::cursor(&mut tx, connection.id, STREAM).await?;
    drop(tx);
    let mut after = if run.mode == "backfill" || !before.is_object() { json!({}) } else { before };
    for entry in listed {
        let mark = json!([entry.bytes, entry.changed]);
        if after[&entry.name] == mark {
            continue;
        }
        let mut tx = core.kernel.db.begin(org).await?;
        if !runs::goes_on(&mut tx, run.id, false).await? {
            return Ok(Ended::Stopped);
        }
        drop(tx);
        let spooled = match fetch(core, org, &client, folder, &entry.name).await? {
            Ok(spooled) => spooled,
            Err(error) => return Ok(ended_by(&error)),
        };
        // Somebody is still writing it: the next look finds it whole.
        if spooled.bytes != entry.bytes || spooled.bytes == 0 {
            files::forget(core, org, spooled.id).await;
            continue;
        }
        if run.dry_run {
            files::forget(core, org, spooled.id).await;
            continue;
        }
        arrived(core, org, connection, spooled).await?;
        after[&entry.name] = mark;
        let mut tx = core.kernel.db.begin(org).await?;
        runs::set_cursor(&mut tx, connection.id, STREAM, &after).await?;
        tx.commit().await?;
    }
    client.close().await;
    Ok(Ended::Done)
}

fn ended_by(error: &ClientError) -> Ended {
    match error {
        ClientError::Refused | ClientError::BadKey => Ended::Reconnect(error.to_string()),
        other => Ended::Failed(other.to_string()),
    }
}

/// Keeps the server's key that was seen first.
async fn pin(core: &Core, org: OrgId, connection: &Connection, fingerprint: &str) -> anyhow::Result<()> {
    if !text(&connection.settings, "host_key").is_empty() {
        return Ok(());
    }
    let mut settings = connection.settings.clone();
    settings["host_key"] = fingerprint.into();
    let mut tx = core.kernel.db.begin(org).await?;
    store::change(&mut tx, connection.id, &connection.name, &settings, None).await?;
    Ok(tx.commit().await?)
}

async fn fetch(
    core: &Core,
    org: OrgId,
    client: &Client,
    folder: &str,
    name: &str,
) -> anyhow::Result<Result<Spooled, ClientError>> {
    let mut remote = match client.open(folder, name).await {
        Ok(remote) => remote,
        Err(error) => return Ok(Err(error)),
    };
    let mut writer = Writer::new(core, org, name).await?;
    loop {
        match remote.next().await {
            Ok(Some(piece)) => writer.write(piece).await?,
            Ok(None) => return Ok(Ok(writer.finish().await?)),
            Err(error) => {
                writer.abandon(core, org).await;
                return Ok(Err(error));
            }
        }
    }
}

/// A file is here whole: it is read by the connection's mapping, unless it was here before.
pub(crate) async fn arrived(core: &Core, org: OrgId, connection: &Connection, spooled: Spooled) -> anyhow::Result<()> {
    if !is_new(core, org, connection.id, &spooled).await? {
        files::forget(core, org, spooled.id).await;
        return Ok(());
    }
    let answers: Answers =
        connection.settings.get("answers").cloned().map(serde_json::from_value).transpose()?.unwrap_or_default();
    let saved: Option<Mapping> = match connection.settings.get("mapping") {
        None | Some(Value::Null) => None,
        Some(mapping) => Some(serde_json::from_value(mapping.clone())?),
    };
    let read = read(core, org, connection, &spooled, saved, &answers).await;
    let mut tx = core.kernel.db.begin(org).await?;
    match read {
        Ok(()) => store::ended(&mut tx, connection.id, None, "connected").await?,
        Err(AppError::Internal(error)) => return Err(error),
        Err(error) => {
            let details: Vec<String> =
                error.details().iter().map(|detail| format!("{}: {}", detail.field, detail.reason)).collect();
            let why = format!("{} was kept and not read: {error} {}", spooled.name, details.join(" "));
            store::ended(&mut tx, connection.id, Some(&why), "failing").await?;
        }
    }
    Ok(tx.commit().await?)
}

async fn read(
    core: &Core,
    org: OrgId,
    connection: &Connection,
    spooled: &Spooled,
    saved: Option<Mapping>,
    answers: &Answers,
) -> Result<(), AppError> {
    let by = Actor::System;
    let (seen, preview) = register(core, org, spooled, Some(connection.id), answers, by.to_string()).await?;
    let mapping = saved.unwrap_or(preview.mapping);
    let mut tx = core.kernel.db.begin(org).await?;
    let zone = files::store::zone(&mut tx).await?;
    start::check(&seen, &mapping, answers, zone)?;
    let file = files::store::find(&mut tx, spooled.id).await?.ok_or_else(|| AppError::not_found("file"))?;
    start::start(&mut tx, &file, &mapping, answers, false, by).await?;
    Ok(tx.commit().await?)
}

/// Whether a file was never here before; notes it.
async fn is_new(core: &Core, org: OrgId, id: ConnectionId, spooled: &Spooled) -> anyhow::Result<bool> {
    let mut tx = core.kernel.db.begin(org).await?;
    let now = core.kernel.clock.now();
    let noted = sqlx::query(
        "insert into intake_seen (org_id, connection_id, name, bytes, digest, at) values ($1, $2, $3, $4, $5, $6) \
         on conflict do nothing",
    )
    .bind(org)
    .bind(id)
    .bind(&spooled.name)
    .bind(spooled.bytes as i64)
    .bind(&spooled.digest)
    .bind(now)
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(noted.rows_affected() == 1)
}

/// Who may drop files with us.
pub(crate) struct Doorkeeper(pub(crate) Core);

impl Doorkeeper {
    async fn known(&self, user: &str) -> anyhow::Result<Option<(OrgId, Connection)>> {
        let kernel = &self.0.kernel;
        let Some((org, id)) = kernel::db::system::door_of(&kernel.db, &door(user)).await? else { return Ok(None) };
        let mut tx = kernel.db.begin(org).await?;
        let connection = store::find(&mut tx, id).await?;
        Ok(connection.filter(|one| one.kind == Kind::Drop && one.state != "paused").map(|one| (org, one)))
    }

    async fn password(&self, user: &str, password: &str) -> anyhow::Result<Option<Arc<dyn Folder>>> {
        let Some((org, connection)) = self.known(user).await? else { return Ok(None) };
        let vault = self.0.kernel.vault.of(org).await?;
        let secrets = Secrets::open(&vault, &connection, "sign in")?;
        let fits = secrets.of("password").is_some_and(|kept| {
            subtle::ConstantTimeEq::ct_eq(door(kept.reveal()).as_slice(), door(password).as_slice()).into()
        });
        Ok(fits.then(|| self.folder(org, connection)))
    }

    async fn key(&self, user: &str, fingerprint: &str) -> anyhow::Result<Option<Arc<dyn Folder>>> {
        let Some((org, connection)) = self.known(user).await? else { return Ok(None) };
        let kept = sftp::fingerprint_of(text(&connection.settings, "public_key"));
        Ok((kept.as_deref() == Some(fingerprint)).then(|| self.folder(org, connection)))
    }

    fn folder(&self, org: OrgId, connection: Connection) -> Arc<dyn Folder> {
        Arc::new(Dropped { core: self.0.clone(), org, connection })
    }
}

fn or_none(found: anyhow::Result<Option<Arc<dyn Folder>>>) -> Option<Arc<dyn Folder>> {
    found.unwrap_or_else(|error| {
        tracing::warn!(error = format!("{error:#}"), "a folder could not be opened; the sign-in was refused");
        None
    })
}

#[async_trait]
impl Door for Doorkeeper {
    async fn by_password(&self, user: &str, password: &str) -> Option<Arc<dyn Folder>> {
        or_none(self.password(user, password).await)
    }

    async fn by_key(&self, user: &str, fingerprint: &str) -> Option<Arc<dyn Folder>> {
        or_none(self.key(user, fingerprint).await)
    }
}

/// The folder of one connection.
struct Dropped {
    core: Core,
    org: OrgId,
    connection: Connection,
}

#[async_trait]
impl Folder for Dropped {
    async fn create(&self, name: &str) -> io::Result<Box<dyn Incoming>> {
        let writer = Writer::new(&self.core, self.org, name).await?;
        Ok(Box::new(Coming { core: self.core.clone(), org: self.org, connection: self.connection.clone(), writer }))
    }

    async fn names(&self) -> Vec<(String, u64)> {
        let listed = async {
            let mut tx = self.core.kernel.db.begin(self.org).await?;
            let rows: Vec<(String, i64)> = sqlx::query_as(
                "select distinct name, bytes from intake_seen where org_id = $1 and connection_id = $2 order by name limit 1000",
            )
            .bind(self.org)
            .bind(self.connection.id)
            .fetch_all(tx.conn())
            .await?;
            Ok::<_, sqlx::Error>(rows)
        };
        let rows = kernel::CanFail::can_fail(listed.await, "listing a folder; it looks empty").unwrap_or_default();
        rows.into_iter().map(|(name, bytes)| (name, bytes as u64)).collect()
    }
}

/// A file that is being dropped. One that breaks off is swept away with its process's other leftovers.
struct Coming {
    core: Core,
    org: OrgId,
    connection: Connection,
    writer: Writer,
}

#[async_trait]
impl Incoming for Coming {
    async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.writer.write(piece).await.map_err(|error| io::Error::other(error.to_string()))
    }

    async fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { core, org, connection, writer } = *self;
        let spooled = writer.finish().await?;
        if spooled.bytes == 0 {
            files::forget(&core, org, spooled.id).await;
            return Ok(());
        }
        // The mapping may have been changed while the session was open.
        let current = async {
            let mut tx = core.kernel.db.begin(org).await?;
            anyhow::Ok(store::find(&mut tx, connection.id).await?)
        };
        let current = current.await.map_err(io::Error::other)?.unwrap_or(connection);
        arrived(&core, org, &current, spooled).await.map_err(io::Error::other)
    }
}

/// Listens for files until the future is dropped; nothing happens unless an address is configured.
pub(crate) async fn serve(core: Core) -> anyhow::Result<()> {
    let Some(address) = core.kernel.config.sftp.listen else { return Ok(()) };
    let listener = tokio::net::TcpListener::bind(address).await?;
    serve_on(core, listener).await
}

/// The same over a listener of the caller's.
pub(crate) async fn serve_on(core: Core, listener: tokio::net::TcpListener) -> anyhow::Result<()> {
    let mut seed = [0_u8; 32];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut seed)
        .map_err(|_| anyhow::anyhow!("no randomness"))?;
    let path = core.kernel.config.data_dir.0.join("sftp").join("host.key");
    let key = sftp::KeyPair::kept(&path, &seed)?;
    tracing::info!(sftp.address = %listener.local_addr()?, sftp.key = key.fingerprint(), "files can be dropped");
    sftp::host::serve(listener, &key, Arc::new(Doorkeeper(core))).await?;
    Ok(())
}
