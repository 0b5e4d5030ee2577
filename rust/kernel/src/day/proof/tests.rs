//! Each law of the day, broken on purpose in one column of what is proven, and the worked examples of the rules.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]

use super::*;
use crate::day::confirmations::ConfirmationColumns;
use crate::day::flows::FlowTotals;
use crate::day::hand_made::DATE;
use crate::day::hand_made::proven::{Made, SUBSCRIPTION};
use crate::day::ledger::postings;
use crate::day::obligations::{obligations, settle};
use crate::day::tables::{FlowColumns, PositionColumns, Values};

/// All that a day's laws are about, to be changed.
#[derive(Clone)]
struct Story {
    prices: Vec<i64>,
    received: Received,
    gates: Vec<GateFacts>,
    incomes: Vec<IncomeRow>,
    moved: Vec<Moved>,
    flows: Vec<Flow>,
    parties: Parties,
    open_before: Vec<Obligation>,
    settlement: Settlement,
    postings: Vec<Posting>,
    totals: Totals,
}

/// Parties 0 to 3 are the custody accounts, 4 the clearing account, 5 the distributors and 6 all managers.
fn parties() -> Parties {
    Parties {
        custody: vec![0, 1, 2, 3],
        manager: vec![6; 4],
        netting_set: vec![0; 4],
        distributor: vec![5; 4],
        clearing: 4,
    }
}

impl Story {
    fn new(made: &Made) -> Self {
        let ctx = made.context();
        let (bucket, settled) = (made.bucket(), made.settled(&ctx));
        let totals = made.prove(&ctx, &bucket, &settled).unwrap();
        let mut flow_totals = FlowTotals::default();
        flow_totals.add_bucket(&ctx, &bucket, &settled);
        // Merged with nothing, as workers' flows are, it stays what it was.
        let mut merged = FlowTotals::default();
        merged.merge(&ctx, &flow_totals);
        merged.merge(&ctx, &FlowTotals::default());
        let flows = merged.rows().unwrap();
        let parties = parties();
        let due = Obligation {
            dealing_date: DATE - 2,
            value_date: DATE,
            currency: 0,
            netting_set: 0,
            fund: 0,
            purpose: Purpose::Redemption,
            payer: 0,
            payee: 4,
            amount: 700,
        };
        let open_before = vec![due, Obligation { value_date: DATE + 2, payer: 4, payee: 5, ..due }];
        let new = obligations(&ctx, &parties, &flows, &merged.switched()).unwrap();
        let settlement = settle(DATE, new, &open_before).unwrap();
        let mut moved = vec![Moved::default(); 4];
        moved[1] = Moved { credited: 700, debited: 200, transferred: 300 };
        let postings = postings(&ctx, &parties, &flows, &moved, &settlement.settled).unwrap();
        let gate = GateFacts {
            portfolio: 3,
            requested: 13_500_001,
            incoming: 0,
            outstanding: 100_000_000,
            tripped: true,
            limit: Some(10_000_000),
        };
        let income = IncomeRow {
            fund: 1,
            date: DATE,
            income: 1_000,
            entitled: 100_000,
            paid: 1_000,
            kept: 0,
            per_10k: 1_000_000,
        };
        let received = Received { origins: [8, 0, 0], standing: 8 };
        let (gates, incomes) = (vec![gate], vec![income]);
        let prices = made.prices().to_vec();
        Self { prices, received, gates, incomes, moved, flows, parties, open_before, settlement, postings, totals }
    }

    fn prove(&self, made: &Made) -> Result<Vec<Entry>, Violation> {
        let facts = Facts {
            prices: &self.prices,
            received: self.received,
            gates: &self.gates,
            incomes: &self.incomes,
            moved: &self.moved,
            flows: &self.flows,
            parties: &self.parties,
            open_before: &self.open_before,
            settlement: &self.settlement,
            postings: &self.postings,
        };
        prove_day(&made.context(), &facts, &self.totals)
    }

