//! Who owes whom cash for the day's dealing, when, and what is left of it after netting.

use std::collections::BTreeMap;

use super::bucket::Context;
use super::flows::{Arrival, Flow, FlowKind, Switched, short};
use crate::error::{Code, Error};
use crate::settlement::legs;

/// What an obligation is for. The discriminants stand in the order of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// A fee for its payee.
    Fee = 0,
    /// Income paid in cash.
    Income = 1,
    /// The proceeds of redemptions.
    Redemption = 2,
    /// What whole units leave over of switches.
    Refund = 3,
    /// The cash of subscriptions.
    Subscription = 4,
    /// The transfers of switches.
    Switch = 5,
}

impl Purpose {
    /// Every purpose, in the order of the codes.
    pub const ALL: [Self; 6] =
        [Self::Fee, Self::Income, Self::Redemption, Self::Refund, Self::Subscription, Self::Switch];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fee => "fee",
            Self::Income => "income",
            Self::Redemption => "redemption",
            Self::Refund => "refund",
            Self::Subscription => "subscription",
            Self::Switch => "switch",
        }
    }
}

/// The parties as numbers into a list that rises by their texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    /// The custody account of each fund.
    pub custody: Vec<u32>,
    /// The manager of each fund.
    pub manager: Vec<u32>,
    /// The netting set of each fund, a number into a list that rises by the names.
    pub netting_set: Vec<u32>,
    /// Each distributor's party.
    pub distributor: Vec<u32>,
    /// The clearing account, which every payment goes through.
    pub clearing: u32,
}

impl Parties {
    /// The custody account of a fund; `None` for one that is not in the terms.
    pub fn custody_of(&self, fund: u32) -> Option<u32> {
        at(&self.custody, fund)
    }

    /// What an obligation brings the custody account of its fund, below zero if it takes it away.
    ///
    /// The purpose tells the fund's own cash from that of a distributor who has the same account.
    pub fn custody_side(&self, row: &Obligation) -> i128 {
        let custody = self.custody_of(row.fund);
        let brings = matches!(row.purpose, Purpose::Subscription | Purpose::Switch) && custody == Some(row.payee);
        let takes = matches!(row.purpose, Purpose::Redemption | Purpose::Switch | Purpose::Income)
            && custody == Some(row.payer);
        match (brings && row.payer != row.payee, takes && row.payer != row.payee) {
            (true, _) => i128::from(row.amount),
            // An amount of 64 bits, and no sign.
            (_, true) => i128::from(row.amount).wrapping_neg(),
            _ => 0,
        }
    }
}

fn at(numbers: &[u32], index: u32) -> Option<u32> {
    numbers.get(usize::try_from(index).ok()?).copied()
}

/// An obligation. The derived order is that of the table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Obligation {
    /// The day on which it arose, in days since 1970.
    pub dealing_date: i32,
    /// When the cash moves, in days since 1970.
    pub value_date: i32,
    /// Number of the currency.
    pub currency: u32,
    /// Number of the netting set.
    pub netting_set: u32,
    /// Number of the fund.
    pub fund: u32,
    /// What it is for.
    pub purpose: Purpose,
    /// Number of the party that pays.
    pub payer: u32,
    /// Number of the party that is paid.
    pub payee: u32,
    /// The amount, above zero.
    pub amount: i64,
}

/// What obligations are netted within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Set {
    /// Number of the currency.
    pub currency: u32,
    /// When the cash moves, in days since 1970.
    pub value_date: i32,
    /// Number of the netting set.
    pub netting_set: u32,
}

/// What a party receives and pays in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartyNet {
    /// What is netted.
    pub set: Set,
    /// Number of the party.
    pub party: u32,
    /// The sum of what it is owed.
    pub receives: i64,
    /// The sum of what it owes.
    pub pays: i64,
    /// Received less paid.
    pub net: i64,
}

