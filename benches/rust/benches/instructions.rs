//! How many instructions the kernel's calls take, counted by callgrind: what the gate compares.
//!
//! Every call runs once, on one thread, over rows that fit in a core's second-level cache.

use std::hint::black_box;

use fundclear_benches::{Column, draw, scale};
use fundclear_kernel::allocate::{Policy, allocate};
use fundclear_kernel::arithmetic::{Operand, mul_div};
use fundclear_kernel::day::input::{DayInput, LotColumns, OrderColumns, PositionColumns, Small};
use fundclear_kernel::day::run::HeldDay;
use fundclear_kernel::day::types::{FundDay, Kind, ValueDates, open};
use fundclear_kernel::dealing::{FundColumn, FundNumbers, Prices, Subscribing, subscribe_columns};
use fundclear_kernel::exec::Exec;
use fundclear_kernel::netting::{Direction, Identifiers, Kinds, Netting, Orders, Values};
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::settlement::net_obligations;
use fundclear_kernel::terms::{Charge, FeeTier, Fund, Limits, Method, Modes, ONE, SwitchTerms, TableScales, Terms};
use fundclear_kernel::text::{Syntax, format_column, parse_column};
use gungraun::{library_benchmark, library_benchmark_group, main};

const ROWS: usize = 20_000;
const FUNDS: u32 = 500;

/// Two factors, a divisor and the result.
type Products = ([Vec<i64>; 3], Vec<i64>);

fn products(limit: u64) -> Products {
    let divisor = draw(ROWS, 3, limit - limit / 10).iter().map(|value| value + (limit / 10) as i64).collect();
    ([draw(ROWS, 1, limit), draw(ROWS, 2, limit), divisor], vec![0; ROWS])
}

#[library_benchmark]
#[bench::narrow(products(1_000_000_000))]
#[bench::wide(products(1_000_000_000_000_000))]
fn mul_div_half_up((factors, mut out): Products) -> Vec<i64> {
    let [a, b, c] = factors.each_ref().map(|column| Operand::Column(column));
    let places = scale(2);
    mul_div(&Exec::inline(), a, places, b, places, c, places, places, Rounding::HalfUp, &mut out).expect("it fits");
    out
}

fn texts() -> (Column, Vec<i64>) {
    (Column::of_hundredths(&draw(ROWS, 1, 1_000_000_000)), vec![0; ROWS])
}

#[library_benchmark]
#[bench::hundredths(texts())]
fn parse((texts, mut out): (Column, Vec<i64>)) -> Vec<i64> {
    parse_column(&Exec::inline(), &texts, Syntax::Plain, scale(2), Rounding::Exact, &mut out)
        .expect("they are amounts");
    out
}

#[library_benchmark]
#[bench::hundredths(draw(ROWS, 1, 1_000_000_000))]
fn format(values: Vec<i64>) -> usize {
    black_box(format_column(&Exec::inline(), &values, scale(2)).expect("it fits"));
    values.len()
}

/// Units, accounts in no order, and the shares.
type Holders = (Vec<i64>, Vec<i64>, Vec<i64>);

fn holders(most_units: u64) -> Holders {
    (draw(ROWS, 1, most_units), draw(ROWS, 2, 1_000_000_000_000), vec![0; ROWS])
}

#[library_benchmark]
#[bench::uniform(holders(10_000_000))]
#[bench::heavy_ties(holders(5))]
fn distribute((units, accounts, mut shares): Holders) -> Vec<i64> {
    let policy = Policy::LargestRemainder;
    allocate(&Exec::inline(), 7_234_567, &units, policy, Some(&accounts), &mut shares).expect("there are units");
    shares
}

