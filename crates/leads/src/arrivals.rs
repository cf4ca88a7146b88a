//! People who made themselves known elsewhere than in a conversation, such as on the site: a contact by their address, its open lead,
//! the story as an activity, and a task. The same story again changes nothing; another one from the same takes its place.

use ai::local::LeadSignal;
use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ActivityId, ContactId, LeadId, TaskId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::OrgVault;
use uuid::Uuid;

use crate::contacts::Field;
use crate::scoring;
use crate::tasks::{NewTask, make};

/// The longest title and the longest story of an activity, in characters.
const TITLE: usize = 200;
const BODY: usize = 20_000;

/// Somebody who arrived, and why.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// What it came from: the same one is one activity and one task.
    pub from: Uuid,
    /// The channel that stands for where they came from.
    pub channel: ChannelKind,
    /// Whose task it is made as, such as `site`.
    pub source: &'static str,
    /// Empty when they did not say.
    pub name: &'a str,
    /// Checked for its form.
    pub email: &'a str,
    /// Empty when they did not say.
    pub phone: &'a str,
    /// Empty when they did not say.
    pub company: &'a str,
    /// One line.
    pub title: &'a str,
    /// The story, in plain text.
    pub body: &'a str,
    /// Where all of it is read: a path of ours.
    pub href: &'a str,
    /// When a meeting begins and ends; none: the activity is a note.
    pub meeting: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// What it is worth, in minor units and a currency.
    pub value: Option<(i64, &'a str)>,
    /// What it shows of their interest.
    pub signals: &'a [LeadSignal],
    /// The title of the task; empty for none.
    pub task: &'a str,
    /// By when.
    pub due_at: Option<DateTime<Utc>>,
}

/// Whom and what it became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The contact, found by its address or made.
    pub contact: ContactId,
    /// Its lead.
    pub lead: LeadId,
    /// The task, where there is one.
    pub task: Option<TaskId>,
}

/// Takes somebody in, within the transaction.
///
/// # Errors
/// When the database does not answer or the key does not seal.
pub async fn arrive(tx: &mut OrgTx, vault: &OrgVault, arrival: &Arrival<'_>) -> anyhow::Result<Arrived> {
    let index = Field::Email.index(vault, arrival.email);
    // Two who come at once under one address are one contact: the second waits here for the first.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('arrivals/' || $1::text || encode($2, 'hex'), 0))")
        .bind(tx.org().uuid())
        .bind(&index)
        .execute(tx.conn())
        .await?;
    if let Some(known) = again(tx, arrival).await? {
        return Ok(known);
    }
    let contact = contact(tx, vault, arrival, &index).await?;
    let lead = scoring::show(tx, contact, arrival.channel, arrival.signals).await?;
    tell(tx, lead, arrival).await?;
    write(tx, lead, contact, arrival).await?;
    let task = if arrival.task.is_empty() { None } else { Some(ask(tx, lead, arrival).await?) };
    Ok(Arrived { contact, lead, task })
}

/// Makes the task. It leads to the lead, with which it goes when the person is erased.
async fn ask(tx: &mut OrgTx, lead: LeadId, arrival: &Arrival<'_>) -> Result<TaskId, sqlx::Error> {
    let (body, key) = (format!("{}. All of it: {}", arrival.title, arrival.href), arrival.from.to_string());
    let task = NewTask {
        title: arrival.task,
        body: &body,
        href: &href(lead),
        source: arrival.source,
        source_key: Some(&key),
        assignee: None,
        due_at: arrival.due_at,
    };
    make(tx, Actor::System, &task).await
}

