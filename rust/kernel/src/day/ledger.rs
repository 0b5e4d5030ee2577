//! The postings of the day: money and units in balanced sets by fund and step, and a balanced memo of the rounding.

use std::collections::BTreeMap;

use super::bucket::Context;
use super::events::EventKind;
use super::flows::{Flow, FlowKind, Sums, par_cash, short};
use super::obligations::{Obligation, Parties, Purpose};
use crate::error::{Code, Error};
use crate::scale::power_of_ten;

/// What a posting counts. The discriminants order the rows of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Ledger {
    /// Cash, in the fund's currency.
    Money = 0,
    /// Units.
    Units = 1,
    /// What rounding left, at the scale of units and prices together.
    Rounding = 2,
}

/// What a set of postings comes from. The discriminants order the rows of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the steps")]
pub enum Step {
    Subscription = 0,
    Redemption = 1,
    SwitchOut = 2,
    SwitchIn = 3,
    Income = 4,
    Forced = 5,
    Transfer = 6,
    Settlement = 7,
}

/// What is debited or credited. The discriminants stand in the order of the names, which orders the rows of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the accounts")]
pub enum Account {
    Equalisation = 0,
    FeePayableDistributor = 1,
    FeePayableManager = 2,
    FundCash = 3,
    IncomeDistributed = 4,
    IncomePayable = 5,
    PaidInCapital = 6,
    RedemptionFeeIncome = 7,
    RedemptionPayable = 8,
    Rounding = 9,
    RoundingContra = 10,
    SubscriptionReceivable = 11,
    SwitchClearing = 12,
    UnitsHeld = 13,
    UnitsInIssue = 14,
    UnpaidIncome = 15,
}

/// The names of the ledgers, by code.
pub const LEDGERS: [&str; 3] = ["money", "units", "rounding"];

/// The names of the steps, by code.
pub const STEPS: [&str; 8] =
    ["subscription", "redemption", "switch_out", "switch_in", "income", "forced", "transfer", "settlement"];

/// The names of the accounts, by code.
pub const ACCOUNTS: [&str; 16] = [
    "equalisation",
    "fee_payable_distributor",
    "fee_payable_manager",
    "fund_cash",
    "income_distributed",
    "income_payable",
    "paid_in_capital",
    "redemption_fee_income",
    "redemption_payable",
    "rounding",
    "rounding_contra",
    "subscription_receivable",
    "switch_clearing",
    "units_held",
    "units_in_issue",
    "unpaid_income",
];

/// A row of the table of postings: what one account is debited and credited in a set. Only its ledger's pair is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the table of postings, described in the Python package")]
pub struct Posting {
    pub fund: u32,
    pub currency: u32,
    pub ledger: Ledger,
    pub step: Step,
    pub account: Account,
    pub debit: i64,
    pub credit: i64,
    pub units_debit: i64,
    pub units_credit: i64,
    pub memo_debit: i64,
    pub memo_credit: i64,
}

impl Posting {
    /// Debit and credit of the posting's own ledger.
    pub const fn sides(&self) -> (i64, i64) {
        match self.ledger {
            Ledger::Money => (self.debit, self.credit),
            Ledger::Units => (self.units_debit, self.units_credit),
            Ledger::Rounding => (self.memo_debit, self.memo_credit),
        }
    }
}

/// What the day's events moved in a fund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Units credited by force.
    pub credited: i128,
    /// Units debited by force.
    pub debited: i128,
    /// Units that went from position to position.
    pub transferred: i128,
}

/// What events that happened moved, by fund: the number of each one's fund, its kind and its units.
pub fn moved_by_fund(events: impl Iterator<Item = (u32, EventKind, i64)>, funds: usize) -> Vec<Moved> {
    let mut moved = vec![Moved::default(); funds];
    for (fund, kind, units) in events {
        let Some(of_fund) = usize::try_from(fund).ok().and_then(|fund| moved.get_mut(fund)) else { continue };
        let sum = match kind {
            EventKind::ForcedCredit => &mut of_fund.credited,
            EventKind::ForcedDebit => &mut of_fund.debited,
            EventKind::Transfer | EventKind::Custody => &mut of_fund.transferred,
            _ => continue,
        };
        // Fewer than 2^64 values below 2^63.
        *sum = sum.wrapping_add(i128::from(units));
    }
    moved
}

