//! Arrivals on a real database: what a provider's word makes of a person.

use kernel::db::system;
use kernel::ids::{OrgId, SsoId, UserId};
use kernel::testing::TestDb;
use kernel::{Clock, Kernel};
use serde_json::json;
use shell::{AppError, Role};

use super::arrive::arrive;
use super::{Proof, verify_domain};
use crate::Identity;
use crate::members::{NewMember, add};
use crate::origin::Origin;
use crate::registration::{NewOrganisation, register};
use crate::store::sso::connections::{self, Connection, GroupRole, Kind};
use crate::store::sso::links;
use crate::store::{invites, members};

struct Scene {
    db: TestDb,
    kernel: Kernel,
    identity: Identity,
    org: OrgId,
}

impl Scene {
    /// An organisation `acme` with a verified domain and an owner on it.
    async fn new() -> Self {
        let db = TestDb::new().await;
        let kernel = db.kernel_with(Clock::system(), |_| {}).await;
        let identity = Identity::open(&kernel).await.unwrap();
        let org = organisation(&kernel, "acme").await;
        verify_domain(&kernel, org, "acme.example").await.unwrap();
        Self { db, kernel, identity, org }
    }

    async fn connection(&self, change: impl FnOnce(&mut Connection)) -> Connection {
        let now = self.kernel.clock.now();
        let mut connection = Connection {
            id: SsoId::new(&self.kernel.clock),
            kind: Kind::Oidc,
            name: "Provider".into(),
            enabled: true,
            issuer: "https://id.acme.example".into(),
            settings: json!({}),
            secret: None,
            group_roles: Vec::new(),
            default_role: Some(Role::Viewer),
            just_in_time: true,
            idp_initiated: false,
            created_at: now,
            updated_at: now,
            tested_at: None,
            test: None,
        };
        change(&mut connection);
        let mut tx = self.kernel.db.begin(self.org).await.unwrap();
        connections::put(&mut tx, &connection).await.unwrap();
        tx.commit().await.unwrap();
        connection
    }

    async fn arrive(&self, connection: &Connection, proof: &Proof) -> Result<(), AppError> {
        arrive(&self.identity, self.org, connection, proof, &Origin::default()).await.map(|_| ())
    }

    async fn role_of(&self, email: &str) -> Option<String> {
        let user = system::user_by_email(&self.kernel.db, email).await.unwrap()?.id;
        let seats = system::seats_of(&self.kernel.db, user).await.unwrap();
        seats.into_iter().find(|seat| seat.org == self.org).map(|seat| seat.role)
    }

