//! Many totals.

use super::{Draw, POLICIES, SHAPES, naive, threads, tie_keys, weights};
use crate::allocate::{Policy, allocate, allocate_groups};
use crate::exec::{Exec, SMALL_ROWS};

/// Groups of rows, none of them empty.
fn groups(draw: &mut Draw, kind: &str, rows: usize, count: usize) -> Vec<i64> {
    let mut groups: Vec<i64> = match kind {
        "random" => (0..rows).map(|_| draw.below(count as u64) as i64).collect(),
        "sorted" => (0..rows).map(|row| (row * count / rows) as i64).collect(),
        // Most rows belong to one group.
        "skewed" => {
            let large = draw.below(count as u64) as i64;
            (0..rows).map(|_| if draw.below(10) == 0 { draw.below(count as u64) as i64 } else { large }).collect()
        }
        _ => panic!("no such kind: {kind}"),
    };
    groups[..count].iter_mut().zip(0..).for_each(|(group, number)| *group = number);
    if kind == "sorted" {
        groups.sort_unstable();
    }
    groups
}

struct Case {
    totals: Vec<i64>,
    weights: Vec<i64>,
    groups: Vec<i64>,
    ties: Option<Vec<i64>>,
}

fn case(draw: &mut Draw, kind: &str, rows: usize, count: usize, tie_kind: u64) -> Case {
    let shape = draw.pick(&SHAPES);
    let mut weights = weights(draw, shape, rows);
    let groups = groups(draw, kind, rows, count);
    // Each group's first row gives it a weight above zero.
    let mut seen = vec![false; count];
    for (&group, weight) in groups.iter().zip(&mut weights) {
        if !std::mem::replace(&mut seen[group as usize], true) {
            *weight = (*weight).max(1);
        }
    }
    let totals = (0..count).map(|_| draw.total()).collect();
    Case { totals, weights, groups, ties: tie_keys(draw, tie_kind, rows) }
}

fn run(exec: &Exec<'_>, case: &Case, policy: Policy) -> (Vec<i64>, Vec<i64>) {
    let (mut shares, mut residuals) = (vec![-1; case.weights.len()], vec![-1; case.totals.len()]);
    let Case { totals, weights, groups, ties } = case;
    allocate_groups(exec, totals, weights, groups, policy, ties.as_deref(), &mut shares, &mut residuals).unwrap();
    (shares, residuals)
}

fn check(exec: &Exec<'_>, case: &Case, policy: Policy, what: &str) {
    let wanted = naive::allocate_groups(&case.totals, &case.weights, &case.groups, policy, case.ties.as_deref());
    assert!(run(exec, case, policy) == wanted, "{what}: {policy:?}");
}

#[test]
fn few_rows() {
    let mut draw = Draw(21);
    for round in 0..300 {
        let rows = 1 + draw.below(80) as usize;
        let count = 1 + draw.below(rows as u64) as usize;
        let kind = draw.pick(&["random", "sorted", "skewed"]);
        let case = case(&mut draw, kind, rows, count, round % 4);
        for policy in POLICIES {
            check(&Exec::inline(), &case, policy, kind);
        }
    }
}

#[test]
fn many_rows() {
    let mut draw = Draw(22);
    let rows = SMALL_ROWS + 12_345;
    for (round, count) in [1, 2, 5, 300, 9_000, rows].into_iter().enumerate() {
        for (step, kind) in ["random", "sorted", "skewed"].into_iter().enumerate() {
            let case = case(&mut draw, kind, rows, count, (round + step) as u64 % 4);
            check(&threads(2), &case, Policy::LargestRemainder, kind);
            check(&threads(2), &case, draw.pick(&POLICIES), kind);
        }
    }
}

#[test]
fn ranges_with_more_rows_than_one_worker_takes() {
    // One group has most of a million rows, its neighbours in the same range a few.
    let mut draw = Draw(23);
    let rows = 1_500_000;
    let mut case = case(&mut draw, "skewed", rows, 200_000, 2);
    case.weights.iter_mut().for_each(|weight| *weight %= 1_000_000_007);
    case.weights[..200_000].iter_mut().for_each(|weight| *weight += 1);
    check(&threads(3), &case, Policy::LargestRemainder, "large");
}

#[test]
fn any_number_of_threads() {
    let mut draw = Draw(24);
    let rows = SMALL_ROWS + 20_001;
    for (count, tie_kind) in [(3, 1), (2_000, 2)] {
        let case = case(&mut draw, "random", rows, count, tie_kind);
        for policy in POLICIES {
            let wanted = run(&Exec::inline(), &case, policy);
            for count in [1, 2, 3, 7] {
                assert!(run(&threads(count), &case, policy) == wanted, "{policy:?} on {count} threads");
            }
        }
    }
}

#[test]
fn each_group_as_if_alone() {
    let mut draw = Draw(25);
    let case = case(&mut draw, "random", 30_000, 3, 1);
    let (shares, residuals) = run(&Exec::inline(), &case, Policy::LargestRemainder);
    for group in 0..3 {
        let pick = |column: &[i64]| -> Vec<i64> {
            case.groups.iter().zip(column).filter(|(other, _)| **other == group).map(|(_, &value)| value).collect()
        };
        let (weights, ties) = (pick(&case.weights), pick(case.ties.as_deref().unwrap()));
        let mut alone = vec![0; weights.len()];
        let total = case.totals[group as usize];
        allocate(&Exec::inline(), total, &weights, Policy::LargestRemainder, Some(&ties), &mut alone).unwrap();
        assert!(pick(&shares) == alone);
    }
    assert_eq!(residuals, [0, 0, 0]);
}

#[test]
fn no_groups_and_no_rows() {
    allocate_groups(&Exec::inline(), &[], &[], &[], Policy::First, None, &mut [], &mut []).unwrap();
}
