//! The rows that a clearing day works on, and the codes that its results speak in.
//!
//! Identifiers are keys: an integer as it is, a text as its rank among all texts of its domain. Funds and distributors
//! are numbered: funds as in the terms, unknown ones after them; distributors by rising key.

/// An order as received: 022, 024, 036 and 039 of the exchange files, or something that is not dealt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Cash for units.
    Subscribe = 0,
    /// A subscription by standing instruction.
    Periodic = 1,
    /// Units for cash.
    Redeem = 2,
    /// Units of one fund for units of another.
    Switch = 3,
    /// Anything else: rejected.
    Unsupported = 4,
}

impl Kind {
    /// Whether the order carries cash; all others carry units.
    pub const fn carries_cash(self) -> bool {
        matches!(self, Self::Subscribe | Self::Periodic)
    }

    /// Whether the order takes units out of its position.
    pub const fn is_outgoing(self) -> bool {
        matches!(self, Self::Redeem | Self::Switch)
    }
}

/// Where an order comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Origin {
    /// Received since the last dealing day.
    New = 0,
    /// A part that an earlier gate deferred.
    Deferred = 1,
    /// Received late on an earlier day.
    Carried = 2,
}

/// An order's own charge, which goes before all schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OwnCharge {
    /// None given.
    None = 0,
    /// A factor on the tier's rate, eight decimal places.
    Discount = 1,
    /// A rate instead of the tier's, eight decimal places.
    Rate = 2,
    /// A fee in cash, eight decimal places.
    Fee = 3,
    /// More than one was given: rejected.
    Several = 4,
}

impl OwnCharge {
    /// Which own charge is given, and how much; zero is none.
    #[inline(always)]
    #[must_use]
    pub const fn given(discount: i64, rate: i64, fee: i64) -> (Self, i64) {
        match (discount, rate, fee) {
            (0, 0, 0) => (Self::None, 0),
            (discount, 0, 0) => (Self::Discount, discount),
            (0, rate, 0) => (Self::Rate, rate),
            (0, 0, fee) => (Self::Fee, fee),
            _ => (Self::Several, 0),
        }
    }
}

/// A day in the 32 bits that it has in a row; days beyond them are millions of years away.
#[must_use]
pub fn day_of(days: i64) -> i32 {
    i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX })
}

/// The dealing day's status of a fund as bits.
pub mod open {
    /// Subscriptions and switches in are dealt.
    pub const SUBSCRIPTIONS: u8 = 1;
    /// Redemptions and switches out are dealt.
    pub const REDEMPTIONS: u8 = 2;
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    /// Dealt as a whole.
    Confirmed = 0,
    /// Dealt in part; the rest deferred or cancelled.
    Part = 1,
    /// Not dealt, for a reason.
    Rejected = 2,
    /// Left to the next dealing day by a gate.
    Deferred = 3,
    /// Not dealt and not kept.
    Cancelled = 4,
    /// Late: an order of the next dealing day.
    Carried = 5,
}

/// Why something became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the reasons; the table of the Python package has a sentence for each")]
pub enum Reason {
    None = 0,
    Duplicate = 1,
    DuplicateConflict = 2,
    UnsupportedKind = 3,
    UnknownFund = 4,
    FundClosed = 5,
    QuantityNotPositive = 6,
    QuantityPrecision = 7,
    ChargeClass = 8,
    OwnCharge = 9,
    UnknownTarget = 10,
    TargetCurrency = 11,
    TargetClosed = 12,
    BelowMinimum = 13,
    AboveMaximum = 14,
    DayLimit = 15,
    InsufficientUnits = 16,
    FeeExceedsAmount = 17,
    ZeroUnits = 18,
    NegativeIncome = 19,
    Late = 20,
    Gate = 21,
    WholeUnits = 22,
    UnsupportedEvent = 30,
    BadOption = 31,
    SamePosition = 32,
}

/// An order in a bucket. `quantity` is cash or units by the kind, at the table's quantity scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Key of the holder's account.
    pub account: i64,
    /// Key of the transaction account.
    pub transaction_account: i64,
    /// Key of the order id.
    pub id: i64,
    /// Microseconds since 1970 by the clock that the fund's cut-off is given in; `i64::MIN` if not known.
    pub placed_at: i64,
    /// Cash or units.
    pub quantity: i64,
    /// The order's own charge, eight decimal places.
    pub own_charge_value: i64,
    /// Number of the fund.
    pub fund: u32,
    /// Number of a switch's target; `u32::MAX` if none is given.
    pub target: u32,
    /// Number of the distributor.
    pub distributor: u32,
    /// Day of the first dealing day, in days since 1970.
    pub since: i32,
    /// What kind of order.
    pub kind: Kind,
    /// The kind as the caller wrote it: a number of his own, which comes back.
    pub kind_code: u8,
    /// Front-end (0) or back-end (1) charged; anything else is rejected.
    pub charge: u8,
    /// Whether a gate cancels what it does not accept, instead of deferring it.
    pub cancel_on_gate: bool,
    /// Which own charge is given.
    pub own_charge: OwnCharge,
    /// Where the order comes from.
    pub origin: Origin,
    /// [`Reason::None`], or why it was rejected before anything else was looked at (a duplicate).
    pub refused: Reason,
}

