//! Materials of surfaces.

use crate::vector::Vec3;

/// A material.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Material {
    /// Diffuse.
    Matte { color: Vec3 },
    /// Diffuse with a thin clear coat.
    Coated { color: Vec3, roughness: f64 },
    /// Wet paving stones in shades between two colours.
    Stones {
        light: Vec3,
        dark: Vec3,
        size: f64,
        roughness: f64,
    },
    /// A mirror, polished or brushed.
    Metal { color: Vec3, roughness: f64 },
    /// Glass with the refractive index `index`.
    Glass { tint: Vec3, index: f64 },
    /// A lamp.
    Light { color: Vec3 },
}

/// Width of the joint between two stones, as a fraction of a stone.
const JOINT: f64 = 0.035;

impl Material {
    /// The diffuse colour at `point`; black for materials without a diffuse part.
    pub fn color_at(&self, point: Vec3) -> Vec3 {
        match *self {
            Self::Matte { color } | Self::Coated { color, .. } => color,
            Self::Stones {
                light, dark, size, ..
            } => stone(point, light, dark, size),
            Self::Metal { .. } | Self::Glass { .. } | Self::Light { .. } => Vec3::ZERO,
        }
    }
}

fn stone(point: Vec3, light: Vec3, dark: Vec3, size: f64) -> Vec3 {
    let row = (point.z / size).floor();
    // Stones are twice as long as wide, and each row is offset by half a stone.
    let along = point.x / (2.0 * size) + 0.5 * row;
    let column = along.floor();
    let (across_joint, along_joint) = (point.z / size - row, (along - column) * 2.0);
    let tone = tone(row as i64, column as i64);
    let from_joint = |at: f64, length: f64| (at.min(length - at) / JOINT).min(1.0);
    let joint = from_joint(across_joint, 1.0).min(from_joint(along_joint, 2.0));
    dark.mix(light, tone) * (0.35 + 0.65 * joint)
}

/// A pseudorandom number from 0 to 1 for each stone.
fn tone(row: i64, column: i64) -> f64 {
    let mut bits = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (column as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    bits = (bits ^ (bits >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((bits ^ (bits >> 29)) & 0xffff) as f64 / 65535.0
}

/// Reflectance of a surface between air and `index` at this cosine (Schlick's approximation).
pub fn mirrored(cos: f64, index: f64) -> f64 {
    let straight = ((1.0 - index) / (1.0 + index)).powi(2);
    straight + (1.0 - straight) * (1.0 - cos).clamp(0.0, 1.0).powi(5)
}

/// The direction of refracted light; `None` on total internal reflection. `ratio` is the refractive index
/// of the first medium over that of the second.
pub fn refracted(direction: Vec3, normal: Vec3, ratio: f64) -> Option<Vec3> {
    let cos = -direction.dot(normal);
    let sin_squared = ratio * ratio * (1.0 - cos * cos);
    (sin_squared <= 1.0)
        .then(|| direction * ratio + normal * (ratio * cos - (1.0 - sin_squared).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::vec3;

    #[test]
    fn perpendicular_light_is_not_bent_and_grazing_light_is_reflected() {
        let down = vec3(0.0, -1.0, 0.0);
        assert_eq!(refracted(down, -down, 1.0 / 1.5), Some(down));
        let grazing = vec3(1.0, -0.1, 0.0).unit();
        assert_eq!(refracted(grazing, -down, 1.5), None);
        assert!(mirrored(1.0, 1.5) < 0.05);
        assert!(mirrored(0.0, 1.5) > 0.99);
    }
}
