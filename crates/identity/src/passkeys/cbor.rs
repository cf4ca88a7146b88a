//! CBOR as far as authenticators write it: one item off the front of bytes, and the one entry of a map.

use std::convert::Infallible;

use cbor4ii::core::Value;
use cbor4ii::core::dec::{Decode, Read, Reference};

use super::Wrong;

/// How deep items may nest; what we read nests twice.
const DEEPEST: usize = 8;

/// Bytes that are read from the front, to a depth.
struct Front<'a> {
    rest: &'a [u8],
    deeper: usize,
}

impl<'a> Read<'a> for Front<'a> {
    type Error = Infallible;

    fn fill<'short>(&'short mut self, want: usize) -> Result<Reference<'a, 'short>, Infallible> {
        Ok(Reference::Long(&self.rest[..want.min(self.rest.len())]))
    }

    fn advance(&mut self, n: usize) {
        self.rest = &self.rest[n.min(self.rest.len())..];
    }

    fn step_in(&mut self) -> bool {
        let deeper = self.deeper.checked_sub(1);
        self.deeper = deeper.unwrap_or_default();
        deeper.is_some()
    }

    fn step_out(&mut self) {
        self.deeper += 1;
    }
}

/// One item off the front.
pub(crate) fn item(rest: &mut &[u8]) -> Result<Value, Wrong> {
    let mut front = Front { rest, deeper: DEEPEST };
    let value = Value::decode(&mut front).map_err(|_| Wrong::Malformed)?;
    *rest = front.rest;
    Ok(value)
}

/// The pairs of a map.
pub(crate) fn map(value: &Value) -> Result<&[(Value, Value)], Wrong> {
    match value {
        Value::Map(pairs) => Ok(pairs),
        _ => Err(Wrong::Malformed),
    }
}

/// The one entry of a map under a key; a key that stands twice says nothing.
pub(crate) fn entry<'a>(value: &'a Value, key: &Value) -> Result<&'a Value, Wrong> {
    let mut found = map(value)?.iter().filter(|(known, _)| known == key).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(Wrong::Malformed),
    }
}

/// The same under a text.
pub(crate) fn named<'a>(value: &'a Value, name: &str) -> Result<&'a Value, Wrong> {
    entry(value, &Value::Text(name.to_owned()))
}

pub(crate) fn bytes(value: &Value) -> Result<&[u8], Wrong> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(Wrong::Malformed),
    }
}

pub(crate) fn number(value: &Value) -> Result<i64, Wrong> {
    match value {
        Value::Integer(number) => i64::try_from(*number).map_err(|_| Wrong::Malformed),
        _ => Err(Wrong::Malformed),
    }
}
