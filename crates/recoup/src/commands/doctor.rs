//! `recoup doctor`: one line a check. A failed one says what is wrong and how to mend it, and ends with exit code 1.

use std::path::Path;

use kernel::cluster::Cluster;
use kernel::config::{Config, MailConfig};
use kernel::db::system;
use kernel::objects::Objects;
use kernel::queue::lane_stats;
use kernel::{Clock, Kernel};

use crate::rooms;

/// Work that has waited longer than this does not flow, in seconds.
const STUCK_S: f64 = 300.0;
/// Less free space than this is too little, in MiB.
const LEAST_FREE_MIB: u64 = 512;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Well.
    Fine,
    /// Worth knowing; nothing is broken.
    Note,
    /// Broken.
    Wrong,
}

/// One line.
#[derive(Debug)]
pub struct Finding {
    /// What was looked at.
    pub name: &'static str,
    /// What was found.
    pub verdict: Verdict,
    /// The words: what it is, or what is wrong and how to mend it.
    pub words: String,
}

impl Finding {
    fn fine(name: &'static str, words: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Fine, words: words.into() }
    }

    fn note(name: &'static str, words: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Note, words: words.into() }
    }

    fn wrong(name: &'static str, words: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Wrong, words: words.into() }
    }

    /// Fine when the condition holds, wrong otherwise.
    fn judged(name: &'static str, holds: bool, fine: impl Into<String>, wrong: impl Into<String>) -> Self {
        if holds { Self::fine(name, fine) } else { Self::wrong(name, wrong) }
    }
}

/// Looks at everything and prints it.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let mut findings = vec![
        disk(&config.data_dir.0).await,
        objects(&config).await,
        providers(&config),
        encoder(&config),
        mail(&config.mail).await,
    ];
    let cluster = match (&config.database_url, config.database_url.is_none()) {
        (None, true) => match Cluster::ensure(&config.data_dir.0).await {
            Ok(cluster) => Some(cluster),
            Err(error) => {
                findings.push(Finding::wrong("database", error.to_string()));
                None
            }
        },
        _ => None,
    };
    let url = config.database_url.clone().or_else(|| cluster.as_ref().map(|cluster| cluster.url().to_owned()));
    if let Some(url) = url {
        findings.extend(database(&config, &url).await);
    }
    if let Some(cluster) = cluster {
        cluster.stop().await?;
    }
    for Finding { name, verdict, words } in &findings {
        let mark = match verdict {
            Verdict::Fine => "ok   ",
            Verdict::Note => "note ",
            Verdict::Wrong => "WRONG",
        };
        println!("{mark} {name}: {words}");
    }
    let wrong = findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).count();
    anyhow::ensure!(wrong == 0, "{wrong} of {} checks found something wrong", findings.len());
    Ok(())
}

/// Everything that is looked at in the database, as far as it answers.
pub async fn database(config: &Config, url: &str) -> Vec<Finding> {
    let pending = match kernel::db::pending(url).await {
        Ok(pending) => pending,
        Err(error) => {
            let words = format!("{error}. Check DATABASE_URL, and that the server runs and lets this machine in");
            return vec![Finding::wrong("database", words)];
        }
    };
    let mut findings = vec![Finding::fine("database", "answers")];
    let missing = format!("{} missing ({}); run `recoup migrate`", pending.len(), pending.join(", "));
    findings.push(Finding::judged("migrations", pending.is_empty(), "up to date", missing));
    if !pending.is_empty() {
        return findings;
    }
    match Kernel::open(config.clone(), url, Clock::system()).await {
        Ok(kernel) => {
            findings.extend(inside(&kernel).await.unwrap_or_else(|error| vec![Finding::wrong("database", format!("{error:#}"))]));
            kernel.db.close().await;
        }
        Err(error) => findings.push(Finding::wrong(
            "roles and key",
            format!("{error:#}. The user of DATABASE_URL must be a member of recoup_app, recoup_system and recoup_site, and RECOUP__VAULT__MASTER_KEY readable"),
        )),
    }
    findings
}

