//! Visits, counted without cookies, and the wordings that are compared.
//!
//! Rules a newcomer would break: a visitor is a keyed digest of network, browser and day, and the key is thrown away when the day is
//! over; who asks not to be counted, and what says it is a program, is not; counting never keeps a visitor waiting: it happens in
//! memory and is written down every two seconds. What a process that dies had not written yet is lost, and nothing else.

mod buffer;
mod days;
mod draw;
mod keep;
mod visitor;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::Kernel;
use kernel::ids::OrgId;
use kernel::schedule::Reconciler;
use moka::future::Cache;

use crate::core::Core;
use crate::visit::Visit;

use buffer::Buffer;
use draw::Running;
use visitor::Who;

pub(crate) use days::day_of;
pub(crate) use draw::{Drawn, Variant};
pub(crate) use visitor::source;

/// How long counts stay in memory.
const EVERY: Duration = Duration::from_secs(2);

/// How far a visitor came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Began a step of the audit, from 1.
    Step(u8),
    /// Saw a result.
    Result,
    /// Made themselves known.
    Contact,
}

/// Counts the visits of every site of a process.
pub(crate) struct Tally {
    inner: Arc<Inner>,
}

struct Inner {
    kernel: Kernel,
    waiting: Mutex<Buffer>,
    /// Whether a write is on its way.
    coming: AtomicBool,
    /// One write at a time: two would meet at the same rows.
    writing: tokio::sync::Mutex<()>,
    keys: Cache<(OrgId, chrono::NaiveDate), Option<Arc<ring::hmac::Key>>>,
    running: Cache<(OrgId, i64), Arc<Vec<Running>>>,
}

impl Tally {
    /// Counts over a kernel; nothing runs before there is something to count.
    pub(crate) fn start(kernel: Kernel) -> Self {
        let inner = Inner {
            kernel,
            waiting: Mutex::default(),
            coming: AtomicBool::new(false),
            writing: tokio::sync::Mutex::default(),
            keys: Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(60)).build(),
            running: Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(60)).build(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Counts that a page was seen.
    pub(crate) fn view(&self, visit: &Visit) {
        let Some(who) = Who::of(visit) else { return };
        let path = visitor::place(&visit.path);
        self.keep(visit, |day, waiting| waiting.seen((visit.site.org, day), &who, path));
    }

    /// Counts how far a visitor came.
    pub(crate) fn reached(&self, visit: &Visit, reach: Reach) {
        let Some(who) = Who::of(visit) else { return };
        let of_audit = visit.path.starts_with("/audit") || visit.path.starts_with("/v2/audit");
        self.keep(visit, |day, waiting| waiting.came((visit.site.org, day), &who, reach, of_audit));
    }

    /// The wording that a visitor is shown of a page: the first one where nothing is compared, or where they are not counted. It
    /// stays the same for a day.
    pub(crate) async fn variant(&self, visit: &Visit, page: &str) -> Drawn {
        match self.drawn(visit, page).await {
            Ok(drawn) => drawn,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "a wording cannot be drawn; the first one is shown");
                Drawn::default()
            }
        }
    }

    async fn drawn(&self, visit: &Visit, page: &str) -> anyhow::Result<Drawn> {
        let Some(who) = Who::of(visit) else { return Ok(Drawn::default()) };
        let running = self.running(visit).await?;
        let Some(experiment) = running.iter().find(|experiment| experiment.page == page) else {
            return Ok(Drawn::default());
        };
        let day = self.today(visit);
        let Some(key) = self.inner.key(visit.site.org, day).await? else { return Ok(Drawn::default()) };
        let visitor = who.digest(&key);
        let drawn = experiment.draw(&key, &visitor);
        let experiment = experiment.id;
        self.keep(visit, |_, waiting| waiting.exposed((visit.site.org, day), experiment, visitor, drawn.index));
        Ok(drawn)
    }

    async fn running(&self, visit: &Visit) -> anyhow::Result<Arc<Vec<Running>>> {
        // A change of an experiment makes a new version of the site.
        let look = draw::running(&self.inner.kernel.db, visit.site.org);
        self.inner
            .running
            .try_get_with((visit.site.org, visit.site.version), look)
            .await
            .map_err(|error| anyhow::anyhow!("{error:#}"))
    }

    fn today(&self, visit: &Visit) -> chrono::NaiveDate {
        day_of(self.inner.kernel.clock.now(), &visit.site)
    }

    fn keep(&self, visit: &Visit, count: impl FnOnce(chrono::NaiveDate, &mut Buffer)) {
        let day = self.today(visit);
        count(day, &mut self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if self.inner.coming.swap(true, Ordering::AcqRel) {
            return;
        }
        let inner = self.inner.clone();
        tokio::spawn(async move {
            tokio::time::sleep(EVERY).await;
            inner.write().await;
        });
    }

    /// Writes down what is waiting now: at the end of a process, and where somebody looks at once.
    pub(crate) async fn settle(&self) {
        self.inner.write().await;
    }
}

/// What is done by the clock: days that are over become totals.
pub(crate) fn reconcilers(core: &Core) -> Vec<Arc<dyn Reconciler>> {
    vec![Arc::new(days::Days(core.clone()))]
}

impl Core {
    /// Writes down the visits that are still in memory. Called before a process ends.
    pub async fn settle(&self) {
        self.tally().settle().await;
    }
}
