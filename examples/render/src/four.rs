//! Operations on four numbers at a time. In WebAssembly each one is a single instruction; elsewhere it is
//! scalar arithmetic with the same results.
//!
//! Callers need the same `target_feature`; otherwise these functions are not inlined.

#[cfg(target_arch = "wasm32")]
use std::arch::wasm32::{
    f32x4, f32x4_add, f32x4_extract_lane, f32x4_le, f32x4_mul, f32x4_pmax, f32x4_pmin, f32x4_splat,
    f32x4_sub, i32x4_bitmask, v128,
};

/// Four numbers.
#[cfg(target_arch = "wasm32")]
#[derive(Clone, Copy, Debug)]
pub struct Four(v128);

#[cfg(target_arch = "wasm32")]
impl Four {
    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn new([a, b, c, d]: [f32; 4]) -> Self {
        Self(f32x4(a, b, c, d))
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn all(one: f32) -> Self {
        Self(f32x4_splat(one))
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn plus(self, other: Self) -> Self {
        Self(f32x4_add(self.0, other.0))
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn minus(self, other: Self) -> Self {
        Self(f32x4_sub(self.0, other.0))
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn times(self, other: Self) -> Self {
        Self(f32x4_mul(self.0, other.0))
    }

    /// The smaller of each pair; `self` if either is NaN.
    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn lesser(self, other: Self) -> Self {
        Self(f32x4_pmin(self.0, other.0))
    }

    /// The larger of each pair; `self` if either is NaN.
    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn greater(self, other: Self) -> Self {
        Self(f32x4_pmax(self.0, other.0))
    }

    /// A bit for each pair, lowest first: whether `self` is at most `other`.
    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn at_most(self, other: Self) -> u32 {
        u32::from(i32x4_bitmask(f32x4_le(self.0, other.0)))
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    pub fn numbers(self) -> [f32; 4] {
        [
            f32x4_extract_lane::<0>(self.0),
            f32x4_extract_lane::<1>(self.0),
            f32x4_extract_lane::<2>(self.0),
            f32x4_extract_lane::<3>(self.0),
        ]
    }
}

/// Four numbers.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy, Debug)]
pub struct Four([f32; 4]);

#[cfg(not(target_arch = "wasm32"))]
impl Four {
    pub fn new(four: [f32; 4]) -> Self {
        Self(four)
    }

    pub fn all(one: f32) -> Self {
        Self([one; 4])
    }

    fn pairs(self, other: Self, each: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| each(self.0[i], other.0[i])))
    }

    pub fn plus(self, other: Self) -> Self {
        self.pairs(other, |a, b| a + b)
    }

    pub fn minus(self, other: Self) -> Self {
        self.pairs(other, |a, b| a - b)
    }

    pub fn times(self, other: Self) -> Self {
        self.pairs(other, |a, b| a * b)
    }

    /// The smaller of each pair; `self` if either is NaN.
    pub fn lesser(self, other: Self) -> Self {
        self.pairs(other, |a, b| if b < a { b } else { a })
    }

    /// The larger of each pair; `self` if either is NaN.
    pub fn greater(self, other: Self) -> Self {
        self.pairs(other, |a, b| if a < b { b } else { a })
    }

    /// A bit for each pair, lowest first: whether `self` is at most `other`.
    pub fn at_most(self, other: Self) -> u32 {
        (0..4).fold(0, |bits, i| bits | u32::from(self.0[i] <= other.0[i]) << i)
    }

    pub fn numbers(self) -> [f32; 4] {
        self.0
    }
}
