//! Carries webhooks to the one target that proved itself, the way the platforms do: signed at each attempt,
//! in lanes that keep a conversation's order, retried with growing pauses until a 200 arrives, and — when the
//! manners say so — twice, out of order, late, or many in one body.
//!
//! A newcomer's mistakes: delivering to a target that has not passed its handshake, and waiting in a lane for a
//! retry (a failed delivery steps aside, so later ones overtake it, as they do in life).

mod attempt;
mod manners;

use std::collections::VecDeque;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, mpsc};

pub use attempt::Attempt;
pub use manners::Manners;

use crate::server::{Shared, locked};

const LANES: usize = 8;
const KEPT_ATTEMPTS: usize = 10_000;

/// How one system writes and signs its webhook bodies.
pub trait Postmark: Send + Sync + 'static {
    /// The body that carries these parts of one group.
    fn body(&self, group: &str, parts: &[Value]) -> Vec<u8>;
    /// The signature headers for a body sent to `url` now.
    fn headers(&self, url: &str, body: &[u8], attempt: u32) -> Vec<(&'static str, String)>;
    /// How many parts one body may carry at most.
    fn most_parts(&self) -> usize;
}

/// One event on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Parcels of one lane leave in the order they came: a conversation.
    pub lane: String,
    /// Parcels of one group may share a body: the envelope's object.
    pub group: String,
    /// The event.
    pub part: Value,
    /// Milliseconds to hold it back first.
    pub hold_ms: u64,
}

/// The verified receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    url: String,
}

/// The courier of one stand-in. Clones share everything.
#[derive(Clone)]
pub struct Courier {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    postmark: Box<dyn Postmark>,
    client: reqwest::Client,
    target: Mutex<Option<Target>>,
    manners: Mutex<Manners>,
    lanes: Vec<mpsc::UnboundedSender<Parcel>>,
    attempts: Mutex<VecDeque<Attempt>>,
    pending: AtomicUsize,
    settled: Notify,
}

impl Courier {
    /// A courier that writes bodies with `postmark`; it must be made inside a Tokio runtime.
    pub fn new(shared: Arc<Shared>, postmark: impl Postmark) -> Self {
        let (lanes, ends): (Vec<_>, Vec<_>) = (0..LANES).map(|_| mpsc::unbounded_channel()).unzip();
        let inner = Arc::new(Inner {
            shared,
            postmark: Box::new(postmark),
            client: client(),
            target: Mutex::default(),
            manners: Mutex::default(),
            lanes,
            attempts: Mutex::default(),
            pending: AtomicUsize::new(0),
            settled: Notify::new(),
        });
        for end in ends {
            tokio::spawn(run_lane(Arc::downgrade(&inner), end));
        }
        Self { inner }
    }

    /// The HTTP client, for handshakes.
    pub fn client(&self) -> &reqwest::Client {
        &self.inner.client
    }

    /// Makes `url` the receiver; call it only after its handshake.
    pub fn verified(&self, url: &str) {
        *locked(&self.inner.target) = Some(Target { url: url.to_owned() });
    }

    /// Forgets the receiver, as a platform does when a later handshake fails.
    pub fn disable(&self) {
        *locked(&self.inner.target) = None;
    }

    /// Where webhooks go, if anywhere.
    pub fn target(&self) -> Option<String> {
        locked(&self.inner.target).as_ref().map(|target| target.url.clone())
    }

    /// How deliveries are made now.
    pub fn manners(&self) -> Manners {
        locked(&self.inner.manners).clone()
    }

    /// Changes how deliveries are made from now on.
    pub fn change_manners(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut locked(&self.inner.manners));
    }

    /// The attempts made so far (the newest ten thousand).
    pub fn attempts(&self) -> Vec<Attempt> {
        locked(&self.inner.attempts).iter().cloned().collect()
    }

    /// Sends a parcel on its way. Without a verified target it is counted and dropped.
    pub fn send(&self, mut parcel: Parcel) {
        if self.target().is_none() {
            self.inner.shared.count("webhooks.no_verified_target");
            return;
        }
        self.inner.shared.count("webhooks.events");
        let manners = self.manners();
        let dice = &self.inner.shared.dice;
        if dice.chance(manners.reorder) {
            parcel.hold_ms += 1 + dice.below(manners.reorder_ms);
        }
        if dice.chance(manners.duplicate) {
            let mut copy = parcel.clone();
            copy.hold_ms += dice.below(manners.reorder_ms.max(1));
            self.inner.shared.count("webhooks.duplicated");
            self.enqueue(copy);
        }
        self.enqueue(parcel);
    }

    /// Waits until every parcel was delivered or given up.
    pub async fn quiet(&self) {
        loop {
            let settled = self.inner.settled.notified();
            if self.inner.pending.load(Ordering::Acquire) == 0 {
                return;
            }
            settled.await;
        }
    }

    fn enqueue(&self, parcel: Parcel) {
        self.inner.pending.fetch_add(1, Ordering::AcqRel);
        if parcel.hold_ms == 0 {
            self.inner.post(parcel);
            return;
        }
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(parcel.hold_ms)).await;
            inner.post(parcel);
        });
    }
}

impl Inner {
    fn post(&self, parcel: Parcel) {
        let lane = BuildHasherDefault::<DefaultHasher>::default().hash_one(&parcel.lane) as usize % LANES;
        if self.lanes[lane].send(parcel).is_err() {
            self.done(1);
        }
    }

    fn done(&self, parcels: usize) {
        if self.pending.fetch_sub(parcels, Ordering::AcqRel) == parcels {
            self.settled.notify_waiters();
        }
    }
}

/// Takes parcels off one lane; those of one group that are already waiting share a body.
async fn run_lane(inner: std::sync::Weak<Inner>, mut end: mpsc::UnboundedReceiver<Parcel>) {
    let mut kept_back: Option<Parcel> = None;
    loop {
        let first = match kept_back.take() {
            Some(parcel) => parcel,
            None => match end.recv().await {
                Some(parcel) => parcel,
                None => return,
            },
        };
        let Some(inner) = inner.upgrade() else { return };
        let most = inner.postmark.most_parts().min(locked(&inner.manners).batch.max(1));
        let group = first.group;
        let mut parts = vec![first.part];
        while parts.len() < most {
            match end.try_recv() {
                Ok(parcel) if parcel.group == group => parts.push(parcel.part),
                Ok(parcel) => {
                    kept_back = Some(parcel);
                    break;
                }
                Err(_) => break,
            }
        }
        attempt::deliver(&inner, group, parts).await;
    }
}

fn client() -> reqwest::Client {
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::debug!("standin.crypto_provider_already_set");
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "a platform calls us from outside: none of our breakers and retries apply"
    )]
    let builder = reqwest::Client::builder();
    builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client without special settings can always be built once a crypto provider is set")
}
