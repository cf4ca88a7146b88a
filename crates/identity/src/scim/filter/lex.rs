//! The words, texts and brackets of a filter.

use super::Unreadable;

/// The most bytes of a filter or a path.
const LONGEST: usize = 8_192;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, an operator, a number, `true`, or a text somebody forgot to quote.
    Word(String),
    /// A JSON text.
    Text(String),
    Open,
    Close,
    OpenValue,
    CloseValue,
}

/// The tokens with the character each begins at, counted from 1.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Unreadable> {
    if text.len() > LONGEST {
        return Err(Unreadable { at: LONGEST, what: "it is longer than 8,192 bytes".into() });
    }
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut found) = (0, Vec::new());
    while at < chars.len() {
        let begun = at;
        let token = match chars[at] {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' => single(&mut at, Token::Open),
            ')' => single(&mut at, Token::Close),
            '[' => single(&mut at, Token::OpenValue),
            ']' => single(&mut at, Token::CloseValue),
            '"' => quoted(&chars, &mut at)?,
            _ => word(&chars, &mut at),
        };
        found.push((begun + 1, token));
    }
    Ok(found)
}

fn single(at: &mut usize, token: Token) -> Token {
    *at += 1;
    token
}

fn word(chars: &[char], at: &mut usize) -> Token {
    let begun = *at;
    while *at < chars.len() && !chars[*at].is_whitespace() && !matches!(chars[*at], '(' | ')' | '[' | ']' | '"') {
        *at += 1;
    }
    Token::Word(chars[begun..*at].iter().collect())
}

fn quoted(chars: &[char], at: &mut usize) -> Result<Token, Unreadable> {
    let begun = *at;
    *at += 1;
    while *at < chars.len() && chars[*at] != '"' {
        *at += if chars[*at] == '\\' { 2 } else { 1 };
    }
    if *at >= chars.len() {
        return Err(Unreadable { at: begun + 1, what: "the text does not end".into() });
    }
    *at += 1;
    let json: String = chars[begun..*at].iter().collect();
    let text = serde_json::from_str(&json)
        .map_err(|_| Unreadable { at: begun + 1, what: "the text is not written as JSON writes it".into() })?;
    Ok(Token::Text(text))
}