/// A payment that settles nets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// What was netted.
    pub set: Set,
    /// Number of the party that pays.
    pub payer: u32,
    /// Number of the party that is paid.
    pub payee: u32,
    /// The amount, above zero.
    pub amount: i64,
}

/// The day's obligations and how they are settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// Those that arose today, in the order of the table.
    pub new: Vec<Obligation>,
    /// Those, old or new, whose cash moves today or moved before.
    pub settled: Vec<Obligation>,
    /// Those whose cash moves later: the open ones of the next day.
    pub open: Vec<Obligation>,
    /// Net positions by set and party.
    pub positions: Vec<PartyNet>,
    /// The payments by set, payers and payees rising.
    pub payments: Vec<Payment>,
}

/// Obligations while they are summed: value date, currency, netting set, fund, purpose, payer, payee.
type Sums = BTreeMap<(i32, u32, u32, u32, Purpose, u32, u32), i128>;

struct Collector<'a> {
    ctx: &'a Context<'a>,
    parties: &'a Parties,
    sums: Sums,
}

/// One fund's side of an obligation: whose it is and when its cash moves.
#[derive(Clone, Copy)]
struct Term {
    fund: u32,
    currency: u32,
    value_date: i32,
    netting_set: u32,
    custody: u32,
    manager: u32,
}

impl Collector<'_> {
    fn term(&self, fund: u32, kind: FlowKind) -> Option<Term> {
        let dates = self.ctx.day(fund)?.value_dates;
        let value_date = match kind {
            FlowKind::Subscription => dates.subscription,
            FlowKind::Redemption => dates.redemption,
            FlowKind::SwitchOut | FlowKind::SwitchIn => dates.switch,
            FlowKind::Income => dates.income,
        };
        Some(Term {
            fund,
            currency: self.ctx.fund(fund)?.currency,
            value_date,
            netting_set: at(&self.parties.netting_set, fund)?,
            custody: at(&self.parties.custody, fund)?,
            manager: at(&self.parties.manager, fund)?,
        })
    }

    /// Adds what goes from one party to another; a negative amount goes the other way.
    fn owe(&mut self, term: Term, purpose: Purpose, payer: u32, payee: u32, amount: i128) {
        let (payer, payee) = if amount < 0 { (payee, payer) } else { (payer, payee) };
        if amount != 0 {
            let key = (term.value_date, term.currency, term.netting_set, term.fund, purpose, payer, payee);
            let sum = self.sums.entry(key).or_default();
            // The absolute value of fewer than 2^64 values below 2^63; so are the sums.
            *sum = sum.wrapping_add(amount.wrapping_abs());
        }
    }

    fn fees(&mut self, term: Term, distributor: u32, to_distributor: i128, to_manager: i128) {
        let clearing = self.parties.clearing;
        self.owe(term, Purpose::Fee, clearing, distributor, to_distributor);
        self.owe(term, Purpose::Fee, clearing, term.manager, to_manager);
    }

    fn flow(&mut self, flow: &Flow) -> Option<()> {
        let term = self.term(flow.fund, flow.kind)?;
        let distributor = at(&self.parties.distributor, flow.distributor)?;
        let clearing = self.parties.clearing;
        let sums = flow.sums();
        // Sums of three values of 18 digits.
        let kept_elsewhere = sums.fee.wrapping_add(sums.back_end).wrapping_sub(sums.fee_to_fund);
        let leaves = sums.net.wrapping_add(kept_elsewhere);
        match flow.kind {
            FlowKind::Subscription => {
                self.owe(term, Purpose::Subscription, distributor, clearing, sums.net.wrapping_add(sums.fee));
                self.owe(term, Purpose::Subscription, clearing, term.custody, sums.net);
            }
            FlowKind::Redemption => {
                self.owe(term, Purpose::Redemption, term.custody, clearing, leaves);
                self.owe(term, Purpose::Redemption, clearing, distributor, sums.net);
            }
            FlowKind::SwitchOut => self.owe(term, Purpose::Switch, term.custody, clearing, leaves),
            // What comes in moves with the out fund's cash, which the flow does not know: see `switched`.
            FlowKind::SwitchIn => return Some(()),
            FlowKind::Income => {
                self.owe(term, Purpose::Income, term.custody, clearing, sums.net);
                self.owe(term, Purpose::Income, clearing, distributor, sums.net);
                return Some(());
            }
        }
        self.fees(term, distributor, sums.fee_to_distributor, sums.fee_to_manager);
        Some(())
    }

    fn switched(&mut self, (value_date, into, distributor): Arrival, switched: &Switched) -> Option<()> {
        let term = Term { value_date, ..self.term(into, FlowKind::SwitchIn)? };
        let distributor = at(&self.parties.distributor, distributor)?;
        let clearing = self.parties.clearing;
        self.owe(term, Purpose::Switch, clearing, term.custody, switched.net_in);
        self.owe(term, Purpose::Refund, clearing, distributor, switched.refund);
        self.fees(term, distributor, switched.to_distributor, switched.to_manager);
        Some(())
    }
}

