//! Tiles of a picture, and their encoding: `tile x y w h`, a line feed, then red, green and blue of each
//! pixel, one byte each, row by row.

use crate::scene::Scene;
use crate::trace::{pixel, shown};

/// A rectangle of the picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Tile {
    /// Parses `x y w h`; the tile must be inside a picture of this size.
    ///
    /// # Errors
    /// A message about the invalid line.
    pub fn parse(line: &str, width: u32, height: u32) -> Result<Self, String> {
        let numbers: Result<Vec<u32>, _> = line.split_whitespace().map(str::parse).collect();
        let Ok([x, y, w, h]) = numbers.as_deref() else {
            return Err(format!("`{line}` is not a tile; write `x y width height`"));
        };
        let tile = Self {
            x: *x,
            y: *y,
            width: *w,
            height: *h,
        };
        let inside = |start: u32, length: u32, whole: u32| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= whole)
        };
        if inside(tile.x, tile.width, width) && inside(tile.y, tile.height, height) {
            Ok(tile)
        } else {
            Err(format!(
                "the tile `{line}` is empty or outside the picture of {width}×{height}"
            ))
        }
    }

    /// Renders and encodes the tile of a picture of this size.
    pub fn render(&self, scene: &Scene, width: u32, height: u32, samples: u32) -> Vec<u8> {
        let view = scene.camera.view(width, height);
        let mut out = self.header().into_bytes();
        for y in self.y..self.y + self.height {
            for x in self.x..self.x + self.width {
                let light = pixel(scene, &view, x, y, samples) * scene.exposure;
                out.extend(shown(light));
            }
        }
        out
    }

    fn header(&self) -> String {
        let Self {
            x,
            y,
            width,
            height,
        } = self;
        format!("tile {x} {y} {width} {height}\n")
    }
}

/// Joins encoded tiles, in any order, to the pixels of a picture.
///
/// # Errors
/// If a tile is invalid, outside the picture, overlaps another, or is missing.
pub fn join(mut written: &[u8], width: u32, height: u32) -> Result<Vec<u8>, String> {
    let row_bytes = width as usize * 3;
    let mut pixels = vec![0; row_bytes * height as usize];
    let mut painted = vec![false; width as usize * height as usize];
    while !written.is_empty() {
        let end = written.iter().position(|byte| *byte == b'\n');
        let line = end.and_then(|end| std::str::from_utf8(&written[..end]).ok());
        let Some(text) = line.and_then(|line| line.strip_prefix("tile ")) else {
            return Err("the input contains something that is not a tile".into());
        };
        let tile = Tile::parse(text, width, height)?;
        let content = &written["tile \n".len() + text.len()..];
        let tile_row = tile.width as usize * 3;
        let bytes = tile_row * tile.height as usize;
        if content.len() < bytes {
            return Err(format!("the tile `{text}` is truncated"));
        }
        for (row, source) in content[..bytes].chunks(tile_row).enumerate() {
            let first = (tile.y as usize + row) * width as usize + tile.x as usize;
            pixels[first * 3..first * 3 + tile_row].copy_from_slice(source);
            for done in &mut painted[first..first + tile.width as usize] {
                if std::mem::replace(done, true) {
                    return Err(format!("the tile `{text}` overlaps another"));
                }
            }
        }
        written = &content[bytes..];
    }
    match painted.iter().filter(|done| !**done).count() {
        0 => Ok(pixels),
        missing => Err(format!("{missing} pixels are in no tile")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SCENE: &str = "material chalk matte 1 0.5 0.2\nground 0 chalk\nsphere 0 1 0 1 chalk";

    fn render(tiles: &[&str]) -> Vec<u8> {
        let scene = Scene::parse(SCENE).unwrap();
        tiles
            .iter()
            .flat_map(|line| Tile::parse(line, 8, 4).unwrap().render(&scene, 8, 4, 2))
            .collect()
    }

    #[test]
    fn a_picture_does_not_depend_on_its_tiles() {
        let whole = join(&render(&["0 0 8 4"]), 8, 4).unwrap();
        let parts = join(&render(&["4 0 4 4", "0 2 4 2", "0 0 4 2"]), 8, 4).unwrap();
        assert_eq!(whole, parts);
        assert!(whole.iter().any(|byte| *byte != whole[0]));
    }

    #[test]
    fn an_incomplete_or_invalid_picture_is_refused() {
        let error = |bytes: &[u8]| join(bytes, 8, 4).unwrap_err();
        let part = render(&["0 0 4 4"]);
        assert_eq!(error(&part), "16 pixels are in no tile");
        assert!(error(&render(&["0 0 8 4", "0 0 1 1"])).contains("overlaps another"));
        assert!(error(&part[..part.len() - 1]).contains("is truncated"));
        assert!(error(b"hello").contains("not a tile"));
        assert!(error(b"tile 7 0 2 1\n______").contains("outside"));
    }
}
