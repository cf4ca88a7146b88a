//! One table of an export.

use serde::Serialize;
use serde_json::Value;

use crate::db::OrgTx;

/// Rows of one kind, such as the messages.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    /// Its name, fit for a file: `messages`.
    pub name: &'static str,
    /// The rows, each an object.
    pub rows: Vec<Value>,
}

impl Sheet {
    /// A sheet of rows.
    pub fn new(name: &'static str, rows: Vec<Value>) -> Self {
        Self { name, rows }
    }

    /// The rows of a query whose one column is JSON and whose parameters are the organisation and a list of ids.
    pub async fn read(
        tx: &mut OrgTx,
        name: &'static str,
        query: &'static str,
        ids: &[uuid::Uuid],
    ) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query_scalar(query).bind(tx.org()).bind(ids).fetch_all(tx.conn()).await?;
        Ok(Self { name, rows })
    }
}
