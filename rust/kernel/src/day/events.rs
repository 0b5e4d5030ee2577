//! Register events: what happens to positions before any order is looked at.
//!
//! Events are few and positions many. The positions that events name are taken out of their buckets, the events happen
//! to them one by one, and only the buckets concerned are written anew.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::bucket::{Bucket, Context};
use super::lots::next_number;
use super::register::{empty, new_lot};
use super::search::Key;
use super::types::{FundDay, Lot, Position, Reason, Status};
use crate::bounds::fits;
use crate::error::{Code, Error};
use crate::terms::Fund;

/// What happens to a position; by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// Units go to another custody: as a transfer.
    Custody = 0,
    /// The position chooses how its income is paid.
    DividendOption = 1,
    /// Units come from nowhere.
    ForcedCredit = 2,
    /// Units go to nowhere.
    ForcedDebit = 3,
    /// Free units become frozen.
    Freeze = 4,
    /// Units go to another position of the same fund and charge class.
    Transfer = 5,
    /// Frozen units become free.
    Unfreeze = 6,
    /// Anything else: rejected.
    Unsupported = 7,
}

impl EventKind {
    /// Whether units go to another position.
    const fn has_target(self) -> bool {
        matches!(self, Self::Transfer | Self::Custody)
    }
}

/// A register event; all identifiers are keys. The derived order is the canonical one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Microseconds since 1970; `i64::MIN` if not known.
    pub placed_at: i64,
    /// The position's distributor.
    pub distributor: i64,
    /// The event's id, unique for a distributor.
    pub id: i64,
    /// The kind as the caller wrote it: a number of his own that rises with the text.
    pub kind_code: u8,
    /// What kind of event.
    pub kind: EventKind,
    /// The holder's account.
    pub account: i64,
    /// The transaction account.
    pub transaction_account: i64,
    /// The fund.
    pub fund: i64,
    /// Front-end (0) or back-end (1) charged.
    pub charge: u8,
    /// Units, at the table's scale.
    pub units: i64,
    /// The account that a transfer goes to.
    pub to_account: i64,
    /// Its transaction account.
    pub to_transaction_account: i64,
    /// Its distributor.
    pub to_distributor: i64,
    /// The option that is chosen.
    pub option: u8,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventOutcome {
    /// The event.
    pub event: Event,
    /// Its row among the events as they came.
    pub row: usize,
    /// The number of its fund.
    pub fund: u32,
    /// Why it is rejected; [`Reason::None`] if it happened.
    pub reason: Reason,
}

impl EventOutcome {
    /// Confirmed or rejected.
    pub const fn status(&self) -> Status {
        if matches!(self.reason, Reason::None) { Status::Confirmed } else { Status::Rejected }
    }
}

/// A position that an event names, with its lots, taken out of its bucket.
#[derive(Clone, Debug)]
pub(super) struct Held {
    position: Position,
    lots: Vec<Lot>,
}

/// The positions that events name, by their keys.
pub(super) type Register = BTreeMap<Key, Held>;

/// The positions that events name while the events happen to them.
struct Book<'a> {
    ctx: &'a Context<'a>,
    held: Register,
}

/// Applies the events, one by one in their canonical order, to buckets that stand in order; the outcomes in the same
/// order. Every distributor that an event names has a number in the context. A row of an error is the event's.
pub fn apply_events(
    ctx: &Context<'_>,
    events: &[Event],
    buckets: &mut [Bucket],
    bucket_of: impl Fn(i64) -> usize,
) -> Result<Vec<EventOutcome>, Error> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let mut register = Register::new();
    for key in named(ctx, events)? {
        register.extend(buckets.get(bucket_of(key.0)).and_then(|bucket| take(bucket, key)).map(|held| (key, held)));
    }
    let outcomes = happen(ctx, events, &mut register)?;
    for (number, held) in by_bucket(register, bucket_of) {
        put_back(buckets.get_mut(number).ok_or(Error::whole(Code::Law))?, held);
    }
    Ok(outcomes)
}

/// The keys of the positions that events name.
pub(super) fn named(ctx: &Context<'_>, events: &[Event]) -> Result<BTreeSet<Key>, Error> {
    let mut keys = BTreeSet::new();
    for event in events {
        let fund = ctx.fund_number(event.fund);
        let distributor = |key| ctx.distributor_number(key).map_err(Error::whole);
        let from = distributor(event.distributor)?;
        keys.insert((event.account, fund, event.transaction_account, from, event.charge));
        if event.kind.has_target() {
            let to = distributor(event.to_distributor)?;
            keys.insert((event.to_account, fund, event.to_transaction_account, to, event.charge));
        }
    }
    Ok(keys)
}

