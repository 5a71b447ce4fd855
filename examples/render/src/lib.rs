//! A path tracer that renders a picture tile by tile, and the joiner that combines the tiles to a PNG.
//! Equal scenes and tiles give equal bytes: the only randomness is a generator seeded by the pixel.

pub mod args;
mod boxes;
pub mod build;
pub mod bvh;
pub mod camera;
mod four;
pub mod material;
pub mod png;
pub mod rng;
pub mod scene;
pub mod shape;
pub mod sky;
pub mod tile;
pub mod trace;
pub mod vector;
