//! What is refused, in which order, and what is left in the output then.

use super::threads;
use crate::allocate::groups::Call;
use crate::allocate::single::Split;
use crate::allocate::weights::Extent;
use crate::allocate::{MAX_MINOR, Policy, allocate, allocate_groups};
use crate::error::{Code, Error};
use crate::exec::{Exec, SMALL_ROWS};
use crate::rounding::Rounding;
use crate::scale::POISON;

const EXACT: Policy = Policy::Cascade(Rounding::Exact);

fn refusal(exec: &Exec<'_>, total: i64, weights: &[i64], policy: Policy) -> Error {
    let mut shares = vec![1; weights.len()];
    let error = allocate(exec, total, weights, policy, None, &mut shares).unwrap_err();
    assert!(shares.iter().all(|&share| share == POISON));
    error
}

fn group_refusal(exec: &Exec<'_>, totals: &[i64], weights: &[i64], groups: &[i64], policy: Policy) -> Error {
    let (mut shares, mut residuals) = (vec![1; weights.len()], vec![1; totals.len()]);
    let columns = (&mut shares, &mut residuals);
    let error = allocate_groups(exec, totals, weights, groups, policy, None, columns.0, columns.1).unwrap_err();
    assert!(shares.iter().chain(&residuals).all(|&value| value == POISON));
    error
}

fn whole(code: Code, total: i64) -> Error {
    Error { operands: vec![total.into()], ..Error::whole(code) }
}

#[test]
fn one_total() {
    let exec = Exec::inline();
    assert_eq!(refusal(&exec, 5, &[], Policy::Keep), whole(Code::NoWeights, 5));
    assert_eq!(refusal(&exec, 0, &[], Policy::Keep), whole(Code::NoWeights, 0));
    assert_eq!(refusal(&exec, -5, &[0, 0], Policy::First), whole(Code::ZeroWeights, -5));
    assert_eq!(refusal(&exec, MAX_MINOR + 1, &[1], Policy::First), whole(Code::Digits, MAX_MINOR + 1));
    assert_eq!(refusal(&exec, i64::MIN, &[1], Policy::First), whole(Code::Digits, i64::MIN));
    assert_eq!(refusal(&exec, 5, &[1, -1, -2], Policy::First), Error::at(Code::NegativeWeight, 1, &[-1]));
    assert_eq!(refusal(&exec, 5, &[1, 2], EXACT), Error::at(Code::Inexact, 0, &[1]));
    assert_eq!(refusal(&exec, 3, &[1, 2, 3], EXACT), Error::at(Code::Inexact, 0, &[1]));
    assert_eq!(refusal(&exec, 6, &[2, 3, 7], EXACT), Error::at(Code::Inexact, 1, &[3]));
    for weight in [MAX_MINOR + 1, i64::MAX, i64::MIN, -MAX_MINOR - 1] {
        let error = refusal(&exec, 5, &[1, 2, weight, -1], Policy::LargestRemainder);
        assert_eq!(error, Error::at(Code::Digits, 2, &[weight.into()]));
    }
}

#[test]
fn shares_that_break_the_law() {
    let extent = Extent { sum: 6, bound: 3 };
    let split = |policy| Split { total: -10, weights: &[1, 2, 3], extent, ties: None, policy };
    for policy in [Policy::LargestRemainder, Policy::Cascade(Rounding::Up)] {
        assert_eq!(split(policy).residual(-10), Ok(0));
        assert_eq!(split(policy).residual(-9), Err(whole(Code::Law, -10)));
        assert_eq!(split(policy).residual(-11), Err(whole(Code::Law, -10)));
    }
    // What is kept back is less than a unit a row, and has the sign of the total.
    assert_eq!(split(Policy::Keep).residual(-8), Ok(-2));
    assert_eq!(split(Policy::Keep).residual(-7), Err(whole(Code::Law, -10)));
    assert_eq!(split(Policy::Keep).residual(-11), Err(whole(Code::Law, -10)));

    let (weights, groups) = (&[1, 1, 1][..], &[0, 1, 1][..]);
    let call = Call { totals: &[5, 7], weights, groups, policy: Policy::First, ties: None };
    let law = |shares: &[i64]| call.check_law(&Exec::inline(), shares, &[0, 0]).map_err(|error| error.code);
    assert_eq!(law(&[5, 4, 3]), Ok(()));
    assert_eq!(law(&[5, 4, 4]), Err(Code::Law));
    // The sum is right, but a unit is in another group.
    assert_eq!(law(&[6, 3, 3]), Err(Code::Law));
}

