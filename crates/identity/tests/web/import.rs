//! Bringing people in from a table.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Person, Reply};

const TABLE: &str = "Email;Name;Role\nsam@example.com;Sam Okafor;agent\nines@example.com;Inés Vidal;\nnobody;X;root\n";

async fn import(house: &House, by: &Person, csv: &str, dry_run: bool) -> Reply {
    house.post("/v2/members/import", json!({ "csv": csv, "dry_run": dry_run })).by(by).send().await
}

fn outcomes(report: &Value) -> Vec<(u64, &str)> {
    let rows = report["report"].as_array().expect("rows");
    rows.iter().map(|row| (row["line"].as_u64().expect("a line"), row["outcome"].as_str().expect("a word"))).collect()
}

async fn invites(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from invites where revoked_at is null")
        .fetch_one(&mut house.db.owner().await)
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_table_is_tried_then_done_and_again_it_does_nothing() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let tried = import(&house, &owner, TABLE, true).await.expect_status(200).json();
    let expected = [(2, "invited"), (3, "invited"), (4, "refused")];
    assert_eq!((outcomes(&tried), tried["dry_run"].as_bool()), (expected.to_vec(), Some(true)));
    assert_eq!((invites(&house).await, tried["links"].as_array().map(Vec::len)), (0, Some(0)));
    assert!(
        tried["report"][2]["reason"].as_str().expect("a reason").contains("email is not an email address; role is not")
    );

    let done = import(&house, &owner, TABLE, false).await.expect_status(200).json();
    assert_eq!(outcomes(&done), expected);
    assert_eq!(done["counts"], json!({ "rows": 3, "invited": 2, "waiting": 0, "members": 0, "refused": 1 }));
    let links = done["links"].as_array().expect("links");
    assert_eq!((invites(&house).await, links.len()), (2, 2));

    // The link brings the person in, with the name of the table waiting in the form.
    let path = links[0]["link"].as_str().expect("a link").strip_prefix("http://127.0.0.1:8080").expect("our address");
    assert!(house.get(path).send().await.expect_status(200).body.contains("value=\"Sam Okafor\""));
    house.form(path, "name=Sam&password=correct+horse+battery").send().await.expect_status(303);

    let again = import(&house, &owner, TABLE, false).await.expect_status(200).json();
    assert_eq!(outcomes(&again), [(2, "member"), (3, "waiting"), (4, "refused")]);
    assert_eq!(invites(&house).await, 2);
    house.advance(Duration::days(8));
    let late = import(&house, &house.login(&owner.email).await, TABLE, false).await.expect_status(200).json();
    assert_eq!(outcomes(&late), [(2, "member"), (3, "invited"), (4, "refused")]);
    assert_eq!(late["report"][1]["reason"], "their earlier invitation ended");
}

#[tokio::test]
async fn refused_rows_come_back_as_a_table_that_no_spreadsheet_runs() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let csv = "email,name\n=cmd|' /C calc'!A0,@SUM(A1)\n\"+1,2\",\"a\"\"b\"\ngood@example.com,Good\n";
    let made = import(&house, &owner, csv, false).await.expect_status(200).json();
    let path = made["refused_csv"].as_str().expect("a path").to_owned();
    let table = house.get(&path).by(&owner).send().await.expect_status(200);
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(table.headers["content-disposition"], "attachment; filename=\"refused.csv\"");
    let lines: Vec<&str> = table.body.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0], "line,email,name,role,team,reason");
    assert_eq!(lines[1], "2,'=cmd|' /C calc'!A0,'@SUM(A1),,,email is not an email address");
    assert_eq!(lines[2], "3,\"'+1,2\",\"a\"\"b\",,,email is not an email address");
    assert_eq!(lines.len(), 3);
    // Mended, it is imported as it is.
    let mended = table.body.replace("'=cmd|' /C calc'!A0", "c@example.com").replace("\"'+1,2\"", "d@example.com");
    let done = import(&house, &owner, &mended, false).await.expect_status(200).json();
    assert_eq!(done["counts"]["invited"], 2);
    assert_eq!((&done["refused_csv"], &done["report"][0]["name"]), (&Value::Null, &json!("@SUM(A1)")));
}