/// Postings while they are summed; the sides are debit and credit.
#[derive(Default)]
struct Books {
    sums: BTreeMap<(u32, Ledger, Step, Account), (i128, i128)>,
}

/// One balanced set: a fund's ledger at a step.
struct PostingSet<'a> {
    books: &'a mut Books,
    fund: u32,
    ledger: Ledger,
    step: Step,
}

impl PostingSet<'_> {
    /// One line on the debit side; on the credit side if the amount is negative.
    fn debit(&mut self, account: Account, amount: i128) {
        if amount != 0 {
            let (debit, credit) = self.books.sums.entry((self.fund, self.ledger, self.step, account)).or_default();
            // Sums of fewer than 2^64 values below 2^63.
            *debit = debit.wrapping_add(amount.max(0));
            *credit = credit.wrapping_sub(amount.min(0));
        }
    }

    /// One line on the credit side; on the debit side if the amount is negative.
    fn credit(&mut self, account: Account, amount: i128) {
        // The magnitude is below 2^127, as for a sum.
        self.debit(account, amount.wrapping_neg());
    }

    /// Both sides of one amount.
    fn post(&mut self, debit: Account, credit: Account, amount: i128) {
        self.debit(debit, amount);
        self.credit(credit, amount);
    }
}

impl Books {
    fn set(&mut self, fund: u32, ledger: Ledger, step: Step) -> PostingSet<'_> {
        PostingSet { books: self, fund, ledger, step }
    }

    fn fund_step(&mut self, ctx: &Context<'_>, fund: u32, kind: FlowKind, sums: &Sums) {
        let step = match kind {
            FlowKind::Subscription => Step::Subscription,
            FlowKind::Redemption => Step::Redemption,
            FlowKind::SwitchOut => Step::SwitchOut,
            FlowKind::SwitchIn => Step::SwitchIn,
            FlowKind::Income => Step::Income,
        };
        let mut units = self.set(fund, Ledger::Units, step);
        match kind {
            FlowKind::Redemption | FlowKind::SwitchOut => {
                units.post(Account::UnitsInIssue, Account::UnitsHeld, sums.units);
            }
            _ => units.post(Account::UnitsHeld, Account::UnitsInIssue, sums.units),
        }
        self.set(fund, Ledger::Rounding, step).post(Account::Rounding, Account::RoundingContra, sums.rounding);
        let par = par(ctx, fund, sums.units);
        let mut money = self.set(fund, Ledger::Money, step);
        match kind {
            FlowKind::Subscription => issue(&mut money, Account::SubscriptionReceivable, sums.net, par),
            FlowKind::SwitchIn => {
                issue(&mut money, Account::SwitchClearing, sums.net, par);
                money.post(Account::SubscriptionReceivable, Account::SwitchClearing, sums.net);
            }
            FlowKind::Redemption => cancel(&mut money, Account::RedemptionPayable, sums, par),
            FlowKind::SwitchOut => {
                cancel(&mut money, Account::SwitchClearing, sums, par);
                money.post(Account::SwitchClearing, Account::RedemptionPayable, sums.net);
            }
            FlowKind::Income => {
                money.debit(Account::IncomeDistributed, sums.amount);
                money.credit(Account::PaidInCapital, par_cash(ctx, sums.units));
                money.credit(Account::IncomePayable, sums.net);
                money.credit(Account::UnpaidIncome, sums.unpaid);
            }
        }
    }

    fn events(&mut self, ctx: &Context<'_>, fund: u32, moved: &Moved) {
        // Sums of fewer than 2^64 values below 2^63.
        let forced = moved.credited.wrapping_sub(moved.debited);
        self.set(fund, Ledger::Units, Step::Forced).post(Account::UnitsHeld, Account::UnitsInIssue, forced);
        let mut transfers = self.set(fund, Ledger::Units, Step::Transfer);
        transfers.post(Account::UnitsHeld, Account::UnitsHeld, moved.transferred);
        let par = par(ctx, fund, forced);
        self.set(fund, Ledger::Money, Step::Forced).post(Account::Equalisation, Account::PaidInCapital, par);
    }

    /// Cash that moves today on a fund's custody account.
    fn settled(&mut self, parties: &Parties, row: &Obligation) {
        let mut money = self.set(row.fund, Ledger::Money, Step::Settlement);
        let amount = parties.custody_side(row);
        let account = match (amount > 0, row.purpose) {
            (true, _) => Account::SubscriptionReceivable,
            (false, Purpose::Income) => Account::IncomePayable,
            // One obligation covers what the fund pays out and the fees that others get of it.
            (false, _) => Account::RedemptionPayable,
        };
        money.post(Account::FundCash, account, amount);
    }
}

