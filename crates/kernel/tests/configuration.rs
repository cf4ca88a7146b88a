//! The operator's guide names settings that exist, with their true defaults where it gives one.

use kernel::config::Config;

/// The variables of the guide's table with the text of the default column. `…NAME` continues the first name of its row.
fn documented() -> Vec<(String, String)> {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operator.md");
    let guide = std::fs::read_to_string(guide).expect("the guide is there");
    let mut found = Vec::new();
    for row in guide.lines().filter(|line| line.starts_with("| `RECOUP__")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names: Vec<&str> = cells[1].split('`').skip(1).step_by(2).collect();
        let prefix = names[0].rsplit_once("__").expect("a variable has sections").0;
        for name in names {
            let name = name.strip_prefix('…').map_or(name.to_owned(), |rest| format!("{prefix}__{rest}"));
            found.push((name, cells[2].trim_matches('`').to_owned()));
        }
    }
    found
}

#[test]
fn every_setting_of_the_guide_is_accepted() {
    // A provider needs these before it can have anything else.
    let provider = [
        ("RECOUP__AI__PROVIDERS__0__NAME", "one"),
        ("RECOUP__AI__PROVIDERS__0__BASE_URL", "http://127.0.0.1:1/v1"),
        ("RECOUP__AI__PROVIDERS__0__FAST_MODEL", "tiny"),
    ];
    // A mail server needs a sender, and each half of the credentials the other.
    let mail = [
        ("RECOUP__MAIL__HOST", "127.0.0.1"),
        ("RECOUP__MAIL__FROM", "recoup@example.com"),
        ("RECOUP__MAIL__USERNAME", "recoup"),
        ("RECOUP__MAIL__PASSWORD", "x"),
    ];
    let settings = documented();
    assert!(settings.len() > 30, "the table was not found");
    for (name, default) in settings {
        let value = match name.rsplit("__").next().unwrap_or_default() {
            "MASTER_KEY" | "0" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "FROM" => "Recoup <recoup@example.com>",
            "PORT" => "2525",
            // By the machine's cores.
            "WORK_POOL" | "SYSTEM_POOL" => "8",
            "NAMESERVER" => "127.0.0.1:53",
            "LISTEN" => "127.0.0.1:2222",
            "ORGANISATION" => "org_01h455vb4pex5vsknk084sn02q",
            "PUBLIC_URL" | "BASE_URL" => "http://127.0.0.1:1",
            _ if default.is_empty() || default.contains(' ') => "x",
            _ => &default,
        };
        let variable = (name.as_str(), value);
        let config = if name.starts_with("RECOUP__AI__PROVIDERS") {
            let [one, two, three] = provider;
            Config::from_vars([one, two, three, variable])
        } else if name.starts_with("RECOUP__MAIL") {
            let [host, from, user, password] = mail;
            Config::from_vars([host, from, user, password, variable])
        } else {
            Config::from_vars([variable])
        };
        assert!(config.is_ok(), "{name}={value}: {config:?}");
    }
}

#[test]
fn the_defaults_of_the_guide_are_true() {
    let config = Config::default();
    let settings = documented();
    let said = |name: &str| {
        let found = settings.iter().find(|(variable, _)| variable == name);
        found.map(|(_, default)| default.clone()).unwrap_or_default()
    };
    for (name, is) in [
        ("RECOUP__HTTP__BIND", config.http.bind.to_string()),
        ("RECOUP__HTTP__TRUST_PROXY", config.http.trust_proxy.to_string()),
        ("RECOUP__DATABASE__POOL", config.database.pool.to_string()),
        ("RECOUP__DATABASE__SITE_POOL", config.database.site_pool.to_string()),
        ("RECOUP__CONNECTORS__META__BASE_URL", config.connectors.meta.base_url.clone()),
        ("RECOUP__CONNECTORS__META__INSTAGRAM_BASE_URL", config.connectors.meta.instagram_url().to_owned()),
        ("RECOUP__CONNECTORS__META__DIALOG_URL", config.connectors.meta.dialog().to_owned()),
        ("RECOUP__CONNECTORS__META__VERSION", config.connectors.meta.version.clone()),
        ("RECOUP__CONNECTORS__X__BASE_URL", config.connectors.x.base_url.clone()),
        ("RECOUP__CONNECTORS__X__AUTHORIZE_URL", config.connectors.x.authorize()),
        ("RECOUP__CONNECTORS__HUBSPOT__BASE_URL", config.connectors.hubspot.base_url.clone()),
        ("RECOUP__CONNECTORS__HUBSPOT__AUTHORIZE_URL", config.connectors.hubspot.authorize()),
        ("RECOUP__CONNECTORS__HTTP__CONNECT_TIMEOUT_S", config.connectors.http.connect_timeout_s.to_string()),
        ("RECOUP__CONNECTORS__HTTP__TIMEOUT_S", config.connectors.http.timeout_s.to_string()),
        ("RECOUP__CONNECTORS__HTTP__POOL_PER_HOST", config.connectors.http.pool_per_host.to_string()),
        ("RECOUP__LOG__FILTER", config.log.filter.clone()),
    ] {
        assert_eq!(said(name), is, "{name}");
    }
}
