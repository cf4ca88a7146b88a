//! Settles a reservation whatever happens: by name when the outcome is known, in full when the call is dropped.

use kernel::can_fail::CanFail;

use super::Gateway;
use super::budget::{self, Cost, Reservation};

/// A reservation that will be settled.
pub(super) struct Guard {
    gateway: Gateway,
    reservation: Option<Reservation>,
    /// What it counts as when it is dropped.
    pub(super) at_drop: Cost,
}

impl Gateway {
    pub(super) fn guard(&self, reservation: Reservation) -> Guard {
        Guard { gateway: self.clone(), at_drop: reservation.cost, reservation: Some(reservation) }
    }
}

impl Guard {
    /// The outcome is known. A database that fails here leaves the reservation to be counted in full, which is the safe side.
    pub(super) async fn settle(mut self, cost: Cost) {
        if let Some(reservation) = self.reservation.take() {
            let inner = &self.gateway.inner;
            budget::settle(&inner.db, reservation, cost, inner.clock.now()).await.can_fail("settling a model call");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(reservation) = self.reservation.take() else { return };
        let (gateway, cost) = (self.gateway.clone(), self.at_drop);
        // Outside a runtime the process is ending; the next call of the organisation settles what was left.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { gateway.guard(reservation).settle(cost).await });
        }
    }
}
