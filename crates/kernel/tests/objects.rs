//! One contract over both object stores: a folder, and a bucket on the stand-in, which checks and fails as S3 does.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kernel::Clock;
use kernel::config::{Config, Secret};
use kernel::ids::OrgId;
use kernel::objects::{Objects, Patience};
use standins::s3::{S3, S3Config};
use standins::{Fault, Handle, Rule};

/// Names that a path, a query or a document could read otherwise.
const ODD_NAMES: [&str; 10] = [
    "site/Äpfel & Öl (2).webp",
    "site/写真/一.png",
    "site/100%+plus%2Fslash.webp",
    "site/<b>\"quoted\"</b>.webp",
    "site/a#1",
    "site/?list-type=2&prefix=",
    "site/~tilde.and;semi,comma",
    "site/back\\slash",
    "site/ leading and trailing ",
    "site/..hidden..",
];
const MIB: usize = 1 << 20;

async fn bucket(page: usize) -> Handle<S3> {
    let config = S3Config { page, ..S3Config::default() };
    S3::start(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port")
}

fn config_of(s3: &Handle<S3>) -> Config {
    let mut config = Config::default();
    config.objects.bucket = Some(s3.config.bucket.clone());
    config.objects.region.clone_from(&s3.config.region);
    config.objects.endpoint = Some(s3.base_url().to_owned());
    config.objects.access_key_id.clone_from(&s3.config.access_key_id);
    config.objects.secret_access_key = Secret::new(s3.config.secret_access_key.as_str());
    config
}

fn changed(s3: &Handle<S3>, change: impl FnOnce(&mut Config)) -> Config {
    let mut config = config_of(s3);
    change(&mut config);
    config
}

fn objects_of(s3: &Handle<S3>) -> Objects {
    Objects::open(&config_of(s3)).expect("a store")
}

/// Patience for tests in which nobody ever answers.
fn little() -> Patience {
    Patience {
        connect: Duration::from_secs(1),
        attempt: Duration::from_secs(1),
        retries: 1,
        begin_within: Duration::from_millis(500),
        read: Duration::from_millis(1500),
    }
}

fn org() -> OrgId {
    OrgId::new(&Clock::system())
}

/// `size` bytes of which no stretch is like another.
fn bytes(size: usize) -> Bytes {
    let words = (0..size.div_ceil(4)).flat_map(|at| (at as u32).wrapping_mul(2_654_435_761).to_le_bytes());
    words.take(size).collect()
}

async fn read(objects: &Objects, org: OrgId, name: &str) -> Option<Bytes> {
    objects.get(org, name).await.expect("an answer")
}

async fn put(objects: &Objects, org: OrgId, name: &str, bytes: impl Into<Bytes>) {
    objects.put(org, name, bytes.into()).await.expect("kept");
}

/// What every store promises.
async fn contract(objects: &Objects) {
    let (ours, theirs) = (org(), org());
    assert_eq!(read(objects, ours, "site/a.webp").await, None, "nothing yet");
    put(objects, ours, "site/a.webp", "one").await;
    put(objects, ours, "site/a.webp", "another one").await;
    assert_eq!(read(objects, ours, "site/a.webp").await.as_deref(), Some(&b"another one"[..]), "the last counts");
    put(objects, theirs, "site/a.webp", "theirs").await;
    for size in [0, 1, 5 * MIB] {
        put(objects, ours, "site/sized", bytes(size)).await;
        assert_eq!(read(objects, ours, "site/sized").await, Some(bytes(size)), "{size} bytes");
    }
    odd_names(objects).await;
    climbing_names(objects, ours, theirs).await;
    objects.delete(ours, "site/a.webp").await.expect("removed");
    assert_eq!(read(objects, ours, "site/a.webp").await, None);
    objects.delete(ours, "site/a.webp").await.expect("nothing to remove is no error");
    objects.delete_all(ours).await.expect("removed");
    for number in 0..25 {
        put(objects, ours, &format!("deep/{}/{number}", number % 3), format!("{number}")).await;
    }
    assert_eq!(objects.delete_all(ours).await.expect("removed"), 25);
    assert_eq!(objects.delete_all(ours).await.expect("nothing left"), 0);
    assert_eq!(read(objects, ours, "deep/0/0").await, None);
    assert_eq!(read(objects, theirs, "site/a.webp").await.as_deref(), Some(&b"theirs"[..]));
    objects.probe(&Clock::system()).await.expect("it works");
    assert_eq!(objects.delete_all(theirs).await.expect("removed"), 1);
}

async fn odd_names(objects: &Objects) {
    let org = org();
    for name in ODD_NAMES {
        put(objects, org, name, name).await;
    }
    for name in ODD_NAMES {
        assert_eq!(read(objects, org, name).await.as_deref(), Some(name.as_bytes()), "{name}");
        objects.delete(org, name).await.expect("removed");
        assert_eq!(read(objects, org, name).await, None, "{name}");
    }
    for name in ODD_NAMES {
        put(objects, org, name, name).await;
    }
    assert_eq!(objects.delete_all(org).await.expect("removed"), ODD_NAMES.len());
    for name in ODD_NAMES {
        assert_eq!(read(objects, org, name).await, None, "{name}");
    }
}

async fn climbing_names(objects: &Objects, ours: OrgId, theirs: OrgId) {
    for way in ["..", "/..", "site/../..", "%2e%2e", "./.."] {
        let name = format!("{way}/{theirs}/site/a.webp");
        assert_eq!(read(objects, ours, &name).await, None, "{name}");
        put(objects, ours, &name, "not theirs").await;
        assert_eq!(read(objects, theirs, "site/a.webp").await.as_deref(), Some(&b"theirs"[..]), "{name}");
        objects.delete(ours, &name).await.expect("removed");
        assert!(read(objects, theirs, "site/a.webp").await.is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_folder_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::default();
    config.data_dir.0 = folder.path().to_owned();
    contract(&Objects::open(&config).expect("a store")).await;
    let left = std::fs::read_dir(folder.path().join("objects")).expect("the folder").count();
    assert_eq!(left, 0, "no empty folders stay");
}

#[tokio::test]
async fn a_bucket_keeps_the_contract() {
    let s3 = bucket(7).await;
    contract(&objects_of(&s3)).await;
    assert_eq!(s3.keys(), Vec::<String>::new());
    assert!(s3.requests().iter().all(|request| request.status.is_some_and(|status| status < 300 || status == 404)));
}

#[test]
fn a_folder_that_cannot_be_used_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("objects"), "a file").expect("written");
    let mut config = Config::default();
    config.data_dir.0 = folder.path().to_owned();
    let words = Objects::open(&config).err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(words.contains("RECOUP__DATA_DIR"), "{words}");
}

#[tokio::test]
async fn what_a_crash_left_half_written_goes_with_its_organisation() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::default();
    config.data_dir.0 = folder.path().to_owned();
    let objects = Objects::open(&config).expect("a store");
    let (ours, theirs) = (org(), org());
    put(&objects, ours, "site/a.webp", "whole").await;
    put(&objects, theirs, "site/a.webp", "theirs").await;
    let home = folder.path().join("objects").join(ours.to_string());
    std::fs::write(home.join("site/b.webp#1"), "half").expect("written");
    assert_eq!(objects.delete_all(ours).await.expect("removed"), 1);
    assert!(!home.exists());
    assert!(read(&objects, theirs, "site/a.webp").await.is_some());
}

