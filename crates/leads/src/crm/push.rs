//! The calls: contacts, then deals and their links, then notes, each in batches, each failure kept with its lead.

use std::collections::HashSet;

use connectors::hubspot::HubSpot;
use connectors::hubspot::calls::{Association, Outcomes};
use connectors::hubspot::failure::{Failure, FailureKind};
use connectors::hubspot::objects::{Change, Link, NewLink, NewObject, ObjectKind, Properties, Upsert};

use super::connect::{CONTACT_KEY, DEAL_KEY};
use super::plan::Wanted;

/// Which of a lead's records a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Contact,
    Deal,
    Note,
}

/// A lead on its way into the CRM.
#[derive(Debug)]
pub(super) struct Parcel {
    pub wanted: Wanted,
    pub contact: Option<String>,
    pub deal: Option<String>,
    pub note: Option<String>,
    pub failure: Option<(Part, Failure)>,
}

impl Parcel {
    pub(super) fn new(wanted: Wanted) -> Self {
        let source = &wanted.source;
        let (contact, deal, note) =
            (source.remote_contact_id.clone(), source.remote_deal_id.clone(), source.remote_note_id.clone());
        Self { contact, deal, note, failure: None, wanted }
    }

    fn fail(&mut self, part: Part, failure: Failure) {
        self.failure.get_or_insert((part, failure));
    }

    /// Whether a note must be made, not changed: the one call that cannot be repeated.
    pub(super) fn makes_a_note(&self) -> bool {
        self.failure.is_none() && self.note.is_none() && self.wanted.note.is_some()
    }
}

/// Writes contacts, then deals with their links.
pub(super) async fn push_records(hubspot: &HubSpot, token: &str, parcels: &mut [Parcel]) {
    contacts(hubspot, token, parcels).await;
    deals(hubspot, token, parcels).await;
}

async fn contacts(hubspot: &HubSpot, token: &str, parcels: &mut [Parcel]) {
    let kind = ObjectKind::Contacts;
    let (known, new): (Vec<usize>, Vec<usize>) = (0..parcels.len()).partition(|&n| parcels[n].contact.is_some());
    if !known.is_empty() {
        let inputs: Vec<Change> = known
            .iter()
            .map(|&n| change(&parcels[n], parcels[n].contact.clone(), parcels[n].wanted.contact.clone()))
            .collect();
        settle(parcels, &known, Part::Contact, hubspot.update(token, kind, &inputs).await);
    }
    // Two contacts of ours with one address are one person there: the second follows when the first is written.
    let mut addresses = HashSet::new();
    let (mut by_email, mut by_key) = (Vec::new(), Vec::new());
    for n in new {
        match parcels[n].wanted.email.as_deref().map(str::to_lowercase) {
            Some(email) if addresses.insert(email.clone()) => by_email.push(n),
            Some(_) => parcels[n].fail(
                Part::Contact,
                Failure::new(FailureKind::Unavailable, "another contact with this e-mail address is being written"),
            ),
            None => by_key.push(n),
        }
    }
    for (chosen, property) in [(by_email, "email"), (by_key, CONTACT_KEY)] {
        if chosen.is_empty() {
            continue;
        }
        let inputs: Vec<Upsert> =
            chosen.iter().map(|&n| upsert(&parcels[n], property, &parcels[n].wanted.contact)).collect();
        settle(parcels, &chosen, Part::Contact, hubspot.upsert(token, kind, &inputs).await);
    }
}