/// Four tiers of which each fund has slightly other rates.
fn fund(number: u32) -> Fund {
    let tier = |from: i64, millionths: i64| FeeTier {
        from,
        charge: Charge::Rate((millionths - 10 * i64::from(number % 50)) * (ONE / 1_000_000)),
    };
    let half_up = Rounding::HalfUp;
    Fund {
        portfolio: number,
        currency: 0,
        cash_quantum: 1,
        unit_quantum: 1,
        nav_quantum: 1,
        modes: Modes { cash: half_up, units: half_up, fee: half_up, price: half_up },
        front_end: vec![tier(0, 15_000), tier(100_000_000, 12_000), tier(200_000_000, 8_000), tier(500_000_000, 1_000)],
        method: Method::Outside,
        redemption: Vec::new(),
        fee_from_cents: false,
        back_end: Vec::new(),
        subscription_manager_share: 0,
        redemption_manager_share: 0,
        back_end_manager_share: 0,
        whole_units: false,
        limits: Limits {
            minimum_subscription: 0,
            maximum_subscription: i64::MAX,
            maximum_subscription_day: i64::MAX,
            minimum_redemption: 0,
            maximum_redemption: i64::MAX,
            maximum_redemption_day: i64::MAX,
            minimum_holding: 0,
        },
        gate: None,
        swing: None,
        income: None,
        switches: SwitchTerms { rate_at_purchase: false, discounted: false, keeps_dates: false },
        keeps_lots: false,
    }
}

/// What a call of subscriptions is given, and where its results go.
struct Subscriptions {
    terms: Terms,
    numbers: FundNumbers,
    funds: Vec<i64>,
    navs: Vec<i64>,
    amounts: Vec<i64>,
    out: [Vec<i64>; 6],
}

fn subscriptions() -> Subscriptions {
    let ids: Vec<i64> = (0..FUNDS).map(|number| i64::from(number) * 7919 + 100_000).collect();
    let funds = draw(ROWS, 1, u64::from(FUNDS)).iter().map(|number| (number - 1) * 7919 + 100_000).collect();
    let terms = Terms { scales: TableScales { cash: 2, units: 2, nav: 4 }, funds: (0..FUNDS).map(fund).collect() };
    let navs = draw(FUNDS as usize, 3, 35_000).iter().map(|nav| nav + 5_000).collect();
    let amounts = draw(ROWS, 4, 1_000_000_000);
    Subscriptions {
        terms,
        numbers: FundNumbers::new(&ids),
        funds,
        navs,
        amounts,
        out: std::array::from_fn(|_| vec![0; ROWS]),
    }
}

#[library_benchmark]
#[bench::four_tiers(subscriptions())]
fn subscribe(mut given: Subscriptions) -> [Vec<i64>; 6] {
    let call = Subscribing {
        terms: &given.terms,
        funds: FundColumn::Keys(&given.funds, &given.numbers),
        prices: Prices::ByFund(&given.navs),
        amounts: Operand::Column(&given.amounts),
        discounts: Operand::Scalar(ONE),
        back_end: false,
    };
    subscribe_columns(&Exec::inline(), call, given.out.each_mut().map(Vec::as_mut_slice)).expect("all can be dealt");
    given.out
}

/// Orders of so many accounts: account, fund, kind and quantity, and memory to sort them in.
struct Book {
    accounts: Vec<i64>,
    funds: Vec<i64>,
    kinds: Vec<u8>,
    quantity: Vec<i64>,
    lent: Vec<i64>,
}

fn book(accounts: u64) -> Book {
    let kinds = draw(ROWS, 4, 4).iter().map(|kind| (kind - 1) as u8).collect();
    Book {
        accounts: draw(ROWS, 1, accounts),
        funds: draw(ROWS, 3, 4),
        kinds,
        quantity: draw(ROWS, 5, 100_000_000),
        lent: vec![0; 2 * ROWS],
    }
}

#[library_benchmark]
#[bench::numbered(book(4_000))]
#[bench::twelve_digits(book(1_000_000_000_000))]
fn net(mut book: Book) -> usize {
    let directions = [Direction::CashIn, Direction::CashIn, Direction::UnitsOut, Direction::UnitsOut];
    let keys = [&book.accounts, &book.funds].map(|key| Identifiers { values: Values::I64(key), ranks: None });
    let kinds = Kinds { values: Values::U8(&book.kinds), directions: &directions };
    let orders = Orders { keys: &keys, kinds, quantity: &book.quantity };
    Netting::new(&Exec::inline(), orders, &mut book.lent).expect("all kinds net").groups()
}

