//! `POST /{phone_number_id}/messages`: messages out, and the read mark with its typing indicator.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{rules, statuses, templates};
use crate::meta::{Call, GraphError, Holder, Meta};
use crate::threads::{Author, Platform, Visible};

const DAY_MS: i64 = 24 * 3600 * 1000;

pub(crate) fn send(meta: &Meta, call: &Call) -> Result<Response, GraphError> {
    check_caller(meta, call)?;
    if call.params.contains_key("status") {
        return mark(meta, call).map(IntoResponse::into_response);
    }
    let to = rules::recipient(&call.params)?;
    let (kind, text) = rules::content(&call.params)?;
    check_recipient(meta, &call.id, &to)?;
    check_rate(meta, &call.id, &to)?;
    let mut failure = None;
    if kind == "template" {
        templates::check(meta, &call.id, &call.params["template"])?;
    } else if let Err(error) = check_window(meta, &call.id, &to) {
        if !meta.state(|state| state.late_window_errors) {
            return Err(error);
        }
        failure = Some(error.code);
    }
    if let Some(code) = call.quirk.as_deref().and_then(|quirk| quirk.strip_prefix("fail_later:")) {
        failure = code.parse().ok();
    }
    let id = format!("wamid.HBgL{}", meta.shared_dice().word(40));
    let key = call.text("biz_opaque_callback_data").map(str::to_owned);
    let message = Visible {
        number: 0,
        id: id.clone(),
        platform: Platform::WhatsApp,
        account: call.id.clone(),
        person: to.clone(),
        author: Author::App,
        kind: kind.to_owned(),
        text,
        key,
        at_ms: meta.now_ms(),
        content: call.params.get(kind).cloned().unwrap_or_default(),
    };
    if let Some(code) = failure {
        statuses::failed(meta, &message, code);
    } else {
        statuses::delivered(meta, &message);
        meta.threads.show(message);
    }
    Ok(Json(accepted(call, &to, &id, kind)).into_response())
}

fn accepted(call: &Call, to: &str, id: &str, kind: &str) -> Value {
    let mut message = json!({ "id": id });
    if kind == "template" {
        message["message_status"] = json!("accepted");
    }
    let mut contact = json!({ "input": call.text("to") });
    if to.chars().any(char::is_alphabetic) {
        contact["user_id"] = json!(to);
    } else {
        contact["wa_id"] = json!(to);
    }
    json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] })
}

fn check_caller(meta: &Meta, call: &Call) -> Result<(), GraphError> {
    let waba = meta.state(|state| state.numbers.get(&call.id).map(|number| number.waba.clone()));
    let allowed = match &call.holder {
        Holder::Business(id) => waba.as_ref() == Some(id),
        Holder::User(_) => true,
        _ => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(GraphError::new(403, 10, "(#10) Application does not have permission for this action"))
    }
}

fn check_recipient(meta: &Meta, number: &str, to: &str) -> Result<(), GraphError> {
    meta.state(|state| {
        if state.numbers.get(number).is_some_and(|known| known.display == to) {
            return Err(GraphError::whatsapp(131_021));
        }
        match state.person(number, to) {
            Some(person) if person.blocked => Err(GraphError::whatsapp(131_026)),
            _ => Ok(()),
        }
    })
}

fn check_rate(meta: &Meta, number: &str, to: &str) -> Result<(), GraphError> {
    let (now, limits) = (meta.now_ms(), meta.config.limits);
    meta.state(|state| {
        let pair = format!("pair/{number}/{to}");
        if limits.pair_per_min != u64::MAX && !state.meter.take(&pair, now, limits.pair_per_min, 60_000).allowed {
            return Err(GraphError::whatsapp(131_056));
        }
        if limits.whatsapp_per_s != u64::MAX && !state.meter.take(number, now, limits.whatsapp_per_s, 1000).allowed {
            return Err(GraphError::whatsapp(130_429));
        }
        Ok(())
    })
}

fn check_window(meta: &Meta, number: &str, to: &str) -> Result<(), GraphError> {
    match meta.threads.last_heard(number, to) {
        Some(heard) if meta.now_ms() - heard < DAY_MS => Ok(()),
        _ => Err(GraphError::whatsapp(131_047)),
    }
}

/// Marks a person's message as read, perhaps with a typing indicator.
fn mark(meta: &Meta, call: &Call) -> Result<Json<Value>, GraphError> {
    let id = call.text("message_id").unwrap_or_default();
    let known = meta.threads.find(id).is_some_and(|message| message.account == call.id);
    if call.text("status") != Some("read") || !known {
        return Err(GraphError::parameter("Invalid parameter"));
    }
    let typing = call.params.get("typing_indicator");
    meta.state(|state| {
        state
            .signals
            .push(json!({ "account": call.id, "action": "read", "message_id": id, "typing_indicator": typing }));
    });
    Ok(Json(json!({ "success": true })))
}
