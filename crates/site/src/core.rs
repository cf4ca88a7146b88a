//! What the room's handlers, jobs and pages share.

use std::sync::Arc;

use ai::gateway::Gateway;
use kernel::Kernel;
use shell::Limiter;

use crate::cache::Cache;
use crate::hosts::Hosts;
use crate::ports::{Crm, Desk};
use crate::tally::Tally;

/// The room's parts, opened once a process. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    inner: Arc<Inner>,
}

struct Inner {
    kernel: Kernel,
    hosts: Hosts,
    cache: Cache,
    tally: Tally,
    limits: Limiter,
    gateway: Gateway,
    crm: Arc<dyn Crm>,
    desk: Arc<dyn Desk>,
}

impl Core {
    /// The room over a kernel, the models, and the rooms it asks.
    pub fn new(kernel: Kernel, gateway: Gateway, crm: Arc<dyn Crm>, desk: Arc<dyn Desk>) -> Self {
        let (hosts, tally) = (Hosts::new(kernel.clone()), Tally::start(kernel.clone()));
        let limits = Limiter::new(kernel.clock.clone(), kernel.config.redis_url.as_deref());
        let inner = Inner { kernel, hosts, cache: Cache::default(), tally, limits, gateway, crm, desk };
        Self { inner: Arc::new(inner) }
    }

    /// The kernel.
    pub(crate) fn kernel(&self) -> &Kernel {
        &self.inner.kernel
    }

    /// Which site answers at a host.
    pub(crate) fn hosts(&self) -> &Hosts {
        &self.inner.hosts
    }

    /// Pages that are the same for everybody.
    pub(crate) fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    /// Visits, counted without cookies.
    pub(crate) fn tally(&self) -> &Tally {
        &self.inner.tally
    }

    /// How often who did what.
    pub(crate) fn limits(&self) -> &Limiter {
        &self.inner.limits
    }

    /// The models.
    pub(crate) fn gateway(&self) -> &Gateway {
        &self.inner.gateway
    }

    /// Who keeps contacts, leads and tasks.
    pub(crate) fn crm(&self) -> &dyn Crm {
        self.inner.crm.as_ref()
    }

    /// Who answers visitors in person.
    pub(crate) fn desk(&self) -> &dyn Desk {
        self.inner.desk.as_ref()
    }
}