async fn inside(kernel: &Kernel) -> anyhow::Result<Vec<Finding>> {
    let db = &kernel.db;
    let roles = system::roles(db).await?;
    let expected = roles.iter().map(|(name, _)| name.as_str()).eq(["recoup_app", "recoup_system", "recoup_site"]);
    let safe = expected && roles.iter().all(|(_, bypasses)| !bypasses);
    let words: Vec<&str> = roles.iter().map(|(name, _)| name.as_str()).collect();
    let unsafe_words = format!(
        "connections run as {}; neither role may be a superuser or bypass row-level security",
        words.join(" and ")
    );
    let bare = system::unprotected_tables(db).await?;
    let bare_words =
        format!("not protected: {}; apply the migrations again or call recoup_tenant_table on each", bare.join(", "));
    let mut findings = vec![
        Finding::judged("roles", safe, words.join(" and "), unsafe_words),
        Finding::judged(
            "row-level security",
            bare.is_empty(),
            "forced on every table with an organisation",
            bare_words,
        ),
        master_key(kernel).await?,
    ];
    let lanes = lane_stats(db).await?;
    let workers = system::workers(db).await?;
    let (ready, dead) =
        (lanes.iter().map(|lane| lane.ready).sum::<i64>(), lanes.iter().map(|lane| lane.dead).sum::<i64>());
    let oldest = lanes.iter().map(|lane| lane.oldest_s).fold(0.0, f64::max);
    let stuck = format!(
        "{ready} jobs wait, the oldest for {oldest:.0} s, with {} workers: start `recoup up` or another `recoup serve --role worker`",
        workers.len()
    );
    findings.push(Finding::judged(
        "queue",
        oldest < STUCK_S,
        format!("{ready} ready, the oldest waits {oldest:.0} s"),
        stuck,
    ));
    findings.push(match dead {
        0 => Finding::fine("dead letters", "none"),
        dead => Finding::note("dead letters", format!("{dead} jobs failed for good; see the Operations page")),
    });
    let failing: Vec<String> = system::followers(db)
        .await?
        .into_iter()
        .filter(|row| row.failures > 0)
        .map(|row| format!("{}: {}", row.name, row.last_error.unwrap_or_default()))
        .collect();
    findings.push(Finding::judged(
        "views",
        failing.is_empty(),
        "follow the ledger",
        format!("failing: {}", failing.join("; ")),
    ));
    Ok(findings)
}

/// The key in force opens what it sealed, and the data keys of every organisation.
async fn master_key(kernel: &Kernel) -> anyhow::Result<Finding> {
    let (name, sealed) = kernel.vault.seal_own("doctor", b"whole")?;
    if kernel.vault.open_own("doctor", &name, &sealed)? != b"whole" {
        return Ok(Finding::wrong("master key", "does not open what it sealed"));
    }
    let orgs = system::list_organisations(&kernel.db).await?;
    for (org, name) in &orgs {
        if let Err(error) = kernel.vault.of(*org).await {
            let words = format!(
                "the data keys of {name} do not open ({error}): give the key they were wrapped with as RECOUP__VAULT__PREVIOUS_KEYS__0"
            );
            return Ok(Finding::wrong("master key", words));
        }
    }
    Ok(Finding::fine("master key", format!("opens the keys of {} organisations", orgs.len())))
}

fn providers(config: &Config) -> Finding {
    let names: Vec<&str> = config.ai.providers.iter().map(|provider| provider.name.as_str()).collect();
    let keyless: Vec<&str> = config
        .ai
        .providers
        .iter()
        .filter(|provider| provider.api_key.is_empty())
        .map(|provider| provider.name.as_str())
        .collect();
    match (names.as_slice(), keyless.as_slice()) {
        ([], _) => Finding::note("providers", "none configured: the local models answer alone"),
        (_, []) => Finding::fine("providers", names.join(", ")),
        (_, keyless) => Finding::note(
            "providers",
            format!("{} without a key: right for a server of your own only", keyless.join(", ")),
        ),
    }
}

fn encoder(config: &Config) -> Finding {
    let folder = config.ai.models_dir.clone().unwrap_or_else(|| config.data_dir.0.join("models"));
    let folder =
        if folder.join(encoder::fetch::FOLDER).exists() { folder.join(encoder::fetch::FOLDER) } else { folder };
    if rooms::embedder(config).is_some() {
        return Finding::fine("encoder", format!("ready in {}", folder.display()));
    }
    match (folder.join(encoder::FILES[0].0).exists(), encoder::check(&folder)) {
        (true, Err(error)) => Finding::wrong("encoder", format!("{error}; run `recoup models fetch`")),
        _ => Finding::note("encoder", "not there: retrieval is lexical; `recoup models fetch` brings it"),
    }
}

/// Whether the mail server answers and lets us in.
async fn mail(config: &MailConfig) -> Finding {
    if !config.is_set() {
        return Finding::note(
            "mail",
            "no server configured: no resets, invitations or notices by letter; set RECOUP__MAIL__HOST",
        );
    }
    let place = format!("{}:{}", config.host, config.port());
    match kernel::mail::probe(config).await {
        Ok(()) => Finding::fine("mail", format!("{place} answers")),
        Err(reason) => Finding::wrong("mail", format!("{place}: {reason}; check RECOUP__MAIL__…")),
    }
}

/// Whether the object store keeps, gives back and removes.
async fn objects(config: &Config) -> Finding {
    const NAME: &str = "object store";
    let store = match Objects::open(config) {
        Ok(store) => store,
        Err(error) => return Finding::wrong(NAME, format!("{error:#}")),
    };
    match store.probe(&Clock::system()).await {
        Ok(()) => Finding::fine(NAME, format!("{} keeps, gives back and removes", store.place())),
        Err(error) => Finding::wrong(NAME, format!("{error:#}")),
    }
}

