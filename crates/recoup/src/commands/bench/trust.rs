//! Sign-in and trust: what checking a credential, hashing a password and writing the audit log cost, each beside the bare work.

use std::hint::black_box;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::config::Config;
use kernel::ids::{AuditId, OrgId};
use kernel::ledger::Actor;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use shell::{App, Credential, Settings};
use sqlx::{Connection, PgConnection};
use tower::ServiceExt;

use super::measured::{Samples, say};
use super::place::Place;
use crate::rooms::Rooms;

/// How much.
#[derive(clap::Args)]
pub struct Trust {
    /// Checks of a token and of a key.
    #[arg(long, default_value_t = 20_000)]
    checks: usize,
    /// Sign-ins.
    #[arg(long, default_value_t = 30)]
    sign_ins: usize,
    /// Entries of the audit log.
    #[arg(long, default_value_t = 2_000)]
    entries: usize,
    /// Members that SCIM lists.
    #[arg(long, default_value_t = 10_000)]
    members: i64,
    /// Pages of that list that are asked for.
    #[arg(long, default_value_t = 200)]
    pages: usize,
}

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a bench of long words";

impl Trust {
    /// Measures and prints.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let place = Place::new(config, "trust").await?;
        let new = identity::registration::NewOrganisation {
            organisation: "Bench".to_owned(),
            name: "Bench Person".to_owned(),
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
        };
        let org = identity::registration::register(&place.kernel, new).await.map_err(super::super::told)?.org;
        let rooms = Rooms::open(&place.kernel).await?;
        let settings = Settings { rate_factor: 0, sign_in_per_minute: 1_000_000, ..Settings::default() };
        let app = App::new(place.kernel.clone(), rooms.identity().authenticator(), settings);
        let router = shell::assemble(&app, rooms.plug(&app));
        let token = self.sign_in(&router).await?;
        let key = key(&router, &token).await?;
        self.checks(&rooms, &token, &key).await?;
        // On a worker thread, as in a request: elsewhere every answer of the database would first wake another thread.
        tokio::spawn(audit(place.kernel.clone(), place.url.clone(), org, self.entries)).await??;
        self.scim(&place, &router, org, &key).await?;
        drop((router, app, rooms));
        place.close().await
    }

    /// A whole sign-in beside Argon2id alone; gives an access token.
    async fn sign_in(&self, router: &Router) -> anyhow::Result<String> {
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        let (mut whole, mut bare, mut token) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..self.sign_ins {
            let (took, answer) = call(router, "POST", "/v2/auth/login", "", Some(&body)).await?;
            whole.push(took);
            token = answer["access_token"].as_str().unwrap_or_default().to_owned();
            bare.push(argon2id().await?);
        }
        let (whole, bare) = (Samples::new(whole), Samples::new(bare));
        whole.say("trust_sign_in");
        bare.say("trust_reference_argon2id");
        say("trust_argon2id_share_of_sign_in", format!("{:.2}", bare.quantile_ms(0.5) / whole.quantile_ms(0.5)));
        Ok(token)
    }

    /// Checking a token and a key that are in use, beside one SHA-256 and one signature.
    async fn checks(&self, rooms: &Rooms, token: &str, key: &str) -> anyhow::Result<()> {
        let (door, from) = (rooms.identity().authenticator(), kernel::db::Caller::default());
        for (metric, credential) in
            [("trust_token_check", Credential::Bearer(token)), ("trust_key_check", Credential::Bearer(key))]
        {
            let mut took = Vec::with_capacity(self.checks);
            for _ in 0..self.checks {
                let began = Instant::now();
                let known = door.authenticate(credential, &from).await.map_err(super::super::told)?;
                took.push(began.elapsed());
                anyhow::ensure!(known.is_some(), "the credential is known");
            }
            say_us(metric, &Samples::new(took));
        }
        say_us(
            "trust_reference_sha256",
            &timed(self.checks, || {
                black_box(ring::digest::digest(&ring::digest::SHA256, black_box(token.as_bytes())));
            }),
        );
        let failed = |_| anyhow::anyhow!("no key to measure with");
        let document = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).map_err(failed)?;
        let pair =
            Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| anyhow::anyhow!("no key to measure with"))?;
        let (signature, public) = (pair.sign(token.as_bytes()), UnparsedPublicKey::new(&ED25519, pair.public_key()));
        say_us(
            "trust_reference_ed25519_verify",
            &timed(self.checks / 10, || {
                black_box(public.verify(black_box(token.as_bytes()), signature.as_ref()).is_ok());
            }),
        );
        Ok(())
    }

    /// Pages of a hundred from a directory of many, as an identity provider reads them.
    async fn scim(&self, place: &Place, router: &Router, org: OrgId, key: &str) -> anyhow::Result<()> {
        let mut owner = PgConnection::connect(&place.url).await?;
        for statement in [PEOPLE, MEMBERS] {
            sqlx::query(statement).bind(org).bind(self.members).execute(&mut owner).await?;
        }
        sqlx::query("vacuum analyze users, members").execute(&mut owner).await?;
        owner.close().await?;
        let mut took = Vec::with_capacity(self.pages);
        for number in 0..self.pages {
            let start = (number as i64 * 7_919) % (self.members - 100).max(1) + 1;
            let path = format!("/scim/v2/Users?startIndex={start}&count=100");
            let (time, answer) = call(router, "GET", &path, key, None).await?;
            anyhow::ensure!(answer["Resources"].as_array().is_some_and(|page| page.len() == 100), "a page of 100");
            took.push(time);
        }
        say("trust_scim_members", self.members);
        Samples::new(took).say("trust_scim_list");
        Ok(())
    }
}

