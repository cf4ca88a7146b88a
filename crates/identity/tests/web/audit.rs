use kernel::audit::{AuditEntry, record};
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use serde_json::{Value, json};

use crate::support::{House, Person};

async fn verdict(house: &House, by: &Person) -> Value {
    house.get("/v2/audit-log/verification").by(by).send().await.expect_status(200).json()
}

/// A change behind Recoup's back, as the owner of the database could make it.
async fn tamper(house: &House, statement: &'static str) {
    let done = sqlx::query(statement).execute(&mut house.db.owner().await).await.expect("the owner may");
    assert!(done.rows_affected() > 0, "{statement}");
}

#[tokio::test]
async fn what_was_done_is_there_newest_first_and_can_be_filtered() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let id = house.member_id(&agent).await;
    house.patch(&format!("/v2/members/{id}"), json!({ "role": "viewer" })).by(&owner).send().await.expect_status(200);
    let log = house.get("/v2/audit-log").by(&owner).send().await.expect_status(200).json();
    let actions: Vec<_> = log["data"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["member.role_changed", "sign_in", "member.joined", "sign_in", "org.registered"]);
    let newest = &log["data"][0];
    assert_eq!(newest["detail"], json!({ "from": "agent", "to": "viewer" }));
    assert_eq!(
        (newest["actor_name"].as_str(), newest["subject"].as_str(), newest["seq"].as_i64()),
        (Some("Olive Owner"), Some(id.as_str()), Some(5))
    );
    let count = async |query: &str| {
        let log = house.get(&format!("/v2/audit-log?{query}")).by(&owner).send().await.expect_status(200).json();
        log["data"].as_array().unwrap().len()
    };
    assert_eq!(count("action=member").await, 2);
    assert_eq!(count("action=member.joined").await, 1);
    assert_eq!(count("action=memb").await, 0);
    assert_eq!(count(&format!("actor={}", agent.user)).await, 1);
    assert_eq!(count("to=2020-01-01T00:00:00Z").await, 0);
    assert_eq!(count("from=2020-01-01T00:00:00Z").await, 5);
    house.get("/v2/audit-log?actions=x").by(&owner).send().await.expect_status(422);
}

#[tokio::test]
async fn a_row_tells_from_where_with_what_and_what_was_before() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let id = house.member_id(&agent).await;
    let change = house.patch(&format!("/v2/members/{id}"), json!({ "role": "viewer" })).by(&owner);
    change.header("user-agent", "Ünlesbar").send().await.expect_status(200);
    let change = house.patch(&format!("/v2/members/{id}"), json!({ "role": "agent" })).by(&owner);
    change.header("user-agent", &"Firefox/140 ".repeat(40)).send().await.expect_status(200);
    let log = house.get(&format!("/v2/audit-log?subject={id}&action=member.role_changed")).by(&owner).send().await;
    let log = log.expect_status(200).json();
    let [newest, older] = log["data"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(
        (newest["before"].clone(), newest["after"].clone()),
        (json!({ "role": "viewer" }), json!({ "role": "agent" }))
    );
    assert_eq!((newest["device"].as_str().unwrap().len(), older["device"].as_str()), (200, Some("")), "cut, and none");
    assert_eq!(newest["version"], 2);
    let joined = house.get("/v2/audit-log?action=org.registered").by(&owner).send().await.json();
    assert_eq!((joined["data"][0]["before"].clone(), joined["data"][0]["after"].clone()), (Value::Null, Value::Null));
}

#[tokio::test]
async fn rows_are_found_by_address_in_any_spelling() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let mut tx = house.kernel.db.begin(owner.org.parse().unwrap()).await.unwrap();
    for ip in ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::7"] {
        let entry = AuditEntry::new(Actor::System, "settings.changed").about("weights");
        record(&mut tx, entry.from_ip(Some(ip.parse().unwrap())).device("cron")).await.unwrap();
    }
    tx.commit().await.unwrap();
    for (ip, rows) in [("192.0.2.7", 2), ("::ffff:192.0.2.7", 2), ("2001:0db8:0::7", 1), ("192.0.2.8", 0)] {
        let log = house.get(&format!("/v2/audit-log?ip={ip}")).by(&owner).send().await.expect_status(200).json();
        assert_eq!(log["data"].as_array().unwrap().len(), rows, "{ip}");
    }
    house.get("/v2/audit-log?ip=somewhere").by(&owner).send().await.expect_status(422);
    assert_eq!(verdict(&house, &owner).await["intact"], true);
}

#[tokio::test]
async fn rows_of_an_older_version_verify_beside_new_ones_and_no_column_can_be_changed() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let org: OrgId = owner.org.parse().unwrap();
    write_as_before(&house, org).await;
    house.member(&owner, "agent").await;
    assert_eq!(verdict(&house, &owner).await["entries"], 5);
    for (column, value) in [
        ("at", "at + interval '1 microsecond'"),
        ("actor", "'system'"),
        ("action", "'x'"),
        ("subject", "'x'"),
        ("detail", "detail || ' '"),
        ("ip", "'192.0.2.1'"),
        ("device", "'x'"),
        ("before", "'{}'"),
        ("after", "'{}'"),
        ("version", "1"),
        ("id", "gen_random_uuid()"),
    ] {
        let mut owner_of_tables = house.db.owner().await;
        let keep = "create temporary table kept as select * from audit_log where seq = 4";
        sqlx::query(keep).execute(&mut owner_of_tables).await.unwrap();
        let change = format!("update audit_log set {column} = {value} where seq = 4");
        sqlx::query(sqlx::AssertSqlSafe(change)).execute(&mut owner_of_tables).await.unwrap();
        assert_eq!(verdict(&house, &owner).await["broken_at"], 4, "{column}");
        let back = "with gone as (delete from audit_log where seq = 4) select 1";
        sqlx::query(back).execute(&mut owner_of_tables).await.unwrap();
        sqlx::query("insert into audit_log select * from kept").execute(&mut owner_of_tables).await.unwrap();
        assert_eq!(verdict(&house, &owner).await["intact"], true, "{column} put back");
    }
}

