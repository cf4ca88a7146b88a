//! The operator's commands, through the program itself: keys, the audit log, the vault.

use std::process::{Command, Output};

use kernel::testing::TestDb;

/// Base64 of 32 bytes, all 1 and all 2.
const OLD: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const NEW: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

struct Operator {
    db: TestDb,
    folder: tempfile::TempDir,
    vars: Vec<(&'static str, &'static str)>,
}

impl Operator {
    async fn new() -> Self {
        let vars = vec![("RECOUP__VAULT__MASTER_KEY", OLD)];
        Self { db: TestDb::new().await, folder: tempfile::tempdir().expect("a folder"), vars }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recoup"));
        command.args(args).current_dir(self.folder.path()).env("DATABASE_URL", self.db.url());
        command.env("RECOUP__DATA_DIR", self.folder.path()).env("RECOUP_PASSWORD", "a long enough password");
        command.envs(self.vars.iter().copied()).output().expect("the program runs")
    }

    /// What a command that succeeds prints.
    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// What a command that fails says.
    #[track_caller]
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?} succeeds: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("text")
    }

    fn organisation(&self) -> String {
        let made = self.ok(&["org", "create", "--name", "One", "--owner", "Olive", "--email", "olive@example.com"]);
        made.split_whitespace().next().expect("an id").to_owned()
    }

    async fn tamper(&self, statement: &'static str) {
        let done = sqlx::query(statement).execute(&mut self.db.owner().await).await.expect("the owner may");
        assert!(done.rows_affected() > 0, "{statement}");
    }
}

#[tokio::test]
async fn the_log_is_exported_signed_proved_and_a_change_is_found_in_file_and_database() {
    let operator = Operator::new().await;
    let org = operator.organisation();
    operator.ok(&["key", "create", "--org", &org, "--name", "cron", "--allow-from", "192.0.2.0/24"]);
    assert_eq!(operator.ok(&["audit", "sign"]), "1 signed\n");
    let text = operator.ok(&["audit", "export", "--org", &org]);
    let path = operator.folder.path().join("log.jsonl");
    std::fs::write(&path, &text).expect("written");
    let file = path.to_str().expect("text");
    let proved = operator.ok(&["audit", "verify", file]);
    assert!(proved.contains("are whole; 1 checkpoints hold"), "{proved}");
    let kid = operator.ok(&["audit", "keys"]).split_whitespace().next().expect("a key").to_owned();
    assert!(proved.contains(&kid));
    operator.ok(&["audit", "verify", file, "--key", &kid]);
    assert!(operator.refused(&["audit", "verify", file, "--key", "another"]).contains("not one of the keys to trust"));
    assert!(operator.ok(&["audit", "verify", file, "--org", &org]).contains("still holds what the file had"));

    std::fs::write(&path, text.replace("key.created", "key.revoked")).expect("written");
    assert!(operator.refused(&["audit", "verify", file]).contains("was changed after it was written"));
    std::fs::write(&path, &text).expect("written");

    // Written anew with everything that could show it, so that only what was kept elsewhere does.
    operator.tamper("delete from audit_checkpoints").await;
    operator.tamper("delete from audit_log").await;
    operator.tamper("delete from audit_heads").await;
    operator.ok(&["key", "create", "--org", &org, "--name", "another"]);
    operator.ok(&["audit", "verify", "--org", &org]);
    assert!(
        operator
            .refused(&["audit", "verify", file, "--org", &org])
            .contains("rewritten or cut after the file was made")
    );

    operator.tamper("update audit_log set actor = 'bot' where seq = 1").await;
    assert!(operator.refused(&["audit", "verify", "--org", &org]).contains("entry 1 was changed"));
    let refused = operator.refused(&["audit", "prune", "--org", &org, "--before", "2026-01-01T00:00:00Z"]);
    assert!(refused.contains("kept for seven years"), "{refused}");
    assert!(operator.refused(&["audit", "verify"]).contains("required"));
}

#[tokio::test]
async fn keys_are_made_listed_rotated_and_ended() {
    let operator = Operator::new().await;
    let org = operator.organisation();
    let made = operator.ok(&["key", "create", "--org", &org, "--name", "cron", "--scopes", "view,reply"]);
    let id = made.split_whitespace().next().expect("an id").to_owned();
    let rotated = operator.ok(&["key", "rotate", "--org", &org, "--key", &id, "--overlap-hours", "2"]);
    assert!(rotated.contains("rk_") && !rotated.contains(&id));
    let list = operator.ok(&["key", "list", "--org", &org]);
    assert!(list.lines().count() == 2 && list.contains("view,reply") && !list.contains("rk_"), "{list}");
    operator.ok(&["key", "revoke", "--org", &org, "--key", &id]);
    assert_eq!(operator.ok(&["key", "list", "--org", &org]).lines().count(), 1);
    let wrong = operator.refused(&["key", "create", "--org", &org, "--name", "x", "--allow-from", "192.0.2.1/24"]);
    assert!(wrong.contains("192.0.2.0/24"), "{wrong}");
}

#[tokio::test]
async fn the_master_key_is_rotated_and_the_old_one_is_not_needed_after() {
    let mut operator = Operator::new().await;
    let org = operator.organisation();
    operator.ok(&["audit", "sign"]);
    operator.vars = vec![("RECOUP__VAULT__MASTER_KEY", NEW), ("RECOUP__VAULT__PREVIOUS_KEYS__0", OLD)];
    assert!(operator.ok(&["vault", "rotate"]).starts_with("rewrapped: 1 data keys, 1 keys of the installation"));
    operator.vars.truncate(1);
    assert!(operator.ok(&["vault", "rotate"]).starts_with("rewrapped: 0 data keys"));
    assert!(operator.ok(&["vault", "rekey", &org]).contains("data key 2"));
    // The key that signs is the one of before the rotation: it still opens.
    assert_eq!(operator.ok(&["audit", "sign"]), "1 signed\n");
    assert_eq!(operator.ok(&["audit", "keys"]).lines().count(), 1);
    assert!(operator.ok(&["audit", "verify", "--org", &org]).contains("signed up to entry"));
}
