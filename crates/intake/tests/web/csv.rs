//! Tables, from the upload to the signals, with everything that can be wrong with one.

use std::io::Write as _;

use serde_json::{Value, json};
use shell::Role;

use super::support::House;

/// A table whose columns are named like the fields of a signal.
fn certain(rows: usize) -> String {
    let mut table = "external_id,at,kind,source,contact,value,currency\n".to_owned();
    for n in 0..rows {
        table.push_str(&format!(
            "p{n},2026-03-{:02}T10:00:00Z,payment,pos,sam{n}@example.com,{}.50,USD\n",
            n % 28 + 1,
            n % 90 + 1
        ));
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_our_own_fields_is_read_at_once_and_again_changes_nothing() {
    let house = House::new().await;
    let first = house.upload(certain(25_000).as_bytes(), &[]).await;
    assert_eq!(first.status, 202, "{}", first.text);
    let job = first.json()["job_id"].as_str().expect("a job").to_owned();
    house.drain().await;
    let done = house.status(&job).await;
    assert_eq!(
        (done["state"].as_str(), done["rows"].as_i64(), done["landed"].as_i64()),
        (Some("done"), Some(25_000), Some(25_000)),
        "{done}"
    );
    assert_eq!((done["percent"].as_f64(), &done["error_file"]), (Some(100.0), &Value::Null));
    assert_eq!(house.count("select count(*) from signals").await, 25_000);
    let again =
        house.upload(certain(25_000).as_bytes(), &[]).await.json()["job_id"].as_str().expect("a job").to_owned();
    house.drain().await;
    let again = house.status(&again).await;
    assert_eq!((again["landed"].as_i64(), again["unchanged"].as_i64()), (Some(0), Some(25_000)), "{again}");
    let left = std::fs::read_dir(house.kernel().config.data_dir.0.join("intake").join(house.org.to_string()))
        .expect("a folder");
    assert_eq!(left.count(), 0, "what was read is gone from the disk");
}

#[tokio::test]
async fn what_a_table_leaves_open_is_asked_and_never_guessed() {
    let house = House::new().await;
    let table = "Order No;Order date;Customer e-mail;Type;Total\n17;03/04/2026;sam@example.com;Sale;1.234\n18;05/06/2026;kim@example.com;Refund;5.678\n";
    let preview = house.upload(table.as_bytes(), &[]).await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    let preview = preview.json();
    assert_eq!(
        (preview["delimiter"].as_str(), preview["has_header"].as_bool(), preview["encoding"].as_str()),
        (Some(";"), Some(true), Some("UTF-8"))
    );
    let asked: Vec<&str> =
        preview["questions"].as_array().expect("questions").iter().filter_map(|one| one["field"].as_str()).collect();
    assert_eq!(asked, ["date_order", "decimal_mark", "currency"]);
    let start = format!("/v2/ingestion/csv/{}/start", preview["id"].as_str().expect("an id"));
    let refused = house.post(&start, &json!({})).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("Which order do the dates have"), "{}", refused.text);
    assert_eq!(house.count("select count(*) from jobs").await, 0, "nothing began");
    let answers =
        json!({"date_order": "dmy", "decimal_mark": "comma", "currency": "EUR", "time_zone": "Europe/Berlin"});
    let started = house.post(&start, &answers).await;
    assert_eq!(started.status, 202, "{}", started.text);
    house.drain().await;
    let found: Vec<(String, String, i64)> = sqlx::query_as(
        "select kind, to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), minor from signals order by external_id",
    )
    .fetch_all(&mut house.web.db.owner().await)
    .await
    .expect("signals");
    assert_eq!(
        found,
        [
            ("payment".to_owned(), "2026-04-02 22:00".to_owned(), 123_400),
            ("refund".to_owned(), "2026-06-04 22:00".to_owned(), 567_800)
        ]
    );
    assert_eq!(house.post(&start, &answers).await.status, 409, "a file is read once");
}

#[tokio::test]
async fn every_bad_row_is_kept_with_its_reason_and_given_back() {
    let house = House::new().await;
    let table = "external_id,at,kind,value,currency,data.refuse\n\
        good,2026-01-02T00:00:00Z,payment,12.50,USD,\n\
        ragged,2026-01-02T00:00:00Z,payment\n\
        negative,2026-01-02T00:00:00Z,payment,-3,USD,\n\
        absurd,2026-01-02T00:00:00Z,payment,99999999999,USD,\n\
        money,2026-01-02T00:00:00Z,payment,5,XXQ,\n\
        epoch,1970-01-01T00:00:00Z,payment,5,USD,\n\
        future,2120-01-01T00:00:00Z,payment,5,USD,\n\
        kind,2026-01-02T00:00:00Z,gift,5,USD,\n\
        =1+1,2026-99-99,payment,5,USD,\n\
        landing,2026-01-02T00:00:00Z,payment,5,USD,yes\n\
        ,,,,,\n\
        \"quo\"\"ted\",2026-01-03T00:00:00Z,payment,5,USD,\n";
    let job = house.upload(table.as_bytes(), &[("start", "true")]).await;
    assert_eq!(job.status, 202, "{}", job.text);
    let job = job.json()["job_id"].as_str().expect("a job").to_owned();
    house.drain().await;
    let done = house.status(&job).await;
    assert_eq!(
        (done["state"].as_str(), done["landed"].as_i64(), done["rejected"].as_i64()),
        (Some("done"), Some(2), Some(9)),
        "{done}"
    );
    let file = house.get(done["error_file"].as_str().expect("a file")).await;
    assert_eq!(file.status, 200);
    assert!(file.text.starts_with("\u{feff}row,field,reason,external_id,at,"), "{}", file.text);
    for wanted in [
        "3,,has 3 cells where the header has 6",
        "4,value,",
        "5,value,",
        "6,currency,",
        "7,at,",
        "8,at,",
        "9,kind,",
        "10,at,",
        "11,,the shelf refuses it",
    ] {
        assert!(file.text.contains(wanted), "{wanted}: {}", file.text);
    }
    assert!(file.text.contains(",'=1+1,"), "no cell is a formula: {}", file.text);
    let sealed: Vec<u8> = sqlx::query_scalar("select sealed from intake_rejects")
        .fetch_one(&mut house.web.db.owner().await)
        .await
        .expect("rejects");
    assert!(!String::from_utf8_lossy(&sealed).contains("negative"), "kept sealed");
    let agent = house.web.token(house.org, Role::Agent);
    assert_eq!(house.web.get(&agent, &format!("/v2/ingestion/{job}/errors")).await.status, 403);
}

#[tokio::test]
async fn any_encoding_delimiter_and_packing_is_read() {
    let house = House::new().await;
    let text =
        "external_id|at|kind|location\nüé1|2026-01-02T00:00:00Z|lead|Zürich\nüé2|2026-01-02T00:00:00Z|lead|Köln\n";
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(text);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.replace('|', "\t").as_bytes()).expect("memory");
    let files = [wide, latin.into_owned(), gzip.finish().expect("memory"), format!("\u{feff}{text}").into_bytes()];
    for (place, file) in files.iter().enumerate() {
        let sent = house.upload(file, &[]).await;
        assert_eq!(sent.status, 202, "{place}: {}", sent.text);
        house.drain().await;
        let done = house.status(sent.json()["job_id"].as_str().expect("a job")).await;
        assert_eq!(
            (done["state"].as_str(), done["rows"].as_i64(), done["rejected"].as_i64()),
            (Some("done"), Some(2), Some(0)),
            "{place}: {done}"
        );
    }
    assert_eq!(
        house.count("select count(*) from signals where external_id in ('üé1', 'üé2')").await,
        2,
        "all said the same"
    );
}

