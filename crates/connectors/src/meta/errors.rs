//! The Graph API's errors as a table: what each code means for the sender. Decide on the code (and subcode), never
//! on the HTTP status: Meta uses the same status for very different things.

use crate::channel::{RateScope, Refusal};

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It passes: nothing was sent, repeat.
    Passing,
    /// It stays.
    Refused(Refusal),
    /// The token is no longer good.
    Reauthorise,
    /// Slow down, at this level.
    Slower(RateScope),
}

use RateScope::{App, Channel, Recipient};
use Refusal::{
    AccountRestricted, Invalid, Media, NotPermitted, OptedOut, Other, Payment, RecipientUnavailable, Template,
    WindowClosed, Withheld,
};
use Verdict::{Passing, Reauthorise, Refused, Slower};

/// Messenger and Instagram: `(code, subcode, verdict)`; a row without a subcode is for all that have no row of their own.
pub const MESSAGING: &[(i64, Option<i64>, Verdict)] = &[
    (1, Some(99), Refused(NotPermitted)),
    (1, None, Passing),
    (2, None, Passing),
    (3, None, Refused(NotPermitted)),
    (4, None, Slower(App)),
    (10, Some(2_018_278), Refused(WindowClosed)),
    (10, Some(2_534_022), Refused(WindowClosed)),
    (10, Some(1_893_063), Refused(AccountRestricted)),
    (10, None, Refused(NotPermitted)),
    (17, None, Slower(Channel)),
    (32, None, Slower(Channel)),
    (80_006, None, Slower(Channel)),
    (613, None, Slower(Channel)),
    (100, Some(2_018_001), Refused(RecipientUnavailable)),
    (100, Some(2_018_109), Refused(Media)),
    (100, None, Refused(Invalid)),
    (102, None, Reauthorise),
    (190, None, Reauthorise),
    (200, Some(1_545_041), Refused(RecipientUnavailable)),
    (200, None, Refused(NotPermitted)),
    (230, None, Refused(NotPermitted)),
    (368, None, Refused(AccountRestricted)),
    (551, None, Refused(RecipientUnavailable)),
    (1200, None, Passing),
    (10_303, None, Refused(Other)),
];

/// WhatsApp, where subcodes are no longer given. The same codes come in `failed` statuses.
pub const WHATSAPP: &[(i64, Verdict)] = &[
    (0, Reauthorise),
    (1, Passing),
    (2, Passing),
    (3, Refused(NotPermitted)),
    (4, Slower(App)),
    (10, Refused(NotPermitted)),
    (33, Refused(AccountRestricted)),
    (100, Refused(Invalid)),
    (190, Reauthorise),
    (368, Refused(AccountRestricted)),
    (80_007, Slower(Channel)),
    (130_429, Slower(Channel)),
    (130_472, Refused(Withheld)),
    (130_497, Refused(AccountRestricted)),
    (131_000, Passing),
    (131_005, Refused(NotPermitted)),
    (131_008, Refused(Invalid)),
    (131_009, Refused(Invalid)),
    (131_016, Passing),
    (131_021, Refused(Invalid)),
    (131_026, Refused(RecipientUnavailable)),
    (131_030, Refused(RecipientUnavailable)),
    (131_031, Refused(AccountRestricted)),
    (131_037, Refused(AccountRestricted)),
    (131_042, Refused(Payment)),
    (131_044, Refused(Payment)),
    (131_045, Refused(AccountRestricted)),
    (131_047, Refused(WindowClosed)),
    (131_048, Slower(Channel)),
    (131_049, Refused(Withheld)),
    (131_050, Refused(OptedOut)),
    (131_051, Refused(Invalid)),
    (131_052, Refused(Media)),
    (131_053, Refused(Media)),
    (131_056, Slower(Recipient)),
    (131_057, Passing),
    (131_062, Refused(RecipientUnavailable)),
    (131_063, Refused(Template)),
    (131_064, Slower(Channel)),
    (132_000, Refused(Template)),
    (132_001, Refused(Template)),
    (132_005, Refused(Template)),
    (132_007, Refused(Template)),
    (132_008, Refused(Template)),
    (132_012, Refused(Template)),
    (132_015, Refused(Template)),
    (132_016, Refused(Template)),
    (132_068, Refused(Template)),
    (132_069, Slower(Channel)),
    (133_016, Slower(Channel)),
    (135_000, Passing),
    (137_000, Refused(RecipientUnavailable)),
];

/// The verdict on an error of Messenger or Instagram.
pub fn messaging(code: i64, subcode: Option<i64>, transient: bool) -> Verdict {
    let row = |wanted: Option<i64>| {
        MESSAGING.iter().find(|(c, s, _)| *c == code && *s == wanted).map(|(.., verdict)| *verdict)
    };
    let exact = subcode.and_then(|subcode| row(Some(subcode)));
    exact.or_else(|| row(None)).unwrap_or_else(|| otherwise(code, transient))
}

/// The verdict on an error of WhatsApp, from an answer or from a `failed` status.
pub fn whatsapp(code: i64, transient: bool) -> Verdict {
    let row = WHATSAPP.iter().find(|(c, _)| *c == code).map(|(_, verdict)| *verdict);
    row.unwrap_or_else(|| match code {
        133_000..134_000 => Refused(AccountRestricted),
        132_000..133_000 => Refused(Template),
        _ => otherwise(code, transient),
    })
}

fn otherwise(code: i64, transient: bool) -> Verdict {
    match code {
        200..300 => Refused(NotPermitted),
        _ if transient => Passing,
        _ => Refused(Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subcodes_decide_where_they_have_a_row_and_codes_otherwise() {
        assert_eq!(messaging(10, Some(2_018_278), false), Refused(WindowClosed));
        assert_eq!(messaging(10, Some(2_534_022), false), Refused(WindowClosed));
        assert_eq!(messaging(10, Some(1_893_063), false), Refused(AccountRestricted));
        assert_eq!(messaging(10, Some(2_018_065), false), Refused(NotPermitted));
        assert_eq!(messaging(4, Some(2_018_022), false), Slower(App));
        assert_eq!(messaging(190, Some(463), false), Reauthorise);
        assert_eq!(messaging(1, Some(99), true), Refused(NotPermitted));
        assert_eq!(messaging(299, None, true), Refused(NotPermitted));
        assert_eq!(messaging(77_777, None, true), Passing);
        assert_eq!(messaging(77_777, None, false), Refused(Other));
    }

    #[test]
    fn whatsapp_families_have_a_verdict_without_a_row() {
        assert_eq!(whatsapp(131_047, false), Refused(WindowClosed));
        assert_eq!(whatsapp(131_056, false), Slower(Recipient));
        assert_eq!(whatsapp(133_010, false), Refused(AccountRestricted));
        assert_eq!(whatsapp(132_099, false), Refused(Template));
        assert_eq!(whatsapp(250, false), Refused(NotPermitted));
        assert_eq!(whatsapp(131_050, false), Refused(OptedOut));
    }

    #[test]
    fn no_code_has_two_rows() {
        let mut seen = std::collections::BTreeSet::new();
        assert!(MESSAGING.iter().all(|(code, subcode, _)| seen.insert((*code, *subcode))));
        let mut seen = std::collections::BTreeSet::new();
        assert!(WHATSAPP.iter().all(|(code, _)| seen.insert(*code)));
    }
}
