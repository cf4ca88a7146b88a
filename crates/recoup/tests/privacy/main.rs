//! The map of what is kept of people outside is complete, and the holders do what it says.

mod chance;

use std::collections::BTreeMap;

use kernel::testing::TestDb;

const SIDES: [&str; 5] = ["hidden", "removed", "blanked", "dropped", "none"];

/// The map of `docs/privacy.md`: table, side.
fn map() -> BTreeMap<String, String> {
    let text = include_str!("../../../../docs/privacy.md");
    let (_, map) = text.split_once("## The map").expect("the document has a map");
    let rows = map.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[0].trim_end_matches('`').to_owned(), cells[2].to_owned())
    })
    .collect()
}

#[tokio::test]
async fn every_tenant_table_is_on_one_side_of_the_map() {
    let db = TestDb::new().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') \
         and not c.relispartition and exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' \
           and not a.attisdropped) order by 1",
    )
    .fetch_all(&mut db.owner().await)
    .await
    .expect("the catalogue can be read");
    let map = map();
    assert!(tables.len() > 40, "the walk found {} tables", tables.len());
    for table in &tables {
        let side = map.get(table).unwrap_or_else(|| panic!("{table} is on no side of the map in docs/privacy.md"));
        assert!(SIDES.contains(&side.as_str()), "{table}: {side:?} is no side");
    }
    for (table, _) in map.iter().filter(|(_, side)| *side != "none") {
        assert!(tables.contains(table), "{table} is on the map and not in the database");
    }
}

#[tokio::test]
async fn every_table_that_points_to_a_contact_a_conversation_or_a_lead_keeps_something_of_a_person() {
    let db = TestDb::new().await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns where table_schema = 'public' \
         and column_name in ('contact_id', 'conversation_id', 'lead_id', 'platform_id', 'recipient') \
         and table_name not like 'events\\_%' order by 1, 2",
    )
    .fetch_all(&mut db.owner().await)
    .await
    .expect("the catalogue can be read");
    let map = map();
    // A request is our own ids and nothing else; reports go to whom a member names, people inside.
    let inside = ["privacy_erasures", "report_deliveries"];
    for (table, column) in columns.iter().filter(|(table, _)| !inside.contains(&table.as_str())) {
        assert_ne!(map.get(table).map(String::as_str), Some("none"), "{table}.{column} is somebody's");
    }
}

#[tokio::test]
async fn hidden_means_a_policy_of_the_database_or_a_view_of_the_ledger() {
    let db = TestDb::new().await;
    let walled: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_policy p join pg_class c on c.oid = p.polrelid where p.polname = 'hidden' and not p.polpermissive order by 1",
    )
    .fetch_all(&mut db.owner().await)
    .await
    .expect("the catalogue can be read");
    let hidden: Vec<String> = map().into_iter().filter(|(_, side)| side == "hidden").map(|(table, _)| table).collect();
    for table in &walled {
        assert!(hidden.contains(table), "{table} hides rows and the map does not say so");
    }
    // Put aside, or left out by the few readers of the view.
    let otherwise = ["contact_identities", "open_waits", "lead_temperatures", "signals", "journeys", "play_enrolments"];
    for table in hidden {
        assert!(
            walled.contains(&table) || otherwise.contains(&table.as_str()),
            "{table} is not hidden by the database"
        );
    }
}

/// Runs `recoup privacy …` over the database; gives the exit code and what it printed.
fn recoup(db: &TestDb, folder: &std::path::Path, args: &[&str]) -> (i32, String) {
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_recoup"))
        .arg("privacy")
        .args(args)
        .current_dir(folder)
        .env("DATABASE_URL", db.url())
        .env("RECOUP__DATA_DIR", folder)
        .env("RECOUP__LOG__FILTER", "error")
        // Base64 of 32 zero bytes, as every test kernel has it.
        .env("RECOUP__VAULT__MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.code().expect("an exit code"), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_finds_a_person_erases_them_and_finds_nothing() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let vault = kernel.vault.of(org).await.expect("keys");
    let mut tx = kernel.db.begin(org).await.expect("a transaction");
    let channel = kernel::ids::ChannelId::new(&kernel.clock);
    let person = leads::contacts::Person {
        channel,
        kind: kernel::channel::ChannelKind::Whatsapp,
        ids: vec!["15550104711"],
        phone: Some("+15550104711"),
        name: Some("Zuzana Quellenreuther"),
        username: None,
    };
    let contact = leads::contacts::resolve(&mut tx, &vault, &[person]).await.expect("a contact")[0].contact;
    tx.commit().await.expect("committed");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a file"), "Quellenreuther was here").expect("written");

    let (code, said) = recoup(&db, folder.path(), &["find", "quellenreuther", "+1 555 010 4711"]);
    assert_eq!(code, 1, "{said}");
    for place in ["contacts.name", "contacts.phone", "contact_identities.platform_id", "a file"] {
        assert!(said.contains(place), "{place}: {said}");
    }
    std::fs::remove_file(folder.path().join("a file")).expect("removed");
    let (code, said) = recoup(&db, folder.path(), &["erase", &contact.to_string()]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(recoup(&db, folder.path(), &["find", "quellenreuther"]).0, 1, "hidden is not gone");
    let (code, said) = recoup(&db, folder.path(), &["erase", &contact.to_string(), "--now"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) =
        recoup(&db, folder.path(), &["find", "quellenreuther", "Zuzana Quellenreuther", "+1 555 010 4711"]);
    assert_eq!((code, said.trim()), (0, "nothing was found"));
    let (code, said) = recoup(&db, folder.path(), &["erase", &contact.to_string(), "--now"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there is no contact"), "{said}");
}

#[tokio::test]
async fn the_operator_checks_a_certificate_without_a_database() {
    let db = TestDb::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("certificate.json");
    let key = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
    let encode = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    };
    let certificate = r#"{"kind": "recoup.erasure"}"#;
    let signed = serde_json::json!({
        "certificate": certificate, "signature": encode(key.sign(certificate.as_bytes()).as_ref()), "kid": "k",
        "public_key": encode(ring::signature::KeyPair::public_key(&key).as_ref()),
    });
    std::fs::write(&file, signed.to_string()).expect("written");
    let path = file.display().to_string();
    assert_eq!(recoup(&db, folder.path(), &["verify", &path]).0, 0);
    std::fs::write(&file, signed.to_string().replace("erasure", "Erasure")).expect("written");
    let (code, said) = recoup(&db, folder.path(), &["verify", &path]);
    assert_eq!(code, 1, "{said}");
}