    fn flow(&mut self, fund: u32, kind: FlowKind) -> &mut Flow {
        self.flows.iter_mut().find(|row| (row.fund, row.kind) == (fund, kind)).unwrap()
    }

    fn posting(&mut self, fund: u32, step: Step, account: Account) -> &mut Posting {
        let mut rows = self.postings.iter_mut();
        rows.find(|row| (row.fund, row.step, row.account) == (fund, step, account)).unwrap()
    }
}

/// The law that a change breaks.
fn broken(change: impl FnOnce(&mut Story)) -> &'static str {
    let made = Made::new();
    let mut story = Story::new(&made);
    story.prove(&made).expect("the day as settled");
    change(&mut story);
    story.prove(&made).expect_err("a change must be seen").law
}

#[test]
fn every_law_of_the_day_has_an_entry_with_equal_sides() {
    let made = Made::new();
    let entries = Story::new(&made).prove(&made).unwrap();
    assert!(entries.iter().all(|entry| entry.left == entry.right));
    let laws = [
        "O1", "O2", "O3", "O5", "G1", "G2", "G3", "G4", "C1", "C2", "C3", "C4", "V1", "V2", "V3", "V4", "U1", "U2",
        "U3", "U4", "I1", "I2", "I3", "I4", "A1", "S1", "S2", "S3", "S4", "L1", "L2", "L3", "T1",
    ];
    for law in laws {
        assert!(entries.iter().any(|entry| entry.law == law), "{law}");
    }
    // The example of V4: −8,862.00 = 1.1688 × (42,355.36 − 50,000) + 73.05 + 0.005232.
    let cash = entries.iter().find(|entry| (entry.law, entry.scope) == ("V4", Scope::Fund(0))).unwrap();
    assert_eq!((cash.left, cash.scale), (-8_862_000_000, 6));
    assert_eq!(cash.right, 11_688 * (4_235_536 - 5_000_000) + 73_050_000 + 5_232);
}

#[test]
fn orders_and_gates() {
    assert_eq!(broken(|s| s.totals.funds[0].kinds[0].requested += 1), "O2");
    assert_eq!(broken(|s| s.totals.statuses[0] += 1), "O3");
    assert_eq!(broken(|s| s.received.origins[1] += 1), "O3");
    assert_eq!(broken(|s| s.received.standing -= 1), "O5");
    assert_eq!(broken(|s| s.gates[0].requested += 1), "G1");
    assert_eq!(broken(|s| s.gates[0].outstanding -= 1), "G1");
    assert_eq!(broken(|s| s.gates[0].tripped = false), "G1");
    assert_eq!(broken(|s| s.gates[0].limit = Some(9_999_999)), "G2");
    assert_eq!(broken(|s| s.totals.funds[0].accepted -= 1), "G2");
}

#[test]
fn cash_and_value() {
    assert_eq!(broken(|s| s.flow(0, FlowKind::Subscription).fee += 1), "C1");
    assert_eq!(broken(|s| s.flow(0, FlowKind::Redemption).amount += 1), "C2");
    assert_eq!(broken(|s| s.flow(2, FlowKind::SwitchOut).net += 1), "C3");
    assert_eq!(broken(|s| s.flow(1, FlowKind::SwitchIn).refund += 1), "C3");
    assert_eq!(broken(|s| s.flow(1, FlowKind::SwitchIn).fee_to_manager += 1), "C4");
    assert_eq!(broken(|s| s.flow(0, FlowKind::Subscription).rounding += 1), "V1");
    assert_eq!(broken(|s| s.flow(0, FlowKind::Redemption).units += 1), "V2");
    assert_eq!(broken(|s| s.flow(1, FlowKind::SwitchIn).units += 1), "V3");
    assert_eq!(broken(|s| s.totals.funds[0].register.issued += 1), "V4");
}

