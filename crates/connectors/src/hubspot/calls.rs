//! The calls on records: batches, links, properties and search.

use kernel::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::batch::{BatchAnswer, InputKey, outcomes};
use super::failure::{Failure, FailureKind};
use super::objects::{Change, LinkType, MOST_INPUTS, NewObject, Object, ObjectKind, Page, Search, Upsert};
use super::{HubSpot, read};

/// The outcome of each input of a batch, in the order of the inputs.
pub type Outcomes = Vec<Result<Object, Failure>>;

/// A property of a kind of record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Property {
    /// Its name in calls.
    pub name: String,
    /// Its name for people.
    #[serde(default)]
    pub label: String,
    /// `string`, `number`, `enumeration`, …
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The values it may have, where it is a list.
    #[serde(default)]
    pub options: Vec<PropertyOption>,
    /// Whether one value belongs to one record, so that it can be upserted by.
    #[serde(default)]
    pub has_unique_value: bool,
}

/// One value of a property.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PropertyOption {
    /// In calls.
    pub value: String,
    /// For people.
    #[serde(default)]
    pub label: String,
}

/// A link to make between two records that exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// From this record.
    pub from: String,
    /// To that record.
    pub to: String,
    /// What kinds; the standard one where empty.
    pub types: Vec<LinkType>,
}

impl HubSpot {
    /// Creates records, at most 100. A create whose answer was lost may have happened.
    pub async fn create(&self, token: &str, kind: ObjectKind, inputs: &[NewObject]) -> Result<Outcomes, Failure> {
        let key = |input: &NewObject| InputKey { trace: input.object_write_trace_id.clone(), ..InputKey::default() };
        self.batch(token, kind, "create", inputs, key, 1).await
    }

    /// Creates records or changes those with the same unique value, at most 100.
    pub async fn upsert(&self, token: &str, kind: ObjectKind, inputs: &[Upsert]) -> Result<Outcomes, Failure> {
        let key = |input: &Upsert| InputKey {
            trace: input.object_write_trace_id.clone(),
            id: input.id_property.is_none().then(|| input.id.clone()),
            unique: input.id_property.as_ref().map(|name| (name.clone(), input.id.clone())),
        };
        self.batch(token, kind, "upsert", inputs, key, 3).await
    }

    /// Changes records by HubSpot's id, at most 100.
    pub async fn update(&self, token: &str, kind: ObjectKind, inputs: &[Change]) -> Result<Outcomes, Failure> {
        let key = |input: &Change| InputKey {
            trace: input.object_write_trace_id.clone(),
            id: Some(input.id.clone()),
            unique: None,
        };
        self.batch(token, kind, "update", inputs, key, 3).await
    }

    /// Reads records by HubSpot's id, at most 100; a record that is not there fails as not found.
    pub async fn read_many(
        &self,
        token: &str,
        kind: ObjectKind,
        ids: &[String],
        properties: &[&str],
    ) -> Result<Outcomes, Failure> {
        check_size(ids.len())?;
        let inputs: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        let body = json!({"inputs": inputs, "properties": properties, "propertiesWithHistory": []});
        let path = format!("/crm/v3/objects/{}/batch/read", kind.path());
        let request = self.request(Method::POST, &path).bearer(token).json(&body).safe_to_repeat(3);
        let answer: BatchAnswer = read(&self.send(request).await?)?;
        let missing = || Failure::new(FailureKind::NotFound, "no such record");
        let find = |id: &String| answer.results.iter().find(|object| object.id == *id).cloned().ok_or_else(missing);
        Ok(ids.iter().map(find).collect())
    }

    async fn batch<T: Serialize>(
        &self,
        token: &str,
        kind: ObjectKind,
        action: &str,
        inputs: &[T],
        key: impl Fn(&T) -> InputKey,
        attempts: u32,
    ) -> Result<Outcomes, Failure> {
        check_size(inputs.len())?;
        let path = format!("/crm/v3/objects/{}/batch/{action}", kind.path());
        let request = self.request(Method::POST, &path).bearer(token).json(&json!({"inputs": inputs}));
        let answer: BatchAnswer = read(&self.send(request.safe_to_repeat(attempts)).await?)?;
        Ok(outcomes(&inputs.iter().map(key).collect::<Vec<_>>(), &answer))
    }

