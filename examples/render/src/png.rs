//! Writes a picture as PNG.

use miniz_oxide::deflate::compress_to_vec_zlib;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Bytes of a pixel.
const PIXEL: usize = 3;
/// Compression level, from 0 to 10.
const EFFORT: u8 = 8;

/// Encodes `pixels` (red, green and blue, row by row) as PNG.
pub fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    // 8 bits, RGB without alpha, and the only compression, filter method and no interlacing.
    header.extend([8, 2, 0, 0, 0]);
    let mut png = SIGNATURE.to_vec();
    chunk(&mut png, b"IHDR", &header);
    // The pixels are sRGB, with perceptual intent.
    chunk(&mut png, b"sRGB", &[0]);
    let rows = filtered(pixels, width as usize * PIXEL);
    chunk(&mut png, b"IDAT", &compress_to_vec_zlib(&rows, EFFORT));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    png.extend((content.len() as u32).to_be_bytes());
    let start = png.len();
    png.extend(name);
    png.extend(content);
    let sum = crc(&png[start..]);
    png.extend(sum.to_be_bytes());
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// Filters each row with the filter of the smallest sum, as the standard recommends.
fn filtered(pixels: &[u8], row_bytes: usize) -> Vec<u8> {
    let mut above = vec![0; row_bytes];
    let mut out = Vec::new();
    for row in pixels.chunks(row_bytes.max(1)) {
        let best = (0..=4u8)
            .map(|filter| (filter, filter_row(filter, row, &above)))
            .min_by_key(|(_, bytes)| {
                let cost = |byte: &u8| u64::from((*byte as i8).unsigned_abs());
                bytes.iter().map(cost).sum::<u64>()
            });
        if let Some((filter, bytes)) = best {
            out.push(filter);
            out.extend(bytes);
        }
        above.copy_from_slice(row);
    }
    out
}

fn filter_row(filter: u8, row: &[u8], above: &[u8]) -> Vec<u8> {
    let before = |bytes: &[u8], at: usize| at.checked_sub(PIXEL).map_or(0, |at| bytes[at]);
    (0..row.len())
        .map(|at| {
            let (left, up, corner) = (before(row, at), above[at], before(above, at));
            let guess = match filter {
                0 => 0,
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                _ => paeth(left, up, corner),
            };
            row[at].wrapping_sub(guess)
        })
        .collect()
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i16::from);
    let guess = a + b - c;
    let (to_left, to_up, to_corner) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if to_left <= to_up && to_left <= to_corner {
        left
    } else if to_up <= to_corner {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_checksum_matches_the_standard() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn filtered_rows_can_be_restored() {
        let (width, height) = (5, 4);
        let pixels: Vec<u8> = (0..width * height * 3)
            .map(|i| (i * i % 251) as u8)
            .collect();
        let png = encode(&pixels, width as u32, height as u32);
        // After the signature: IHDR of 25 bytes, sRGB of 13, then length and name of IDAT.
        let start = 8 + 25 + 13;
        let length = u32::from_be_bytes(png[start..start + 4].try_into().unwrap()) as usize;
        let data = &png[start + 8..start + 8 + length];
        let rows = miniz_oxide::inflate::decompress_to_vec_zlib(data).unwrap();
        let row_bytes = width * 3;
        let mut above = vec![0u8; row_bytes];
        let mut back: Vec<u8> = Vec::new();
        for row in rows.chunks(row_bytes + 1) {
            let mut plain: Vec<u8> = Vec::new();
            for at in 0..row_bytes {
                let left = at.checked_sub(3).map_or(0, |at| plain[at]);
                let corner = at.checked_sub(3).map_or(0, |at| above[at]);
                let guess = match row[0] {
                    0 => 0,
                    1 => left,
                    2 => above[at],
                    3 => ((u16::from(left) + u16::from(above[at])) / 2) as u8,
                    _ => paeth(left, above[at], corner),
                };
                plain.push(row[at + 1].wrapping_add(guess));
            }
            back.extend(&plain);
            above = plain;
        }
        assert_eq!(back, pixels);
    }
}
