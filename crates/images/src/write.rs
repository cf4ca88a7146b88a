//! From pixels to the files that are served: a few widths, each in a modern format and one that everything reads.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ExtendedColorType, ImageBuffer, ImageEncoder, Pixel, RgbImage, RgbaImage};

use crate::read::{Refusal, pixels};

/// The widths files are made in; a picture is never made larger than it is.
pub const WIDTHS: [u32; 3] = [480, 960, 1600];
const WIDEST: u32 = WIDTHS[2];
/// Of lossy files, of 100.
const WEBP_QUALITY: f32 = 80.0;
const JPEG_QUALITY: u8 = 82;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The smallest.
    Webp,
    /// What everything reads.
    Jpeg,
    /// What everything reads, where parts are transparent.
    Png,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Webp, Self::Jpeg, Self::Png];

    /// The word in addresses and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Webp => "webp",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
        }
    }

    /// The format of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The media type it is sent with.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// A file that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Its format.
    pub format: Format,
    /// Its bytes; they carry pixels and nothing else.
    pub bytes: Vec<u8>,
}

/// An upload as it is kept.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Pixels across of the upload, upright.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// From the narrowest to the widest, each width in two formats.
    pub files: Vec<Made>,
}

/// The pixels of one width: without transparency where there is none.
enum Canvas {
    Solid(RgbImage),
    Clear(RgbaImage),
}

/// Makes the files of an upload. It takes about a second for the largest pictures: not for a thread that serves requests.
///
/// # Errors
/// See [`Refusal`]; the same bytes always give the same answer.
pub fn prepare(bytes: &[u8]) -> Result<Picture, Refusal> {
    let image = pixels(bytes)?;
    let (width, height) = (image.width(), image.height());
    let mut canvas = Canvas::new(image);
    let mut files = Vec::new();
    // From the widest down, each from the one before: the large picture is walked once.
    for target in widths(width).into_iter().rev() {
        canvas = canvas.resized(target, scaled(target, width, height));
        let (modern, plain) = canvas.write()?;
        files.push(plain);
        files.push(modern);
    }
    files.reverse();
    Ok(Picture { width, height, files })
}

/// The widths of a picture: those below its own, and its own up to the widest. One that is nearly its own is left out.
fn widths(own: u32) -> Vec<u32> {
    let last = own.min(WIDEST);
    let mut widths: Vec<u32> = WIDTHS.into_iter().filter(|width| width * 10 <= last * 9).collect();
    widths.push(last);
    widths
}

/// The height that keeps the shape.
fn scaled(target: u32, width: u32, height: u32) -> u32 {
    let exact = (u64::from(target) * u64::from(height) + u64::from(width) / 2) / u64::from(width.max(1));
    u32::try_from(exact).unwrap_or(u32::MAX).max(1)
}

impl Canvas {
    fn new(image: DynamicImage) -> Self {
        if !image.has_alpha() {
            return Self::Solid(image.into_rgb8());
        }
        let mut clear = image.into_rgba8();
        if clear.pixels().all(|pixel| pixel[3] == u8::MAX) {
            return Self::Solid(DynamicImage::ImageRgba8(clear).into_rgb8());
        }
        // Colours count by how much of them is seen while pixels are mixed: nothing hidden bleeds into an edge.
        for pixel in clear.pixels_mut() {
            let alpha = u16::from(pixel[3]);
            for part in &mut pixel.0[..3] {
                *part = (u16::from(*part) * alpha / 255) as u8;
            }
        }
        Self::Clear(clear)
    }

    fn resized(self, width: u32, height: u32) -> Self {
        match self {
            Self::Solid(image) => Self::Solid(shrunk(image, width, height)),
            Self::Clear(image) => Self::Clear(shrunk(image, width, height)),
        }
    }

    /// The modern file and the one that everything reads.
    fn write(&self) -> Result<(Made, Made), Refusal> {
        match self {
            Self::Solid(image) => {
                let (width, height) = image.dimensions();
                let modern = webp(&webp::Encoder::from_rgb(image.as_raw(), width, height))?;
                let mut plain = Vec::new();
                JpegEncoder::new_with_quality(&mut plain, JPEG_QUALITY)
                    .write_image(image.as_raw(), width, height, ExtendedColorType::Rgb8)
                    .map_err(|_| Refusal::Broken)?;
                Ok((
                    Made { width, height, format: Format::Webp, bytes: modern },
                    Made { width, height, format: Format::Jpeg, bytes: plain },
                ))
            }
            Self::Clear(image) => {
                let (width, height) = image.dimensions();
                let shown = full(image);
                let modern = webp(&webp::Encoder::from_rgba(shown.as_raw(), width, height))?;
                let mut plain = Vec::new();
                PngEncoder::new(&mut plain)
                    .write_image(shown.as_raw(), width, height, ExtendedColorType::Rgba8)
                    .map_err(|_| Refusal::Broken)?;
                Ok((
                    Made { width, height, format: Format::Webp, bytes: modern },
                    Made { width, height, format: Format::Png, bytes: plain },
                ))
            }
        }
    }
}

