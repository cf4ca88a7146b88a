//! Applying a patch (RFC 7644, 3.5.2) to a resource in memory; the caller writes the result or nothing.
//!
//! Entra writes `Add`, `Replace` and `Remove`, sends dotted and URN-prefixed keys without a path, and removes values by listing
//! them; Okta sends objects without a path. An unknown attribute in an object without a path is ignored, as an unknown schema
//! is anywhere; an unknown attribute in a path is an error.

use serde_json::{Map, Value};

use super::ScimError;
use super::attributes::{element_of, value_of};
use super::filter::{self, Filter, Literal, Op, Path};
use super::schema::{Attr, Kind, Mutability, Place, Type};

/// The most operations of one request.
const MOST: usize = 1_000;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Add,
    Remove,
    Replace,
}

/// One operation of a patch.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) verb: Verb,
    pub(crate) path: Option<Path>,
    /// Null when there is none.
    pub(crate) value: Value,
}

/// Reads the operations of a body.
pub(crate) fn operations(body: &Map<String, Value>) -> Result<Vec<Operation>, ScimError> {
    let syntax = |what: &str| ScimError::bad("invalidSyntax", what.to_owned());
    let list = filter::get(body, "Operations").and_then(Value::as_array);
    let list = list.filter(|list| !list.is_empty()).ok_or_else(|| syntax("a patch has a list of Operations"))?;
    if list.len() > MOST {
        return Err(syntax("a patch has at most 1,000 operations"));
    }
    list.iter().map(operation).collect()
}

fn operation(value: &Value) -> Result<Operation, ScimError> {
    let syntax = |what: String| ScimError::bad("invalidSyntax", what);
    let fields = value.as_object().ok_or_else(|| syntax("an operation is an object".into()))?;
    let word = filter::get(fields, "op").and_then(Value::as_str).unwrap_or_default();
    let verb = match word.to_ascii_lowercase().as_str() {
        "add" => Verb::Add,
        "remove" => Verb::Remove,
        "replace" => Verb::Replace,
        _ => return Err(syntax("op is one of add, remove and replace".into())),
    };
    let path = match filter::get(fields, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(Value::String(text)) => Some(filter::path(text).map_err(|error| error.as_path())?),
        Some(_) => return Err(ScimError::bad("invalidPath", "a path is a text")),
    };
    let value = filter::get(fields, "value").cloned().unwrap_or_default();
    if path.is_none() && verb == Verb::Remove {
        return Err(ScimError::bad("noTarget", "remove needs a path"));
    }
    if path.is_none() && !value.is_object() {
        return Err(ScimError::bad("invalidValue", "without a path, the value is an object of attributes"));
    }
    Ok(Operation { verb, path, value })
}

/// Applies an operation to the attributes of a resource.
pub(crate) fn apply(resource: &mut Map<String, Value>, op: &Operation, kind: &'static Type) -> Result<(), ScimError> {
    if let Some(path) = &op.path {
        return at(resource, path, op.verb, &op.value, kind, true);
    }
    let Value::Object(fields) = &op.value else { return Ok(()) };
    for (key, value) in fields {
        if let Ok(path) = filter::path(key) {
            at(resource, &path, op.verb, value, kind, false)?;
        }
    }
    Ok(())
}

/// Applies to what a path leads to. `named`: the path was given as one, and must lead somewhere.
fn at(
    resource: &mut Map<String, Value>,
    path: &Path,
    verb: Verb,
    value: &Value,
    kind: &'static Type,
    named: bool,
) -> Result<(), ScimError> {
    match kind.place(path.schema.as_deref(), &path.name) {
        Some(Place::Foreign) => Ok(()),
        None if !named => Ok(()),
        None => Err(ScimError::bad("invalidPath", format!("there is no attribute {path}"))),
        Some(Place::Core(attr)) => on_attribute(resource, attr, path, verb, value, named),
        Some(Place::Extended(extension, attr)) => {
            within(resource, extension.urn, |inner| on_attribute(inner, attr, path, verb, value, named))
        }
        Some(Place::Whole(extension)) => {
            if verb != Verb::Add {
                resource.remove(extension.urn);
            }
            let Value::Object(fields) = value else {
                let removal = verb == Verb::Remove || value.is_null();
                return if removal { Ok(()) } else { Err(ScimError::bad("invalidValue", "an extension is an object")) };
            };
            for (key, value) in fields {
                let path = Path { schema: Some(extension.urn.to_owned()), name: key.clone(), ..Path::default() };
                at(resource, &path, verb, value, kind, false)?;
            }
            Ok(())
        }
    }
}