/// Free space, as `df` tells it.
async fn disk(data_dir: &Path) -> Finding {
    let place = data_dir.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let output = tokio::process::Command::new("df").arg("-Pk").arg(place).output().await;
    let free_mib = output.ok().and_then(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok().map(|kib| kib / 1024)
    });
    match free_mib {
        Some(free) => Finding::judged(
            "disk",
            free >= LEAST_FREE_MIB,
            format!("{free} MiB free in {}", place.display()),
            format!("only {free} MiB free in {}: make room or move RECOUP__DATA_DIR", place.display()),
        ),
        None => Finding::note("disk", format!("the free space of {} cannot be told", place.display())),
    }
}

#[cfg(test)]
mod tests {
    use kernel::testing::TestDb;

    use super::*;

    fn config_of(db: &TestDb) -> Config {
        let mut config = Config { database_url: Some(db.url().to_owned()), ..Config::default() };
        config.vault.master_key = kernel::config::Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        config
    }

    fn wrong(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).map(|finding| finding.name).collect()
    }

    #[tokio::test]
    async fn a_healthy_database_passes_and_a_careless_table_does_not() {
        let db = TestDb::new().await;
        let findings = database(&config_of(&db), db.url()).await;
        assert_eq!(wrong(&findings), Vec::<&str>::new(), "{findings:?}");
        sqlx::query("create table careless (org_id uuid, id uuid)").execute(&mut db.owner().await).await.expect("made");
        let findings = database(&config_of(&db), db.url()).await;
        assert_eq!(wrong(&findings), ["row-level security"]);
    }

    #[tokio::test]
    async fn the_mail_server_is_asked() {
        let verdict = |config: MailConfig| async move { mail(&config).await.verdict };
        assert_eq!(verdict(MailConfig::default()).await, Verdict::Note);
        let login = Some(("recoup".to_owned(), "secret".to_owned()));
        let setup = standins::mail::MailConfig { login, smtp_port: 0 };
        let server = standins::mail::Mail::start(setup, ([127, 0, 0, 1], 0).into()).await.expect("a mail server");
        let mut config = MailConfig {
            host: "127.0.0.1".into(),
            port: Some(server.smtp().port()),
            tls: kernel::config::MailTls::None,
            from: "recoup@example.com".into(),
            username: "recoup".into(),
            password: kernel::config::Secret::new("secret"),
        };
        assert_eq!(verdict(config.clone()).await, Verdict::Fine);
        config.password = kernel::config::Secret::new("wrong");
        assert_eq!(verdict(config.clone()).await, Verdict::Wrong);
        config.port = Some(1);
        assert_eq!(verdict(config).await, Verdict::Wrong, "nobody there");
    }

    #[tokio::test]
    async fn the_object_store_is_tried() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::default();
        config.data_dir.0 = folder.path().to_owned();
        let found = objects(&config).await;
        assert_eq!(found.verdict, Verdict::Fine, "{found:?}");
        let setup = standins::s3::S3Config::default();
        let bucket = standins::s3::S3::start(setup, ([127, 0, 0, 1], 0).into()).await.expect("a bucket");
        config.objects.bucket = Some(bucket.config.bucket.clone());
        config.objects.endpoint = Some(bucket.base_url().to_owned());
        config.objects.region = bucket.config.region.clone();
        config.objects.access_key_id = bucket.config.access_key_id.clone();
        config.objects.secret_access_key = kernel::config::Secret::new(bucket.config.secret_access_key.clone());
        let found = objects(&config).await;
        assert_eq!(found.verdict, Verdict::Fine, "{found:?}");
        assert!(bucket.keys().is_empty(), "nothing stays");
        config.objects.secret_access_key = kernel::config::Secret::new("wrong");
        let found = objects(&config).await;
        assert_eq!(found.verdict, Verdict::Wrong);
        assert!(found.words.contains("RECOUP__OBJECTS__SECRET_ACCESS_KEY"), "{}", found.words);
        config.objects.access_key_id.clear();
        assert_eq!(objects(&config).await.verdict, Verdict::Wrong, "a bucket without a key");
    }

    #[tokio::test]
    async fn a_wrong_master_key_stuck_work_and_an_absent_server_are_found() {
        let db = TestDb::new().await;
        let kernel = db.kernel().await;
        let org = db.org(&kernel, "Northwind").await;
        let mut tx = kernel.db.begin(org).await.expect("a transaction");
        tx.enqueue(
            kernel::queue::NewJob::new(kernel::queue::Lane::Crm, "crm.sync", &serde_json::json!({}))
                .at(kernel.clock.now() - chrono::Duration::hours(1)),
        );
        tx.commit().await.expect("committed");
        let mut config = config_of(&db);
        config.vault.master_key = kernel::config::Secret::new("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        assert_eq!(wrong(&database(&config, db.url()).await), ["master key", "queue"]);
        let nowhere = database(&config, "postgres://nobody@127.0.0.1:1/none").await;
        assert_eq!(wrong(&nowhere), ["database"]);
    }
}
