//! What the fold promises, over stories made by hand and by chance.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap_or_default() + Duration::minutes(minutes)
}

/// A signal of contact 1, not of a lead by name.
fn told(id: u128, kind: SignalKind, minutes: i64) -> Told {
    Told {
        id: Uuid::from_u128(id),
        at: at(minutes),
        kind,
        source: Arc::from("web"),
        location: None,
        lead: None,
        contact: Some(Uuid::from_u128(1_000)),
        minor: 0,
        inbound: kind == SignalKind::Call,
        spoken: false,
        meaningful: kind == SignalKind::Response,
        reached: None,
        cancelled: false,
        waited_s: None,
        starts_at: None,
        closes: false,
    }
}

fn lead(id: u128, minutes: i64) -> Told {
    Told { lead: Some(Uuid::from_u128(id)), ..told(id, SignalKind::Lead, minutes) }
}

fn one(signals: &[Told]) -> Journey {
    let mut journeys = fold(signals, &Rules::default());
    assert_eq!(journeys.len(), 1, "{journeys:?}");
    journeys.remove(0)
}

fn leak_of(journey: &Journey) -> Option<(Stage, i64)> {
    journey.leak_stage.zip(journey.leaks_at.map(|leaks| (leaks - at(0)).num_minutes()))
}

const DAY: i64 = 24 * 60;

#[test]
fn a_message_without_an_answer_leaks_after_a_day_and_an_answer_mends_it() {
    let unanswered = one(&[lead(1, 0)]);
    assert_eq!((unanswered.answered_after_s, leak_of(&unanswered)), (None, Some((Stage::Respond, DAY))));
    let answered = one(&[lead(1, 0), told(2, SignalKind::Response, 4)]);
    assert_eq!((answered.answered_after_s, answered.leak_stage), (Some(240), None));
    let late = one(&[lead(1, 0), told(2, SignalKind::Response, 2 * DAY)]);
    assert_eq!(leak_of(&late), Some((Stage::Respond, DAY)), "too late is leaked all the same");
    let holding = Told { meaningful: false, ..told(2, SignalKind::Response, 1) };
    assert_eq!(one(&[lead(1, 0), holding]).answered_after_s, None, "an acknowledgement is no answer");
}

#[test]
fn a_missed_call_leaks_after_an_hour_unless_somebody_calls_back() {
    let call = told(1, SignalKind::Call, 0);
    assert_eq!(leak_of(&one(std::slice::from_ref(&call))), Some((Stage::Answer, 60)));
    let back = Told { inbound: false, spoken: true, ..told(2, SignalKind::Call, 50) };
    let returned = one(&[call, back]);
    assert_eq!((returned.leak_stage, returned.answered_after_s), (None, Some(3_000)));
    let spoken = one(&[Told { spoken: true, ..told(1, SignalKind::Call, 0) }]);
    assert_eq!((spoken.answered_after_s, spoken.leak_stage, spoken.opening), (Some(0), None, Opening::Call));
}

#[test]
fn nobody_reached_leaks_after_a_fortnight_with_few_attempts() {
    let attempts = |count: u128| {
        let mut signals = vec![lead(1, 0)];
        signals.extend((0..count).map(|n| Told { inbound: false, ..told(10 + n, SignalKind::Call, 30 + n as i64) }));
        one(&signals)
    };
    assert_eq!(leak_of(&attempts(2)), Some((Stage::Reach, 14 * DAY)));
    assert_eq!(attempts(6).leak_stage, None, "six attempts are enough");
}

#[test]
fn quotes_missed_bookings_and_payments_have_their_own_stages() {
    let start = [lead(1, 0), Told { spoken: true, inbound: false, ..told(2, SignalKind::Call, 3) }];
    let with = |more: &[Told]| one(&[&start, more].concat());
    let quoted = with(&[told(3, SignalKind::Quote, 60)]);
    assert_eq!(leak_of(&quoted), Some((Stage::Book, 60 + 3 * DAY)));
    assert_eq!(with(&[told(3, SignalKind::Quote, 60), told(4, SignalKind::Response, DAY)]).leak_stage, None);
    let missed = [told(3, SignalKind::Booking, 60), told(4, SignalKind::NoShow, DAY)];
    assert_eq!(leak_of(&with(&missed)), Some((Stage::Show, 8 * DAY)));
    let again = [missed[0].clone(), missed[1].clone(), told(5, SignalKind::Booking, 2 * DAY)];
    assert_eq!(with(&again).leak_stage, None);
    let lost = [
        told(3, SignalKind::Quote, 60),
        Told { closes: true, meaningful: false, ..told(4, SignalKind::Response, 4 * DAY) },
    ];
    assert_eq!(with(&lost).leak_stage, Some(Stage::Book), "said after it had leaked");
    let refused = [
        told(3, SignalKind::Quote, 60),
        Told { closes: true, meaningful: false, ..told(4, SignalKind::Response, DAY) },
    ];
    assert_eq!(with(&refused).leak_stage, None);
}