/// Entries of the audit log within one transaction each, beside a bare insert of the same row.
async fn audit(kernel: Kernel, url: String, org: OrgId, entries: usize) -> anyhow::Result<()> {
    let (mut chained, mut bare) = (Vec::new(), Vec::new());
    for number in 0..entries {
        let mut tx = kernel.db.begin(org).await?;
        let began = Instant::now();
        let entry = AuditEntry::new(Actor::System, "bench.entry").about("bench").detail(json!({ "number": number }));
        audit::record(&mut tx, entry).await?;
        chained.push(began.elapsed());
        tx.commit().await?;
    }
    let mut owner = PgConnection::connect(&url).await?;
    sqlx::query("create table bench_log (like audit_log including all)").execute(&mut owner).await?;
    for number in 0..entries {
        let mut tx = owner.begin().await?;
        let began = Instant::now();
        sqlx::query(
            "insert into bench_log (org_id, id, seq, at, actor, action, subject, detail, ip, hash) \
             values ($1, $2, $3, now(), 'system', 'bench.entry', 'bench', $4, '', $5)",
        )
        .bind(org)
        .bind(AuditId::new(&kernel.clock))
        .bind(number as i64)
        .bind(json!({ "number": number }).to_string())
        .bind(vec![0_u8; 32])
        .execute(&mut *tx)
        .await?;
        bare.push(began.elapsed());
        tx.commit().await?;
    }
    owner.close().await?;
    say_us("trust_audit_append", &Samples::new(chained));
    say_us("trust_reference_insert", &Samples::new(bare));
    Ok(())
}

/// A key that may view and provision.
async fn key(router: &Router, token: &str) -> anyhow::Result<String> {
    let body = json!({ "name": "bench", "scopes": ["view", "scim"] });
    let (_, made) = call(router, "POST", "/v2/keys", token, Some(&body)).await?;
    Ok(made["key"].as_str().unwrap_or_default().to_owned())
}

/// One Argon2id with the parameters of the product, on a thread of its own as in a sign-in.
async fn argon2id() -> anyhow::Result<Duration> {
    let work = || {
        let began = Instant::now();
        let mut hash = [0; 32];
        let done = argon2::Argon2::default().hash_password_into(PASSWORD.as_bytes(), b"0123456789abcdef", &mut hash);
        (done.map(|()| black_box(hash)), began.elapsed())
    };
    let (done, took) = tokio::task::spawn_blocking(work).await?;
    done.map_err(|error| anyhow::anyhow!("Argon2id failed: {error}"))?;
    Ok(took)
}

fn timed(times: usize, mut work: impl FnMut()) -> Samples {
    let once = |()| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    Samples::new(std::iter::repeat_n((), times.max(1)).map(once).collect())
}

/// Prints p50 and p95 in microseconds.
fn say_us(metric: &str, samples: &Samples) {
    for (name, share) in [("p50", 0.5), ("p95", 0.95)] {
        say(&format!("{metric}_{name}_us"), format!("{:.1}", samples.quantile_ms(share) * 1e3));
    }
}

async fn call(
    router: &Router,
    method: &str,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> anyhow::Result<(Duration, Value)> {
    let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
    let began = Instant::now();
    let Ok(response) = router.clone().oneshot(request).await;
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await?;
    let took = began.elapsed();
    anyhow::ensure!(status.is_success(), "{path} was answered with {status}: {}", String::from_utf8_lossy(&bytes));
    Ok((took, serde_json::from_slice(&bytes)?))
}

const PEOPLE: &str = "insert into users (id, email, name, password_hash, created_at) \
    select ('4' || lpad(to_hex(n), 31, '0'))::uuid, 'person' || n || '@example.com', 'Person ' || n, '', now() \
    from generate_series(0::bigint, $2 - 1) n where $1::uuid is not null";

const MEMBERS: &str = "insert into members (org_id, id, user_id, role, joined_at, user_name) \
    select $1, ('5' || lpad(to_hex(n), 31, '0'))::uuid, ('4' || lpad(to_hex(n), 31, '0'))::uuid, 'agent', now(), \
      'person' || n || '@example.com' from generate_series(0::bigint, $2 - 1) n";
