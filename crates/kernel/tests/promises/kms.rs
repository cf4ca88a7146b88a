//! AWS KMS as the master key: over the stand-in, which checks signatures, keys and contexts as KMS does.

use std::net::{Ipv4Addr, SocketAddr};

use kernel::Clock;
use kernel::config::{Config, MasterKind, Secret};
use kernel::testing::TestDb;
use kernel::vault::{Rotated, VaultError};
use standins::kms::{Kms, KmsConfig};
use standins::{Fault, Handle, Rule};

const LOCAL: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

async fn kms() -> Handle<Kms> {
    Kms::start(KmsConfig::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap()
}

type Change = fn(&mut Config);

fn requests(kms: &Handle<Kms>) -> u64 {
    kms.counters().get("requests").copied().unwrap_or_default()
}

/// A configuration with KMS; local keys beside it as given.
fn with_kms(kms: &Handle<Kms>, key: &'static str, local: &'static str) -> impl FnOnce(&mut Config) + use<> {
    let (endpoint, given) = (kms.base_url().to_owned(), kms.config.clone());
    move |config| {
        config.vault.master_key = Secret::new(local);
        config.vault.kms.key_id = key.to_owned();
        config.vault.kms.endpoint = endpoint;
        config.vault.kms.region = given.region;
        config.vault.kms.access_key_id = given.access_key_id;
        config.vault.kms.secret_access_key = Secret::new(given.secret_access_key);
    }
}

#[tokio::test]
async fn data_keys_are_made_and_opened_by_kms_and_the_database_has_them_wrapped_only() {
    let (db, kms) = (TestDb::new().await, kms().await);
    let kernel = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;
    let org = db.org(&kernel, "One").await;
    let sealed = kernel.vault.seal(org, "channel/1", b"a token").await.unwrap();
    let other = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;
    assert_eq!(other.vault.open(org, "channel/1", &sealed).await.unwrap(), b"a token");
    let masters: Vec<String> =
        sqlx::query_scalar("select master_key from org_keys union all select master_key from installation_keys")
            .fetch_all(&mut db.owner().await)
            .await
            .unwrap();
    assert_eq!(masters, ["kms:alias/recoup", "kms:alias/recoup"]);
    let (name, own) = kernel.vault.seal_own("place", b"own").unwrap();
    assert_eq!(other.vault.open_own("place", &name, &own).unwrap(), b"own");
    assert!(other.vault.open_own("elsewhere", &name, &own).is_err());
    let asked = requests(&kms);
    for _ in 0..20 {
        kernel.vault.open(org, "channel/1", &sealed).await.unwrap();
    }
    assert_eq!(requests(&kms), asked, "opened data keys are kept: no message waits for KMS");
}

#[tokio::test]
async fn many_who_ask_at_once_wait_for_one_answer() {
    let (db, kms) = (TestDb::new().await, kms().await);
    let kernel = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;
    let org = db.org(&kernel, "One").await;
    let fresh = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;
    let asked = requests(&kms);
    let opened = futures_util::future::join_all((0..50).map(|_| fresh.vault.of(org))).await;
    assert!(opened.iter().all(Result::is_ok));
    assert_eq!(requests(&kms) - asked, 1);
}

#[tokio::test]
async fn a_wrapped_key_of_another_organisation_does_not_unwrap() {
    let (db, kms) = (TestDb::new().await, kms().await);
    let kernel = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;
    let (one, two) = (db.org(&kernel, "One").await, db.org(&kernel, "Two").await);
    sqlx::query("update org_keys set wrapped = (select wrapped from org_keys where org_id = $1) where org_id = $2")
        .bind(one)
        .bind(two)
        .execute(&mut db.owner().await)
        .await
        .unwrap();
    assert!(kernel.vault.of(one).await.is_ok());
    assert!(matches!(kernel.vault.of(two).await, Err(VaultError::Corrupt)), "the context is not its own");
}

#[tokio::test]
async fn from_the_file_to_kms_to_another_key_and_back_while_processes_run() {
    let (db, kms) = (TestDb::new().await, kms().await);
    let local = db.kernel().await;
    let orgs = [db.org(&local, "One").await, db.org(&local, "Two").await];
    let sealed = local.vault.seal(orgs[0], "channel/1", b"a token").await.unwrap();
    let opens = async |kernel: &kernel::Kernel| {
        assert_eq!(kernel.vault.open(orgs[0], "channel/1", &sealed).await.unwrap(), b"a token");
    };

    let both = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", LOCAL)).await;
    opens(&both).await;
    // KMS falls silent in the middle: what was rewrapped stays, and the next run goes on.
    kms.fail(Rule::next("POST /", 1, Fault::Error { name: "AccessDeniedException".into(), retry_after: None }));
    assert!(matches!(both.vault.rotate().await, Err(VaultError::Kms { .. })));
    assert_eq!(both.vault.rotate().await.unwrap(), Rotated { data_keys: 2, own_keys: 1, secrets: 0 });
    assert_eq!(both.vault.rotate().await.unwrap(), Rotated::default());
    let only_kms = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;
    opens(&only_kms).await;

    let next = db.kernel_with(Clock::system(), with_kms(&kms, "alias/other", "")).await;
    opens(&next).await;
    assert_eq!(next.vault.rotate().await.unwrap().data_keys, 2, "another key of KMS");
    opens(&next).await;

    let back = with_kms(&kms, "alias/other", LOCAL);
    let back = db
        .kernel_with(Clock::system(), |config| {
            back(config);
            config.vault.current = Some(MasterKind::Local);
        })
        .await;
    opens(&back).await;
    assert_eq!(back.vault.rotate().await.unwrap().data_keys, 2);
    opens(&db.kernel().await).await;
}

#[tokio::test]
async fn throttling_and_lost_answers_pass_and_refusals_say_what_to_do() {
    let (db, kms) = (TestDb::new().await, kms().await);
    let kernel = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;
    let org = db.org(&kernel, "One").await;
    let fresh = async || db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;

    let process = fresh().await;
    for fault in [
        Fault::Error { name: "ThrottlingException".into(), retry_after: None },
        Fault::Status { status: 503, retry_after: None },
        Fault::Close,
    ] {
        kms.fail(Rule::next("POST /", 1, fault));
    }
    assert!(process.vault.of(org).await.is_ok(), "asked again");

    let process = fresh().await;
    kms.enable("alias/recoup", false);
    let error = process.vault.of(org).await.err().unwrap().to_string();
    assert!(error.contains("DisabledException") && error.contains("enable the key again"), "{error}");
    kms.enable("alias/recoup", true);
    assert!(process.vault.of(org).await.is_ok(), "a refusal is not kept");

    let process = fresh().await;
    kms.fail(Rule::next("POST /", 1, Fault::Error { name: "AccessDeniedException".into(), retry_after: None }));
    let error = process.vault.of(org).await.err().unwrap().to_string();
    assert!(error.contains("kms:Decrypt"), "{error}");
}

#[tokio::test]
async fn wrong_credentials_stop_the_start_and_never_make_another_key() {
    let (db, kms) = (TestDb::new().await, kms().await);
    let right = db.kernel_with(Clock::system(), with_kms(&kms, "alias/recoup", "")).await;
    let url = db.url().to_owned();
    let changes: [(Change, &str); 4] = [
        (|config| config.vault.kms.secret_access_key = Secret::new("wrong"), "InvalidSignature"),
        (|config| config.vault.kms.access_key_id = "AKIDUNKNOWN".into(), "UnrecognizedClient"),
        (|config| config.vault.kms.region = "us-east-1".into(), "InvalidSignature"),
        (|config| config.vault.kms.session_token = Secret::new("of another"), "UnrecognizedClient"),
    ];
    for (change, word) in changes {
        let mut config = Config::clone(&right.config);
        change(&mut config);
        let error = kernel::Kernel::open(config, &url, Clock::system()).await.err().expect("it does not start");
        assert!(format!("{error:#}").contains(word), "{word}: {error:#}");
    }
    let keys: i64 =
        sqlx::query_scalar("select count(*) from installation_keys").fetch_one(&mut db.owner().await).await.unwrap();
    assert_eq!(keys, 1);
}

#[tokio::test]
async fn temporary_credentials_send_their_token() {
    let db = TestDb::new().await;
    let config = KmsConfig { session_token: Some("of the session".into()), ..KmsConfig::default() };
    let kms = Kms::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let with = with_kms(&kms, "alias/recoup", "");
    let kernel = db
        .kernel_with(Clock::system(), |config| {
            with(config);
            config.vault.kms.session_token = Secret::new("of the session");
        })
        .await;
    let org = db.org(&kernel, "One").await;
    assert!(kernel.vault.of(org).await.is_ok());
}