fn shrunk<P>(image: ImageBuffer<P, Vec<u8>>, width: u32, height: u32) -> ImageBuffer<P, Vec<u8>>
where
    P: Pixel<Subpixel = u8> + 'static,
{
    if image.dimensions() == (width, height) {
        return image;
    }
    // A coarse first step for what is very large; the fine one sees twice what is needed.
    if image.width() > width * 3 {
        let coarse = imageops::thumbnail(&image, width * 2, (height * 2).min(image.height()));
        return imageops::resize(&coarse, width, height, FilterType::Lanczos3);
    }
    imageops::resize(&image, width, height, FilterType::Lanczos3)
}

/// Colours as they are written: not weighed by how much of them is seen.
fn full(image: &RgbaImage) -> RgbaImage {
    let mut image = image.clone();
    for pixel in image.pixels_mut() {
        let alpha = u16::from(pixel[3]);
        for part in &mut pixel.0[..3] {
            // Where nothing is seen, the colour is none.
            *part = (u16::from(*part) * 255).checked_div(alpha).map_or(0, |full| full.min(255) as u8);
        }
    }
    image
}

fn webp(encoder: &webp::Encoder<'_>) -> Result<Vec<u8>, Refusal> {
    encoder.encode_simple(false, WEBP_QUALITY).map(|memory| memory.to_vec()).map_err(|_| Refusal::Broken)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, Rgba};

    use super::*;

    fn png(image: &DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_with_encoder(PngEncoder::new(&mut bytes)).expect("encodes");
        bytes
    }

    fn photo(width: u32, height: u32) -> Vec<u8> {
        let image =
            RgbImage::from_fn(width, height, |x, y| Rgb([(x % 251) as u8, (y % 241) as u8, ((x + y) % 239) as u8]));
        png(&DynamicImage::ImageRgb8(image))
    }

    fn sizes(picture: &Picture) -> Vec<(u32, u32, &'static str)> {
        picture.files.iter().map(|file| (file.width, file.height, file.format.word())).collect()
    }

    #[test]
    fn a_picture_is_made_in_each_width_below_its_own_and_never_larger() {
        let large = prepare(&photo(2000, 1000)).expect("made");
        assert_eq!((large.width, large.height), (2000, 1000));
        let expected = [(480, 240), (960, 480), (1600, 800)];
        let expected: Vec<_> = expected.into_iter().flat_map(|(w, h)| [(w, h, "webp"), (w, h, "jpeg")]).collect();
        assert_eq!(sizes(&large), expected);
        assert_eq!(sizes(&prepare(&photo(300, 3)).expect("made")), [(300, 3, "webp"), (300, 3, "jpeg")]);
        assert_eq!(widths(500), [500], "two that are nearly the same are one");
        assert_eq!(widths(1), [1]);
        assert_eq!(scaled(480, 16_000, 1), 1);
    }

    #[test]
    fn every_file_reads_as_what_it_says_and_the_same_bytes_give_the_same_files() {
        let (one, two) = (prepare(&photo(700, 500)).expect("made"), prepare(&photo(700, 500)).expect("made"));
        for (file, same) in one.files.iter().zip(&two.files) {
            assert_eq!(file.bytes, same.bytes);
            let read = image::load_from_memory(&file.bytes).expect("reads");
            assert_eq!((read.width(), read.height()), (file.width, file.height));
            let guessed = image::guess_format(&file.bytes).expect("known").to_mime_type();
            assert_eq!(guessed, file.format.media_type());
        }
    }

    #[test]
    fn nothing_of_the_upload_but_its_pixels_is_passed_on() {
        let mut polyglot = photo(120, 80);
        polyglot.extend(b"<script>alert(document.domain)</script>");
        let picture = prepare(&polyglot).expect("a picture with something behind it is a picture");
        for file in &picture.files {
            assert!(!file.bytes.windows(7).any(|seven| seven == b"<script"), "{:?}", file.format);
        }
    }

    #[test]
    fn transparency_stays_and_its_hidden_colours_do_not_show() {
        // Red behind glass on the left, solid blue on the right.
        let image =
            RgbaImage::from_fn(1200, 100, |x, _| if x < 600 { Rgba([255, 0, 0, 0]) } else { Rgba([0, 0, 255, 255]) });
        let picture = prepare(&png(&DynamicImage::ImageRgba8(image))).expect("made");
        assert_eq!(sizes(&picture)[0], (480, 40, "webp"));
        let small = picture.files.iter().find(|file| file.format == Format::Png).expect("a PNG");
        let small = image::load_from_memory(&small.bytes).expect("reads").to_rgba8();
        assert_eq!(small.get_pixel(2, 20)[3], 0);
        assert_eq!(small.get_pixel(478, 20)[3], 255);
        let red = small.pixels().filter(|pixel| pixel[3] > 8).map(|pixel| pixel[0]).max();
        assert!(red.is_some_and(|red| red < 8), "{red:?}");
    }

    #[test]
    fn a_picture_that_could_be_transparent_and_is_not_needs_no_png() {
        let image = RgbaImage::from_pixel(64, 64, Rgba([10, 200, 30, 255]));
        let picture = prepare(&png(&DynamicImage::ImageRgba8(image))).expect("made");
        assert_eq!(sizes(&picture), [(64, 64, "webp"), (64, 64, "jpeg")]);
    }
}