#[tokio::test]
async fn thousands_of_objects_go_page_by_page_and_nobody_elses() {
    let s3 = bucket(1000).await;
    let objects = objects_of(&s3);
    let (ours, theirs) = (org(), org());
    for number in 0..2_101 {
        s3.keep(&format!("{ours}/site/{number:05}.webp"), "x");
    }
    // A name that only begins alike.
    s3.keep(&format!("{ours}x/site/a.webp"), "x");
    s3.keep(&format!("{theirs}/site/a.webp"), "x");
    assert_eq!(objects.delete_all(ours).await.expect("removed"), 2_101);
    let mut left = [format!("{ours}x/site/a.webp"), format!("{theirs}/site/a.webp")];
    left.sort();
    assert_eq!(s3.keys(), left);
    let asked = |method: &str| s3.requests().iter().filter(|request| request.method == method).count();
    assert_eq!((asked("GET"), asked("POST")), (3, 3), "three pages, three removals");
}

#[tokio::test]
async fn a_busy_bucket_is_asked_again() {
    let s3 = bucket(1000).await;
    let (objects, org) = (objects_of(&s3), org());
    for name in ["SlowDown", "InternalError", "ServiceUnavailable"] {
        let busy = || Rule::next("*", 2, Fault::Error { name: name.into(), retry_after: None });
        s3.fail(busy());
        put(&objects, org, "a", "abc").await;
        s3.fail(busy());
        assert_eq!(read(&objects, org, "a").await.as_deref(), Some(&b"abc"[..]), "{name}");
        s3.fail(busy());
        assert_eq!(objects.delete_all(org).await.expect("removed"), 1, "{name}");
    }
    put(&objects, org, "a", "abc").await;
    s3.fail(Rule::next("POST *", 1, Fault::Quirk { name: "busy_inside".into() }));
    assert_eq!(objects.delete_all(org).await.expect("removed"), 1, "busy, with a status that says otherwise");
    s3.fail(Rule::next("PUT *", 1, Fault::LoseAnswer));
    put(&objects, org, "a", "abc").await;
    s3.fail(Rule::next("GET *", 1, Fault::Close));
    assert_eq!(read(&objects, org, "a").await.as_deref(), Some(&b"abc"[..]));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_read_on_from_there() {
    let s3 = bucket(1000).await;
    let (objects, org, whole) = (objects_of(&s3), org(), bytes(5 * MIB));
    put(&objects, org, "a", whole.clone()).await;
    s3.fail(Rule::next("GET *", 2, Fault::CutBody { after: MIB }));
    assert_eq!(read(&objects, org, "a").await, Some(whole));
    let parts = s3.requests().iter().filter(|request| request.headers.contains_key("range")).count();
    assert_eq!(parts, 2);
}

#[tokio::test]
async fn a_bucket_that_stays_busy_or_silent_ends_the_call_soon() {
    let s3 = bucket(1000).await;
    let (objects, org) = (Objects::open_with(&config_of(&s3), little()).expect("a store"), org());
    s3.fail(Rule::always("*", Fault::Error { name: "SlowDown".into(), retry_after: None }));
    let words = format!("{:#}", objects.get(org, "a").await.expect_err("busy"));
    assert!(words.contains("try again later") && words.contains("SlowDown"), "{words}");
    assert_eq!(s3.requests().len(), 2, "once more, and no more");
    s3.heal();
    s3.fail(Rule::always("*", Fault::Hang));
    let begun = Instant::now();
    let (read, kept, removed, all) = tokio::join!(
        objects.get(org, "a"),
        objects.put(org, "a", Bytes::from_static(b"abc")),
        objects.delete(org, "a"),
        objects.delete_all(org)
    );
    let errors = [read.err(), kept.err(), removed.err(), all.err()];
    for error in errors {
        let words = format!("{:#}", error.expect("silent"));
        assert!(words.contains("answer") && words.contains("the bucket recoup-pictures"), "{words}");
    }
    s3.heal();
    put(&objects, org, "a", "abc").await;
    s3.fail(Rule::always("GET *", Fault::SlowBody { chunk: 1, ms: 5_000 }));
    assert!(objects.get(org, "a").await.is_err(), "a body that drips is given up too");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_wrong_setting_is_named_and_no_secret_is() {
    let s3 = bucket(1000).await;
    let org = org();
    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let cases = vec![
        (
            changed(&s3, |config| config.objects.secret_access_key = Secret::new("quite-another-secret")),
            ["RECOUP__OBJECTS__SECRET_ACCESS_KEY", "SignatureDoesNotMatch"],
        ),
        (
            changed(&s3, |config| config.objects.access_key_id = "AKIDOTHER".into()),
            ["RECOUP__OBJECTS__ACCESS_KEY_ID", "InvalidAccessKeyId"],
        ),
        (
            changed(&s3, |config| config.objects.region = "us-east-1".into()),
            ["RECOUP__OBJECTS__REGION", "but in eu-central-1"],
        ),
        (
            changed(&s3, |config| config.objects.bucket = Some("elsewhere".into())),
            ["RECOUP__OBJECTS__BUCKET", "elsewhere"],
        ),
        (
            changed(&s3, |config| config.objects.endpoint = Some(nobody)),
            ["RECOUP__OBJECTS__ENDPOINT", "does not answer"],
        ),
    ];
    for (config, named) in cases {
        let objects = Objects::open_with(&config, little()).expect("a store");
        for error in [
            objects.put(org, "a", Bytes::from_static(b"abc")).await.expect_err("refused"),
            // A bucket that is not there is no picture that is not there.
            objects.get(org, "a").await.expect_err("refused"),
            objects.delete(org, "a").await.expect_err("refused"),
            objects.delete_all(org).await.expect_err("refused"),
            objects.probe(&Clock::system()).await.expect_err("refused"),
        ] {
            let words = format!("{error:#}\n{error:?}");
            assert!(named.iter().all(|name| words.contains(*name)), "{named:?}: {words}");
            let told = ["quite-another-secret", s3.config.secret_access_key.as_str(), "StringToSign", "Signature="];
            assert!(!told.iter().any(|secret| words.contains(*secret)), "{words}");
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_off_and_a_permission_that_lacks_are_said() {
    let s3 = bucket(1000).await;
    let (objects, org) = (objects_of(&s3), org());
    s3.fail(Rule::next("*", 1, Fault::Error { name: "AccessDenied".into(), retry_after: None }));
    let words = format!("{:#}", objects.get(org, "a").await.expect_err("refused"));
    assert!(words.contains("s3:ListBucket") && words.contains("s3:GetObject"), "{words}");
    s3.fail(Rule::next("*", 1, Fault::Error { name: "PermanentRedirect".into(), retry_after: None }));
    let words = format!("{:#}", objects.get(org, "a").await.expect_err("redirected"));
    assert!(words.contains("RECOUP__OBJECTS__REGION"), "{words}");
    s3.advance(chrono::Duration::minutes(16));
    let words = format!("{:#}", objects.get(org, "a").await.expect_err("refused"));
    assert!(words.contains("this machine's clock"), "{words}");
}

#[tokio::test]
async fn one_object_that_stays_does_not_keep_the_others() {
    let s3 = bucket(1000).await;
    let (objects, org) = (objects_of(&s3), org());
    for name in ["a", "stuck", "z"] {
        put(&objects, org, name, "abc").await;
    }
    s3.fail(Rule::next("POST *", 1, Fault::Quirk { name: "keep:stuck".into() }));
    let words = format!("{:#}", objects.delete_all(org).await.expect_err("one stays"));
    assert!(words.contains("s3:DeleteObject"), "{words}");
    assert_eq!(s3.keys(), [format!("{org}/stuck")]);
    assert_eq!(objects.delete_all(org).await.expect("the next time"), 1);
}
