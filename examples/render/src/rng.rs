//! Random numbers, equal for equal seeds on every machine.

use crate::vector::{Vec3, vec3};
use std::f64::consts::FRAC_PI_2;

/// Number of leading numbers of a sample that are stratified over the samples of its pixel.
const SPREAD: usize = 12;
/// Increments of the stratified sequences: powers of the plastic number for the position in the pixel,
/// which distribute pairs best, then fractional parts of square roots of primes. None of the sequences
/// repeats after a small number of samples.
const STEPS: [f64; SPREAD] = [
    0.754_877_666_246_692_7,
    0.569_840_290_998_053_3,
    0.236_067_977_499_789_7,
    0.645_751_311_064_590_6,
    0.316_624_790_355_399_8,
    0.605_551_275_463_989_3,
    0.123_105_625_617_660_55,
    0.358_898_943_540_673_55,
    0.795_831_523_312_719_5,
    0.385_164_807_134_504,
    0.567_764_362_830_021_9,
    0.082_762_530_298_219_69,
];

/// A SplitMix64 generator with optionally stratified first numbers.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
    /// Index of the sample and of the next stratified number.
    sample: u32,
    next: usize,
}

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self {
            state: seed,
            sample: 0,
            next: SPREAD,
        }
    }

    /// The generator of a pixel.
    pub fn of_pixel(x: u32, y: u32) -> Self {
        let mut rng = Self::new((u64::from(y) << 32) | u64::from(x));
        // Neighbouring pixels have neighbouring seeds; one step decorrelates them.
        rng.state = rng.bits();
        rng
    }

    /// The generator of one sample, derived from the pixel's.
    pub fn of_sample(&self, sample: u32) -> Self {
        Self {
            state: self.state,
            sample,
            next: 0,
        }
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn scattered(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        let start = self.scattered();
        let Some(step) = STEPS.get(self.next) else {
            return start;
        };
        self.next += 1;
        if self.next == SPREAD {
            // All further numbers are independent.
            self.state ^= u64::from(self.sample + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
        let spread = start + f64::from(self.sample) * step;
        spread - spread.floor()
    }

    /// A number in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An index below `count`; 0 if `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// A point on the circle of radius 1.
    fn on_circle(&mut self) -> (f64, f64) {
        // Within 45 degrees of an axis, a few terms of the series are enough.
        let quarters = 4.0 * self.unit();
        let quarter = quarters.floor();
        let angle = (quarters - quarter - 0.5) * FRAC_PI_2;
        let square = angle * angle;
        let sin = angle
            * (1.0
                - square / 6.0
                    * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0))));
        let cos = 1.0
            - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0 * (1.0 - square / 56.0)));
        match quarter as i32 {
            0 => (cos, sin),
            1 => (-sin, cos),
            2 => (-cos, -sin),
            _ => (sin, -cos),
        }
    }

    /// A point on the sphere of radius 1.
    pub fn on_sphere(&mut self) -> Vec3 {
        let z = self.between(-1.0, 1.0);
        let (sin, cos) = self.on_circle();
        let radius = (1.0 - z * z).max(0.0).sqrt();
        vec3(radius * cos, radius * sin, z)
    }

    /// A point in the disc of radius 1.
    pub fn in_disc(&mut self) -> (f64, f64) {
        let radius = self.unit().sqrt();
        let (sin, cos) = self.on_circle();
        (radius * cos, radius * sin)
    }

    /// A direction in the cone around `axis` with this cosine of the half angle.
    pub fn in_cone(&mut self, axis: Vec3, cos_half: f64) -> Vec3 {
        let cos = 1.0 - self.unit() * (1.0 - cos_half);
        let sin = (1.0 - cos * cos).max(0.0).sqrt();
        let (around_sin, around_cos) = self.on_circle();
        let (tangent, bitangent) = axis.basis();
        (tangent * around_cos + bitangent * around_sin) * sin + axis * cos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pixel_has_a_reproducible_sequence() {
        assert_eq!(Rng::of_pixel(3, 4).unit(), Rng::of_pixel(3, 4).unit());
        assert_ne!(Rng::of_pixel(3, 4).unit(), Rng::of_pixel(4, 3).unit());
    }

    #[test]
    fn points_on_the_circle_have_radius_1_and_cover_all_quadrants() {
        let mut rng = Rng::new(2);
        let mut sectors = [0; 16];
        for _ in 0..1600 {
            let (x, y) = rng.on_circle();
            assert!((x * x + y * y - 1.0).abs() < 1e-6);
            let turn = y.atan2(x) / std::f64::consts::TAU + 0.5;
            sectors[((turn * 16.0) as usize).min(15)] += 1;
        }
        assert!(sectors.iter().all(|count| (60..140).contains(count)));
    }

    #[test]
    fn the_samples_of_a_pixel_are_stratified() {
        let pixel = Rng::of_pixel(1, 2);
        for dimension in 0..SPREAD {
            let mut tenths = [0; 10];
            for sample in 0..100 {
                let mut rng = pixel.of_sample(sample);
                let number = (0..=dimension).fold(0.0, |_, _| rng.unit());
                tenths[(number * 10.0) as usize] += 1;
            }
            let even = tenths.iter().all(|count| (6..=14).contains(count));
            assert!(even, "{dimension}: {tenths:?}");
        }
    }

    #[test]
    fn directions_stay_in_their_cone() {
        let axis = vec3(1.0, 2.0, -1.0).unit();
        let mut rng = Rng::new(1);
        for _ in 0..1000 {
            assert!(rng.in_cone(axis, 0.8).dot(axis) >= 0.8 - 1e-9);
        }
    }
}
