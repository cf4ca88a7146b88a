//! Quantiles of organisations that share: of ten, and never of nine.

use kernel::db::system;
use serde_json::json;
use shell::Role;

use crate::support::House;

#[tokio::test]
async fn nine_who_share_are_kept_to_themselves_and_ten_are_not() {
    let house = House::new().await;
    let today = house.web.kernel.clock.now().date_naive();
    let mut owner = house.web.db.owner().await;
    for n in 0..11 {
        let org = house.web.org("One of many").await;
        // The eleventh does not share.
        let settings = json!({ "industry": "dental", "size": "small", "share_benchmarks": n < 10 });
        sqlx::query("insert into scoring_settings (org_id, value) values ($1, $2)")
            .bind(org)
            .bind(settings)
            .execute(&mut owner)
            .await
            .expect("settings");
        sqlx::query(
            "insert into scores (org_id, type, day, value, unit, coverage, version, detail, calculated_at) \
             values ($1, 'response_velocity', $2, $3, 'points', 1, 1, '{}', now())",
        )
        .bind(org)
        .bind(today)
        .bind(f64::from(n) * 10.0)
        .execute(&mut owner)
        .await
        .expect("a score");
        system::make_benchmarks(&house.web.kernel.db, today).await.expect("made");
        let rows: Vec<(String, String, i32, f64)> = sqlx::query_as(
            "select industry, size, organisations, p50 from benchmark_quantiles order by industry, size",
        )
        .fetch_all(&mut owner)
        .await
        .expect("rows");
        if n < 9 {
            assert!(rows.is_empty(), "of {} organisations: {rows:?}", n + 1);
        } else {
            let all = |industry: &str, size: &str| (industry.to_owned(), size.to_owned(), 10, 45.0);
            assert_eq!(rows, [all("", ""), all("dental", ""), all("dental", "small")]);
        }
    }
    let token = house.web.token(house.org, Role::Viewer);
    let told = house.web.get(&token, &format!("/v2/scoring/{}/benchmarks", house.org)).await.json();
    assert_eq!((&told["shared"][0]["industry"], &told["shared"][0]["p50"]), (&json!(""), &json!(45.0)), "{told}");
}