#[test]
fn units_and_income() {
    assert_eq!(broken(|s| s.totals.funds[0].register.units += 1), "U1");
    assert_eq!(broken(|s| s.moved[1].credited += 1), "U2");
    assert_eq!(broken(|s| s.totals.funds[3].register.pending += 1), "U2");
    assert_eq!(broken(|s| s.totals.funds[0].register.lots -= 1), "U3");
    assert_eq!(broken(|s| s.incomes[0].paid -= 1), "I1");
    assert_eq!(broken(|s| (s.incomes[0].paid, s.incomes[0].kept) = (999, 1)), "I1");
    assert_eq!(broken(|s| s.totals.funds[1].register.income -= 1), "A1");
    assert_eq!(broken(|s| s.totals.funds[1].register.unpaid += 1), "I3");
    assert_eq!(broken(|s| s.incomes[0].per_10k += 1), "I4");
}

#[test]
fn settlement() {
    assert_eq!(broken(|s| s.settlement.positions[0].net += 1), "S1");
    assert_eq!(broken(|s| s.settlement.positions[0].pays += 1), "S1");
    let of_custody = |s: &mut Story| s.settlement.new.iter().position(|row| row.payer == 2).unwrap();
    assert_eq!(
        broken(|s| {
            let row = of_custody(s);
            s.settlement.new[row].amount += 1;
        }),
        "S2"
    );
    assert_eq!(broken(|s| s.settlement.payments[0].amount += 1), "S3");
    assert_eq!(broken(|s| s.settlement.open.truncate(1)), "S4");
    assert_eq!(broken(|s| s.settlement.open[0].value_date = DATE), "S4");
}

#[test]
fn ledgers_and_tables() {
    assert_eq!(broken(|s| s.posting(0, Step::Subscription, Account::PaidInCapital).credit += 1), "L1");
    let in_issue = broken(|s| {
        let mut units = s.postings.iter_mut().filter(|row| row.fund == 1 && row.step == Step::Forced);
        units.by_ref().filter(|row| row.ledger == Ledger::Units).for_each(|row| {
            row.units_debit += i64::from(row.account == Account::UnitsHeld);
            row.units_credit += i64::from(row.account == Account::UnitsInIssue);
        });
    });
    assert_eq!(in_issue, "L2");
    let kept = broken(|s| {
        s.posting(0, Step::Redemption, Account::RedemptionFeeIncome).credit -= 1;
        s.posting(0, Step::Redemption, Account::RedemptionPayable).credit += 1;
    });
    assert_eq!(kept, "L3");
    let cleared = broken(|s| {
        s.posting(1, Step::SwitchIn, Account::SwitchClearing).debit += 1;
        s.posting(1, Step::SwitchIn, Account::SubscriptionReceivable).credit += 1;
    });
    assert_eq!(cleared, "L3");
    assert_eq!(broken(|s| s.totals.funds[0].dealt[0].amount += 1), "T1");
    assert_eq!(broken(|s| s.totals.funds[1].dealt[3].units += 1), "T1");
}

#[test]
fn obligations_of_the_worked_examples() {
    let made = Made::new();
    let story = Story::new(&made);
    let amount = |fund, purpose, payer, payee| {
        let named = |row: &&Obligation| (row.fund, row.purpose, row.payer, row.payee) == (fund, purpose, payer, payee);
        // The last one where there are several: by value date.
        let row = story.settlement.new.iter().rfind(named).unwrap();
        (row.amount, row.value_date - DATE)
    };
    // The distributor brings 50,000.00, of which the fund gets the net amount.
    assert_eq!(amount(0, Purpose::Subscription, 5, 4), (5_000_000, 0));
    assert_eq!(amount(0, Purpose::Subscription, 4, 0), (4_950_495, 0));
    // Of 58,440.00 the fund keeps a quarter of the fee of 292.20, and 58,147.80 is paid.
    assert_eq!(amount(0, Purpose::Redemption, 0, 4), (5_844_000 - 7_305, 2));
    assert_eq!(amount(0, Purpose::Redemption, 4, 5), (5_814_780, 2));
    assert_eq!(amount(0, Purpose::Fee, 4, 5), (29_220 - 7_305, 2));
    // A switch of 1,524.06: the fund that it leaves says when, and keeps 1.91 of its fee of 7.62.
    assert_eq!(amount(2, Purpose::Switch, 2, 4), (151_644 + 762 - 191, 1));
    assert_eq!(amount(1, Purpose::Switch, 4, 1), (150_890, 1));
    assert_eq!(amount(2, Purpose::Fee, 4, 6), (285, 1));
    assert_eq!(amount(2, Purpose::Fee, 4, 5), (286, 1));
    assert_eq!(amount(1, Purpose::Fee, 4, 6), (251, 1));
    assert_eq!(amount(1, Purpose::Fee, 4, 5), (503, 1));
    assert_eq!(amount(1, Purpose::Income, 1, 4), (300, 0));
}

