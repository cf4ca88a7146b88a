//! Names of members, for what they wrote, took over or were given.

use kernel::db::OrgTx;
use kernel::ids::{MemberId, UserId};
use uuid::Uuid;

/// The members of an organisation, by name.
pub(super) struct People(Vec<(MemberId, UserId, String)>);

impl People {
    /// Everybody.
    pub(super) async fn load(tx: &mut OrgTx) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query_as(
            "select m.id, m.user_id, u.name from members m join users u on u.id = m.user_id where m.org_id = $1 order by u.name, m.id",
        )
        .bind(tx.org())
        .fetch_all(tx.conn())
        .await?;
        Ok(Self(rows))
    }

    /// A member's name; one who left is "a former member".
    pub(super) fn member(&self, id: Uuid) -> String {
        self.0
            .iter()
            .find(|(member, ..)| member.uuid() == id)
            .map_or_else(|| "a former member".to_owned(), |(.., name)| name.clone())
    }

    /// The name of an actor as the ledger writes it.
    pub(super) fn actor(&self, actor: &str) -> String {
        match actor {
            "bot" => "Recoup".to_owned(),
            "system" => "a person in the platform's own app".to_owned(),
            _ => self
                .0
                .iter()
                .find(|(_, user, _)| user.to_string() == actor)
                .map_or_else(|| "somebody".to_owned(), |(.., name)| name.clone()),
        }
    }

    /// Each member's id and name.
    pub(super) fn members(&self) -> impl Iterator<Item = (MemberId, &str)> {
        self.0.iter().map(|(id, _, name)| (*id, name.as_str()))
    }
}
