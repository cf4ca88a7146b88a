//! Who came to the firm's site: audits handed in, letters written, consultations booked, one chat that waits for a person. All of it
//! comes in by the way that visitors use; afterwards some of it is made older.

use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Datelike, Days, NaiveTime, TimeZone, Utc, Weekday};
use kernel::db::OrgTx;
use kernel::ids::{InquiryId, OrgId};
use kernel::{CanFail, Kernel};
use serde_json::json;

use super::Web;
use super::counts::ZONE;

/// How long the workers may take with what arrived.
const PATIENCE: Duration = Duration::from_secs(30);

/// An audit: kind of business, size, what hurts, what is in use, what is looked at, inquiries a month, who it was.
type Audit =
    (&'static str, &'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str], u32, Who);
/// Name, address and company of somebody who said who they are.
type Who = Option<(&'static str, &'static str, &'static str)>;

/// The oldest first.
const AUDITS: [Audit; 12] = [
    ("dentist", "6_20", &["missed_calls", "no_shows"], &["crm", "call_list"], &["inquiries"], 320, None),
    (
        "clinic",
        "21_50",
        &["slow_replies", "after_hours"],
        &["crm", "shared_inbox", "online_booking"],
        &["inquiries", "response_time"],
        900,
        Some(("Hanna Brandt", "hanna.brandt@lindenhof.example", "Lindenhof Clinic")),
    ),
    ("salon", "2_5", &["no_shows"], &["online_booking"], &["returning"], 140, None),
    ("home_services", "6_20", &["missed_calls", "open_quotes"], &["paper"], &["none"], 210, None),
    (
        "legal",
        "6_20",
        &["slow_replies", "open_quotes"],
        &["crm", "access"],
        &["inquiries", "conversion"],
        90,
        Some(("Marcus Oyelaran", "m.oyelaran@oyelaran-law.example", "Oyelaran & Webb")),
    ),
    ("dentist", "2_5", &["missed_calls", "few_reviews"], &["call_list"], &["inquiries", "missed"], 160, None),
    ("automotive", "21_50", &["after_hours", "no_overview"], &["crm", "dashboard"], &["revenue_by_source"], 640, None),
    ("fitness", "6_20", &["open_quotes"], &["crm", "follow_ups"], &["inquiries", "conversion"], 250, None),
    (
        "dentist",
        "21_50",
        &["missed_calls", "late_payment"],
        &["crm", "online_booking", "payment_links"],
        &["no_shows", "missed"],
        780,
        Some(("Sofia Marchetti", "sofia@marchetti-smiles.example", "Marchetti Smiles")),
    ),
    ("real_estate", "2_5", &["slow_replies"], &["shared_inbox"], &["none"], 110, None),
    (
        "hospitality",
        "6_20",
        &["few_reviews", "busywork"],
        &["online_booking", "review_requests"],
        &["reviews"],
        400,
        None,
    ),
    ("professional_services", "2_5", &["open_quotes", "data_worries"], &["access"], &["conversion"], 45, None),
];

/// A letter by the contact form: name, address, company, about what, words, its age in days, its state.
type Letter = (&'static str, &'static str, &'static str, &'static str, &'static str, i64, &'static str);

const LETTERS: [Letter; 6] = [
    (
        "Greta Holm",
        "greta@holm-dental.example",
        "Holm Dental",
        "question",
        "We are three dentists with one front desk. Does the phone provider have to change, or can it read the log we have?",
        19,
        "closed",
    ),
    (
        "Tomasz Wilk",
        "tomasz@wilk-orthodontics.example",
        "Wilk Orthodontics",
        "demo",
        "I would like to see how a person takes over a conversation. Half an hour would do.",
        13,
        "answered",
    ),
    (
        "Priscilla Nkemelu",
        "p.nkemelu@brightsteps.example",
        "Brightsteps Clinics",
        "setup",
        "Two of our five places use another booking system. Can both be read, and does the result count a patient once?",
        8,
        "answered",
    ),
    (
        "Owen Pryce",
        "owen@prycephysio.example",
        "Pryce Physio",
        "audit",
        "The audit says 38 of 100, and I think it is right. What would you do about the missed calls first?",
        4,
        "open",
    ),
    (
        "Leila Farahani",
        "leila@farahani-skin.example",
        "Farahani Skin",
        "question",
        "Where is the data kept, and who of you can read what patients write?",
        1,
        "new",
    ),
    ("Ben Achterberg", "ben@achterberg.example", "", "other", "Do you also speak Dutch with customers?", 0, "new"),
];

/// What a program put into the form; it stays aside.
const SPAM: (&str, &str, &str) = (
    "www.cheap-links.example/offer",
    "win@cheap-links.example",
    "Best prices [url=http://cheap-links.example]here[/url]",
);

/// Consultations: business days from now, minutes after midnight, name, address, words.
const BOOKINGS: [(u64, u32, &str, &str, &str); 3] = [
    (2, 9 * 60, "Sofia Marchetti", "sofia@marchetti-smiles.example", "I have the result of the audit at hand."),
    (3, 9 * 60, "Tomasz Wilk", "tomasz@wilk-orthodontics.example", "The demo we spoke about."),
    (6, 9 * 60, "Amara Sesay", "amara@sesay-dental.example", ""),
];

/// What a visitor says in the chat before they ask for a person.
const SAID: [&str; 2] = [
    "Hello, we miss calls whenever both of us are with patients. Can it answer on WhatsApp?",
    "Could somebody call me tomorrow before ten?",
];

/// Lets them all come.
pub async fn come(kernel: &Kernel, web: &Web, org: OrgId) -> anyhow::Result<()> {
    for audit in &AUDITS {
        hand_in(web, audit).await?;
    }
    let mut letters = Vec::with_capacity(LETTERS.len());
    for letter in &LETTERS {
        letters.push((write(web, letter).await?, letter.5, letter.6));
    }
    let (name, email, message) = SPAM;
    let spam = json!({ "name": name, "email": email, "message": message, "inquiryType": "other" });
    web.json("POST", "/v2/contact/submit", &[], &spam).await?;
    for booking in &BOOKINGS {
        let booked = book(web, kernel.clock.now(), booking).await;
        booked.can_fail("booking a consultation on the demo's site; the others go on");
    }
    chat(web).await.can_fail("chatting on the demo's site; nobody waits in its inbox");
    wait_for_leads(kernel, org).await.can_fail("waiting for the leads of the demo's site; they come later");
    let mut tx = kernel.db.begin(org).await?;
    age(&mut tx, &letters).await?;
    tx.commit().await?;
    Ok(())
}

async fn hand_in(web: &Web, (industry, size, pains, systems, kpis, volume, who): &Audit) -> anyhow::Result<()> {
    let contact = who.map(|(name, email, company)| json!({ "name": name, "email": email, "company": company }));
    let audit = json!({
        "industry": industry, "companySize": size, "painPoints": pains, "currentSystems": systems, "kpis": kpis,
        "answers": { "volume": volume }, "contactInfo": contact,
    });
    web.json("POST", "/v2/audit/submit", &[], &audit).await?;
    Ok(())
}

async fn write(web: &Web, (name, email, company, about, message, ..): &Letter) -> anyhow::Result<InquiryId> {
    let company = (!company.is_empty()).then_some(company);
    let letter = json!({ "name": name, "email": email, "company": company, "message": message, "inquiryType": about });
    let kept = web.json("POST", "/v2/contact/submit", &[], &letter).await?;
    let id = kept["inquiryId"].as_str().context("the inquiry's id")?;
    Ok(id.parse::<InquiryId>()?)
}

async fn book(
    web: &Web,
    now: DateTime<Utc>,
    (days, minute, name, email, message): &(u64, u32, &str, &str, &str),
) -> anyhow::Result<()> {
    let slot = slot(now, *days, *minute).context("a time that its day has")?;
    let slot = slot.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let fields =
        [("slot", slot.as_str()), ("zone", ZONE.name()), ("name", *name), ("email", *email), ("message", *message)];
    web.form("/book", &fields).await
}

/// A minute of a business day that is so many of them away.
fn slot(now: DateTime<Utc>, business_days: u64, minute: u32) -> Option<DateTime<Utc>> {
    let today = now.with_timezone(&ZONE).date_naive();
    let is_open = |day: &chrono::NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let mut days = (1..).map_while(|n| today.checked_add_days(Days::new(n))).filter(is_open);
    let day = days.nth(usize::try_from(business_days).ok()?.checked_sub(1)?)?;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0)?;
    Some(ZONE.from_local_datetime(&day.and_time(time)).earliest()?.with_timezone(&Utc))
}