/// A position of a bucket, with its lots.
pub(super) fn take(bucket: &Bucket, key: Key) -> Option<Held> {
    let place = bucket.positions.binary_search_by_key(&key, Position::key).ok()?;
    Some(Held { position: *bucket.positions.get(place)?, lots: lots_at(bucket, place).to_vec() })
}

/// Positions by their buckets.
pub(super) fn by_bucket(register: Register, bucket_of: impl Fn(i64) -> usize) -> BTreeMap<usize, Vec<Held>> {
    let mut buckets = BTreeMap::<usize, Vec<Held>>::new();
    for (key, held) in register {
        buckets.entry(bucket_of(key.0)).or_default().push(held);
    }
    buckets
}

/// Lets the events happen to the positions that they name, one by one in their canonical order; new positions come to
/// stand among them.
pub(super) fn happen(ctx: &Context<'_>, events: &[Event], register: &mut Register) -> Result<Vec<EventOutcome>, Error> {
    let mut sorted: Vec<(&Event, usize)> = events.iter().zip(0..).collect();
    sorted.sort_unstable();
    let mut contents = BTreeMap::<(i64, i64), (&Event, bool)>::new();
    for event in events {
        let (first, differ) = contents.entry((event.distributor, event.id)).or_insert((event, false));
        *differ |= *first != event;
    }
    let mut book = Book { ctx, held: mem::take(register) };
    let mut outcomes = Vec::with_capacity(events.len());
    let mut last = None;
    for (event, row) in sorted {
        let fund = ctx.fund_number(event.fund);
        let differ = contents.get(&(event.distributor, event.id)).is_some_and(|(_, differ)| *differ);
        let reason = if differ {
            Reason::DuplicateConflict
        } else if last == Some(event) {
            Reason::Duplicate
        } else {
            let applied = book.apply(event, fund);
            applied.map_err(|code| Error::at(code, row, &[event.units.into()]))?
        };
        last = Some(event);
        outcomes.push(EventOutcome { event: *event, row, fund, reason });
    }
    *register = book.held;
    Ok(outcomes)
}

impl Context<'_> {
    /// The number of a fund's key; `u32::MAX` if it has none.
    fn fund_number(&self, key: i64) -> u32 {
        // The terms' funds stand first, in order, and the unknown ones after them, in order.
        let (known, unknown) = self.funds.split_at(self.terms.funds.len().min(self.funds.len()));
        let beyond = |place: usize| known.len().saturating_add(place);
        let place = known.binary_search(&key).or_else(|_| unknown.binary_search(&key).map(beyond));
        place.ok().and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX)
    }

    fn distributor_number(&self, key: i64) -> Result<u32, Code> {
        let place = self.distributors.binary_search(&key).map_err(|_| Code::Law)?;
        u32::try_from(place).map_err(|_| Code::Law)
    }
}

impl Held {
    fn units(&self) -> i64 {
        // Two values of 18 digits.
        self.position.opening.saturating_add(self.position.moved)
    }

    /// Units that are neither frozen nor asked for by earlier orders.
    fn free(&self) -> i64 {
        self.units().saturating_sub(self.position.frozen).saturating_sub(self.position.pending)
    }

    fn credit(&mut self, units: i64) -> Result<(), Code> {
        let moved = self.position.moved.checked_add(units).filter(|moved| fits(*moved)).ok_or(Code::Overflow)?;
        self.position.moved = moved;
        if fits(self.units()) { Ok(()) } else { Err(Code::Overflow) }
    }

    /// Takes units out, and gives their lots, first in, first out. Lots that are used up stay, because new lots are
    /// numbered after them.
    fn debit(&mut self, units: i64, keeps_lots: bool) -> Result<Vec<Lot>, Code> {
        self.credit(units.wrapping_neg())?;
        let (mut parts, mut rest) = (Vec::new(), if keeps_lots { units } else { 0 });
        for lot in &mut self.lots {
            let part = rest.min(lot.units);
            if part > 0 {
                parts.push(Lot { units: part, ..*lot });
                lot.units = lot.units.wrapping_sub(part);
                rest = rest.wrapping_sub(part);
            }
        }
        if rest == 0 { Ok(parts) } else { Err(Code::Law) }
    }

    /// Adds a lot under the next number.
    fn add_lot(&mut self, lot: &Lot) {
        let blank = new_lot(&self.position, lot.confirmed, next_number(&self.lots));
        let &Lot { units, nav, rate_paid, reinvested, .. } = lot;
        self.lots.push(Lot { units, nav, rate_paid, reinvested, ..blank });
        self.lots.sort_by_key(|lot| (lot.confirmed, lot.number));
    }
}

