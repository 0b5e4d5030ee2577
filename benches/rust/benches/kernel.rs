//! The kernel alone, on one thread: arithmetic, sum, text and allocation over a million rows.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use fundclear_benches::{Column, draw, scale};
use fundclear_kernel::allocate::{Policy, allocate};
use fundclear_kernel::arithmetic::{Operand, add, mul_div, rescale};
use fundclear_kernel::exec::Exec;
use fundclear_kernel::reduce::sum;
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::text::{Syntax, format_column, parse_column};

const ROWS: usize = 1 << 20;

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group
}

fn arithmetic(criterion: &mut Criterion) {
    let exec = Exec::inline();
    let mut out = vec![0; ROWS];
    let mut group = group(criterion, "arithmetic");
    let widths =
        [("63-bit products", 10_u64.pow(10), 10_u64.pow(6)), ("128-bit products", 10_u64.pow(15), 10_u64.pow(15))];
    for (name, a_limit, limit) in widths {
        let (a, b) = (draw(ROWS, 1, a_limit), draw(ROWS, 2, limit));
        // A divisor of at least a tenth of the limit keeps every quotient below 18 digits.
        let c: Vec<i64> = draw(ROWS, 3, limit - limit / 10).iter().map(|value| value + (limit / 10) as i64).collect();
        for rounding in [Rounding::HalfUp, Rounding::HalfEven, Rounding::Down] {
            group.bench_function(format!("mul_div {name} {rounding:?}"), |bencher| {
                bencher.iter(|| {
                    let (a, b, c) = (Operand::Column(&a), Operand::Column(&b), Operand::Column(&c));
                    mul_div(&exec, a, scale(2), b, scale(4), c, scale(4), scale(2), rounding, black_box(&mut out))
                });
            });
        }
    }
    let (a, b) = (draw(ROWS, 1, 10_u64.pow(12)), draw(ROWS, 2, 10_u64.pow(12)));
    group.bench_function("rescale 4 to 2 HalfUp", |bencher| {
        bencher.iter(|| rescale(&exec, Operand::Column(&a), scale(4), scale(2), Rounding::HalfUp, black_box(&mut out)));
    });
    group.bench_function("add", |bencher| {
        bencher.iter(|| add(&exec, Operand::Column(&a), Operand::Column(&b), black_box(&mut out)));
    });
    group.bench_function("sum", |bencher| bencher.iter(|| sum(&exec, black_box(&a))));
    group.finish();
}

fn text(criterion: &mut Criterion) {
    let exec = Exec::inline();
    let values = draw(ROWS, 1, 10_u64.pow(9));
    let column = Column::of_hundredths(&values);
    let mut out = vec![0; ROWS];
    let mut group = group(criterion, "text");
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            parse_column(&exec, black_box(&column), Syntax::Plain, scale(2), Rounding::Exact, black_box(&mut out))
        });
    });
    assert_eq!(out, values, "what was measured is also right");
    group.bench_function("format", |bencher| bencher.iter(|| format_column(&exec, black_box(&values), scale(2))));
    group.finish();
}

fn allocation(criterion: &mut Criterion) {
    let exec = Exec::inline();
    let mut shares = vec![0; ROWS];
    let mut group = group(criterion, "allocate");
    let uniform = draw(ROWS, 1, 10_u64.pow(9));
    let shapes = [
        ("equal", vec![10_000; ROWS]),
        ("few distinct", draw(ROWS, 1, 6)),
        ("zipf-like", draw(ROWS, 1, 10_u64.pow(8)).iter().map(|draw| 10_i64.pow(12) / draw).collect()),
        ("uniform", uniform.clone()),
    ];
    let total = 7_234_567_891;
    for (name, weights) in &shapes {
        group.bench_function(format!("largest remainder, {name}"), |bencher| {
            bencher.iter(|| {
                allocate(&exec, total, black_box(weights), Policy::LargestRemainder, None, black_box(&mut shares))
            });
        });
    }
    for policy in [Policy::LargestWeight, Policy::First, Policy::Cascade(Rounding::HalfUp), Policy::Keep] {
        group.bench_function(format!("{policy:?}, uniform"), |bencher| {
            bencher.iter(|| allocate(&exec, total, black_box(&uniform), policy, None, black_box(&mut shares)));
        });
    }
    group.finish();
}

criterion_group!(kernel, arithmetic, text, allocation);
criterion_main!(kernel);