    async fn user(&self, email: &str) -> UserId {
        system::user_by_email(&self.kernel.db, email).await.unwrap().expect("an account").id
    }

    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).bind(self.org).fetch_one(&mut self.db.owner().await).await.unwrap()
    }

    async fn remove(&self, email: &str) {
        let user = self.user(email).await;
        let mut tx = self.kernel.db.begin(self.org).await.unwrap();
        let (place, _) = links::place(&mut tx, user).await.unwrap().expect("a member");
        members::remove(&mut tx, place.member).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn invite(&self, email: &str, role: Role) {
        let mut tx = self.kernel.db.begin(self.org).await.unwrap();
        let email = crate::Email::parse(email).unwrap();
        invites::add(&mut tx, &email, role, (b"hash", "system"), chrono::Duration::days(7)).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn organisation(kernel: &Kernel, name: &str) -> OrgId {
    let new = NewOrganisation {
        organisation: name.into(),
        name: "Olive Owner".into(),
        email: format!("owner@{name}.example"),
        password: "correct horse battery".into(),
    };
    register(kernel, new).await.unwrap().org
}

async fn member(kernel: &Kernel, org: OrgId, email: &str, role: Role) {
    let password = "correct horse battery".into();
    add(kernel, org, NewMember { email: email.into(), name: "Mem Ber".into(), password, role }).await.unwrap();
}

fn proof(subject: &str, email: &str) -> Proof {
    Proof { subject: subject.into(), email: Some(email.into()), name: Some("Nia Newcomer".into()), ..Proof::default() }
}

#[track_caller]
fn denied(result: Result<(), AppError>, part: &str) {
    let error = result.expect_err("must be refused");
    assert!(error.status() == 403 && error.to_string().contains(part), "{error}");
}

const SESSIONS: &str = "select count(*) from sessions where org_id = $1 and sso_connection is not null";
const REFUSALS: &str = "select count(*) from audit_log where org_id = $1 and action = 'sso.refused'";

#[tokio::test]
async fn somebody_unknown_on_a_verified_domain_becomes_a_member_and_keeps_their_account_by_subject() {
    let scene = Scene::new().await;
    let connection = scene.connection(|_| {}).await;
    scene.arrive(&connection, &proof("s-1", "Nia@Acme.example")).await.unwrap();
    assert_eq!(scene.role_of("nia@acme.example").await.as_deref(), Some("viewer"));
    // Renamed at the provider: the subject is who they are.
    scene.arrive(&connection, &proof("s-1", "nia.new@acme.example")).await.unwrap();
    assert!(system::user_by_email(&scene.kernel.db, "nia.new@acme.example").await.unwrap().is_none());
    assert_eq!(scene.count(SESSIONS).await, 2);
    assert_eq!(scene.count("select count(*) from audit_log where org_id = $1 and action = 'sso.linked'").await, 1);
    let stored = system::user_by_email(&scene.kernel.db, "nia@acme.example").await.unwrap().unwrap().password_hash;
    let fits = scene.identity.hasher().fits(crate::Password::given(""), Some(stored)).await.unwrap();
    assert!(!fits, "an account made by a provider has no password");
}

#[tokio::test]
async fn an_account_on_a_domain_that_is_not_verified_is_never_taken_over() {
    let scene = Scene::new().await;
    let other = organisation(&scene.kernel, "other").await;
    member(&scene.kernel, other, "vic@other.example", Role::Admin).await;
    member(&scene.kernel, scene.org, "guest@elsewhere.example", Role::Admin).await;
    let connection = scene.connection(|_| {}).await;
    for email in ["vic@other.example", "owner@other.example", "guest@elsewhere.example", "new@elsewhere.example"] {
        denied(scene.arrive(&connection, &proof(email, email)).await, "domain");
    }
    // Claimed is not verified; a domain above or below a verified one is another.
    let mut tx = scene.kernel.db.begin(scene.org).await.unwrap();
    super::domains::claim(&mut tx, "other.example", kernel::ledger::Actor::System, &Origin::default()).await.unwrap();
    tx.commit().await.unwrap();
    denied(scene.arrive(&connection, &proof("x", "vic@other.example")).await, "domain");
    denied(scene.arrive(&connection, &proof("y", "a@sub.acme.example")).await, "domain");
    // What another organisation verified counts there only.
    verify_domain(&scene.kernel, other, "other.example").await.unwrap();
    denied(scene.arrive(&connection, &proof("x", "vic@other.example")).await, "domain");
    assert_eq!(scene.count("select count(*) from sso_links where org_id = $1").await, 0);
    assert_eq!((scene.count(SESSIONS).await, scene.count(REFUSALS).await), (0, 7));
}

#[tokio::test]
async fn a_member_and_somebody_of_another_organisation_are_linked_on_the_verified_domain() {
    let scene = Scene::new().await;
    let other = organisation(&scene.kernel, "other").await;
    member(&scene.kernel, scene.org, "mia@acme.example", Role::Agent).await;
    member(&scene.kernel, other, "ben@acme.example", Role::Admin).await;
    let connection = scene.connection(|connection| connection.default_role = Some(Role::Analyst)).await;
    scene.arrive(&connection, &proof("m", "mia@acme.example")).await.unwrap();
    assert_eq!(
        scene.role_of("mia@acme.example").await.as_deref(),
        Some("agent"),
        "no groups are mapped: the role stays"
    );
    scene.arrive(&connection, &proof("b", "ben@acme.example")).await.unwrap();
    assert_eq!(scene.role_of("ben@acme.example").await.as_deref(), Some("analyst"));
    let mut tx = scene.kernel.db.begin(scene.org).await.unwrap();
    let linked = links::find(&mut tx, connection.id, "b").await.unwrap();
    assert_eq!(linked, Some(scene.user("ben@acme.example").await));
}

#[tokio::test]
async fn what_the_provider_does_not_vouch_for_is_refused() {
    let scene = Scene::new().await;
    let connection = scene.connection(|_| {}).await;
    let unverified = Proof { email_verified: Some(false), ..proof("s", "nia@acme.example") };
    denied(scene.arrive(&connection, &unverified).await, "not verified");
    denied(scene.arrive(&connection, &Proof { email: None, ..proof("s", "") }).await, "did not send an email");
    for subject in ["", " ", "a\nb", &"x".repeat(256)] {
        denied(scene.arrive(&connection, &proof(subject, "nia@acme.example")).await, "which account");
    }
    let closed = scene.connection(|connection| connection.just_in_time = false).await;
    denied(scene.arrive(&closed, &proof("s", "nia@acme.example")).await, "not a member of this organisation yet");
    // A second account with the same address does not become the first one's person.
    scene.arrive(&connection, &proof("first", "nia@acme.example")).await.unwrap();
    denied(scene.arrive(&connection, &proof("second", "nia@acme.example")).await, "another account");
    // When the domain is given up, the provider vouches for nobody on it any more.
    let mut tx = scene.kernel.db.begin(scene.org).await.unwrap();
    assert!(crate::store::sso::domains::remove(&mut tx, "acme.example").await.unwrap());
    tx.commit().await.unwrap();
    denied(scene.arrive(&connection, &proof("first", "nia@acme.example")).await, "domain");
}

#[tokio::test]
async fn groups_settle_the_role_at_each_arrival_and_never_touch_an_owner() {
    let scene = Scene::new().await;
    let line = |group: &str, role| GroupRole { group: group.into(), role };
    let connection = scene
        .connection(|connection| {
            connection.group_roles =
                vec![line("bosses", Role::Owner), line("admins", Role::Admin), line("desk", Role::Agent)];
            connection.default_role = None;
        })
        .await;
    let with = |groups: &[&str]| Proof {
        groups: groups.iter().map(ToString::to_string).collect(),
        ..proof("s", "nia@acme.example")
    };
    denied(scene.arrive(&connection, &with(&["other"])).await, "groups");
    denied(scene.arrive(&connection, &with(&["bosses"])).await, "groups");
    scene.arrive(&connection, &with(&["desk", "admins"])).await.unwrap();
    assert_eq!(scene.role_of("nia@acme.example").await.as_deref(), Some("admin"), "the first line that fits");
    scene.arrive(&connection, &with(&["desk"])).await.unwrap();
    assert_eq!(scene.role_of("nia@acme.example").await.as_deref(), Some("agent"));
    denied(scene.arrive(&connection, &with(&[])).await, "groups");
    let owner = Proof { subject: "o".into(), ..proof("o", "owner@acme.example") };
    scene.arrive(&connection, &owner).await.unwrap();
    assert_eq!(scene.role_of("owner@acme.example").await.as_deref(), Some("owner"));
    let changes = "select count(*) from events where org_id = $1 and kind = 'member.role_changed'";
    assert_eq!(scene.count(changes).await, 1);
}

#[tokio::test]
async fn who_was_removed_comes_back_by_an_invitation_only() {
    let scene = Scene::new().await;
    let connection = scene.connection(|_| {}).await;
    member(&scene.kernel, scene.org, "mia@acme.example", Role::Agent).await;
    scene.arrive(&connection, &proof("n", "nia@acme.example")).await.unwrap();
    scene.remove("nia@acme.example").await;
    scene.remove("mia@acme.example").await;
    denied(
        scene.arrive(&connection, &proof("n", "nia@acme.example")).await,
        "not a member of this organisation any more",
    );
    denied(
        scene.arrive(&connection, &proof("m", "mia@acme.example")).await,
        "not a member of this organisation any more",
    );
    scene.invite("nia@acme.example", Role::Analyst).await;
    scene.arrive(&connection, &proof("n", "nia@acme.example")).await.unwrap();
    assert_eq!(scene.role_of("nia@acme.example").await.as_deref(), Some("analyst"));
    // An invitation lets in where nobody comes in unasked.
    let closed = scene.connection(|connection| connection.just_in_time = false).await;
    scene.invite("mia@acme.example", Role::Agent).await;
    scene.arrive(&closed, &proof("m", "mia@acme.example")).await.unwrap();
    let open = "select count(*) from invites where org_id = $1 and accepted_at is null";
    assert_eq!(scene.count(open).await, 0);
}

#[tokio::test]
async fn who_is_suspended_stays_out_until_they_are_not() {
    let scene = Scene::new().await;
    let connection = scene.connection(|_| {}).await;
    scene.arrive(&connection, &proof("n", "nia@acme.example")).await.unwrap();
    let user = scene.user("nia@acme.example").await;
    let suspend = async |at| {
        let mut tx = scene.kernel.db.begin(scene.org).await.unwrap();
        let (place, _) = links::place(&mut tx, user).await.unwrap().expect("a member");
        members::set_suspended(&mut tx, place.member, at).await.unwrap();
        tx.commit().await.unwrap();
    };
    suspend(Some(scene.kernel.clock.now())).await;
    denied(scene.arrive(&connection, &proof("n", "nia@acme.example")).await, "suspended");
    suspend(None).await;
    scene.arrive(&connection, &proof("n", "nia@acme.example")).await.unwrap();
}

#[tokio::test]
async fn two_first_arrivals_at_once_make_one_account() {
    let scene = Scene::new().await;
    let connection = scene.connection(|_| {}).await;
    let nia = proof("n", "nia@acme.example");
    let (one, two) = tokio::join!(scene.arrive(&connection, &nia), scene.arrive(&connection, &nia));
    assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
    for error in [one, two].into_iter().filter_map(Result::err) {
        assert_eq!(error.status(), 409, "{error}");
    }
    assert_eq!(scene.count("select count(*) from sso_links where org_id = $1").await, 1);
    assert_eq!(scene.count("select count(*) from members where org_id = $1").await, 2);
}

#[tokio::test]
async fn single_sign_on_only_closes_passwords_for_the_domain_and_leaves_owners_a_way_back() {
    let scene = Scene::new().await;
    let connection = scene.connection(|_| {}).await;
    member(&scene.kernel, scene.org, "mia@acme.example", Role::Agent).await;
    member(&scene.kernel, scene.org, "guest@elsewhere.example", Role::Agent).await;
    let by_password = async |email: &str| {
        let user = scene.user(email).await;
        let mut tx = scene.kernel.db.begin(scene.org).await.unwrap();
        let opened = crate::sessions::open::browser(&mut tx, user, &Origin::default()).await.map(|_| ());
        let tokens = crate::sessions::open::tokens(&mut tx, user, &Origin::default()).await.map(|_| ());
        assert_eq!(opened.is_ok(), tokens.is_ok(), "browsers and programs alike");
        tx.commit().await.unwrap();
        opened
    };
    by_password("mia@acme.example").await.unwrap();
    by_password("guest@elsewhere.example").await.unwrap();
    scene.arrive(&connection, &proof("m", "mia@acme.example")).await.unwrap();
    let mut tx = scene.kernel.db.begin(scene.org).await.unwrap();
    assert!(crate::store::sso::only::set(&mut tx, "system").await.unwrap());
    assert_eq!(
        crate::store::sso::only::end_others(&mut tx, None).await.unwrap(),
        2,
        "the password sessions of the domain"
    );
    tx.commit().await.unwrap();
    denied(by_password("mia@acme.example").await, "identity provider");
    by_password("guest@elsewhere.example").await.unwrap();
    by_password("owner@acme.example").await.unwrap();
    scene.arrive(&connection, &proof("m", "mia@acme.example")).await.unwrap();
    let loud = "select count(*) from audit_log where org_id = $1 and action = 'sso.bypassed'";
    assert_eq!(scene.count(loud).await, 2);
    let mia = scene.user("mia@acme.example").await;
    assert!(system::seats_of(&scene.kernel.db, mia).await.unwrap()[0].sso_only);
}
