//! What the codes in a day's tables are called: the names of each enumeration, by code.

use super::flows::FlowKind;
use super::ledger::{ACCOUNTS, LEDGERS, STEPS};
use super::obligations::Purpose;
use super::types::Kind;

/// The kinds of orders that are dealt; any other has the code after them.
pub const KINDS: [&str; 4] = ["subscribe", "periodic", "redeem", "switch"];

/// The name of a kind of orders in a law's scope.
pub fn kind_name(kind: Kind) -> &'static str {
    KINDS.get(kind as usize).copied().unwrap_or("unsupported")
}

/// The kinds of flows.
pub const FLOW_KINDS: [&str; 5] = ["subscription", "redemption", "switch_out", "switch_in", "income"];

/// The name of a kind of flows.
pub fn flow_name(kind: FlowKind) -> &'static str {
    FLOW_KINDS.get(kind as usize).copied().unwrap_or_default()
}

/// What becomes of an order.
pub const STATUSES: [&str; 6] = ["confirmed", "part", "rejected", "deferred", "cancelled", "carried"];

/// Every enumeration that a table or a law's scope shows.
pub const NAMES: [(&str, &[&str]); 11] = [
    ("kinds", &KINDS),
    ("origins", &["new", "deferred", "carried"]),
    ("charges", &["front", "back", "other"]),
    ("gates", &["defer", "cancel"]),
    ("own_charges", &["", "discount", "rate", "fee", "several"]),
    ("options", &["", "reinvest", "cash"]),
    ("statuses", &STATUSES),
    ("flow_kinds", &FLOW_KINDS),
    ("ledgers", &LEDGERS),
    ("steps", &STEPS),
    ("accounts", &ACCOUNTS),
];

/// The purposes of obligations.
pub fn purposes() -> [&'static str; Purpose::ALL.len()] {
    Purpose::ALL.map(Purpose::name)
}
