//! Files on a customer's server: listed, and what is new fetched.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Instant;

use kernel::http::guard;
use kernel::ids::OrgId;
use serde_json::{Value, json};
use sftp::client::{Client, ClientError, Entry, Proof};
use shell::AppError;

use super::{arrived, text};
use crate::connections::secrets::Secrets;
use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::files;
use crate::files::upload::{LARGEST, Spooled, Writer};
use crate::runs::store::Run;
use crate::runs::{Ended, STINT, store as runs};

/// The usual port.
const PORT: u16 = 22;
/// The stream under which it is kept what the folder held.
const STREAM: &str = "files";

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