async fn deals(hubspot: &HubSpot, token: &str, parcels: &mut [Parcel]) {
    let kind = ObjectKind::Deals;
    let due: Vec<usize> =
        (0..parcels.len()).filter(|&n| parcels[n].failure.is_none() && parcels[n].wanted.deal.is_some()).collect();
    let (known, new): (Vec<usize>, Vec<usize>) = due.into_iter().partition(|&n| parcels[n].deal.is_some());
    if !known.is_empty() {
        let deal =
            |n: usize| change(&parcels[n], parcels[n].deal.clone(), parcels[n].wanted.deal.clone().unwrap_or_default());
        let inputs: Vec<Change> = known.iter().map(|&n| deal(n)).collect();
        settle(parcels, &known, Part::Deal, hubspot.update(token, kind, &inputs).await);
    }
    if new.is_empty() {
        return;
    }
    let inputs: Vec<Upsert> = new
        .iter()
        .filter_map(|&n| parcels[n].wanted.deal.as_ref().map(|deal| upsert(&parcels[n], DEAL_KEY, deal)))
        .collect();
    settle(parcels, &new, Part::Deal, hubspot.upsert(token, kind, &inputs).await);
    let links: Vec<Association> =
        new.iter().filter_map(|&n| Some(link(parcels[n].deal.as_ref()?, parcels[n].contact.as_ref()?))).collect();
    if links.is_empty() {
        return;
    }
    if let Err(failure) = hubspot.associate(token, kind, ObjectKind::Contacts, &links).await {
        for &n in &new {
            // Made but not linked: forgotten, so that the next run finds it again by our key and links it.
            parcels[n].deal = None;
            parcels[n].fail(Part::Deal, failure.clone());
        }
    }
}

/// Writes notes: changes those that are known, makes the others. A create whose answer is lost is not repeated.
pub(super) async fn push_notes(
    hubspot: &HubSpot,
    token: &str,
    parcels: &mut [Parcel],
    now: chrono::DateTime<chrono::Utc>,
) {
    let kind = ObjectKind::Notes;
    let due: Vec<usize> =
        (0..parcels.len()).filter(|&n| parcels[n].failure.is_none() && parcels[n].wanted.note.is_some()).collect();
    let (known, new): (Vec<usize>, Vec<usize>) = due.into_iter().partition(|&n| parcels[n].note.is_some());
    let body = |parcel: &Parcel| {
        Properties::from([("hs_note_body".to_owned(), parcel.wanted.note.clone().unwrap_or_default())])
    };
    if !known.is_empty() {
        let inputs: Vec<Change> =
            known.iter().map(|&n| change(&parcels[n], parcels[n].note.clone(), body(&parcels[n]))).collect();
        settle(parcels, &known, Part::Note, hubspot.update(token, kind, &inputs).await);
    }
    if new.is_empty() {
        return;
    }
    let make = |parcel: &Parcel| {
        let mut properties = body(parcel);
        properties.insert("hs_timestamp".to_owned(), now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        let contact = parcel.contact.iter().map(|id| NewLink::new(Link::NoteToContact, id));
        let deal = parcel.deal.iter().map(|id| NewLink::new(Link::NoteToDeal, id));
        NewObject {
            properties,
            associations: contact.chain(deal).collect(),
            object_write_trace_id: Some(trace(parcel)),
        }
    };
    let inputs: Vec<NewObject> = new.iter().map(|&n| make(&parcels[n])).collect();
    settle(parcels, &new, Part::Note, hubspot.create(token, kind, &inputs).await);
}

fn settle(parcels: &mut [Parcel], chosen: &[usize], part: Part, answer: Result<Outcomes, Failure>) {
    match answer {
        Ok(outcomes) => {
            for (&n, outcome) in chosen.iter().zip(outcomes) {
                match outcome {
                    Ok(object) => match part {
                        Part::Contact => parcels[n].contact = Some(object.id),
                        Part::Deal => parcels[n].deal = Some(object.id),
                        Part::Note => parcels[n].note = Some(object.id),
                    },
                    Err(failure) => parcels[n].fail(part, failure),
                }
            }
        }
        Err(failure) => chosen.iter().for_each(|&n| parcels[n].fail(part, failure.clone())),
    }
}

fn trace(parcel: &Parcel) -> String {
    parcel.wanted.source.id.to_string()
}

fn change(parcel: &Parcel, id: Option<String>, properties: Properties) -> Change {
    Change { id: id.unwrap_or_default(), properties, object_write_trace_id: Some(trace(parcel)) }
}

fn upsert(parcel: &Parcel, property: &str, properties: &Properties) -> Upsert {
    let id = properties.get(property).cloned().unwrap_or_else(|| parcel.wanted.contact_key());
    Upsert {
        id_property: Some(property.to_owned()),
        id,
        properties: properties.clone(),
        object_write_trace_id: Some(trace(parcel)),
    }
}

fn link(deal: &str, contact: &str) -> Association {
    Association { from: deal.to_owned(), to: contact.to_owned(), types: Vec::new() }
}