/// A position in a bucket: opening values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Key of the holder's account.
    pub account: i64,
    /// Key of the transaction account.
    pub transaction_account: i64,
    /// Number of the fund.
    pub fund: u32,
    /// Number of the distributor.
    pub distributor: u32,
    /// Front-end (0) or back-end (1) charged.
    pub charge: u8,
    /// 0: the fund's default, 1: reinvest, 2: cash.
    pub dividend_option: u8,
    /// Units before the day's events.
    pub opening: i64,
    /// Units credited less debited by events, transfers included.
    pub moved: i64,
    /// Frozen units, after events.
    pub frozen: i64,
    /// Units of deferred orders.
    pub pending: i64,
    /// Income not yet paid; signed.
    pub unpaid: i64,
    /// Units that are entitled to the day's income.
    pub entitled: i64,
}

/// A lot of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Key of the holder's account.
    pub account: i64,
    /// Key of the transaction account.
    pub transaction_account: i64,
    /// Number of the fund.
    pub fund: u32,
    /// Number of the distributor.
    pub distributor: u32,
    /// Front-end (0) or back-end (1) charged.
    pub charge: u8,
    /// Whether it came from reinvested income, which pays no back-end fee.
    pub reinvested: bool,
    /// The date of its confirmation, in days since 1970.
    pub confirmed: i32,
    /// Its number within the position.
    pub number: i64,
    /// Units.
    pub units: i64,
    /// The price at which it was bought.
    pub nav: i64,
    /// The front-end rate that was paid, eight decimal places.
    pub rate_paid: i64,
}

/// What the day brings for a fund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundDay {
    /// The net asset value, not swung, at the table's scale; a multiple of the fund's quantum and above zero.
    pub nav: i64,
    /// Bits of [`open`].
    pub status: u8,
    /// Orders placed at this microsecond or later are late; `i64::MAX` if none is.
    pub cut_off: i64,
    /// The confirmation date of the day's dealing, in days since 1970.
    pub confirmation: i32,
    /// The manager's decision for the portfolio, for its head.
    pub decision: Option<super::Decision>,
    /// What decides about the swing instead of the thresholds, for the head of the portfolio.
    pub swing: Option<SwingOverride>,
    /// Whether unpaid income is paid out today.
    pub pays_out: bool,
    /// Value dates by direction, in days since 1970.
    pub value_dates: ValueDates,
}

/// A decision on the swing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwingOverride {
    /// The price goes up.
    Up,
    /// The price goes down.
    Down,
    /// The price stays.
    Not,
}

/// When cash moves, in days since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueDates {
    /// Of subscriptions.
    pub subscription: i32,
    /// Of redemptions.
    pub redemption: i32,
    /// Of switches out of the fund.
    pub switch: i32,
    /// Of income in cash.
    pub income: i32,
}

/// The income of a fund for one calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Income {
    /// Number of the fund.
    pub fund: u32,
    /// The calendar date, in days since 1970.
    pub date: i32,
    /// The amount, signed.
    pub amount: i64,
}

/// A factor on the rates of a fund's front-end schedule for the orders of one distributor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discount {
    /// Number of the fund.
    pub fund: u32,
    /// Key of the distributor.
    pub distributor: i64,
    /// The factor, eight decimal places.
    pub factor: i64,
}

/// What became of one order, in the table's scales. Cash and units as in the table of confirmations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the table of confirmations, described there")]
pub struct Outcome {
    pub status: Status,
    pub reason: Reason,
    pub refund_cause: Reason,
    pub top_up: i64,
    pub confirmed: i64,
    pub deferred: i64,
    pub cancelled: i64,
    pub amount: i64,
    pub net: i64,
    pub fee: i64,
    pub back_end: i64,
    pub top_up_fee: i64,
    pub fee_to_fund: i64,
    pub fee_to_distributor: i64,
    pub fee_to_manager: i64,
    pub refund: i64,
    pub net_in: i64,
    pub units: i64,
    pub units_in: i64,
    pub price: i64,
    pub price_in: i64,
    pub rounding: i64,
    pub rounding_in: i64,
}