#[test]
fn a_payment_belongs_to_the_latest_lead_of_its_contact_before_it() {
    let pay = |id, minutes| Told { minor: 500, ..told(id, SignalKind::Payment, minutes) };
    let journeys =
        fold(&[lead(1, 0), lead(2, 100 * DAY), pay(3, DAY), pay(4, 101 * DAY), pay(5, -DAY)], &Rules::default());
    let paid: Vec<i64> = journeys.iter().map(|journey| journey.paid_minor).collect();
    assert_eq!(paid, [500, 500], "the one before every lead belongs to none");
    let refund = Told { minor: 200, ..told(6, SignalKind::Refund, 2 * DAY) };
    assert_eq!(one(&[lead(1, 0), pay(3, DAY), refund]).paid_minor, 300);
}

#[test]
fn a_call_long_after_is_a_new_lead_and_a_call_soon_after_is_not() {
    let call = |minutes| Told { spoken: true, ..told(9, SignalKind::Call, minutes) };
    assert_eq!(fold(&[lead(1, 0), call(10 * DAY)], &Rules::default()).len(), 1);
    assert_eq!(fold(&[lead(1, 0), call(40 * DAY)], &Rules::default()).len(), 2);
}

#[test]
fn an_answer_of_ours_tells_when_the_question_was_asked() {
    let answer = Told { waited_s: Some(30), reached: Some(true), ..told(2, SignalKind::Response, 0) };
    let seen_later = Told { at: at(0) + Duration::seconds(5), ..lead(1, 0) };
    let journey = one(&[seen_later, answer]);
    assert_eq!((journey.answered_after_s, journey.arrived_at), (Some(30), at(0) - Duration::seconds(30)));
}

#[test]
fn who_comes_back_unaided_has_returned() {
    let back = Told { spoken: true, ..told(2, SignalKind::Call, 3 * DAY) };
    assert!(one(&[lead(1, 0), back.clone()]).returned);
    let nudged = told(3, SignalKind::Response, 2 * DAY);
    assert!(!one(&[lead(1, 0), nudged, back]).returned, "somebody wrote to them first");
}

fn any_kind() -> impl Strategy<Value = SignalKind> {
    proptest::sample::select(SignalKind::ALL[..8].to_vec())
}

prop_compose! {
    /// A signal of three contacts and four leads within two months.
    fn any_told()(
        id in 1_u128..200, kind in any_kind(), minutes in 0_i64..80_000, lead in proptest::option::of(1_u128..5),
        contact in proptest::option::of(1_u128..4), minor in 0_i64..100_000, flags in any::<[bool; 5]>(),
        waited in proptest::option::of(0_i64..90_000),
    ) -> Told {
        let [inbound, spoken, meaningful, cancelled, closes] = flags;
        let opens = kind == SignalKind::Lead;
        Told {
            lead: lead.map(|n| Uuid::from_u128(10_000 + n)).or(opens.then(|| Uuid::from_u128(id))),
            contact: contact.map(|n| Uuid::from_u128(20_000 + n)),
            minor,
            inbound: inbound && kind == SignalKind::Call,
            spoken: spoken && kind == SignalKind::Call,
            meaningful: meaningful && kind == SignalKind::Response,
            cancelled: cancelled && kind == SignalKind::Booking,
            closes: closes && minor % 7 == 0,
            waited_s: waited.filter(|_| kind == SignalKind::Response),
            ..told(id, kind, minutes)
        }
    }
}

/// Each id once: the same id with another content is a correction, which the table settles.
fn distinct(signals: Vec<Told>) -> Vec<Told> {
    let mut seen = BTreeSet::new();
    signals.into_iter().filter(|told| seen.insert(told.id)).collect()
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(signals in proptest::collection::vec(any_told(), 1..60), seed in any::<u64>()) {
        let signals = distinct(signals);
        let expected = fold(&signals, &Rules::default());
        let mut mixed: Vec<Told> = signals.iter().chain(signals.iter().take(9)).cloned().collect();
        mixed.sort_by_key(|told| told.id.as_u128().wrapping_mul(u128::from(seed | 1)) % 1_009);
        prop_assert_eq!(fold(&mixed, &Rules::default()), expected);
    }

    #[test]
    fn journeys_are_sound(signals in proptest::collection::vec(any_told(), 1..60)) {
        let signals = distinct(signals);
        for journey in fold(&signals, &Rules::default()) {
            prop_assert!(journey.answered_after_s.is_none_or(|seconds| seconds >= 0));
            prop_assert!(journey.answered_after_business_s <= journey.answered_after_s);
            prop_assert_eq!(journey.leak_stage.is_some(), journey.leaks_at.is_some());
            prop_assert!(journey.leaks_at.is_none_or(|at| at >= journey.arrived_at - GRACE));
            prop_assert!(!journey.returned || journey.leak_stage.is_some());
        }
    }
}
