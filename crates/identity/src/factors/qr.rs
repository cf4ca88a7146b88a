//! A QR code as one SVG path: dark modules on a light ground with the quiet zone that cameras need, in both themes.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use shell::AppError;

/// Modules of quiet around the code (ISO/IEC 18004).
const QUIET: usize = 4;

/// Draws a text.
pub(crate) fn svg(text: &str) -> Result<String, AppError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(AppError::internal)?;
    let (width, colours) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (row, line) in colours.chunks(width).enumerate() {
        let mut column = QUIET;
        // Runs of dark modules are one rectangle: fewer bytes, and no hairlines between them.
        for run in line.chunk_by(|one, other| one == other) {
            if run[0] == Color::Dark {
                write!(path, "M{column} {}h{}v1h-{}z", row + QUIET, run.len(), run.len()).unwrap_or_default();
            }
            column += run.len();
        }
    }
    let side = width + 2 * QUIET;
    Ok(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"QR code for an authenticator app\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn the_picture_is_square_quiet_at_its_edges_and_has_the_three_finders() {
        let picture = svg("otpauth://totp/Recoup:dana%40example.com?secret=GEZDGNBVGY3TQOJQ").expect("drawn");
        let side = picture.split("viewBox=\"0 0 ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a box");
        let side: usize = side.parse().expect("a number");
        assert_eq!((side - 8 - 17) % 4, 0, "a version of QR has 17 + 4n modules");
        // The first line of dark modules is the top edge of two finders, seven wide, at the quiet zone's end.
        let right = side - 4 - 7;
        assert!(picture.contains("M4 4h7v1h-7z") && picture.contains(&format!("M{right} 4h7v1h-7z")), "{picture}");
        assert!(picture.contains(&format!("M4 {}h7v1h-7z", side - 5)), "the third stands at the bottom left");
        assert!(!picture.contains("style="), "the content policy refuses inline styles");
    }
}