#[test]
fn columns_of_different_lengths() {
    let exec = Exec::inline();
    let short = &mut [0_i64; 1][..];
    assert_eq!(allocate(&exec, 5, &[1, 2], Policy::First, None, short), Err(whole(Code::Law, 5)));
    assert_eq!(allocate(&exec, 5, &[1, 2], Policy::First, Some(&[1]), &mut [0; 2]), Err(whole(Code::Law, 5)));
    let groups = |groups: &[i64], shares: &mut [i64], residuals: &mut [i64], ties: Option<&[i64]>| {
        allocate_groups(&exec, &[5], &[1, 2], groups, Policy::First, ties, shares, residuals)
    };
    assert_eq!(groups(&[0], &mut [0; 2], &mut [0; 1], None), Err(Error::whole(Code::Law)));
    assert_eq!(groups(&[0, 0], &mut [0; 1], &mut [0; 1], None), Err(Error::whole(Code::Law)));
    assert_eq!(groups(&[0, 0], &mut [0; 2], &mut [0; 2], None), Err(Error::whole(Code::Law)));
    assert_eq!(groups(&[0, 0], &mut [0; 2], &mut [0; 1], Some(&[1])), Err(Error::whole(Code::Law)));
}

#[test]
fn the_first_bad_row_for_any_number_of_threads() {
    let mut weights = vec![3; 3 * SMALL_ROWS];
    let groups = vec![0; weights.len()];
    weights[150_000] = -4;
    weights[100_000] = MAX_MINOR + 1;
    weights[100_001] = -1;
    for count in [1, 2, 3, 7] {
        let wanted = Error::at(Code::Digits, 100_000, &[i128::from(MAX_MINOR) + 1]);
        assert_eq!(refusal(&threads(count), 7, &weights, Policy::LargestRemainder), wanted);
        assert_eq!(group_refusal(&threads(count), &[7], &weights, &groups, Policy::LargestRemainder), wanted);
    }
}

#[test]
fn an_inexact_running_total_for_any_number_of_threads() {
    // The total is half of the weights, so that every second running total is a half.
    let mut weights = vec![2; 2 * SMALL_ROWS];
    weights[70_001] = 3;
    weights[99_999] = 3;
    let total = weights.iter().sum::<i64>() / 2;
    for count in [1, 2, 3, 7] {
        assert_eq!(refusal(&threads(count), total, &weights, EXACT), Error::at(Code::Inexact, 70_001, &[3]));
    }
}

#[test]
fn groups_and_weights_by_row() {
    let exec = Exec::inline();
    let refused = |weights: &[i64], groups: &[i64]| group_refusal(&exec, &[1, 2], weights, groups, Policy::First);
    assert_eq!(refused(&[1, 1, 1], &[0, 2, 1]), Error::at(Code::GroupRange, 1, &[2]));
    assert_eq!(refused(&[1, 1, 1], &[0, 1, -1]), Error::at(Code::GroupRange, 2, &[-1]));
    assert_eq!(refused(&[1, 1, 1], &[i64::MIN, 1, i64::MAX]), Error::at(Code::GroupRange, 0, &[i64::MIN.into()]));
    // Of one row, the weight is looked at first; of two, the earlier one.
    assert_eq!(refused(&[1, -1, 1], &[0, 2, 1]), Error::at(Code::NegativeWeight, 1, &[-1]));
    assert_eq!(refused(&[1, 1, -1], &[0, 2, 1]), Error::at(Code::GroupRange, 1, &[2]));
    assert_eq!(refused(&[1, -1, 1], &[0, 0, 2]), Error::at(Code::NegativeWeight, 1, &[-1]));
    let nobody = group_refusal(&exec, &[], &[1], &[0], Policy::First);
    assert_eq!(nobody, Error::at(Code::GroupRange, 0, &[0]));
}