#[tokio::test]
async fn duplicate_headers_are_named_and_broken_files_say_what_they_are() {
    let house = House::new().await;
    let twice = house.upload(b"Id,Amount,Amount\n1,2,3\n", &[]).await.json();
    assert_eq!(twice["duplicate_headers"], json!(["Amount"]));
    assert_eq!(twice["columns"][2]["name"], "Amount (2)");
    let empty = house.upload(b"", &[]).await;
    assert_eq!((empty.status, empty.text.contains("is empty")), (422, true), "{}", empty.text);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"external_id,at,kind\n").expect("memory");
    for _ in 0..70 {
        gzip.write_all(&vec![b'0'; 1 << 20]).expect("memory");
    }
    let bomb = house
        .upload(
            &gzip.finish().expect("memory"),
            &[(
                "mapping",
                r#"{"external_id": {"column": "external_id"}, "at": {"column": "at"}, "kind": {"column": "kind"}}"#,
            )],
        )
        .await;
    let said = if bomb.status == 202 {
        house.drain().await;
        house.status(bomb.json()["job_id"].as_str().expect("a job")).await.to_string()
    } else {
        bomb.text
    };
    assert!(said.contains("hundred times") || said.contains("never closed") || said.contains("file"), "{said}");
    assert_eq!(house.count("select count(*) from signals").await, 0);
}

#[tokio::test]
async fn a_dry_run_counts_and_writes_nothing_and_the_file_stays_for_the_real_one() {
    let house = House::new().await;
    let preview = house.upload(certain(50).as_bytes(), &[("dry_run", "true")]).await.json();
    house.drain().await;
    let dry = house.status(preview["job_id"].as_str().expect("a job")).await;
    assert_eq!(
        (dry["state"].as_str(), dry["dry_run"].as_bool(), dry["landed"].as_i64()),
        (Some("done"), Some(true), Some(50)),
        "{dry}"
    );
    assert_eq!(house.count("select count(*) from signals").await, 0);
    let real =
        house.post(&format!("/v2/ingestion/csv/{}/start", preview["id"].as_str().expect("an id")), &json!({})).await;
    assert_eq!(real.status, 202, "{}", real.text);
    house.drain().await;
    assert_eq!(house.count("select count(*) from signals").await, 50);
}

