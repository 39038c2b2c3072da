//! Speed: a logarithmic scale from 1:2000 to 4:1, simulated to real time.

/// Speed notches: three double the speed, 0 is 1:40.
pub const SLOWEST: i32 = -17;
/// The fastest notch, 4:1.
pub const FASTEST: i32 = 22;

/// Simulated time per real time at a notch.
#[must_use]
pub fn rate(notch: i32) -> f64 {
    (2.0_f64.powf(f64::from(notch) / 3.0) / 40.0).clamp(1.0 / 2_000.0, 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_runs_from_one_in_two_thousand_to_four_to_one() {
        assert!((rate(0) - 1.0 / 40.0).abs() < 1e-12);
        assert!((rate(SLOWEST) - 1.0 / 2_000.0).abs() < 2e-5);
        assert!((rate(FASTEST) - 4.0).abs() < 0.1);
        assert!(rate(i32::MIN) >= 1.0 / 2_000.0 && rate(i32::MAX) <= 4.0);
    }
}
