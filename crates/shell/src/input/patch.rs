//! `Patch<T>`: a field of a `PATCH` body knows absent, null and value.
//!
//! Use with `#[serde(default)]` on the field: absent keeps the stored value, null clears it, a value sets it.

use serde::{Deserialize, Deserializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// What a `PATCH` says about one field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field was not in the body: keep what is stored.
    #[default]
    Absent,
    /// The field was null: clear it.
    Null,
    /// Set it.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether the body said anything about the field.
    pub fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The new value of a column that may be null, given the old one.
    pub fn or(self, stored: Option<T>) -> Option<T> {
        match self {
            Self::Absent => stored,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// For a column that cannot be null: `Err(())` when the body tried to clear it.
    pub fn required(self) -> Result<Option<T>, NotNull> {
        match self {
            Self::Absent => Ok(None),
            Self::Null => Err(NotNull),
            Self::Value(value) => Ok(Some(value)),
        }
    }
}

/// The body tried to clear a field that must have a value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must not be null")]
pub struct NotNull;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::deserialize(deserializer)? {
            None => Self::Null,
            Some(value) => Self::Value(value),
        })
    }
}

impl<T: PartialSchema> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        OneOfBuilder::new().item(null).item(T::schema()).into()
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct LeadPatch {
        #[serde(default)]
        owner: Patch<u32>,
    }

    fn read(body: &str) -> Patch<u32> {
        serde_json::from_str::<LeadPatch>(body).expect("valid").owner
    }

    #[test]
    fn absent_null_and_value_are_three_things() {
        assert_eq!(read("{}").or(Some(1)), Some(1));
        assert_eq!(read(r#"{"owner":null}"#).or(Some(1)), None);
        assert_eq!(read(r#"{"owner":2}"#).or(Some(1)), Some(2));
        assert_eq!(read(r#"{"owner":null}"#).required(), Err(NotNull));
        assert!(!read("{}").is_present());
    }
}