/// A row as a process of the version before writes it: it knows nothing of the newer columns.
async fn write_as_before(house: &House, org: OrgId) {
    let mut tx = house.kernel.db.begin(org).await.unwrap();
    let (seq, before): (i64, Vec<u8>) =
        sqlx::query_as("select seq, hash from audit_heads for update").fetch_one(tx.conn()).await.unwrap();
    let (id, at) = (kernel::ids::AuditId::new(tx.clock()), tx.clock().now());
    let link = kernel::audit::Link {
        version: 1,
        org,
        seq: seq + 1,
        id,
        at,
        actor: "system",
        action: "password.set",
        subject: "",
        detail: "{}",
        ip: "",
        device: "",
        before: "",
        after: "",
    };
    sqlx::query(
        "with head as (update audit_heads set seq = $2, hash = $5 where org_id = $1) \
         insert into audit_log (org_id, seq, id, at, actor, action, subject, detail, ip, hash) \
         values ($1, $2, $3, $4, 'system', 'password.set', '', '{}', '', $5)",
    )
    .bind(org)
    .bind(seq + 1)
    .bind(id)
    .bind(at)
    .bind(link.hash(&before))
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn pages_follow_one_another() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    house.member(&owner, "agent").await;
    let (mut path, mut seen) = ("/v2/audit-log?limit=2".to_owned(), Vec::new());
    loop {
        let log = house.get(&path).by(&owner).send().await.expect_status(200).json();
        seen.extend(log["data"].as_array().unwrap().iter().map(|row| row["seq"].as_i64().unwrap()));
        let Some(cursor) = log["next_cursor"].as_str() else { break };
        path = format!("/v2/audit-log?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, [4, 3, 2, 1]);
}

#[tokio::test]
async fn a_whole_chain_is_proved_and_a_changed_row_is_found() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    house.member(&owner, "agent").await;
    let right = verdict(&house, &owner).await;
    assert_eq!((right["intact"].as_bool(), right["entries"].as_i64()), (Some(true), Some(4)));
    tamper(&house, "update audit_log set actor = 'system' where seq = 3").await;
    let wrong = verdict(&house, &owner).await;
    assert_eq!(
        (wrong["intact"].as_bool(), wrong["entries"].as_i64(), wrong["broken_at"].as_i64()),
        (Some(false), Some(2), Some(3))
    );
}

#[tokio::test]
async fn a_missing_row_and_a_cut_end_are_found() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    house.member(&one, "agent").await;
    tamper(&house, "delete from audit_log where seq = 4").await;
    assert_eq!(verdict(&house, &one).await["broken_at"], 4);
    tamper(&house, "delete from audit_log where seq = 1").await;
    assert_eq!(verdict(&house, &one).await["broken_at"], 1);
    assert_eq!(verdict(&house, &two).await["broken_at"], 1);
    tamper(&house, "update audit_heads set seq = 0, hash = ''").await;
    let org: OrgId = two.org.parse().unwrap();
    let verdict = identity::audit::verify(&house.kernel, org).await.unwrap();
    assert!(verdict.intact && verdict.entries == 0, "an empty chain is whole: keep the last hash elsewhere");
}

#[tokio::test]
async fn the_chain_is_right_when_many_write_at_once_and_some_give_up() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let org: OrgId = owner.org.parse().unwrap();
    let writers = (0..40).map(|n| {
        let kernel = house.kernel.clone();
        async move {
            let mut tx = kernel.db.begin(org).await.unwrap();
            let entry =
                AuditEntry::new(Actor::System, "settings.changed").about("brand-voice").detail(json!({ "n": n }));
            record(&mut tx, entry).await.unwrap();
            if n % 5 == 0 { drop(tx) } else { tx.commit().await.unwrap() }
        }
    });
    futures_util::future::join_all(writers).await;
    let verdict = verdict(&house, &owner).await;
    assert_eq!((verdict["intact"].as_bool(), verdict["entries"].as_i64()), (Some(true), Some(2 + 32)));
}

#[tokio::test]
async fn the_program_itself_cannot_change_a_row() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let mut tx = house.kernel.db.begin(owner.org.parse().unwrap()).await.unwrap();
    assert!(sqlx::query("update audit_log set actor = 'x'").execute(tx.conn()).await.is_err());
    let mut tx = house.kernel.db.begin(owner.org.parse().unwrap()).await.unwrap();
    assert!(sqlx::query("delete from audit_log").execute(tx.conn()).await.is_err());
}

#[tokio::test]
async fn another_organisations_log_is_not_there() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    house.member(&one, "agent").await;
    let log = house.get("/v2/audit-log").by(&two).send().await.expect_status(200).json();
    assert_eq!(log["data"].as_array().unwrap().len(), 2);
    let log = house.get(&format!("/v2/audit-log?actor={}", one.user)).by(&two).send().await.expect_status(200).json();
    assert_eq!(log["data"], json!([]));
}