/// The obligations of the day's flows, in the order of the table.
///
/// # Errors
/// [`Code::Overflow`] if an amount has more than 18 digits; [`Code::Law`] if a fund or a distributor has no party.
pub fn obligations(
    ctx: &Context<'_>,
    parties: &Parties,
    flows: &[Flow],
    switched: &[(Arrival, Switched)],
) -> Result<Vec<Obligation>, Error> {
    let mut collector = Collector { ctx, parties, sums: Sums::new() };
    for flow in flows {
        collector.flow(flow).ok_or_else(|| Error::whole(Code::Law))?;
    }
    for (key, switched) in switched {
        collector.switched(*key, switched).ok_or_else(|| Error::whole(Code::Law))?;
    }
    let row = |((value_date, currency, netting_set, fund, purpose, payer, payee), amount): (_, i128)| {
        let amount = short(amount)?;
        let dealing_date = ctx.date;
        Ok(Obligation { dealing_date, value_date, currency, netting_set, fund, purpose, payer, payee, amount })
    };
    collector.sums.into_iter().map(row).collect()
}

/// Nets new obligations with those still open, and tells what moves today.
///
/// # Errors
/// [`Code::Overflow`] if a party's total has more than 18 digits.
pub fn settle(date: i32, new: Vec<Obligation>, open_before: &[Obligation]) -> Result<Settlement, Error> {
    let mut all: Vec<Obligation> = open_before.iter().chain(&new).copied().collect();
    all.sort_unstable();
    let mut sides: BTreeMap<(Set, u32), (i128, i128)> = BTreeMap::new();
    for row in &all {
        let set = Set { currency: row.currency, value_date: row.value_date, netting_set: row.netting_set };
        let amount = i128::from(row.amount);
        // Fewer than 2^64 values below 2^63.
        let paid = &mut sides.entry((set, row.payer)).or_default().1;
        *paid = paid.wrapping_add(amount);
        let received = &mut sides.entry((set, row.payee)).or_default().0;
        *received = received.wrapping_add(amount);
    }
    let mut positions = Vec::with_capacity(sides.len());
    for ((set, party), (receives, pays)) in sides {
        let (receives, pays) = (short(receives)?, short(pays)?);
        // Two values of 18 digits and no sign.
        positions.push(PartyNet { set, party, receives, pays, net: receives.wrapping_sub(pays) });
    }
    let mut payments = Vec::new();
    for of_set in positions.chunk_by(|a, b| a.set == b.set) {
        let Some(set) = of_set.first().map(|first| first.set) else { continue };
        let nets: Vec<_> = of_set.iter().map(|row| (row.party, i128::from(row.net))).collect();
        for (payer, payee, amount) in legs(&nets) {
            payments.push(Payment { set, payer, payee, amount: short(amount)? });
        }
    }
    let (open, settled) = all.into_iter().partition(|row| row.value_date > date);
    Ok(Settlement { new, settled, open, positions, payments })
}
