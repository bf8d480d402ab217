//! Making an image smaller.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits};

use crate::job::Settings;

/// How many bytes an image may have once it is decoded: 16 megapixels of four bytes. A file of a few kilobytes can claim to be of any
/// size.
const MOST_DECODED: u64 = 64 << 20;

/// How many of the first bytes tell the format.
pub(crate) const SIGNATURE: usize = 16;

/// A thumbnail, encoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Thumbnail {
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The original's width as it is shown, that is with its orientation applied.
    pub(crate) original_width: u32,
    /// The original's height as it is shown.
    pub(crate) original_height: u32,
}

/// The format of an image that begins with these bytes: JPEG, PNG or none that is made smaller here. What a key or a `Content-Type`
/// says is its uploader's word.
pub(crate) fn format_of(signature: &[u8]) -> Option<ImageFormat> {
    image::guess_format(signature)
        .ok()
        .filter(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png))
}

/// Makes the thumbnail of an image, in the image's own format. An image that is small enough keeps its size.
pub(crate) fn thumbnail(image: &[u8], format: ImageFormat, settings: &Settings) -> ImageResult<Thumbnail> {
    let mut reader = ImageReader::with_format(Cursor::new(image), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_DECODED);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    // What is wrong with the metadata is no reason to refuse the image.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (stored_width, stored_height) = decoder.dimensions();
    let original = DynamicImage::from_decoder(decoder)?;

    let (width, height) = fit(stored_width, stored_height, settings.size);
    let mut small = if (width, height) == (stored_width, stored_height) {
        original
    } else {
        original.resize_exact(width, height, FilterType::Lanczos3)
    };
    // Turned when it is small, which takes less memory.
    small.apply_orientation(orientation);
    let (original_width, original_height) =
        if turned(orientation) { (stored_height, stored_width) } else { (stored_width, stored_height) };
    Ok(Thumbnail {
        bytes: encode(&small, format, settings.quality)?,
        width: small.width(),
        height: small.height(),
        original_width,
        original_height,
    })
}

/// Why an image cannot be read, in words for a person.
pub(crate) fn explain(error: &ImageError) -> String {
    match error {
        ImageError::Limits(_) => "the image is too large to decode".to_owned(),
        error => format!("the image is damaged: {error}"),
    }
}

fn encode(image: &DynamicImage, format: ImageFormat, quality: u8) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    match format {
        ImageFormat::Jpeg => {
            // JPEG knows grey and colour of eight bits.
            let image = match image {
                DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => image,
                other => &DynamicImage::ImageRgb8(other.to_rgb8()),
            };
            image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))?;
        }
        other => image.write_to(&mut Cursor::new(&mut bytes), other)?,
    }
    Ok(bytes)
}