#[tokio::test]
async fn only_an_owner_invites_owners_and_every_row_is_audited() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let csv = "email,role\nboss@example.com,owner\nhand@example.com,admin\n";
    let by_admin = import(&house, &admin, csv, false).await.expect_status(200).json();
    assert_eq!(outcomes(&by_admin), [(2, "refused"), (3, "invited")]);
    assert_eq!(by_admin["report"][0]["reason"], "only an owner makes an owner");
    let by_owner = import(&house, &owner, csv, false).await.expect_status(200).json();
    assert_eq!(outcomes(&by_owner), [(2, "invited"), (3, "waiting")]);
    // An administrator neither replaces the owner's invitation nor comes by its link.
    let replaced = import(&house, &admin, "email,role\nboss@example.com,viewer", false).await.expect_status(200).json();
    assert_eq!(outcomes(&replaced), [(2, "refused")]);
    let list = house.get("/v2/invites").by(&admin).send().await.expect_status(200).json();
    let boss =
        list["data"].as_array().expect("rows").iter().find(|row| row["role"] == "owner").expect("the invitation");
    let resend = format!("/v2/invites/{}/resend", boss["id"].as_str().expect("an id"));
    house.post(&resend, json!({})).by(&admin).send().await.expect_status(403);
    house.post(&resend, json!({})).by(&owner).send().await.expect_status(200);
    let log = house.get("/v2/audit-log?action=members").by(&owner).send().await.expect_status(200).json();
    assert_eq!(log["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(log["data"][2]["detail"], json!({ "rows": 2, "invited": 1, "waiting": 0, "members": 0, "refused": 1 }));
    let named = house.get("/v2/audit-log?action=member.invited").by(&owner).send().await.expect_status(200).json();
    assert_eq!(named["data"].as_array().map(Vec::len), Some(2), "each that may manage people by itself");
}

#[tokio::test]
async fn a_file_that_is_no_table_is_refused_whole() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    for (csv, status) in [("", 422), ("name\nSam", 422), ("email\n", 422), ("PK\u{3}\u{4}", 422)] {
        let refused = import(&house, &owner, csv, false).await.expect_status(status).json();
        assert_eq!(refused["error"]["details"][0]["field"], "file", "{csv:?}");
    }
    import(&house, &owner, &format!("email\n{}", "x".repeat(2 << 20)), false).await.expect_status(413);
    import(&house, &owner, &format!("email\n{}", "x".repeat(5 << 20)), false).await.expect_status(413);
    let kept: i64 =
        sqlx::query_scalar("select count(*) from member_imports").fetch_one(&mut house.db.owner().await).await.unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn ten_thousand_rows_are_one_import_and_what_is_kept_is_sealed() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let row = |csv: String, n: i32| csv + &format!("person{n}@example.com,Person {n},agent\n");
    let csv = (0..10_000).fold("email,name,role\n".to_owned(), row);
    let began = std::time::Instant::now();
    let made = import(&house, &owner, &csv, false).await.expect_status(200).json();
    assert_eq!((made["counts"]["invited"].as_i64(), invites(&house).await), (Some(10_000), 10_000));
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    let sealed: Vec<u8> =
        sqlx::query_scalar("select sealed from member_imports").fetch_one(&mut house.db.owner().await).await.unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("person1@example.com"));
    import(&house, &owner, &format!("{csv}one@example.com,One,agent"), false).await.expect_status(422);
}

#[tokio::test]
async fn two_imports_at_once_invite_each_person_once() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let calls = (0..3).map(|_| import(&house, &owner, TABLE, false));
    let reports = futures_util::future::join_all(calls).await;
    let invited: i64 = reports
        .into_iter()
        .map(|reply| reply.expect_status(200).json()["counts"]["invited"].as_i64().expect("a number"))
        .sum();
    assert_eq!((invited, invites(&house).await), (2, 2));
}

#[tokio::test]
async fn another_organisation_sees_no_import() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let made = import(&house, &one, TABLE, true).await.expect_status(200).json();
    let path = format!("/v2/members/imports/{}", made["id"].as_str().expect("an id"));
    assert_eq!(house.get(&path).by(&one).send().await.expect_status(200).json()["report"], made["report"]);
    for path in [path.clone(), format!("{path}/refused")] {
        house.get(&path).by(&two).send().await.expect_status(404);
    }
    assert_eq!(house.get("/v2/members/imports").by(&two).send().await.expect_status(200).json()["data"], json!([]));
    assert_eq!(house.get("/v2/members/imports").by(&one).send().await.json()["data"].as_array().map(Vec::len), Some(1));
}

