//! What has been counted and is not written down yet.

use std::collections::HashMap;

use chrono::NaiveDate;
use kernel::ids::{ExperimentId, OrgId};

use super::Reach;
use super::visitor::Who;

/// Visitors that wait at most: beyond them a flood is counted by pages alone.
const MOST: usize = 50_000;
/// Pages of a day that wait at most, of a site.
const MOST_PAGES: usize = 20_000;

/// A site and one of its days.
pub(super) type Place = (OrgId, NaiveDate);

/// How far somebody came, for each goal by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) begun: bool,
    pub(super) done: bool,
    pub(super) contact: bool,
    /// In the audit: 1 to 4 steps begun, 5 the result, 6 known.
    pub(super) level: i16,
}

/// What a visitor did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Did {
    pub(super) views: i32,
    pub(super) came: Came,
}

/// The counts of a site's day.
#[derive(Debug, Default)]
pub(super) struct Day {
    pub(super) pages: HashMap<String, i64>,
    pub(super) visitors: HashMap<Who, Did>,
    /// Who was shown which wording.
    pub(super) shown: HashMap<(ExperimentId, Vec<u8>), u8>,
}

/// The counts of all sites.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    days: HashMap<Place, Day>,
    visitors: usize,
}

impl Buffer {
    pub(super) fn seen(&mut self, place: Place, who: &Who, path: String) {
        self.days.entry(place).or_default().page(path, 1);
        self.did(place, who, |did| did.views = did.views.saturating_add(1));
    }

    pub(super) fn came(&mut self, place: Place, who: &Who, reach: Reach, of_audit: bool) {
        self.did(place, who, |did| did.came.add(reach, of_audit));
    }

    pub(super) fn exposed(&mut self, place: Place, experiment: ExperimentId, visitor: Vec<u8>, variant: u8) {
        let shown = &mut self.days.entry(place).or_default().shown;
        if shown.len() < MOST {
            shown.entry((experiment, visitor)).or_insert(variant);
        }
    }

    /// Takes everything.
    pub(super) fn take(&mut self) -> HashMap<Place, Day> {
        self.visitors = 0;
        std::mem::take(&mut self.days)
    }

    /// Puts a day back that could not be written.
    pub(super) fn give_back(&mut self, place: Place, day: Day) {
        for (who, given) in day.visitors {
            self.did(place, &who, |did| did.join(given));
        }
        let kept = self.days.entry(place).or_default();
        for (path, views) in day.pages {
            kept.page(path, views);
        }
        for (shown, variant) in day.shown {
            kept.shown.entry(shown).or_insert(variant);
        }
    }

    fn did(&mut self, place: Place, who: &Who, change: impl FnOnce(&mut Did)) {
        let visitors = &mut self.days.entry(place).or_default().visitors;
        if let Some(did) = visitors.get_mut(who) {
            change(did);
        } else if self.visitors < MOST {
            self.visitors += 1;
            change(visitors.entry(who.clone()).or_default());
        }
    }
}

impl Day {
    fn page(&mut self, path: String, views: i64) {
        let is_full = self.pages.len() >= MOST_PAGES;
        match self.pages.get_mut(&path) {
            Some(known) => *known += views,
            None if is_full => {}
            None => {
                self.pages.insert(path, views);
            }
        }
    }
}

impl Came {
    fn add(&mut self, reach: Reach, of_audit: bool) {
        let level = match reach {
            Reach::Step(step) => {
                self.begun = true;
                i16::from(step).clamp(1, 4)
            }
            Reach::Result => {
                (self.begun, self.done) = (true, true);
                5
            }
            // Who writes without an audit has not come far in it.
            Reach::Contact if !of_audit => {
                self.contact = true;
                return;
            }
            Reach::Contact => {
                (self.begun, self.done, self.contact) = (true, true, true);
                6
            }
        };
        self.level = self.level.max(level);
    }
}

impl Did {
    fn join(&mut self, other: Self) {
        self.views = self.views.saturating_add(other.views);
        self.came.begun |= other.came.begun;
        self.came.done |= other.came.done;
        self.came.contact |= other.came.contact;
        self.came.level = self.came.level.max(other.came.level);
    }

    /// Adds what the same visitor did under another source.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.join(other);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_somebody_came_never_goes_back() {
        let mut came = Came::default();
        came.add(Reach::Step(3), true);
        came.add(Reach::Step(1), true);
        assert_eq!((came.level, came.begun, came.done), (3, true, false));
        came.add(Reach::Contact, false);
        assert_eq!((came.level, came.contact, came.done), (3, true, false), "a letter is no audit");
        came.add(Reach::Contact, true);
        assert_eq!((came.level, came.done), (6, true));
    }
}
