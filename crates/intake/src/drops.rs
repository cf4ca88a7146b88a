//! Tables that come as files over SFTP: fetched from a customer's server, or dropped in a folder of ours.
//!
//! A file that was there before, by name, size and content, is not read again. It is read by the connection's saved mapping; where
//! there is none and the file leaves questions, it waits on the connection's page.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::http::guard;
use kernel::ids::{ConnectionId, OrgId};
use kernel::ledger::Actor;
use serde_json::{Value, json};
use sftp::client::{Client, ClientError, Entry, Proof};
use sftp::host::{Door, Folder, Incoming};
use shell::AppError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::connections::secrets::{Secrets, door};
use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::csv::mapping::{Answers, Mapping};
use crate::files::upload::{LARGEST, Spooled, Writer, register};
use crate::files::{self, start};
use crate::kinds::Kind;
use crate::runs::store::Run;
use crate::runs::{Ended, STINT, store as runs};

/// The usual port.
const PORT: u16 = 22;
/// The stream under which it is kept what the folder held.
const STREAM: &str = "files";
/// Sessions of one folder at once.
const MOST_SESSIONS: usize = 8;

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

/// Fetches what is new in the folder and has it read; one file that cannot be fetched does not keep the others.
pub(crate) async fn poll(core: &Core, org: OrgId, run: &Run, connection: &Connection) -> anyhow::Result<Ended> {
    let begun = Instant::now();
    let client = match open(core, org, connection).await? {
        Ok(client) => client,
        Err(error) => return Ok(ended_by(&error)),
    };
    let mut tx = core.kernel.db.begin(org).await?;
    store::pin(&mut tx, connection.id, client.fingerprint()).await?;
    tx.commit().await?;
    let folder = text(&connection.settings, "folder");
    let listed = match client.list(folder).await {
        Ok(listed) => listed,
        Err(error) => return Ok(ended_by(&error)),
    };
    let mut tx = core.kernel.db.begin(org).await?;
    let before = runs::cursor(&mut tx, connection.id, STREAM).await?;
    drop(tx);
    let mut progress = run.progress.0.clone();
    let mut after = match progress.cursors.get(STREAM) {
        Some(own) => own.clone(),
        None if run.mode == "backfill" || !before.is_object() => json!({}),
        None => before,
    };
    keep_only(&mut after, &listed);
    let mut unread = None;
    for entry in listed {
        let mark = json!([entry.bytes, entry.changed]);
        if after[&entry.name] == mark || entry.bytes == 0 || entry.bytes > LARGEST {
            continue;
        }
        if begun.elapsed() > STINT {
            client.close().await;
            return Ok(Ended::More);
        }
        let mut tx = core.kernel.db.begin(org).await?;
        if !runs::goes_on(&mut tx, run.id, false).await? {
            return Ok(Ended::Stopped);
        }
        if !files::store::has_room(&mut tx).await? {
            return Ok(Ended::Failed(files::store::FULL.to_owned()));
        }
        drop(tx);
        let spooled = match fetch(core, org, &client, folder, &entry).await? {
            Ok(Some(spooled)) => spooled,
            // Somebody is still writing it: the next look finds it whole.
            Ok(None) => continue,
            Err(error @ ClientError::Folder(_)) => {
                unread.get_or_insert(error);
                continue;
            }
            Err(error) => return Ok(ended_by(&error)),
        };
        if run.dry_run {
            files::forget(core, org, spooled.id).await;
        } else {
            arrived(core, org, connection, spooled).await?;
        }
        after[&entry.name] = mark;
        let mut tx = core.kernel.db.begin(org).await?;
        if !run.dry_run {
            runs::set_cursor(&mut tx, connection.id, STREAM, &after).await?;
        }
        progress.cursors.insert(STREAM.to_owned(), after.clone());
        runs::progress(&mut tx, run.id, &progress, None).await?;
        tx.commit().await?;
    }
    client.close().await;
    Ok(unread.map_or(Ended::Done, |error| ended_by(&error)))
}

/// Forgets files that are gone from the folder, so that what is known does not grow for ever.
fn keep_only(known: &mut Value, listed: &[Entry]) {
    let names: HashSet<&str> = listed.iter().map(|entry| entry.name.as_str()).collect();
    if let Some(known) = known.as_object_mut() {
        known.retain(|name, _| names.contains(name.as_str()));
    }
}

fn ended_by(error: &ClientError) -> Ended {
    match error {
        ClientError::Refused | ClientError::BadKey => Ended::Reconnect(error.to_string()),
        other => Ended::Failed(other.to_string()),
    }
}