/// A form with a file, as a browser without script sends it. The file's name is whatever an attacker likes.
fn form(csrf: &str, csv: &str) -> String {
    let file = "Content-Disposition: form-data; name=\"file\"; filename=\"../../../../etc/cron.d/people.csv\"\r\nContent-Type: text/csv";
    format!(
        "--XX\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n{csrf}\r\n--XX\r\n{file}\r\n\r\n{csv}\r\n--XX\r\n\
         Content-Disposition: form-data; name=\"csv\"\r\n\r\n\r\n--XX--\r\n"
    )
}

#[tokio::test]
async fn a_browser_chooses_a_file_reads_the_report_and_invites() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, token) = house.browser(&owner.email).await;
    let upload = |csrf: &str, csv: &str| {
        let mut call = house.form("/settings/people/import", &form(csrf, csv)).header("cookie", &cookie);
        call = call.header("content-type", "multipart/form-data; boundary=XX");
        call.send()
    };
    let page = |path: String| {
        let call = house.get(&path).header("cookie", &cookie);
        async move { call.send().await.expect_status(200).body }
    };
    assert!(page("/settings/people/import".into()).await.contains("enctype=\"multipart/form-data\""));
    upload("", TABLE).await.expect_status(403);
    let wrong = upload(&token, "name\nSam").await.expect_status(422);
    assert!(wrong.body.contains("The file has no column"), "{}", wrong.body);
    let tried = upload(&token, TABLE).await.expect_status(303);
    let path = tried.location().to_owned();
    let report = page(path.clone()).await;
    for words in ["Nothing has been sent yet", "Invite 2", "will be invited", "Refused rows as CSV", "Inés Vidal"] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert_eq!(invites(&house).await, 0);
    let finish = || house.form(&path, &format!("_csrf={token}")).header("cookie", &cookie).send();
    let done = finish().await.expect_status(200).body;
    assert!(
        done.contains("2 of 3 invited") && done.contains("sam@example.com,http://127.0.0.1:8080/invite/"),
        "{done}"
    );
    finish().await.expect_status(409);
    let seen = page(path.clone()).await;
    assert!(seen.contains("2 of 3 invited") && !seen.contains("/invite/"), "links are shown once");
    assert_eq!(invites(&house).await, 2);
    // What changed between trying and doing is decided anew.
    let path = upload(&token, "email\nlate@example.com").await.expect_status(303).location().to_owned();
    let new = json!({ "email": "late@example.com", "name": "L", "password": PASSWORD, "role": "viewer" });
    house.post("/v2/members", new).by(&owner).send().await.expect_status(201);
    let done = house.form(&path, &format!("_csrf={token}")).header("cookie", &cookie).send().await.expect_status(200);
    assert!(done.body.contains("0 of 1 invited") && done.body.contains("member already"));
}

#[tokio::test]
async fn a_team_of_the_table_waits_until_its_person_joins() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let team =
        house.post("/v2/teams", json!({ "name": "Front desk" })).by(&owner).send().await.expect_status(201).json();
    let csv = "email,team\nsam@example.com,FRONT DESK\nines@example.com,Nowhere";
    let done = import(&house, &owner, csv, false).await.expect_status(200).json();
    assert_eq!(outcomes(&done), [(2, "invited"), (3, "refused")]);
    assert_eq!(done["report"][1]["reason"], "there is no team of this name; make it first");
    let fellows = format!("/v2/teams/{}/members", team["id"].as_str().expect("an id"));
    let members = async || house.get(&fellows).by(&owner).send().await.expect_status(200).json()["data"].clone();
    assert_eq!(members().await, json!([]));
    let link = done["links"][0]["link"].as_str().expect("a link");
    let token = link.rsplit('/').next().expect("a secret");
    let accept = json!({ "token": token, "name": "Sam", "password": PASSWORD });
    house.post("/v2/invites/accept", accept).send().await.expect_status(201);
    assert_eq!(members().await[0]["email"], "sam@example.com");
}
