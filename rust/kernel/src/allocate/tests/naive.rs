//! Allocation the plain way: every product in full, every order by sorting.

use crate::allocate::Policy;
use crate::rounding::{Mode, Rounding, Tail};
use crate::with_mode;

/// Quotient and remainder of `a * b / c`, with the quotient below 2^64; bit by bit if the product is too large.
pub fn mul_div(a: u64, b: u128, c: u128) -> (u64, u128) {
    if let Some(product) = b.checked_mul(a.into()) {
        return (u64::try_from(product / c).unwrap(), product % c);
    }
    let (mut quotient, mut remainder) = (0_u64, 0_u128);
    for bit in (0..64).rev() {
        // All terms are below 2^125.
        quotient = quotient.checked_mul(2).unwrap();
        remainder *= 2;
        if a >> bit & 1 == 1 {
            quotient += u64::try_from(b / c).unwrap();
            remainder += b % c;
        }
        quotient += u64::try_from(remainder / c).unwrap();
        remainder %= c;
    }
    (quotient, remainder)
}

/// The running total rounded; none if it may not be.
fn rounded(total: u64, weight: u128, sum: u128, rounding: Rounding) -> Option<u64> {
    let (quotient, remainder) = mul_div(total, weight, sum);
    let tail = match (remainder * 2).cmp(&sum) {
        _ if remainder == 0 => Tail::Zero,
        std::cmp::Ordering::Less => Tail::BelowHalf,
        std::cmp::Ordering::Equal => Tail::Half,
        std::cmp::Ordering::Greater => Tail::AboveHalf,
    };
    if rounding == Rounding::Exact && remainder != 0 {
        return None;
    }
    Some(quotient + u64::from(with_mode!(rounding, M => M::goes_up(false, quotient, tail))))
}

/// Shares and residual; none if a cascade without rounding is not exact.
pub fn allocate(total: i64, weights: &[i64], policy: Policy, ties: Option<&[i64]>) -> Option<(Vec<i64>, i64)> {
    let sum: u128 = weights.iter().map(|&weight| weight as u128).sum();
    if sum == 0 {
        return Some((vec![0; weights.len()], 0));
    }
    let magnitude = total.unsigned_abs();
    let mirror = |share: u64| if total < 0 { -(share as i64) } else { share as i64 };
    if let Policy::Cascade(rounding) = policy {
        let (mut before, mut running) = (0, 0_u128);
        let mut shares = Vec::new();
        for &weight in weights {
            running += weight as u128;
            let after = rounded(magnitude, running, sum, rounding)?;
            shares.push(mirror(after - before));
            before = after;
        }
        return Some((shares, 0));
    }
    let parts: Vec<(u64, u128)> = weights.iter().map(|&weight| mul_div(magnitude, weight as u128, sum)).collect();
    let mut shares: Vec<u64> = parts.iter().map(|part| part.0).collect();
    let left = (magnitude - shares.iter().sum::<u64>()) as usize;
    let mut order: Vec<usize> = (0..weights.len()).filter(|&row| weights[row] > 0).collect();
    let tie = |row: usize| ties.map_or(0, |ties| ties[row]);
    // Sorting keeps the order of rows that are equal.
    match policy {
        Policy::LargestRemainder => order.sort_by_key(|&row| (std::cmp::Reverse(parts[row].1), tie(row))),
        Policy::LargestWeight => order.sort_by_key(|&row| (std::cmp::Reverse(weights[row]), tie(row))),
        _ => {}
    }
    let residual = if policy == Policy::Keep { left } else { 0 };
    order.iter().take(left - residual).for_each(|&row| shares[row] += 1);
    Some((shares.into_iter().map(mirror).collect(), mirror(residual as u64)))
}

/// Shares and residuals of groups, each of which has weights.
pub fn allocate_groups(
    totals: &[i64],
    weights: &[i64],
    groups: &[i64],
    policy: Policy,
    ties: Option<&[i64]>,
) -> (Vec<i64>, Vec<i64>) {
    let mut members = vec![Vec::new(); totals.len()];
    groups.iter().enumerate().for_each(|(row, &group)| members[group as usize].push(row));
    let mut shares = vec![0; weights.len()];
    let mut residuals = Vec::new();
    for (&total, rows) in totals.iter().zip(&members) {
        let own: Vec<i64> = rows.iter().map(|&row| weights[row]).collect();
        let own_ties: Option<Vec<i64>> = ties.map(|ties| rows.iter().map(|&row| ties[row]).collect());
        let (own_shares, residual) = allocate(total, &own, policy, own_ties.as_deref()).unwrap();
        rows.iter().zip(own_shares).for_each(|(&row, share)| shares[row] = share);
        residuals.push(residual);
    }
    (shares, residuals)
}