/// A file as it was listed; none when it is longer or shorter than that. A server that never ends is not followed.
async fn fetch(
    core: &Core,
    org: OrgId,
    client: &Client,
    folder: &str,
    entry: &Entry,
) -> anyhow::Result<Result<Option<Spooled>, ClientError>> {
    let mut remote = match client.open(folder, &entry.name).await {
        Ok(remote) => remote,
        Err(error) => return Ok(Err(error)),
    };
    let mut writer = Writer::new(core, org, &entry.name).await?;
    let mut left = entry.bytes;
    loop {
        match remote.next().await {
            Ok(Some(piece)) => {
                let Some(rest) = left.checked_sub(piece.len() as u64) else { return Ok(Ok(None)) };
                left = rest;
                writer.write(piece).await?;
            }
            Ok(None) if left == 0 => return Ok(Ok(Some(writer.finish().await?))),
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// A file is here whole: it is read by the connection's mapping, unless it was here before. That it was here is noted last: where
/// this breaks off the file comes again, and reading it twice changes nothing.
pub(crate) async fn arrived(core: &Core, org: OrgId, connection: &Connection, spooled: Spooled) -> anyhow::Result<()> {
    if was_here(core, org, connection.id, &spooled).await? {
        files::forget(core, org, spooled.id).await;
        return Ok(());
    }
    let (answers, saved) = match layout(&connection.settings) {
        Ok(layout) => layout,
        Err(error) => {
            files::forget(core, org, spooled.id).await;
            let why = format!(
                "{} was not kept: the mapping in the connection's settings cannot be read ({error}); mend it and send the file again",
                spooled.name
            );
            let mut tx = core.kernel.db.begin(org).await?;
            store::ended(&mut tx, connection.id, Some(&why), "failing").await?;
            tx.commit().await?;
            return Err(error.into());
        }
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
    note(&mut tx, connection.id, &spooled).await?;
    Ok(tx.commit().await?)
}

/// How a connection's files are read: the answers, and the mapping where one was saved.
fn layout(settings: &Value) -> serde_json::Result<(Answers, Option<Mapping>)> {
    let kept = |name: &str| settings.get(name).filter(|value| !value.is_null()).cloned();
    let answers = kept("answers").map(serde_json::from_value).transpose()?.unwrap_or_default();
    let mapping = kept("mapping").map(serde_json::from_value).transpose()?;
    Ok((answers, mapping))
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

/// Whether a file was here before.
async fn was_here(core: &Core, org: OrgId, id: ConnectionId, spooled: &Spooled) -> anyhow::Result<bool> {
    let mut tx = core.kernel.db.begin(org).await?;
    let here = sqlx::query_scalar(
        "select exists (select from intake_seen where org_id = $1 and connection_id = $2 and name = $3 and bytes = $4 \
           and digest = $5)",
    )
    .bind(org)
    .bind(id)
    .bind(&spooled.name)
    .bind(spooled.bytes as i64)
    .bind(&spooled.digest)
    .fetch_one(tx.conn())
    .await?;
    Ok(here)
}

/// Notes that a file was here.
async fn note(tx: &mut OrgTx, id: ConnectionId, spooled: &Spooled) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into intake_seen (org_id, connection_id, name, bytes, digest, at) values ($1, $2, $3, $4, $5, $6) \
         on conflict do nothing",
    )
    .bind(tx.org())
    .bind(id)
    .bind(&spooled.name)
    .bind(spooled.bytes as i64)
    .bind(&spooled.digest)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Who may drop files with us.
pub(crate) struct Doorkeeper {
    core: Core,
    /// Places for the sessions of each folder.
    places: Mutex<HashMap<ConnectionId, Arc<Semaphore>>>,
}

impl Doorkeeper {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, places: Mutex::default() }
    }

    async fn known(&self, user: &str) -> anyhow::Result<Option<(OrgId, Connection)>> {
        let kernel = &self.core.kernel;
        let Some((org, id)) = kernel::db::system::door_of(&kernel.db, &door(user)).await? else { return Ok(None) };
        let mut tx = kernel.db.begin(org).await?;
        let connection = store::find(&mut tx, id).await?;
        Ok(connection.filter(|one| one.kind == Kind::Drop && one.state != "paused").map(|one| (org, one)))
    }

    async fn password(&self, user: &str, password: &str) -> anyhow::Result<Option<Arc<dyn Folder>>> {
        let Some((org, connection)) = self.known(user).await? else { return Ok(None) };
        let vault = self.core.kernel.vault.of(org).await?;
        let secrets = Secrets::open(&vault, &connection, "sign in")?;
        let fits = secrets.of("password").is_some_and(|kept| {
            subtle::ConstantTimeEq::ct_eq(door(kept.reveal()).as_slice(), door(password).as_slice()).into()
        });
        Ok(if fits { self.folder(org, connection) } else { None })
    }

    async fn key(&self, user: &str, fingerprint: &str) -> anyhow::Result<Option<Arc<dyn Folder>>> {
        let Some((org, connection)) = self.known(user).await? else { return Ok(None) };
        let kept = sftp::fingerprint_of(text(&connection.settings, "public_key"));
        Ok(if kept.as_deref() == Some(fingerprint) { self.folder(org, connection) } else { None })
    }

    /// The folder of a connection; none while it has all the sessions that one may have: each holds memory, which is everybody's.
    fn folder(&self, org: OrgId, connection: Connection) -> Option<Arc<dyn Folder>> {
        let places = {
            let mut all = self.places.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            Arc::clone(all.entry(connection.id).or_insert_with(|| Arc::new(Semaphore::new(MOST_SESSIONS))))
        };
        let place = places.try_acquire_owned().ok()?;
        Some(Arc::new(Dropped { core: self.core.clone(), org, connection, _place: place }))
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
    /// Given back when the session ends.
    _place: OwnedSemaphorePermit,
}

#[async_trait]
impl Folder for Dropped {
    async fn create(&self, name: &str) -> io::Result<Box<dyn Incoming>> {
        let room = async {
            let mut tx = self.core.kernel.db.begin(self.org).await?;
            files::store::has_room(&mut tx).await
        };
        if !room.await.map_err(io::Error::other)? {
            return Err(io::Error::other(files::store::FULL));
        }
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

/// A file that is being dropped. One that breaks off is gone.
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
    sftp::host::serve(listener, &key, Arc::new(Doorkeeper::new(core))).await?;
    Ok(())
}