#[test]
fn totals_of_groups() {
    let exec = Exec::inline();
    let refused =
        |totals: &[i64], weights: &[i64], groups: &[i64], policy| group_refusal(&exec, totals, weights, groups, policy);
    let first = Policy::First;
    assert_eq!(refused(&[1, i64::MIN], &[-1], &[5], first), Error::at(Code::Digits, 1, &[i64::MIN.into()]));
    assert_eq!(refused(&[1, 0, 3], &[1, 1], &[0, 2], first), Error::at(Code::NoWeights, 1, &[0]));
    assert_eq!(refused(&[7], &[], &[], first), Error::at(Code::NoWeights, 0, &[7]));
    assert_eq!(refused(&[1, -2, 0], &[1, 0, 0], &[0, 1, 2], first), Error::at(Code::ZeroWeights, 1, &[-2]));
    // The first group at fault, whatever is wrong with it.
    assert_eq!(refused(&[1, 2, 3], &[1, 0], &[0, 2], first), Error::at(Code::NoWeights, 1, &[2]));
    assert_eq!(refused(&[1, 2, 3], &[1, 0], &[0, 1], first), Error::at(Code::ZeroWeights, 1, &[2]));
    assert_eq!(refused(&[3, 2, 3], &[1, 1, 0], &[0, 0, 1], EXACT), Error::at(Code::Inexact, 0, &[1]));
    assert_eq!(refused(&[2, 2, 3], &[1, 1, 0], &[0, 0, 1], EXACT), Error::at(Code::ZeroWeights, 1, &[2]));
    assert_eq!(refused(&[2, 3, 3], &[1, 1, 5, 5], &[2, 1, 1, 2], EXACT), Error::at(Code::NoWeights, 0, &[2]));
    let groups = [1, 0, 0, 1];
    assert_eq!(refused(&[3, 3], &[1, 5, 5, 7], &groups, EXACT), Error::at(Code::Inexact, 1, &[5]));
}

#[test]
fn a_group_at_fault_among_many_rows() {
    let rows = 2 * SMALL_ROWS;
    let (weights, mut groups) = (vec![1; rows], vec![0; rows]);
    for (row, group) in groups.iter_mut().enumerate() {
        *group = (row % 5_000) as i64;
        if *group == 4_321 {
            *group = 0;
        }
    }
    for count in [1, 2, 3, 7] {
        let error = group_refusal(&threads(count), &vec![9; 5_000], &weights, &groups, Policy::LargestRemainder);
        assert_eq!(error, Error::at(Code::NoWeights, 4_321, &[9]));
        let error = group_refusal(&threads(count), &vec![9; rows * 3], &weights, &groups, Policy::LargestRemainder);
        assert_eq!(error, Error::at(Code::NoWeights, 4_321, &[9]));
    }
}

#[test]
fn cancelled() {
    // Rows enough for threads of their own, and outputs that a stopped call leaves alone.
    let rows = SMALL_ROWS + 1;
    let (weights, groups) = (vec![1; rows], vec![0; rows]);
    let (mut shares, mut residuals) = (vec![7; rows], vec![7]);
    let exec = Exec::new(std::num::NonZeroUsize::MIN, &|| false);
    let policy = Policy::LargestRemainder;
    let stopped = Err(Error::whole(Code::Cancelled));
    assert_eq!(allocate(&exec, 7, &weights, policy, None, &mut shares).map(|_| ()), stopped);
    assert_eq!(allocate_groups(&exec, &[7], &weights, &groups, policy, None, &mut shares, &mut residuals), stopped);
    assert!(shares.iter().chain(&residuals).all(|&value| value == 7));
}