#[test]
fn postings_of_the_worked_examples() {
    let made = Made::new();
    let mut story = Story::new(&made);
    let mut sides = |fund, step, account| story.posting(fund, step, account).sides();
    // 42,355.36 units at par; 49,504.95 were paid for them.
    assert_eq!(sides(0, Step::Subscription, Account::SubscriptionReceivable), (4_950_495, 0));
    assert_eq!(sides(0, Step::Subscription, Account::PaidInCapital), (0, 4_235_536));
    assert_eq!(sides(0, Step::Subscription, Account::Equalisation), (0, 714_959));
    assert_eq!(sides(0, Step::Redemption, Account::FeePayableDistributor), (21_915, 21_915));
    assert_eq!(sides(0, Step::Redemption, Account::RedemptionPayable), (0, 5_814_780 + 21_915));
    assert_eq!(sides(0, Step::Redemption, Account::RedemptionFeeIncome), (0, 7_305));
    assert_eq!(sides(2, Step::SwitchOut, Account::SwitchClearing), (151_644, 151_644));
    assert_eq!(sides(1, Step::Forced, Account::PaidInCapital), (0, 500));
    assert_eq!(sides(1, Step::Transfer, Account::UnitsHeld), (300, 300));
    assert_eq!(sides(0, Step::Settlement, Account::RedemptionPayable), (700, 0));
    assert_eq!(sides(1, Step::Income, Account::IncomePayable), (0, 300));
    assert_eq!(sides(0, Step::Subscription, Account::Rounding), (5_232, 0));
    let names = super::super::ledger::ACCOUNTS;
    assert!(names.is_sorted(), "codes stand in the order of the names");
}

#[test]
fn confirmations_are_the_rows_of_the_bucket() {
    let made = Made::new();
    let ctx = made.context();
    let (bucket, settled) = (made.bucket(), made.settled(&ctx));
    let rows = bucket.orders.len();
    let (mut account, mut requested, mut net, mut top_up) = (vec![0; rows], vec![0; rows], vec![0; rows], [0; 8]);
    let (mut status, mut target) = (vec![0; rows], vec![0; rows]);
    let mut columns = ConfirmationColumns {
        account: &mut account,
        requested: &mut requested,
        net: &mut net,
        top_up: &mut top_up,
        status: &mut status,
        target_fund: &mut target,
        ..ConfirmationColumns::default()
    };
    columns.take(3).fill(&ctx, &bucket, &settled).unwrap();
    assert_eq!((columns.account.len(), account[..4].to_vec()), (rows - 3, vec![1, 2, 3, 0]));
    assert_eq!((requested[SUBSCRIPTION], net[SUBSCRIPTION]), (5_000_000, 4_950_495));
    assert_eq!(target[..3], [4, 4, 1], "no target is the number after all funds");
    assert_eq!((status[2], status[3]), (0, 0));
    assert_eq!(ConfirmationColumns::NAMES.len(), 38);
    let positions = PositionColumns::from(settled.positions.as_slice()).into_columns();
    assert_eq!(positions[6].0, "units");
    assert!(matches!(&positions[6].1, Values::I64(units) if units[0] == 4_235_536));
    let mut flows = FlowColumns::from(Story::new(&made).flows.as_slice());
    flows.append(flows.clone());
    assert_eq!(flows.fund.len(), 2 * Story::new(&made).flows.len());
}