impl Book<'_> {
    /// Lets an event happen, or says why not.
    fn apply(&mut self, event: &Event, number: u32) -> Result<Reason, Code> {
        if event.kind == EventKind::Unsupported {
            return Ok(Reason::UnsupportedEvent);
        }
        let (Some(fund), Some(day)) = (self.ctx.fund(number), self.ctx.day(number)) else {
            return Ok(Reason::UnknownFund);
        };
        let distributor = self.ctx.distributor_number(event.distributor)?;
        let from = (event.account, number, event.transaction_account, distributor, event.charge);
        let to = if event.kind.has_target() {
            let distributor = self.ctx.distributor_number(event.to_distributor)?;
            Some((event.to_account, number, event.to_transaction_account, distributor, event.charge))
        } else {
            None
        };
        let reason = refusal(event, fund, to == Some(from));
        if reason != Reason::None {
            return Ok(reason);
        }
        if event.kind == EventKind::ForcedCredit {
            self.credit(event, from, fund, day)?;
            return Ok(Reason::None);
        }
        let Some(held) = self.held.get_mut(&from) else { return Ok(Reason::InsufficientUnits) };
        let available = match event.kind {
            EventKind::Unfreeze => held.position.frozen,
            EventKind::DividendOption => event.units,
            _ => held.free(),
        };
        if event.units > available {
            return Ok(Reason::InsufficientUnits);
        }
        match event.kind {
            // Both stay within the position's units.
            EventKind::Freeze => held.position.frozen = held.position.frozen.wrapping_add(event.units),
            EventKind::Unfreeze => held.position.frozen = held.position.frozen.wrapping_sub(event.units),
            EventKind::DividendOption => held.position.dividend_option = event.option,
            _ => {
                let lots = held.debit(event.units, fund.keeps_lots)?;
                if let Some(to) = to {
                    let target = self.find_or_open(to);
                    target.credit(event.units)?;
                    lots.iter().for_each(|lot| target.add_lot(lot));
                }
            }
        }
        Ok(Reason::None)
    }

    fn credit(&mut self, event: &Event, key: Key, fund: &Fund, day: &FundDay) -> Result<(), Code> {
        let held = self.find_or_open(key);
        held.credit(event.units)?;
        if fund.keeps_lots {
            let lot = new_lot(&held.position, day.confirmation, 0);
            held.add_lot(&Lot { units: event.units, nav: day.nav, ..lot });
        }
        Ok(())
    }

    fn find_or_open(&mut self, key: Key) -> &mut Held {
        self.held.entry(key).or_insert_with(|| Held { position: empty(key), lots: Vec::new() })
    }
}

/// Why an event does not happen, whatever the register holds.
fn refusal(event: &Event, fund: &Fund, is_same: bool) -> Reason {
    let has_class = event.charge == 0 || (event.charge == 1 && !fund.back_end.is_empty());
    if !has_class {
        Reason::ChargeClass
    } else if event.kind == EventKind::DividendOption {
        if event.option <= 2 { Reason::None } else { Reason::BadOption }
    } else if event.units <= 0 {
        Reason::QuantityNotPositive
    } else if event.units.checked_rem(fund.unit_quantum) != Some(0) {
        Reason::QuantityPrecision
    } else if is_same {
        Reason::SamePosition
    } else {
        Reason::None
    }
}

/// The lots of a position of a bucket.
fn lots_at(bucket: &Bucket, place: usize) -> &[Lot] {
    let range = u32::try_from(place).ok().and_then(|place| bucket.lots_of(place));
    range.and_then(|range| bucket.lots.get(range)).unwrap_or_default()
}

/// Puts positions with their lots, in order, into a bucket: in place of those with the same key, or between others.
pub(super) fn put_back(bucket: &mut Bucket, held: Vec<Held>) {
    let old = mem::take(bucket);
    let mut positions = Vec::with_capacity(old.positions.len().saturating_add(held.len()));
    let (mut lots, mut ranges) = (Vec::with_capacity(old.lots.len()), Vec::with_capacity(positions.capacity()));
    let mut write = |position: Position, own: &[Lot]| {
        positions.push(position);
        // A bucket has fewer than 2^32 lots.
        let first = u32::try_from(lots.len()).unwrap_or(u32::MAX);
        lots.extend_from_slice(own);
        ranges.push(first..u32::try_from(lots.len()).unwrap_or(u32::MAX));
    };
    let mut held = held.into_iter().peekable();
    for (place, position) in old.positions.iter().enumerate() {
        let key = position.key();
        while let Some(new) = held.next_if(|held| held.position.key() < key) {
            write(new.position, &new.lots);
        }
        match held.next_if(|held| held.position.key() == key) {
            Some(new) => write(new.position, &new.lots),
            None => write(*position, lots_at(&old, place)),
        }
    }
    held.for_each(|new| write(new.position, &new.lots));
    let lot_ranges = if lots.is_empty() { Vec::new() } else { ranges };
    *bucket = Bucket { positions, lots, lot_ranges, ..old };
}

#[cfg(test)]
mod tests;