/// The size of the thumbnail of an image: the same shape, with a longer side of at most `most`, and no side of nothing.
fn fit(width: u32, height: u32, most: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= most {
        return (width, height);
    }
    let scaled = |side: u32| {
        let rounded = (u64::from(side) * u64::from(most) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(rounded).unwrap_or(most).max(1)
    };
    (scaled(width), scaled(height))
}

/// Whether an orientation makes width of height.
fn turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView as _, Rgb, RgbImage};
    use proptest::prelude::*;

    use super::*;

    const ROCKET: &[u8] = include_bytes!("../aws/s3/uploads/incoming/rocket.jpg");
    const ASTRONAUT: &[u8] = include_bytes!("../aws/s3/uploads/incoming/astronaut.jpg");
    const CAMERA: &[u8] = include_bytes!("../aws/s3/uploads/incoming/camera.png");
    const COFFEE: &[u8] = include_bytes!("../aws/s3/uploads/incoming/coffee.png");
    const BROKEN: &[u8] = include_bytes!("../aws/s3/uploads/incoming/broken.jpg");

    fn made(image: &[u8]) -> Thumbnail {
        thumbnail(image, format_of(image).unwrap(), &Settings::default()).unwrap()
    }

    fn decoded(thumbnail: &Thumbnail) -> DynamicImage {
        image::load_from_memory(&thumbnail.bytes).unwrap()
    }

    #[test]
    fn a_landscape_is_256_wide() {
        let thumbnail = made(ROCKET);
        assert_eq!((thumbnail.original_width, thumbnail.original_height), (640, 427));
        assert_eq!((thumbnail.width, thumbnail.height), (256, 171));
        assert_eq!(format_of(&thumbnail.bytes), Some(ImageFormat::Jpeg));
        assert_eq!(decoded(&thumbnail).dimensions(), (256, 171));
    }

    #[test]
    fn a_portrait_that_is_stored_on_its_side_stands_upright() {
        assert_eq!(image::load_from_memory(ASTRONAUT).unwrap().dimensions(), (512, 384));
        let thumbnail = made(ASTRONAUT);
        assert_eq!((thumbnail.original_width, thumbnail.original_height), (384, 512));
        assert_eq!((thumbnail.width, thumbnail.height), (192, 256));
        // Orange below, where the suit is, and not above, where the wall is.
        let image = decoded(&thumbnail).to_rgb8();
        let reddish = |x, y| {
            let Rgb([red, _, blue]) = *image.get_pixel(x, y);
            i32::from(red) - i32::from(blue)
        };
        assert!(reddish(25, 160) > 100, "{}", reddish(25, 160));
        assert!(reddish(140, 20) < 60, "{}", reddish(140, 20));
    }

    #[test]
    fn a_png_stays_a_png_and_grey_stays_grey() {
        let thumbnail = made(CAMERA);
        assert_eq!((thumbnail.width, thumbnail.height), (256, 256));
        assert_eq!(format_of(&thumbnail.bytes), Some(ImageFormat::Png));
        assert!(matches!(decoded(&thumbnail), DynamicImage::ImageLuma8(_)));
    }

    #[test]
    fn a_small_image_is_not_made_larger() {
        let thumbnail = made(COFFEE);
        assert_eq!((thumbnail.width, thumbnail.height), (200, 150));
    }

    #[test]
    fn what_is_no_jpeg_and_no_png_has_no_format() {
        for bytes in [BROKEN, b"", b"GIF89a", b"BM", b"\xff", b"\x89PN"] {
            assert_eq!(format_of(bytes), None);
        }
    }

    #[test]
    fn errors_when_the_image_is_cut_short() {
        for image in [CAMERA, &ROCKET[..200]] {
            let format = format_of(image).unwrap();
            let error = thumbnail(&image[..200], format, &Settings::default()).unwrap_err();
            assert!(explain(&error).starts_with("the image is damaged: "), "{}", explain(&error));
        }
    }

    #[test]
    fn errors_before_memory_is_taken_when_the_image_claims_to_be_huge() {
        let mut png = Vec::new();
        RgbImage::new(1, 1).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        // The header's width and height, and its checksum.
        png[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0x80, 0]);
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        let error = thumbnail(&png, ImageFormat::Png, &Settings::default()).unwrap_err();
        assert_eq!(explain(&error), "the image is too large to decode");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
        })
    }

    proptest! {
        #[test]
        fn a_thumbnail_fits_and_keeps_its_shape(width in 1_u32.., height in 1_u32.., most in 1_u32..=2048) {
            let (w, h) = fit(width, height, most);
            prop_assert!((1..=most).contains(&w) && (1..=most).contains(&h));
            prop_assert!(w <= width && h <= height);
            prop_assert_eq!(w.max(h), most.min(width.max(height)));
            // The shorter side is off by half a pixel at most, or it is the one pixel that it has to be.
            let longer = f64::from(width.max(height));
            for (side, scaled) in [(width, w), (height, h)] {
                let exact = f64::from(side) * f64::from(w.max(h)) / longer;
                prop_assert!((f64::from(scaled) - exact).abs() <= 0.5 + 1e-6 || scaled == 1);
            }
        }

        #[test]
        fn bytes_of_any_kind_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            for (signature, format) in [(&CAMERA[..8], ImageFormat::Png), (&ROCKET[..4], ImageFormat::Jpeg)] {
                let image = [signature, &bytes].concat();
                let _ = thumbnail(&image, format, &Settings::default());
            }
        }
    }
}
