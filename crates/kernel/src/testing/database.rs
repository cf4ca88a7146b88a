//! A fresh, migrated database for one test, copied from a template that is made once per schema.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{place, sweep};
use crate::cluster::{Cluster, Durability};
use crate::config::{Config, DataDir, Secret};
use crate::db::system;
use crate::ids::OrgId;
use crate::{Clock, Kernel};

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");
static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database of its own, dropped with this value.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    admin_url: String,
    url: String,
    data_dir: TempDir,
}

impl TestDb {
    /// Starts the shared cluster if need be and copies the migrated template. Panics with the reason when it cannot.
    pub async fn new() -> Self {
        Self::copy_of_template().await.unwrap_or_else(|error| panic!("no test database: {error:?}"))
    }

    /// The URL of the database's owner: what `DATABASE_URL` would hold.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection as the owner, past row-level security: for arranging and for looking, never for what is tested.
    pub async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the test database takes connections")
    }

    /// A kernel over this database, on the machine's clock. Another call is another process of the same installation.
    pub async fn kernel(&self) -> Kernel {
        self.kernel_with(Clock::system(), |_| {}).await
    }

    /// A kernel with a clock of the test's choice and a changed configuration.
    pub async fn kernel_with(&self, clock: Clock, change: impl FnOnce(&mut Config)) -> Kernel {
        let mut config = Config { data_dir: DataDir(self.data_dir.path().to_owned()), ..Config::default() };
        config.database_url = Some(self.url.clone());
        config.database.pool = 8;
        config.database.work_pool = 6;
        config.database.system_pool = 6;
        // Base64 of 32 zero bytes: the same for every kernel of this database.
        config.vault.master_key = Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        change(&mut config);
        Kernel::open(config, &self.url, clock).await.unwrap_or_else(|error| panic!("no test kernel: {error:?}"))
    }

    /// A new organisation with its data key, as registering one makes it.
    pub async fn org(&self, kernel: &Kernel, name: &str) -> OrgId {
        let id = OrgId::new(&kernel.clock);
        let made = async {
            system::create_organisation(&kernel.db, id, name, kernel.clock.now()).await?;
            let mut tx = kernel.db.begin(id).await?;
            kernel.vault.create_keys(&mut tx).await?;
            tx.commit().await.map_err(anyhow::Error::new)
        };
        made.await.unwrap_or_else(|error: anyhow::Error| panic!("no test organisation: {error:?}"));
        id
    }

    async fn copy_of_template() -> anyhow::Result<Self> {
        let cluster = CLUSTER
            .get_or_try_init(|| async {
                Cluster::ensure_with(&place::shared(), Durability::ForTests).await.map_err(anyhow::Error::new)
            })
            .await?;
        let admin_url = cluster.url().to_owned();
        let mut admin = PgConnection::connect(&admin_url).await?;
        let template = template(&mut admin, &admin_url).await?;
        sweep::sweep(&mut admin).await?;
        let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        run(&mut admin, format!("drop database if exists {name} with (force)")).await?;
        // Copying files costs a checkpoint, which is nothing without fsync; copying through the log is slower.
        run(&mut admin, format!("create database {name} template {template} strategy file_copy")).await?;
        admin.close().await?;
        let url = database_url(&admin_url, &name);
        let data_dir = tempfile::tempdir()?;
        Ok(Self { name, admin_url, url, data_dir })
    }
}

impl Drop for TestDb {
    /// On a thread of its own: a test's runtime may be gone or busy. A failure leaves work to the next sweep.
    fn drop(&mut self) {
        let (name, admin_url) = (self.name.clone(), self.admin_url.clone());
        let dropped = std::thread::spawn(move || -> anyhow::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&admin_url).await?;
                run(&mut admin, format!("drop database if exists {name} with (force)")).await?;
                admin.close().await.map_err(anyhow::Error::new)
            })
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            eprintln!("the test database {} is left to the next sweep", self.name);
        }
    }
}

/// The template of this build's migrations, made under a lock by whoever comes first. It gets its name only when it is
/// whole, so a killed maker leaves nothing that looks finished.
async fn template(admin: &mut PgConnection, admin_url: &str) -> anyhow::Result<String> {
    let name = format!("template_{}", fingerprint());
    if exists(admin, &name).await? {
        return Ok(name);
    }
    sqlx::query("select pg_advisory_lock(1)").execute(&mut *admin).await?;
    let made = if exists(admin, &name).await? { Ok(()) } else { make_template(admin, admin_url, &name).await };
    sqlx::query("select pg_advisory_unlock(1)").execute(&mut *admin).await?;
    made.map(|()| name)
}

async fn make_template(admin: &mut PgConnection, admin_url: &str, name: &str) -> anyhow::Result<()> {
    let draft = format!("draft_{}", fingerprint());
    run(admin, format!("drop database if exists {draft} with (force)")).await?;
    run(admin, format!("create database {draft}")).await?;
    let mut connection = PgConnection::connect(&database_url(admin_url, &draft)).await?;
    MIGRATOR.run(&mut connection).await?;
    sqlx::query("vacuum analyze").execute(&mut connection).await?;
    connection.close().await?;
    run(admin, format!("alter database {draft} rename to {name}")).await
}

async fn exists(admin: &mut PgConnection, name: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from pg_database where datname = $1)").bind(name).fetch_one(admin).await
}

async fn run(admin: &mut PgConnection, statement: String) -> anyhow::Result<()> {
    sqlx::query(AssertSqlSafe(statement)).execute(admin).await?;
    Ok(())
}

/// The cluster's URL ends in `/recoup?sslmode=disable`; the other databases differ in the name alone.
fn database_url(admin_url: &str, name: &str) -> String {
    admin_url.replace("/recoup?", &format!("/{name}?"))
}

fn fingerprint() -> String {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    MIGRATOR.iter().for_each(|migration| digest.update(&migration.checksum));
    hex::encode(&digest.finish().as_ref()[..8])
}