/// Cash for units: at par it is capital, and what it is more or less is equalisation.
fn issue(money: &mut PostingSet<'_>, debit: Account, cash: i128, par: i128) {
    money.debit(debit, cash);
    money.credit(Account::PaidInCapital, par);
    // Amounts of at most 37 digits.
    money.credit(Account::Equalisation, cash.wrapping_sub(par));
}

/// Units for cash: what is paid, and what each payee gets of the fees, back-end fees among them.
fn cancel(money: &mut PostingSet<'_>, paid: Account, sums: &Sums, par: i128) {
    money.debit(Account::PaidInCapital, par);
    // Amounts of at most 37 digits.
    money.debit(Account::Equalisation, sums.amount.wrapping_sub(par));
    money.credit(paid, sums.net);
    money.credit(Account::RedemptionFeeIncome, sums.fee_to_fund);
    let fees =
        [(Account::FeePayableDistributor, sums.fee_to_distributor), (Account::FeePayableManager, sums.fee_to_manager)];
    for (payable, fee) in fees {
        money.credit(payable, fee);
        // The fund owes the clearing account alone, which passes the fees on.
        money.post(payable, Account::RedemptionPayable, fee);
    }
}

/// Units at 1.0000 in the fund's cash, half up.
fn par(ctx: &Context<'_>, fund: u32, units: i128) -> i128 {
    let quantum = ctx.fund(fund).map_or(1, |fund| i128::from(fund.cash_quantum));
    let scales = ctx.terms.scales;
    let power = |places: u8| power_of_ten(u32::from(places)).map_or(1, u128::cast_signed);
    // Units of a day's flows have 18 digits, the powers at most 19.
    let raised = units.wrapping_mul(power(scales.cash.saturating_sub(scales.units)));
    let step = power(scales.units.saturating_sub(scales.cash)).wrapping_mul(quantum);
    let half = step.wrapping_div(2);
    let quanta = raised.wrapping_abs().wrapping_add(half).checked_div(step).unwrap_or_default();
    quanta.wrapping_mul(quantum).wrapping_mul(raised.signum())
}

/// The postings of the day, by fund, ledger, step and account.
///
/// `moved` is by fund; `settled` are the obligations whose cash moves today.
///
/// # Errors
/// [`Code::Overflow`] if a total has more than 18 digits; [`Code::Law`] for an obligation of an unknown fund.
pub fn postings(
    ctx: &Context<'_>,
    parties: &Parties,
    flows: &[Flow],
    moved: &[Moved],
    settled: &[Obligation],
) -> Result<Vec<Posting>, Error> {
    let mut books = Books::default();
    let mut by_kind: BTreeMap<(u32, FlowKind), Sums> = BTreeMap::new();
    for flow in flows {
        by_kind.entry((flow.fund, flow.kind)).or_default().add(&flow.sums());
    }
    for ((fund, kind), sums) in &by_kind {
        books.fund_step(ctx, *fund, *kind, sums);
    }
    for (fund, moved) in (0..).zip(moved) {
        books.events(ctx, fund, moved);
    }
    for row in settled {
        // An open obligation of a fund that is no longer in the terms is nobody's here.
        books.settled(parties, row);
    }
    books.sums.into_iter().map(|(key, sides)| posting(ctx, key, sides)).collect()
}

fn posting(
    ctx: &Context<'_>,
    (fund, ledger, step, account): (u32, Ledger, Step, Account),
    (debit, credit): (i128, i128),
) -> Result<Posting, Error> {
    let currency = ctx.fund(fund).ok_or_else(|| Error::whole(Code::Law))?.currency;
    let sides = (short(debit)?, short(credit)?);
    let of = |one: Ledger| if one == ledger { sides } else { (0, 0) };
    let (debit, credit) = of(Ledger::Money);
    let (units_debit, units_credit) = of(Ledger::Units);
    let (memo_debit, memo_credit) = of(Ledger::Rounding);
    Ok(Posting {
        fund,
        currency,
        ledger,
        step,
        account,
        debit,
        credit,
        units_debit,
        units_credit,
        memo_debit,
        memo_credit,
    })
}
