//! From a sequence that goes wrong to the few steps of it that are enough for that.

use super::act::Step;

/// Replays until it has to be short enough.
const REPLAYS: usize = 400;

/// Finds few of the steps with which it still goes wrong in the same way, as `goes_wrong` says.
pub fn shrink(steps: Vec<Step>, mut goes_wrong: impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut left = REPLAYS;
    let mut try_out = |steps: &[Step]| {
        left = left.saturating_sub(1);
        left > 0 && goes_wrong(steps)
    };
    let steps = without_parts(steps, &mut try_out);
    simpler(steps, &mut try_out)
}

/// Leaves out parts, ever smaller ones.
fn without_parts(mut steps: Vec<Step>, goes_wrong: &mut impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut size = steps.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut shorter = false;
        while at < steps.len() {
            let end = (at + size).min(steps.len());
            let rest = [&steps[..at], &steps[end..]].concat();
            match goes_wrong(&rest) {
                true => (steps, shorter) = (rest, true),
                false => at = end,
            }
        }
        match size {
            1 if !shorter => return steps,
            1 => {}
            _ => size = size.div_ceil(2),
        }
    }
}

/// Leaves out acts of transactions with several.
fn simpler(mut steps: Vec<Step>, goes_wrong: &mut impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    for at in 0..steps.len() {
        let Step::Send(acts, tampered) = steps[at].clone() else {
            continue;
        };
        if acts.len() > 1 {
            for act in acts {
                let mut simple = steps.clone();
                simple[at] = Step::Send(vec![act], tampered);
                if goes_wrong(&simple) {
                    steps = simple;
                    break;
                }
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_steps_those_are_left_that_matter() {
        let steps: Vec<Step> = (0..100).map(Step::Pass).collect();
        let passes = |steps: &[Step], wanted: i64| {
            let mut steps = steps.iter();
            steps.any(|step| matches!(step, Step::Pass(seconds) if *seconds == wanted))
        };
        let shrunk = shrink(steps, |steps| passes(steps, 17) && passes(steps, 80));
        let left = format!("{shrunk:?}");
        assert_eq!(left, "[Pass(17), Pass(80)]");
    }
}
