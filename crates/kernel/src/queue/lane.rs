//! The lanes: named queues with their own concurrency, retry delays and time limit.

use std::time::Duration;

/// A named lane. The order is the priority: workers of an earlier lane are served first when the machine is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Messages that came in.
    Inbound,
    /// Messages that go out.
    Outbound,
    /// Model calls and turns of the bot.
    Ai,
    /// Letters to people.
    Mail,
    /// CRM sync.
    Crm,
    /// Outgoing webhooks.
    WebhookOut,
    /// Files, imports and documents to read.
    Ingest,
    /// Reports.
    Report,
    /// The autopilot.
    Autopilot,
    /// House-keeping.
    Maintenance,
}

impl Lane {
    /// Every lane, by priority.
    pub const ALL: &'static [Self] = &[
        Self::Inbound,
        Self::Outbound,
        Self::Ai,
        Self::Mail,
        Self::Crm,
        Self::WebhookOut,
        Self::Ingest,
        Self::Report,
        Self::Autopilot,
        Self::Maintenance,
    ];

    /// The name in the database and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Ai => "ai",
            Self::Mail => "mail",
            Self::Crm => "crm",
            Self::WebhookOut => "webhook_out",
            Self::Ingest => "ingest",
            Self::Report => "report",
            Self::Autopilot => "autopilot",
            Self::Maintenance => "maintenance",
        }
    }

    /// Reads a lane's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|lane| lane.name() == name)
    }

    /// How many jobs (or batches, for a batch handler) run at once in a process.
    pub fn concurrency(self) -> usize {
        match self {
            Self::Inbound => 20,
            Self::Outbound => 15,
            Self::Ai => 10,
            Self::Crm | Self::WebhookOut => 5,
            Self::Mail | Self::Ingest => 3,
            Self::Report | Self::Autopilot | Self::Maintenance => 2,
        }
    }

    /// Whether its jobs are worth claiming by the hundred because they are quick or run together.
    pub fn batches(self) -> bool {
        matches!(self, Self::Inbound | Self::Outbound | Self::Ai)
    }

    /// How many jobs of one key are claimed together when they follow one another: the deliveries of one queue come in many
    /// commits, and cost less together.
    pub(super) fn run(self) -> i32 {
        if self == Self::Inbound { 32 } else { 1 }
    }

    /// The wait before each retry; when they are used up the job is dead.
    pub fn retry_delays(self) -> &'static [u64] {
        match self {
            Self::Inbound => &[1, 4, 16],
            Self::Ai => &[2, 8],
            Self::Outbound => &[1, 2, 4, 8, 16],
            // A server that does not know us yet asks us to come back later ("greylisting"), most within a quarter of an hour.
            Self::Mail => &[15, 60, 300, 900, 3_600],
            Self::Crm => &[5, 15, 45, 135, 405],
            Self::WebhookOut => &[5, 60, 600, 3_600, 6 * 3_600, 12 * 3_600],
            _ => &[2, 8, 32, 128, 512],
        }
    }

    /// How long one run may take before it counts as failed.
    pub fn time_limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Ingest | Self::Report | Self::Maintenance => 600,
            Self::Ai => 120,
            _ => 90,
        })
    }
}