    /// Links records that exist; the same link again changes nothing. With no types, makes the standard link.
    pub async fn associate(
        &self,
        token: &str,
        from: ObjectKind,
        to: ObjectKind,
        links: &[Association],
    ) -> Result<(), Failure> {
        check_size(links.len())?;
        let standard = links.iter().all(|link| link.types.is_empty());
        let inputs: Vec<_> = links
            .iter()
            .map(|link| {
                let mut input = json!({"from": {"id": link.from}, "to": {"id": link.to}});
                if !standard {
                    input["types"] = json!(link.types);
                }
                input
            })
            .collect();
        let action = if standard { "associate/default" } else { "create" };
        let path = format!("/crm/v4/associations/{}/{}/batch/{action}", from.path(), to.path());
        let request = self.request(Method::POST, &path).bearer(token).json(&json!({"inputs": inputs}));
        let answer: BatchErrors = read(&self.send(request.safe_to_repeat(3)).await?)?;
        match answer.errors.first() {
            None => Ok(()),
            Some(error) => Err(Failure::new(super::failure::kind_of(400, error), error.message.clone())),
        }
    }

    /// A property with its values, such as the lead statuses this account uses.
    pub async fn property(&self, token: &str, kind: ObjectKind, name: &str) -> Result<Property, Failure> {
        let path = format!("/crm/v3/properties/{}/{name}", kind.path());
        read(&self.send(self.request(Method::GET, &path).bearer(token).safe_to_repeat(3)).await?)
    }

    /// All properties of a kind of record, for the field-mapping page.
    pub async fn properties(&self, token: &str, kind: ObjectKind) -> Result<Vec<Property>, Failure> {
        #[derive(Deserialize)]
        struct Listed {
            results: Vec<Property>,
        }
        let path = format!("/crm/v3/properties/{}", kind.path());
        let listed: Listed = read(&self.send(self.request(Method::GET, &path).bearer(token).safe_to_repeat(3)).await?)?;
        Ok(listed.results)
    }

    /// Finds records. The index is seconds behind: never decide by it whether to create one.
    pub async fn search(&self, token: &str, kind: ObjectKind, search: &Search) -> Result<Page, Failure> {
        let path = format!("/crm/v3/objects/{}/search", kind.path());
        self.call(token, Method::POST, &path, search).await
    }

    /// A page of all records, oldest first, for the reconcile report.
    pub async fn list(
        &self,
        token: &str,
        kind: ObjectKind,
        properties: &[&str],
        after: Option<&str>,
    ) -> Result<Page, Failure> {
        let properties = properties.join(",");
        let mut pairs = vec![("limit", "100"), ("properties", &properties)];
        pairs.extend(after.map(|after| ("after", after)));
        let path = format!("/crm/v3/objects/{}", kind.path());
        read(&self.send(self.request(Method::GET, &path).bearer(token).query(&pairs).safe_to_repeat(3)).await?)
    }

    /// Puts records into the bin, at most 100; those already there are no error.
    pub async fn archive(&self, token: &str, kind: ObjectKind, ids: &[String]) -> Result<(), Failure> {
        check_size(ids.len())?;
        let inputs: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        let path = format!("/crm/v3/objects/{}/batch/archive", kind.path());
        let request = self.request(Method::POST, &path).bearer(token).json(&json!({"inputs": inputs}));
        self.send(request.safe_to_repeat(3)).await?;
        Ok(())
    }

    /// Deletes a contact for good, with its history, as the law asks; one that is not there is no error.
    pub async fn forget_contact(&self, token: &str, id: &str) -> Result<(), Failure> {
        let path = "/crm/v3/objects/contacts/gdpr-delete";
        let request = self.request(Method::POST, path).bearer(token).json(&json!({"objectId": id}));
        self.send(request.safe_to_repeat(3)).await?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct BatchErrors {
    #[serde(default)]
    errors: Vec<super::failure::ErrorBody>,
}

fn check_size(count: usize) -> Result<(), Failure> {
    if (1..=MOST_INPUTS).contains(&count) {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Invalid, format!("{count} records; one to {MOST_INPUTS} fit into a batch")))
}
