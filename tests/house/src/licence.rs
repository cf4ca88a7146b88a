//! Reads licence expressions (SPDX, and the older `MIT/Apache-2.0`).

/// Whether the expression can be satisfied with the allowed licences alone.
pub fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, at: 0, allowed };
    reader.any() && reader.at == words.len()
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    allowed: &'a [String],
}

impl Reader<'_> {
    fn any(&mut self) -> bool {
        let mut fine = self.all();
        while self.take("OR") {
            fine |= self.all();
        }
        fine
    }

    fn all(&mut self) -> bool {
        let mut fine = self.one();
        while self.take("AND") {
            fine &= self.one();
        }
        fine
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let fine = self.any();
            return self.take(")") && fine;
        }
        let Some(name) = self.words.get(self.at) else { return false };
        self.at += 1;
        if self.take("WITH") {
            let exception = self.words.get(self.at).copied().unwrap_or_default();
            self.at += 1;
            let whole = format!("{name} WITH {exception}");
            // An exception only ever adds rights.
            return self.allowed.iter().any(|allowed| allowed == name || *allowed == whole);
        }
        self.allowed.iter().any(|allowed| allowed == name)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at) == Some(&word);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn expressions_are_read() {
        let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned(), "Zlib".to_owned()];
        for fine in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/GPL-2.0",
            "(MIT OR GPL-3.0) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(fine, &allowed), "{fine}");
        }
        for not in ["GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR AGPL-3.0) AND MIT", "", "MIT Apache-2.0", "(MIT"] {
            assert!(!is_allowed(not, &allowed), "{not}");
        }
    }
}
