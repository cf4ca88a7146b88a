//! From the bytes of an upload to pixels: what kind it is, how large, which way up.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits};

/// The largest upload, in bytes.
pub const LARGEST_UPLOAD: usize = 10 << 20;
/// The most pixels of a picture.
const MOST_PIXELS: u64 = 40_000_000;
/// The longest side of a picture: what every format that is written can hold.
const LONGEST_SIDE: u32 = 16_000;
/// What a decoder may take for itself: a picture of the most pixels in sixteen bits, and room to work.
const MOST_MEMORY: u64 = 512 << 20;

/// Why a picture is not taken; the words follow the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// More bytes than are read.
    #[error("is larger than 10 MB; make it smaller and send it again")]
    TooLarge,
    /// More pixels than are read, whatever its size in bytes.
    #[error("has more than 40 million pixels or a side over 16,000; make it smaller and send it again")]
    TooManyPixels,
    /// A drawing that can carry program code.
    #[error("is an SVG, which can carry program code; save it as PNG and send that")]
    Svg,
    /// Nothing that is read here.
    #[error("is not a PNG, JPEG or WebP picture, whatever its name says")]
    Unknown,
    /// It begins like a picture and is none.
    #[error("is damaged and cannot be read; save it again and send that")]
    Broken,
}

/// What a file is by its content.
enum Kind {
    Png,
    Jpeg,
    Webp,
}

/// The pixels of an upload, upright. Of an animation, its first picture.
pub(crate) fn pixels(bytes: &[u8]) -> Result<DynamicImage, Refusal> {
    if bytes.len() > LARGEST_UPLOAD {
        return Err(Refusal::TooLarge);
    }
    match kind(bytes)? {
        Kind::Png => {
            // The decoder sets memory aside for what the header claims, so the header is asked first.
            if bytes.get(12..16) != Some(b"IHDR") {
                return Err(Refusal::Broken);
            }
            let claim = |from: usize| {
                bytes.get(from..from + 4).map(|four| four.iter().fold(0, |n, &byte| n << 8 | u32::from(byte)))
            };
            fits(claim(16).ok_or(Refusal::Broken)?, claim(20).ok_or(Refusal::Broken)?)?;
            decode(PngDecoder::with_limits(Cursor::new(bytes), limits()).map_err(|error| refused(&error))?)
        }
        Kind::Jpeg => decode(JpegDecoder::new(Cursor::new(bytes)).map_err(|error| refused(&error))?),
        Kind::Webp => decode(WebPDecoder::new(Cursor::new(bytes)).map_err(|error| refused(&error))?),
    }
}

fn kind(bytes: &[u8]) -> Result<Kind, Refusal> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Ok(Kind::Png)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Ok(Kind::Jpeg)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Ok(Kind::Webp)
    } else if is_svg(bytes) {
        Err(Refusal::Svg)
    } else {
        Err(Refusal::Unknown)
    }
}

/// Whether it reads as SVG, with whatever may stand before the element.
fn is_svg(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(4096)];
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with('<') && text.contains("<svg")
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    limits
}

/// Decodes what says of itself that it is small enough: a small file can claim to be a huge picture.
fn decode(mut decoder: impl ImageDecoder) -> Result<DynamicImage, Refusal> {
    let (width, height) = decoder.dimensions();
    fits(width, height)?;
    decoder.set_limits(limits()).map_err(|error| refused(&error))?;
    // A picture with a broken note about its orientation is still a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn fits(width: u32, height: u32) -> Result<(), Refusal> {
    if width == 0 || height == 0 {
        return Err(Refusal::Broken);
    }
    if width.max(height) > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Refusal::TooManyPixels);
    }
    Ok(())
}

fn refused(error: &image::ImageError) -> Refusal {
    match error {
        image::ImageError::Limits(_) => Refusal::TooManyPixels,
        _ => Refusal::Broken,
    }
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};

    use super::*;

    fn jpeg(image: &RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
        encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8).expect("encodes");
        bytes
    }

    /// An EXIF block that says which way up, right after the start of a JPEG.
    fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let exif = [
            &b"\xff\xe1\x00\x22Exif\0\0MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"[..],
            &[orientation],
            b"\x00\x00\x00\x00\x00\x00",
        ]
        .concat();
        [&jpeg[..2], &exif, &jpeg[2..]].concat()
    }

    /// A PNG that claims a size it does not have, up to the beginning of its pixels.
    fn claims(width: u32, height: u32) -> Vec<u8> {
        let mut header = [&b"IHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        let sum = crc(&header);
        header.extend(sum.to_be_bytes());
        [&b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"[..], &header, b"\x00\x00\x00\x08IDAT\x78\x9c"].concat()
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    }

    #[test]
    fn what_a_file_is_its_content_says() {
        let svg = b"\xef\xbb\xbf<?xml version='1.0'?><!-- x --><SVG onload='alert(1)'/>";
        assert_eq!(pixels(svg).err(), Some(Refusal::Svg));
        assert_eq!(pixels(b"<html><script>alert(1)</script>").err(), Some(Refusal::Unknown));
        assert_eq!(pixels(b"GIF89a...").err(), Some(Refusal::Unknown));
        assert_eq!(pixels(b"").err(), Some(Refusal::Unknown));
        assert_eq!(pixels(b"\x89PNG\r\n\x1a\nand then nothing").err(), Some(Refusal::Broken));
        assert_eq!(pixels(b"\xff\xd8\xff\xe0").err(), Some(Refusal::Broken));
        assert_eq!(pixels(b"RIFF\x00\x00\x00\x00WEBPVP8 ").err(), Some(Refusal::Broken));
    }

    #[test]
    fn sizes_are_known_before_anything_is_decoded() {
        assert_eq!(pixels(&vec![0; LARGEST_UPLOAD + 1]).err(), Some(Refusal::TooLarge));
        assert_eq!(pixels(&claims(20_000, 10)).err(), Some(Refusal::TooManyPixels));
        assert_eq!(pixels(&claims(15_000, 15_000)).err(), Some(Refusal::TooManyPixels));
        assert_eq!(pixels(&claims(10, 10)).err(), Some(Refusal::Broken), "it ends before its pixels");
    }

    #[test]
    fn a_picture_is_turned_upright() {
        let mut image = RgbImage::from_pixel(40, 20, Rgb([255, 255, 255]));
        for (x, y) in (0..100).map(|n| (n % 10, n / 10)) {
            image.put_pixel(x, y, Rgb([0, 0, 0]));
        }
        let file = jpeg(&image);
        let plain = pixels(&file).expect("read").to_rgb8();
        assert_eq!((plain.dimensions(), plain.get_pixel(3, 3)[0] < 60), ((40, 20), true));
        // 6: the camera was held so that the picture has to be turned a quarter to the right.
        let upright = pixels(&turned(&file, 6)).expect("read").to_rgb8();
        assert_eq!(upright.dimensions(), (20, 40));
        assert!(upright.get_pixel(16, 3)[0] < 60, "the dark corner is at the right now");
        assert!(upright.get_pixel(3, 3)[0] > 200);
    }

    #[test]
    fn a_picture_that_ends_early_is_no_crash() {
        let noise = RgbImage::from_fn(64, 64, |x, y| Rgb([(x * 37 % 256) as u8, (y * 91 % 256) as u8, (x * y) as u8]));
        let mut bytes = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        encoder.write_image(&noise, 64, 64, ExtendedColorType::Rgb8).expect("encodes");
        assert!(pixels(&bytes).is_ok());
        for end in (0..bytes.len() - 64).step_by(97) {
            assert!(pixels(&bytes[..end]).is_err(), "{end}");
        }
    }
}
