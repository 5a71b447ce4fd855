//! The light of rays that hit nothing.

use crate::vector::{Vec3, greater, vec3};

/// A gradient from the horizon to the zenith, and a sun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sky {
    pub zenith: Vec3,
    pub horizon: Vec3,
    pub sun: Sun,
}

/// A light source at infinite distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sun {
    /// Direction to the sun, of length 1.
    pub direction: Vec3,
    /// Light on a surface that faces the sun.
    pub color: Vec3,
    /// Cosine of half the angular diameter.
    pub cos_half: f64,
}

impl Default for Sky {
    fn default() -> Self {
        Self {
            zenith: vec3(0.25, 0.45, 0.85),
            horizon: vec3(0.85, 0.90, 1.0),
            sun: Sun {
                direction: vec3(0.5, 0.7, 0.5).unit(),
                color: vec3(2.0, 1.9, 1.7),
                cos_half: 0.9995,
            },
        }
    }
}

impl Sky {
    /// The light from `direction`, including the disc of the sun if `disc` is true.
    pub fn light(&self, direction: Vec3, disc: bool) -> Vec3 {
        let height = greater(direction.y, 0.0);
        // The gradient is steepest near the horizon.
        let rise = 1.0 - (1.0 - height).powi(6);
        let mut light = self.horizon.mix(self.zenith, rise);
        let towards = greater(direction.dot(self.sun.direction), 0.0);
        let glow = 0.05 * towards.powi(6) + 0.16 * towards.powi(96);
        light += self.sun.color * glow;
        if disc && towards >= self.sun.cos_half {
            light += self.sun.color * 4.0;
        }
        light
    }
}
