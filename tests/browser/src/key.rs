//! Keys, as WebDriver writes them.

/// The tab key.
pub const TAB: char = '\u{e004}';
/// The enter key.
pub const ENTER: char = '\u{e007}';
/// The space bar.
pub const SPACE: char = ' ';
/// The arrow down.
pub const DOWN: char = '\u{e015}';
/// The arrow to the right.
pub const RIGHT: char = '\u{e014}';
