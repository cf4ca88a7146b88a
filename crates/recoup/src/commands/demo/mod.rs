//! `recoup demo`: a believable business on this machine, with a past and with customers who write while you watch.
//!
//! Everything outside is a stand-in on a loopback port; nothing leaves the machine. The business is made once and stays: a
//! second start finds it, and only the live customers are new.

pub mod business;
mod history;
mod knowledge;
mod replies;
mod revenue;
mod site;
mod traffic;
pub mod world;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use kernel::CanFail;
use kernel::config::Config;
use kernel::queue::{Handlers, Queue};

use crate::rooms::Rooms;
use crate::runtime::{Opened, Role, Runtime};
use business::Business;
use world::Outside;

/// How the demo is set up.
#[derive(clap::Args)]
pub struct Demo {
    /// The password of everybody in the demo.
    #[arg(long, env = "RECOUP_DEMO_PASSWORD", default_value = "northwind-demo", hide_env_values = true)]
    password: String,
    /// How many people wrote in the last 90 days.
    #[arg(long, default_value_t = 620)]
    people: usize,
    /// Seconds between two messages of live customers; 0 for a quiet demo.
    #[arg(long, default_value_t = 6.0)]
    every: f64,
}

impl Demo {
    /// Starts the demo, says where it is and how to sign in, and runs until it is stopped.
    pub async fn run(self, mut config: Config) -> anyhow::Result<()> {
        let outside = Outside::start(&mut config).await?;
        let opened = Opened::migrated(config).await?;
        let rooms = Rooms::open(&opened.kernel).await?.with_styleguide();
        let business = business::ensure(&opened.kernel, &self.password).await?;
        self.past(&opened, &rooms, &business).await?;
        let runtime = Runtime::start(&opened.kernel, &rooms, &Role::ALL.into_iter().collect()).await?;
        let address = reachable(runtime.address().context("the web server has no address")?);
        business::wait_for_knowledge(&opened.kernel, business.org).await?;
        revenue::present(&opened.kernel, &rooms, business.org, &self.password)
            .await
            .can_fail("furnishing the demo's desk; the next start tries again");
        site::ensure(&opened.kernel, &rooms, &self.password)
            .await
            .can_fail("furnishing the demo's public site; the next start tries again");
        outside.point_at(&opened.kernel, &business, address).await?;
        outside.connect_crm(rooms.leads(), &business).await?;
        println!(
            "Recoup is ready at http://{address}/sign-in — sign in as {} / {}\n(email {}, password {}; letters are at {})\n\
             The public site of {} is at http://{address}/, and its desk is {}'s, with the same password",
            business::OWNER_EMAIL,
            self.password,
            business::OWNER_EMAIL,
            self.password,
            outside.world.mail.base_url(),
            site::NAME,
            site::OWNER_EMAIL,
        );
        let mut customers = Vec::new();
        if self.every > 0.0 {
            let every = Duration::from_secs_f64(self.every);
            customers.push(tokio::spawn(traffic::run(outside.clone(), opened.kernel.clock.clone(), every)));
            let live = revenue::live::run(opened.kernel.clone(), business.org, revenue::pace(every));
            customers.push(tokio::spawn(live));
        }
        let stopped = runtime.until_stopped().await;
        for customer in customers {
            customer.abort();
        }
        drop(rooms);
        opened.close().await;
        stopped
    }

    /// Makes what is not there yet of the past, before anybody follows the ledger.
    async fn past(&self, opened: &Opened, rooms: &Rooms, business: &Business) -> anyhow::Result<()> {
        let kernel = &opened.kernel;
        if revenue::is_there(kernel, business.org).await? {
            return Ok(());
        }
        let mut handlers = Handlers::default();
        rooms.handlers(&mut handlers);
        let workers = Queue::new(kernel.db.clone(), handlers).start("worker").await?;
        business::wait_for_knowledge(kernel, business.org).await?;
        if let Some(counts) = history::ensure(kernel, rooms.inbox(), business, self.people).await? {
            tracing::info!(conversations = counts.conversations, messages = counts.messages, "history made");
        }
        revenue::arrange(kernel, rooms, business.org, &self.password).await?;
        revenue::catch_up(kernel, rooms, business.org).await?;
        workers.drain(Duration::from_secs(10)).await;
        let url = match (&kernel.config.database_url, &opened.cluster) {
            (Some(url), _) => url.as_str(),
            (None, Some(cluster)) => cluster.url(),
            (None, None) => anyhow::bail!("there is no database"),
        };
        let counts = revenue::past(kernel, url, business.org).await?;
        tracing::info!(
            signals = counts.signals,
            enrolled = counts.enrolled,
            anomalies = counts.anomalies,
            "90 days made"
        );
        Ok(())
    }
}

/// The address as something on this machine reaches it: a server on all addresses is on the loopback one too.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())),
        _ => address,
    }
}