#[tokio::test]
async fn a_run_that_is_paused_stops_goes_on_and_can_be_cancelled() {
    let house = House::new().await;
    let job = house.upload(certain(30).as_bytes(), &[]).await.json()["job_id"].as_str().expect("a job").to_owned();
    let act = |what: &'static str| {
        let (house, job) = (&house, job.clone());
        async move { house.post(&format!("/v2/ingestion/{job}/{what}"), &json!({})).await.status }
    };
    assert_eq!(act("pause").await, 200);
    house.drain().await;
    assert_eq!(house.status(&job).await["state"], "paused");
    assert_eq!(house.count("select count(*) from signals").await, 0);
    assert_eq!(act("pause").await, 409);
    assert_eq!(act("resume").await, 200);
    house.drain().await;
    assert_eq!(house.status(&job).await["state"], "done");
    assert_eq!(act("cancel").await, 409, "it is over");
    let other = house.upload(certain(31).as_bytes(), &[]).await.json()["job_id"].as_str().expect("a job").to_owned();
    assert_eq!(house.post(&format!("/v2/ingestion/{other}/cancel"), &json!({})).await.status, 200);
    house.drain().await;
    assert_eq!(house.status(&other).await["state"], "cancelled");
    assert_eq!(house.count("select count(*) from signals").await, 30);
}

#[tokio::test]
async fn reading_goes_on_behind_what_landed_after_a_crash() {
    let house = House::new().await;
    let table = certain(25_000);
    let job = house.upload(table.as_bytes(), &[]).await.json()["job_id"].as_str().expect("a job").to_owned();
    // As a crash leaves it: the first two batches landed, the third did not, and the worker is gone.
    let offset = |rows: usize| table.match_indices('\n').nth(rows).map_or(0, |(at, _)| at as i64 + 1);
    let mut owner = house.web.db.owner().await;
    for (seq, rows) in [(0_i64, 10_000_usize), (1, 20_000)] {
        sqlx::query("insert into intake_batches (org_id, run_id, seq, end_offset, end_row, bytes, rows_read, landed, corrected, unchanged, rejected, at) select org_id, id, $1, $2, $3, 0, 10000, 10000, 0, 0, 0, now() from intake_runs")
            .bind(seq)
            .bind(offset(rows))
            .bind(rows as i64 + 1)
            .execute(&mut owner)
            .await
            .expect("a batch");
    }
    house.drain().await;
    let done = house.status(&job).await;
    assert_eq!((done["state"].as_str(), done["rows"].as_i64()), (Some("done"), Some(25_000)), "{done}");
    assert_eq!(house.count("select count(*) from signals").await, 5_000, "only the third batch was read");
}

#[tokio::test]
async fn files_and_runs_of_another_organisation_are_not_there() {
    let house = House::new().await;
    let preview = house.upload(certain(2).as_bytes(), &[]).await.json();
    let theirs = house.web.org("Theirs").await;
    let stranger = house.web.token(theirs, Role::Admin);
    let (id, job) = (preview["id"].as_str().expect("an id"), preview["job_id"].as_str().expect("a job"));
    for path in [
        format!("/v2/ingestion/csv/{id}"),
        format!("/v2/ingestion/{job}/status"),
        format!("/v2/ingestion/{job}/errors"),
    ] {
        assert_eq!(house.web.get(&stranger, &path).await.status, 404, "{path}");
    }
    let cache = format!("/v2/ingestion/cache/{}", house.org);
    assert_eq!(house.web.call(&stranger, "DELETE".parse().expect("a method"), &cache, None).await.status, 404);
    house.drain().await;
    assert_eq!(house.web.call(&house.admin, "DELETE".parse().expect("a method"), &cache, None).await.status, 204);
    assert_eq!(house.get(&format!("/v2/ingestion/csv/{id}")).await.status, 404, "previews are forgotten");
    assert_eq!(house.count("select count(*) from signals").await, 2, "signals stay");
}

#[tokio::test]
async fn files_that_wait_do_not_fill_the_disk() {
    let house = House::new().await;
    let table = b"No,When,What\n1,03/04/2026,Sale\n";
    assert_eq!(house.upload(table, &[]).await.status, 200, "it waits for answers");
    sqlx::query("update intake_files set bytes = 200::bigint << 30")
        .execute(&mut house.web.db.owner().await)
        .await
        .expect("changed");
    let refused = house.upload(table, &[]).await;
    assert_eq!((refused.status, refused.text.contains("100 GB")), (409, true), "{}", refused.text);
    assert_eq!(house.count("select count(*) from intake_files").await, 1);
}

#[tokio::test]
async fn names_of_columns_that_no_text_column_holds_are_read_without_it() {
    let house = House::new().await;
    let table = b"No\0,No\0,When,What\n1,1,03/04/2026,Sale\n2,2,03/05/2026,Sale\n";
    let preview = house.upload(table, &[]).await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    assert!(!preview.text.contains("\\u0000"), "{}", preview.text);
}
