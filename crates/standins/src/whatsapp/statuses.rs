//! Status webhooks: what became of a message we sent.

use serde_json::{Value, json};

use super::inbound::publish;
use crate::meta::{GraphError, Meta};
use crate::threads::Visible;

/// Sent, delivered and — when people read — read.
pub(super) fn delivered(meta: &Meta, message: &Visible) {
    let manners = meta.manners_now();
    if !manners.receipts {
        return;
    }
    let mut steps = vec!["sent", "delivered"];
    if manners.reads {
        steps.push("read");
    }
    for (place, step) in steps.into_iter().enumerate() {
        let mut status = one(message, step, message.at_ms / 1000 + place as i64);
        if step == "sent" {
            status["conversation"] = json!({ "id": format!("c{}", message.id.len()), "origin": { "type": "service" } });
        }
        if step != "read" {
            let category = if message.kind == "template" { "utility" } else { "service" };
            status["pricing"] =
                json!({ "billable": message.kind == "template", "pricing_model": "PMP", "category": category });
        }
        publish(meta, &message.account, &message.person, json!({ "statuses": [status] }), manners.receipt_delay_ms);
    }
}

/// Accepted, then refused.
pub(super) fn failed(meta: &Meta, message: &Visible, code: i64) {
    let mut status = one(message, "failed", message.at_ms / 1000);
    status["errors"] = json!([GraphError::webhook_item(code)]);
    publish(
        meta,
        &message.account,
        &message.person,
        json!({ "statuses": [status] }),
        meta.manners_now().receipt_delay_ms,
    );
}

fn one(message: &Visible, step: &str, at_s: i64) -> Value {
    let mut status = json!({
        "id": message.id, "status": step, "timestamp": at_s.to_string(), "recipient_id": message.person,
    });
    if let Some(key) = &message.key {
        status["biz_opaque_callback_data"] = json!(key);
    }
    status
}