/// What became of it before, brought up to the story as it is now; none where it is new.
async fn again(tx: &mut OrgTx, arrival: &Arrival<'_>) -> Result<Option<Arrived>, sqlx::Error> {
    let known: Option<(LeadId, ContactId)> = sqlx::query_as(
        "select l.id, l.contact_id from activities a join leads l on l.org_id = a.org_id and l.id = a.lead_id \
         where a.org_id = $1 and a.id = $2",
    )
    .bind(tx.org())
    .bind(arrival.from)
    .fetch_optional(tx.conn())
    .await?;
    let Some((lead, contact)) = known else { return Ok(None) };
    let (starts, ends) = arrival.meeting.unzip();
    sqlx::query(
        "update activities set title = $3, body = $4, starts_at = coalesce($5, starts_at), ends_at = coalesce($6, ends_at) \
         where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(arrival.from)
    .bind(cut(arrival.title, TITLE))
    .bind(cut(arrival.body, BODY))
    .bind(starts)
    .bind(ends)
    .execute(tx.conn())
    .await?;
    // A task that is done stays done, whatever the story says now.
    if !arrival.task.is_empty() {
        sqlx::query(
            "update tasks set title = $4, due_at = $5 \
             where org_id = $1 and source = $2 and source_key = $3 and done_at is null",
        )
        .bind(tx.org())
        .bind(arrival.source)
        .bind(arrival.from.to_string())
        .bind(cut(arrival.task, TITLE))
        .bind(arrival.due_at)
        .execute(tx.conn())
        .await?;
    }
    let task: Option<TaskId> = sqlx::query_scalar(
        "select id from tasks where org_id = $1 and source = $2 and source_key = $3 order by made_at limit 1",
    )
    .bind(tx.org())
    .bind(arrival.source)
    .bind(arrival.from.to_string())
    .fetch_optional(tx.conn())
    .await?;
    Ok(Some(Arrived { contact, lead, task }))
}

/// The contact of the address, or a new one.
async fn contact(tx: &mut OrgTx, vault: &OrgVault, arrival: &Arrival<'_>, index: &[u8]) -> anyhow::Result<ContactId> {
    let known: Option<ContactId> = sqlx::query_scalar(
        "select id from contacts where org_id = $1 and email_index = $2 and erased_at is null and merged_into is null \
         order by seen_at desc, id limit 1",
    )
    .bind(tx.org())
    .bind(index)
    .fetch_optional(tx.conn())
    .await?;
    match known {
        Some(contact) => {
            learn(tx, vault, contact, arrival).await?;
            Ok(contact)
        }
        None => insert(tx, vault, arrival).await,
    }
}

async fn insert(tx: &mut OrgTx, vault: &OrgVault, arrival: &Arrival<'_>) -> anyhow::Result<ContactId> {
    let (id, now) = (ContactId::new(tx.clock()), tx.clock().now());
    let sealed = |field: Field, value: &str| (!value.is_empty()).then(|| field.seal(vault, id, value)).transpose();
    let (name, name_index) = sealed(Field::Name, arrival.name)?.unzip();
    let (email, email_index) = sealed(Field::Email, arrival.email)?.unzip();
    let (phone, phone_index) = sealed(Field::Phone, arrival.phone)?.unzip();
    sqlx::query(
        "insert into contacts (org_id, id, name, name_index, email, email_index, phone, phone_index, company, first_channel, \
           created_at, seen_at) values ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9, ''), $10, $11, $11)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(name)
    .bind(name_index)
    .bind(email)
    .bind(email_index)
    .bind(phone)
    .bind(phone_index)
    .bind(arrival.company)
    .bind(arrival.channel.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    let fact = Fact::ContactCreated { contact: id, channel: Some(arrival.channel) };
    tx.append(Event::new(Subject::Contact(id), Actor::Contact(id), fact));
    Ok(id)
}

/// Learns the name and the company of a contact that has none. Never a number: whoever types somebody else's address into a form
/// must not decide where that somebody is called.
async fn learn(tx: &mut OrgTx, vault: &OrgVault, contact: ContactId, arrival: &Arrival<'_>) -> anyhow::Result<()> {
    let name = (!arrival.name.is_empty()).then(|| Field::Name.seal(vault, contact, arrival.name)).transpose()?;
    let (name, name_index) = name.unzip();
    let now = tx.clock().now();
    sqlx::query(
        "update contacts set name_index = case when name is null then $4 else name_index end, name = coalesce(name, $3), \
           company = coalesce(company, nullif($5, '')), seen_at = greatest(seen_at, $6) where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(contact)
    .bind(name)
    .bind(name_index)
    .bind(arrival.company)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Says on the lead what it is about and what it is worth, where nothing says so yet.
async fn tell(tx: &mut OrgTx, lead: LeadId, arrival: &Arrival<'_>) -> Result<(), sqlx::Error> {
    let (minor, currency) = arrival.value.unzip();
    sqlx::query(
        "update leads set summary = coalesce(summary, $3), \
           currency = case when value_minor is null and $5::text is not null then $5 else currency end, \
           value_minor = coalesce(value_minor, $4), updated_at = now() where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(lead)
    .bind(cut(arrival.title, TITLE))
    .bind(minor)
    .bind(currency)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes the story down as an activity of the lead.
async fn write(tx: &mut OrgTx, lead: LeadId, contact: ContactId, arrival: &Arrival<'_>) -> Result<(), sqlx::Error> {
    let kind = if arrival.meeting.is_some() { "meeting" } else { "note" };
    let (starts, ends) = arrival.meeting.unzip();
    let (id, at) = (ActivityId::from_uuid(arrival.from), tx.clock().now());
    sqlx::query(
        "insert into activities (org_id, id, lead_id, kind, title, body, starts_at, ends_at, by_actor, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(lead)
    .bind(kind)
    .bind(cut(arrival.title, TITLE))
    .bind(cut(arrival.body, BODY))
    .bind(starts)
    .bind(ends)
    .bind(Actor::Contact(contact).to_string())
    .bind(at)
    .execute(tx.conn())
    .await?;
    let fact = Fact::LeadActivity { lead, activity: id, activity_kind: kind.to_owned() };
    tx.append(Event::new(Subject::Lead(lead), Actor::Contact(contact), fact));
    Ok(())
}

/// Where a lead is shown.
fn href(lead: LeadId) -> String {
    format!("/leads/{lead}")
}

/// A text of at most so many characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Makes a task about a lead that somebody was forgotten on; while one of the key is open no second one is made.
///
/// # Errors
/// When the database does not take it.
pub async fn remind(tx: &mut OrgTx, lead: LeadId, task: &NewTask<'_>) -> Result<TaskId, sqlx::Error> {
    make(tx, Actor::System, &NewTask { href: &href(lead), ..task.clone() }).await
}
