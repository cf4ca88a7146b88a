//! What differs between two texts, line by line.

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Same,
    Gone,
    New,
}

/// A line of either text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub mark: Mark,
    pub text: String,
}

impl Line {
    fn new(mark: Mark, text: &str) -> Self {
        Self { mark, text: text.to_owned() }
    }

    /// For templates: the class of a line.
    pub(super) fn class(&self) -> &'static str {
        match self.mark {
            Mark::Same => "same",
            Mark::Gone => "gone",
            Mark::New => "new",
        }
    }

    /// The same for those who do not see colours.
    pub(super) fn word(&self) -> &'static str {
        match self.mark {
            Mark::Same => "",
            Mark::Gone => "taken out:",
            Mark::New => "added:",
        }
    }
}

/// The most pairs of lines that are compared; of longer texts the middle is shown as taken out and added.
const MOST: usize = 4_000_000;
/// Unchanged lines that are shown around a change.
const AROUND: usize = 2;

/// The lines of two texts: what both have, what only the old one had, what only the new one has.
pub(super) fn lines(old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let mut out: Vec<Line> = old[..start].iter().map(|line| Line::new(Mark::Same, line)).collect();
    between(&old[start..old.len() - end], &new[start..new.len() - end], &mut out);
    out.extend(old[old.len() - end..].iter().map(|line| Line::new(Mark::Same, line)));
    out
}

/// What differs where neither the beginning nor the end is the same: along a longest common subsequence.
fn between(old: &[&str], new: &[&str], out: &mut Vec<Line>) {
    if old.len().saturating_mul(new.len()) > MOST {
        out.extend(old.iter().map(|line| Line::new(Mark::Gone, line)));
        out.extend(new.iter().map(|line| Line::new(Mark::New, line)));
        return;
    }
    let wide = new.len() + 1;
    // How many lines the rest of both has in common, from each pair of places.
    let mut common = vec![0_u32; (old.len() + 1) * wide];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            common[a * wide + b] = if old[a] == new[b] {
                common[(a + 1) * wide + b + 1] + 1
            } else {
                common[(a + 1) * wide + b].max(common[a * wide + b + 1])
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    while a < old.len() && b < new.len() {
        if old[a] == new[b] {
            out.push(Line::new(Mark::Same, old[a]));
            (a, b) = (a + 1, b + 1);
        } else if common[(a + 1) * wide + b] >= common[a * wide + b + 1] {
            out.push(Line::new(Mark::Gone, old[a]));
            a += 1;
        } else {
            out.push(Line::new(Mark::New, new[b]));
            b += 1;
        }
    }
    out.extend(old[a..].iter().map(|line| Line::new(Mark::Gone, line)));
    out.extend(new[b..].iter().map(|line| Line::new(Mark::New, line)));
}

/// A stretch of lines, or how many unchanged ones are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Line(Line),
    Left(usize),
}

/// The lines around changes; long stretches without any are counted.
pub(super) fn folded(lines: Vec<Line>) -> Vec<Part> {
    let changed: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| line.mark != Mark::Same).map(|(place, _)| place).collect();
    let near = |place: usize| {
        let next = changed.partition_point(|at| *at < place);
        let ahead = changed.get(next).is_some_and(|at| at - place <= AROUND);
        let behind = next.checked_sub(1).and_then(|last| changed.get(last)).is_some_and(|at| place - at <= AROUND);
        ahead || behind
    };
    let mut out: Vec<Part> = Vec::new();
    for (place, line) in lines.into_iter().enumerate() {
        if near(place) {
            out.push(Part::Line(line));
        } else if let Some(Part::Left(count)) = out.last_mut() {
            *count += 1;
        } else {
            out.push(Part::Left(1));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(old: &str, new: &str) -> String {
        let sign = |line: &Line| match line.mark {
            Mark::Same => " ",
            Mark::Gone => "-",
            Mark::New => "+",
        };
        lines(old, new).iter().flat_map(|line| [sign(line), line.text.as_str(), "\n"]).collect()
    }

    #[test]
    fn changes_are_told_line_by_line() {
        assert_eq!(told("a\nb\nc", "a\nc"), " a\n-b\n c\n");
        assert_eq!(told("a\nc", "a\nb\nc\nd"), " a\n+b\n c\n+d\n");
        assert_eq!(told("", "x"), "+x\n");
        assert_eq!(told("x", ""), "-x\n");
        assert_eq!(told("a\na", "a"), " a\n-a\n");
    }

    #[test]
    fn long_stretches_without_a_change_are_counted() {
        let old: String = (0..20).map(|n| n.to_string() + "\n").collect();
        let parts = folded(lines(&old, &old.replace("10\n", "ten\n")));
        assert_eq!(parts.first(), Some(&Part::Left(8)));
        assert_eq!(parts.last(), Some(&Part::Left(7)));
        assert_eq!(parts.len(), 8, "two lines before, the change of two, two lines after, and what is left out");
        assert_eq!(folded(lines("a\nb", "a\nb")), [Part::Left(2)]);
    }

    #[test]
    fn very_long_texts_are_told_without_comparing_all_of_them() {
        let many = |word: &str| (0..3_000).map(|n| word.to_owned() + &n.to_string() + "\n").collect::<String>();
        assert_eq!(lines(&many("a"), &many("b")).len(), 6_000);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_what_differs(old in "[abc\n]{0,60}", new in "[abc\n]{0,60}") {
            let lines = lines(&old, &new);
            let read = |without: Mark| -> Vec<String> {
                lines.iter().filter(|line| line.mark != without).map(|line| line.text.clone()).collect()
            };
            prop_assert_eq!(read(Mark::New), old.lines().collect::<Vec<_>>());
            prop_assert_eq!(read(Mark::Gone), new.lines().collect::<Vec<_>>());
        }
    }
}
