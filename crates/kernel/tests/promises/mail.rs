//! Letters: sealed while they wait, carried at least once, refused letters told with their reason and without addresses.

use std::sync::Arc;
use std::time::Duration;

use kernel::config::{MailConfig, MailTls, Secret};
use kernel::ids::OrgId;
use kernel::mail::{Letter, Postman, post};
use kernel::queue::{Handlers, Lane, list_dead, run_waiting};
use kernel::testing::TestDb;
use kernel::{Clock, Kernel};
use standins::mail::Mail;
use standins::{Fault, Handle, Rule};

const TO: &str = "dana@example.com";
const LINK: &str = "https://recoup.example/reset/a-secret";

struct Office {
    db: TestDb,
    kernel: Kernel,
    org: OrgId,
    server: Handle<Mail>,
}

impl Office {
    async fn new() -> Self {
        Self::with(None, |_| {}).await
    }

    async fn with(login: Option<(&str, &str)>, change: impl FnOnce(&mut MailConfig)) -> Self {
        let login = login.map(|(name, password)| (name.to_owned(), password.to_owned()));
        let setup = standins::mail::MailConfig { login, smtp_port: 0 };
        let server = Mail::start(setup, ([127, 0, 0, 1], 0).into()).await.expect("a mail server");
        let mut mail = MailConfig {
            host: server.smtp().ip().to_string(),
            port: Some(server.smtp().port()),
            tls: MailTls::None,
            from: "Recoup <recoup@example.com>".into(),
            ..MailConfig::default()
        };
        change(&mut mail);
        let db = TestDb::new().await;
        let kernel = db.kernel_with(Clock::system(), |config| config.mail = mail).await;
        let org = db.org(&kernel, "Northwind").await;
        Self { db, kernel, org, server }
    }

    async fn post(&self) {
        let letter = Letter::new(TO, "Wählen Sie ein Passwort").say("Hello.\n.\nA dot.").link("Choose", LINK);
        let mut tx = self.kernel.db.begin(self.org).await.expect("a transaction");
        post(&mut tx, &self.kernel.vault, &letter).await.expect("a letter");
        tx.commit().await.expect("committed");
    }

    /// Carries what waits, once.
    async fn carry(&self) {
        let mut handlers = Handlers::default();
        handlers.add(Arc::new(Postman::with_patience(&self.kernel, Duration::from_millis(300))));
        run_waiting(&self.kernel.db, &handlers, Lane::Mail).await.expect("the lane runs");
    }

    /// Why the letter rests where it does: its last error, and whether it is dead.
    async fn fate(&self) -> (String, bool) {
        let mut tx = self.kernel.db.begin(self.org).await.expect("a transaction");
        if let Some(dead) = list_dead(&mut tx, 1, None).await.expect("dead letters").pop() {
            return (dead.error, true);
        }
        let waiting: Option<Option<String>> =
            sqlx::query_scalar("select last_error from jobs").fetch_optional(tx.conn()).await.expect("jobs");
        (waiting.flatten().unwrap_or_default(), false)
    }

    async fn waiting(&self) -> i64 {
        crate::workers::count(&self.db, "select count(*) from jobs").await
    }
}

#[tokio::test]
async fn a_letter_waits_sealed_and_arrives_as_text_and_page() {
    let office = Office::new().await;
    office.post().await;
    let payload: String =
        sqlx::query_scalar("select payload::text from jobs").fetch_one(&mut office.db.owner().await).await.unwrap();
    for secret in [TO, "Passwort", "a-secret", "Hello"] {
        assert!(!payload.contains(secret), "{payload}");
    }
    office.carry().await;
    let letters = office.server.letters_to(TO);
    assert_eq!((letters.len(), office.waiting().await), (1, 0));
    assert_eq!(letters[0].subject(), "Wählen Sie ein Passwort");
    assert_eq!(letters[0].text.trim_end(), format!("Hello.\n.\nA dot.\n\nChoose:\n{LINK}"));
    assert!(letters[0].html.contains(&format!("<a href=\"{LINK}\">Choose</a>")), "{}", letters[0].html);
    assert_eq!(letters[0].header("from"), "Recoup <recoup@example.com>");
    assert_eq!(letters[0].header("auto-submitted"), "auto-generated");
}

