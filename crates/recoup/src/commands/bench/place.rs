//! Where a bench runs: a fresh database on the bench's own cluster, and the demo's business in it.

use kernel::cluster::Cluster;
use kernel::config::{Config, Secret};
use kernel::db::system;
use kernel::ids::{ChannelId, OrgId};
use kernel::ledger::Actor;
use kernel::{Clock, Kernel};
use sqlx::{Connection, PgConnection};

use super::super::demo::world::Account;

/// A kernel over a database of its own.
pub struct Place {
    /// The cluster; pgbench runs on it too.
    pub cluster: Cluster,
    /// The database's URL.
    pub url: String,
    /// The kernel.
    pub kernel: Kernel,
    name: String,
}

impl Place {
    /// Makes the database anew; the cluster is kept between runs.
    pub async fn new(mut config: Config, name: &str) -> anyhow::Result<Self> {
        let folder = config.data_dir.0.join("bench");
        std::fs::create_dir_all(&folder)?;
        let cluster = Cluster::ensure(&folder).await?;
        let name = format!("bench_{name}");
        let mut owner = PgConnection::connect(cluster.url()).await?;
        for statement in [format!("drop database if exists {name} with (force)"), format!("create database {name}")] {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut owner).await?;
        }
        owner.close().await?;
        let url = cluster.url().replace("/recoup?", &format!("/{name}?"));
        kernel::db::migrate(&url).await?;
        config.database_url = Some(url.clone());
        config.redis_url = None;
        config.http.bind = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        config.vault.master_key = Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        let kernel = Kernel::open(config, &url, Clock::system()).await?;
        Ok(Self { cluster, url, kernel, name })
    }

    /// An organisation with its data key.
    pub async fn organisation(&self, name: &str) -> anyhow::Result<OrgId> {
        let org = OrgId::new(&self.kernel.clock);
        system::create_organisation(&self.kernel.db, org, name, self.kernel.clock.now()).await?;
        let mut tx = self.kernel.db.begin(org).await?;
        self.kernel.vault.create_keys(&mut tx).await?;
        tx.commit().await?;
        Ok(org)
    }

    /// Connects an account.
    pub async fn connect(&self, org: OrgId, account: &Account) -> anyhow::Result<ChannelId> {
        let vault = self.kernel.vault.of(org).await?;
        let mut tx = self.kernel.db.begin(org).await?;
        let new = inbox::channels::NewChannel {
            kind: account.kind,
            name: account.name.clone(),
            account_id: account.id.clone(),
            access_token: Secret::new(&account.token),
            access_token_secret: None,
            refresh_token: None,
            expires_at: None,
        };
        let channel = inbox::channels::connect(&mut tx, &vault, &new, Actor::System).await?;
        tx.commit().await?;
        Ok(channel)
    }

    /// Drops the database and stops the cluster.
    pub async fn close(self) -> anyhow::Result<()> {
        self.kernel.db.close().await;
        let mut owner = PgConnection::connect(self.cluster.url()).await?;
        let statement = format!("drop database if exists {} with (force)", self.name);
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut owner).await?;
        owner.close().await?;
        Ok(self.cluster.stop().await?)
    }
}