/// Changes an object inside another, which comes and goes with its first and last field.
fn within<T>(
    holder: &mut Map<String, Value>,
    key: &str,
    change: impl FnOnce(&mut Map<String, Value>) -> Result<T, ScimError>,
) -> Result<T, ScimError> {
    let mut inner = match holder.remove(key) {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    };
    let done = change(&mut inner)?;
    if !inner.is_empty() {
        holder.insert(key.to_owned(), inner.into());
    }
    Ok(done)
}

fn on_attribute(
    holder: &mut Map<String, Value>,
    attr: &'static Attr,
    path: &Path,
    verb: Verb,
    value: &Value,
    named: bool,
) -> Result<(), ScimError> {
    let sub = match path.sub.as_deref() {
        None => None,
        Some(name) => match attr.sub(name) {
            Some(sub) => Some(sub),
            None if !named => return Ok(()),
            None => return Err(ScimError::bad("invalidPath", format!("there is no attribute {path}"))),
        },
    };
    if attr.mutability == Mutability::ReadOnly || sub.is_some_and(|sub| sub.mutability == Mutability::ReadOnly) {
        return if named { Err(ScimError::bad("mutability", format!("{path} is read-only"))) } else { Ok(()) };
    }
    match (&path.filter, sub) {
        (Some(filter), sub) => on_chosen(holder, attr, filter, sub, verb, value),
        (None, Some(sub)) if attr.many => on_each(holder, attr, sub, verb, value),
        (None, Some(sub)) => within(holder, attr.name, |inner| on_whole(inner, sub, verb, value)),
        (None, None) => on_whole(holder, attr, verb, value),
    }
}

/// The attribute itself.
fn on_whole(holder: &mut Map<String, Value>, attr: &'static Attr, verb: Verb, value: &Value) -> Result<(), ScimError> {
    if verb == Verb::Remove {
        return removed(holder, attr, value);
    }
    let Some(new) = value_of(attr, value)? else {
        // A null, or an empty list: replacing with it clears, adding it adds nothing.
        return if verb == Verb::Replace { removed(holder, attr, &Value::Null) } else { Ok(()) };
    };
    match new {
        Value::Array(mut new) if attr.many => {
            let mut all = if verb == Verb::Add { list(holder, attr) } else { Vec::new() };
            new.retain(|element| !all.contains(element));
            let first_new = all.len();
            all.append(&mut new);
            one_primary(&mut all, |n| n >= first_new);
            holder.insert(attr.name.to_owned(), all.into());
        }
        // What is not named of a complex value stays (3.5.2.3).
        Value::Object(fields) if attr.kind == Kind::Complex => {
            return within(holder, attr.name, |inner| {
                inner.extend(fields);
                Ok(())
            });
        }
        new => {
            holder.insert(attr.name.to_owned(), new);
        }
    }
    Ok(())
}

fn removed(holder: &mut Map<String, Value>, attr: &'static Attr, value: &Value) -> Result<(), ScimError> {
    if attr.required {
        return Err(ScimError::bad("mutability", format!("{} is required", attr.name)));
    }
    // Entra lists the values to be removed instead of choosing them by a filter.
    let listed = if attr.many { value_of(attr, value)? } else { None };
    let Some(Value::Array(listed)) = listed else {
        holder.remove(attr.name);
        return Ok(());
    };
    let same = |a: &Value, b: &Value| a == b || (a.get("value").is_some() && a.get("value") == b.get("value"));
    let mut all = list(holder, attr);
    all.retain(|element| !listed.iter().any(|one| same(element, one)));
    put_list(holder, attr, all);
    Ok(())
}

/// One sub-attribute of every value.
fn on_each(
    holder: &mut Map<String, Value>,
    attr: &'static Attr,
    sub: &'static Attr,
    verb: Verb,
    value: &Value,
) -> Result<(), ScimError> {
    let mut all = list(holder, attr);
    if all.is_empty() && verb == Verb::Add {
        all.push(Map::new().into());
    }
    if all.is_empty() && verb == Verb::Replace {
        return Err(ScimError::bad("noTarget", format!("{} has no value yet", attr.name)));
    }
    for element in all.iter_mut().filter_map(Value::as_object_mut) {
        on_whole(element, sub, verb, value)?;
    }
    put_list(holder, attr, all);
    Ok(())
}