/// The dealing day, in days since 1970.
const DATE: i32 = 20_000;

/// A day of as many orders as positions, each order of the account and the fund of the position in its row.
struct DayRows {
    terms: Terms,
    fund_keys: Vec<i64>,
    days: Vec<FundDay>,
    accounts: Vec<i64>,
    funds: Vec<i64>,
    kinds: Vec<u8>,
    quantity: Vec<i64>,
    units: Vec<i64>,
}

fn day_rows() -> DayRows {
    let value_dates = ValueDates { subscription: DATE + 1, redemption: DATE + 1, switch: DATE + 1, income: DATE + 1 };
    let day = |nav: i64| FundDay {
        nav: nav + 5_000,
        status: open::SUBSCRIPTIONS | open::REDEMPTIONS,
        cut_off: i64::MAX,
        confirmation: DATE + 1,
        decision: None,
        swing: None,
        pays_out: false,
        value_dates,
    };
    DayRows {
        terms: Terms { scales: TableScales { cash: 2, units: 2, nav: 4 }, funds: (0..FUNDS).map(fund).collect() },
        fund_keys: (1..=i64::from(FUNDS)).collect(),
        days: draw(FUNDS as usize, 3, 35_000).into_iter().map(day).collect(),
        // An odd factor takes every row to an account of its own, in no order.
        accounts: (1..=ROWS as i64).map(|row| (row * 2_654_435_769) % (1 << 32)).collect(),
        funds: draw(ROWS, 1, u64::from(FUNDS)),
        kinds: draw(ROWS, 4, 2).iter().map(|kind| (kind - 1) as u8).collect(),
        quantity: draw(ROWS, 5, 1_000_000),
        units: draw(ROWS, 6, 100_000_000),
    }
}

#[library_benchmark]
#[bench::orders_and_positions(day_rows())]
fn open_day(rows: DayRows) -> usize {
    let (account, fund) = (Operand::Column(&rows.accounts), Operand::Column(&rows.funds));
    let input = DayInput {
        orders: OrderColumns {
            rows: ROWS,
            account,
            fund,
            kind: Small::Column(&rows.kinds),
            kinds: &[Kind::Subscribe, Kind::Redeem],
            quantity: Operand::Column(&rows.quantity),
            ..OrderColumns::none()
        },
        deferred: OrderColumns::none(),
        positions: PositionColumns {
            rows: ROWS,
            account,
            fund,
            units: Operand::Column(&rows.units),
            ..PositionColumns::none()
        },
        lots: LotColumns::none(),
        events: &[],
        incomes: &[],
        terms: &rows.terms,
        fund_keys: &rows.fund_keys,
        days: &rows.days,
        date: DATE,
        discounts: &[],
        quantity_scale: 2,
    };
    let day = HeldDay::open(&Exec::inline(), &input).expect("the day has a price for every fund");
    black_box(&day.day.prices);
    day.rows
}

/// Payers, payees and amounts.
fn obligations(parties: u64) -> [Vec<i64>; 3] {
    [draw(ROWS, 1, parties), draw(ROWS, 2, parties), draw(ROWS, 3, 100_000_000)]
}

#[library_benchmark]
#[bench::hundred_parties(obligations(100))]
#[bench::many_parties(obligations(10_000))]
fn netted_obligations([payer, payee, amount]: [Vec<i64>; 3]) -> usize {
    net_obligations(&Exec::inline(), &payer, &payee, &amount, &[]).expect("nets fit").amounts.len()
}

library_benchmark_group!(
    name = kernel;
    benchmarks = mul_div_half_up, parse, format, distribute, subscribe, net, open_day, netted_obligations
);

main!(library_benchmark_groups = kernel);