async fn chat(web: &Web) -> anyhow::Result<()> {
    let begun = web.json("POST", "/v2/site/chat", &[], &json!({ "agreed": true })).await?;
    let token = begun["token"].as_str().context("the chat's token")?.to_owned();
    let with = [("x-chat-token", token.as_str())];
    for text in SAID {
        let said = json!({ "text": text }).to_string();
        web.ask("POST", "/v2/site/chat/messages", &with, ("application/json", said)).await?;
    }
    let person =
        json!({ "name": "Ruben Castaño", "email": "ruben@castano-dental.example", "company": "Castaño Dental" });
    web.json("POST", "/v2/site/chat/person", &with, &person).await?;
    Ok(())
}

/// Waits until whoever wrote is a lead.
async fn wait_for_leads(kernel: &Kernel, org: OrgId) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let mut tx = kernel.db.begin(org).await?;
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from site_inquiries where org_id = $1 and state <> 'spam' and kind <> 'chat' and lead_id is null",
        )
        .bind(org)
        .fetch_one(tx.conn())
        .await?;
        drop(tx);
        if waiting == 0 {
            return Ok(());
        }
        anyhow::ensure!(begun.elapsed() < PATIENCE, "{waiting} inquiries are no leads after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Spreads what came at once over the days before: audits two days apart, letters as old as they say, each in its state.
async fn age(tx: &mut OrgTx, letters: &[(InquiryId, i64, &str)]) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "update site_audits a set begun_at = a.begun_at - age, done_at = a.done_at - age + interval '4 minutes' \
         from (select id, make_interval(days => (2 * row_number() over (order by id desc))::int, hours => 1) age \
           from site_audits where org_id = $1 and state = 'done') r \
         where a.org_id = $1 and a.id = r.id",
    )
    .bind(org)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "update site_inquiries i set at = a.done_at, updated_at = a.done_at, state = 'open' from site_audits a \
         where i.org_id = $1 and a.org_id = $1 and a.inquiry_id = i.id and i.kind = 'audit'",
    )
    .bind(org)
    .execute(tx.conn())
    .await?;
    for (id, days, state) in letters {
        let at = now - chrono::Duration::days(*days);
        let follow_up = (*state == "open").then(|| now + chrono::Duration::days(1));
        sqlx::query(
            "update site_inquiries set at = $3, updated_at = $3, state = $4, follow_up_at = $5 where org_id = $1 and id = $2",
        )
        .bind(org)
        .bind(*id)
        .bind(at)
        .bind(*state)
        .bind(follow_up)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consultations_are_on_business_days_at_the_hour_of_the_place() {
        // A Friday in winter, and one before the clocks change.
        for (now, wanted) in
            [("2026-11-27T15:00:00Z", "2026-12-01T14:00:00Z"), ("2026-03-06T15:00:00Z", "2026-03-10T13:00:00Z")]
        {
            let now: DateTime<Utc> = now.parse().expect("an instant");
            assert_eq!(slot(now, 2, 9 * 60).map(|at| at.to_rfc3339()), Some(wanted.replace('Z', "+00:00")));
        }
    }
}