/// The values that a filter chooses.
fn on_chosen(
    holder: &mut Map<String, Value>,
    attr: &'static Attr,
    filter: &Filter,
    sub: Option<&'static Attr>,
    verb: Verb,
    value: &Value,
) -> Result<(), ScimError> {
    if !attr.many {
        return Err(ScimError::bad("invalidPath", format!("{} has one value and is not filtered", attr.name)));
    }
    let mut all = list(holder, attr);
    let chosen: Vec<bool> = all.iter().map(|element| filter::matches_element(filter, element, attr)).collect();
    if !chosen.contains(&true) {
        return match verb {
            Verb::Remove => Ok(()),
            Verb::Replace => {
                Err(ScimError::bad("noTarget", format!("no value of {} is chosen by the path", attr.name)))
            }
            Verb::Add => {
                let mut element = template(filter, attr)?;
                match sub {
                    Some(sub) => on_whole(&mut element, sub, verb, value)?,
                    None => merge(&mut element, attr, value)?,
                }
                all.push(element.into());
                let last = all.len() - 1;
                one_primary(&mut all, |n| n == last);
                put_list(holder, attr, all);
                Ok(())
            }
        };
    }
    if verb == Verb::Remove && sub.is_none() {
        let mut chosen = chosen.iter();
        all.retain(|_| chosen.next() != Some(&true));
        put_list(holder, attr, all);
        return Ok(());
    }
    for (element, _) in all.iter_mut().zip(&chosen).filter(|(_, chosen)| **chosen) {
        let Value::Object(fields) = element else { continue };
        if let Some(sub) = sub {
            on_whole(fields, sub, verb, value)?;
            continue;
        }
        if verb == Verb::Replace {
            fields.clear();
        }
        merge(fields, attr, value)?;
    }
    one_primary(&mut all, |n| chosen[n]);
    put_list(holder, attr, all);
    Ok(())
}

fn merge(element: &mut Map<String, Value>, attr: &'static Attr, value: &Value) -> Result<(), ScimError> {
    match element_of(attr, value)? {
        Some(Value::Object(fields)) => element.extend(fields),
        _ => return Err(ScimError::bad("invalidValue", format!("a value of {} is an object", attr.name))),
    }
    Ok(())
}

/// A new value that the filter would choose: `emails[type eq "work"]` makes `{"type": "work"}`.
fn template(filter: &Filter, attr: &'static Attr) -> Result<Map<String, Value>, ScimError> {
    match filter {
        Filter::And(left, right) => {
            let mut fields = template(left, attr)?;
            fields.extend(template(right, attr)?);
            Ok(fields)
        }
        Filter::Compare(path, Op::Eq, Literal::Text(text)) => {
            let mut fields = Map::new();
            if let Some(sub) = attr.sub(&path.name) {
                on_whole(&mut fields, sub, Verb::Add, &text.as_str().into())?;
            }
            Ok(fields)
        }
        Filter::Compare(path, Op::Eq, Literal::Bool(flag)) => {
            let mut fields = Map::new();
            if let Some(sub) = attr.sub(&path.name) {
                on_whole(&mut fields, sub, Verb::Add, &(*flag).into())?;
            }
            Ok(fields)
        }
        _ => Err(ScimError::bad("noTarget", format!("no value of {} is chosen by the path", attr.name))),
    }
}

fn list(holder: &Map<String, Value>, attr: &Attr) -> Vec<Value> {
    holder.get(attr.name).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Values that lost all their fields are gone, and the attribute with its last value.
fn put_list(holder: &mut Map<String, Value>, attr: &Attr, mut all: Vec<Value>) {
    all.retain(|element| element.as_object().is_none_or(|fields| !fields.is_empty()));
    if all.is_empty() {
        holder.remove(attr.name);
    } else {
        holder.insert(attr.name.to_owned(), all.into());
    }
}

/// The last of the new values that is primary makes every other one not so.
fn one_primary(all: &mut [Value], new: impl Fn(usize) -> bool) {
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    let Some(kept) = (0..all.len()).rev().find(|n| new(*n) && is_primary(&all[*n])) else { return };
    for (n, element) in all.iter_mut().enumerate() {
        if n != kept && is_primary(element) {
            element["primary"] = false.into();
        }
    }
}

#[cfg(test)]
mod tests;