#[tokio::test]
async fn what_is_rolled_back_is_not_said_and_what_is_refused_is_not_queued() {
    let office = Office::new().await;
    let mut tx = office.kernel.db.begin(office.org).await.unwrap();
    post(&mut tx, &office.kernel.vault, &Letter::new(TO, "Hello").say("Hello")).await.expect("a letter");
    drop(tx);
    let mut tx = office.kernel.db.begin(office.org).await.unwrap();
    let hostile = Letter::new(format!("{TO}\r\nBcc: all@example.com"), "Hello").say("Hello");
    post(&mut tx, &office.kernel.vault, &hostile).await.expect_err("a header in the address");
    tx.commit().await.unwrap();
    assert_eq!(office.waiting().await, 0);
}

#[tokio::test]
async fn come_back_later_is_heeded_and_no_is_no() {
    let office = Office::new().await;
    let answer = |status| Fault::Status { status, retry_after: None };
    office.server.fail(Rule::next("SMTP RCPT", 1, answer(451)));
    office.post().await;
    office.carry().await;
    let (reason, dead) = office.fate().await;
    assert!(!dead && reason.contains("451"), "{reason}");
    office.carry().await;
    assert_eq!(office.server.letters().len(), 1);
    office.server.fail(Rule::next("SMTP RCPT", 1, answer(550)));
    office.post().await;
    office.carry().await;
    let (reason, dead) = office.fate().await;
    assert!(dead && reason.contains("550") && reason.contains("is not wanted"), "{reason}");
    assert!(!reason.contains(TO), "the reason is readable by operators: {reason}");
}

#[tokio::test]
async fn a_lost_answer_brings_the_letter_twice_under_one_id() {
    let office = Office::new().await;
    office.server.fail(Rule::next("SMTP letter", 1, Fault::LoseAnswer));
    office.post().await;
    office.carry().await;
    assert!(!office.fate().await.1);
    office.carry().await;
    let ids: Vec<String> =
        office.server.letters().iter().map(|letter| letter.header("message-id").to_owned()).collect();
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    assert_eq!(office.waiting().await, 0);
}

#[tokio::test]
async fn a_server_that_hangs_or_hangs_up_is_tried_again() {
    let office = Office::new().await;
    office.server.fail(Rule::next("SMTP MAIL", 1, Fault::Hang));
    office.post().await;
    office.carry().await;
    assert!(!office.fate().await.0.is_empty());
    office.server.fail(Rule::next("SMTP connect", 1, Fault::Close));
    office.carry().await;
    assert_eq!((office.fate().await.1, office.server.letters().len()), (false, 0));
    office.carry().await;
    assert_eq!(office.server.letters().len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_mended_by_the_operator_and_the_letter_waits_for_it() {
    let office = Office::with(Some(("recoup", "secret")), |mail| {
        mail.username = "recoup".into();
        mail.password = Secret::new("wrong");
    })
    .await;
    office.post().await;
    office.carry().await;
    let (reason, dead) = office.fate().await;
    assert!(!dead && reason.contains("535"), "{reason}");
    let mended = office
        .db
        .kernel_with(Clock::system(), |config| {
            config.mail = office.kernel.config.mail.clone();
            config.mail.password = Secret::new("secret");
        })
        .await;
    let office = Office { kernel: mended, ..office };
    office.carry().await;
    assert_eq!(office.server.letters().len(), 1);
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_should_encrypt_and_does_not() {
    let office = Office::with(None, |mail| mail.tls = MailTls::StartTls).await;
    office.post().await;
    office.carry().await;
    let (reason, dead) = office.fate().await;
    assert!(!dead && !reason.is_empty(), "{reason}");
    assert!(office.server.letters().is_empty());
}

#[tokio::test]
async fn without_a_server_and_in_another_organisation_a_letter_is_dead_with_the_reason() {
    let office = Office::with(None, |mail| *mail = MailConfig::default()).await;
    office.post().await;
    office.carry().await;
    let (reason, dead) = office.fate().await;
    assert!(dead && reason.contains("RECOUP__MAIL__HOST"), "{reason}");
    let office = Office::new().await;
    let other = office.db.org(&office.kernel, "Contoso").await;
    office.post().await;
    sqlx::query("update jobs set org_id = $1").bind(other).execute(&mut office.db.owner().await).await.unwrap();
    office.carry().await;
    assert!(office.server.letters().is_empty());
    let dead = crate::workers::count(&office.db, "select count(*) from dead_letters").await;
    assert_eq!(dead, 1, "a stolen letter does not open");
}
