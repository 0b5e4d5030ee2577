//! From failures to Python exceptions: every refusal of the native module is made here, by `fundclear.errors.refuse`.

use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::scale::{MAX_MINOR, Scale};
use fundclear_kernel::text::format_wide;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Texts in messages are cut after so many characters: a message is read by people.
const SHOWN_CHARACTERS: usize = 80;

/// A refusal in the making: a code of `fundclear.errors.CODES` and the facts that its sentence names.
pub struct Refusal<'a> {
    code: &'a str,
    argument: Option<&'a str>,
    row: Option<usize>,
    value: Option<String>,
    facts: Vec<(&'static str, String)>,
}

impl<'a> Refusal<'a> {
    /// A refusal with this code.
    pub const fn new(code: &'a str) -> Self {
        Self { code, argument: None, row: None, value: None, facts: Vec::new() }
    }

    /// A refusal of one argument of the call.
    pub const fn of(code: &'a str, argument: &'a str) -> Self {
        Self { code, argument: Some(argument), row: None, value: None, facts: Vec::new() }
    }

    /// The row at fault.
    pub fn row(mut self, row: impl Into<Option<usize>>) -> Self {
        self.row = row.into();
        self
    }

    /// What stood there, as text.
    pub fn value(mut self, value: impl ToString) -> Self {
        self.value = Some(value.to_string());
        self
    }

    /// One more fact that the sentence of the code names.
    pub fn fact(mut self, name: &'static str, fact: impl ToString) -> Self {
        self.facts.push((name, fact.to_string()));
        self
    }

    /// The exception, ready to be raised.
    pub fn error(self, py: Python<'_>) -> PyErr {
        self.exception(py).map_or_else(|failed| failed, PyErr::from_value)
    }

    fn exception<'py>(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let facts = PyDict::new(py);
        facts.set_item("argument", self.argument)?;
        facts.set_item("row", self.row)?;
        facts.set_item("value", self.value)?;
        for (name, fact) in self.facts {
            facts.set_item(name, fact)?;
        }
        py.import("fundclear.errors")?.getattr("refuse")?.call((self.code,), Some(&facts))
    }
}

/// What a call can say about a failed row beyond the kernel's code: the names and scales of its operands.
#[derive(Clone, Copy)]
pub struct Story<'a> {
    /// The argument at fault if a text or a result is; `None` leaves the row alone to say where.
    pub argument: Option<&'a str>,
    /// Names and scales of the operands, in the kernel's order.
    pub operands: &'a [(&'a str, Scale)],
    /// What is written between the operands, one sign less than there are operands.
    pub signs: &'a [&'a str],
    /// The scale of the result.
    pub scale: Scale,
    /// What stood in a row, for calls that read texts; asked only after a failure.
    pub text: Option<&'a dyn Fn(usize) -> String>,
    /// How many groups there are, for calls that have them.
    pub groups: usize,
}

impl<'a> Story<'a> {
    /// The story of a call that computes a result of this scale.
    pub const fn of(operands: &'a [(&'a str, Scale)], signs: &'a [&'a str], scale: Scale) -> Self {
        Self { argument: None, operands, signs, scale, text: None, groups: 0 }
    }

    /// The story of a call that reads texts of the named argument.
    pub const fn reading(argument: &'a str, scale: Scale, text: &'a dyn Fn(usize) -> String) -> Self {
        Self { argument: Some(argument), operands: &[], signs: &[], scale, text: Some(text), groups: 0 }
    }

    /// The operands of a failed row as decimals: `999.99 × 2.00`.
    fn shown(&self, error: &Error) -> String {
        if let (Some(text), Some(row)) = (self.text, error.row) {
            return text(row);
        }
        let mut shown = String::new();
        for (place, operand) in error.operands.iter().enumerate() {
            if let Some(sign) = place.checked_sub(1).and_then(|before| self.signs.get(before)) {
                shown.push_str(&format!(" {sign} "));
            }
            let scale = self.operands.get(place).map_or(Scale::ZERO, |(_, scale)| *scale);
            shown.push_str(&format_wide(*operand, scale));
        }
        shown
    }

    /// The first operand of more than 18 digits: its name and its minor units.
    fn oversized(&self, error: &Error) -> (Option<&'a str>, String) {
        let limit = i128::from(MAX_MINOR);
        let place = error.operands.iter().position(|operand| !(-limit..=limit).contains(operand)).unwrap_or(0);
        let name = self.operands.get(place).map(|(name, _)| *name).or(self.argument);
        (name, error.operands.get(place).map_or_else(String::new, i128::to_string))
    }

    /// The exception of a kernel failure. The match names every code, so that a new one cannot be forgotten.
    pub fn error(&self, py: Python<'_>, error: &Error) -> PyErr {
        let refusal = Refusal { argument: self.argument, ..Refusal::new(error.code.name()) }.row(error.row);
        let first = || error.operands.first().map_or_else(String::new, i128::to_string);
        match error.code {
            Code::Inexact | Code::Overflow | Code::DivisionByZero => {
                refusal.value(self.shown(error)).fact("scale", self.scale.places())
            }
            Code::Digits => {
                let (argument, value) = self.oversized(error);
                Refusal { argument, ..refusal }.value(value)
            }
            Code::Empty | Code::Nan | Code::Infinity => refusal.value(self.shown(error)),
            Code::Null => Refusal { value: self.text.zip(error.row).map(|(text, row)| text(row)), ..refusal },
            Code::Stray => refusal.value(self.shown(error)).fact("position", first()),
            // The operand is the total, which has the scale of the shares.
            Code::NoWeights | Code::ZeroWeights => {
                let total = error.operands.first().map(|total| format_wide(*total, self.scale));
                Refusal { argument: Some("total"), value: total, ..refusal }
            }
            Code::NegativeWeight => Refusal { argument: Some("weights"), ..refusal }.value(self.shown(error)),
            Code::NegativeAmount => Refusal { argument: Some("amount"), ..refusal }.value(self.shown(error)),
            Code::GroupRange => Refusal { argument: Some("groups"), ..refusal }
                .value(first())
                .fact("last", i128::try_from(self.groups).unwrap_or(i128::MAX).saturating_sub(1)),
            Code::TotalLoss => Refusal { argument: Some("per_10k"), ..refusal }.value(self.shown(error)),
            Code::OrderKind => Refusal { argument: Some("kind"), ..refusal }.value(first()),
            Code::Law => refusal.value(self.shown(error)).fact("law", error.law.unwrap_or("A1")),
            Code::Day(_) | Code::Undealt(_) => refusal.value(self.shown(error)),
            Code::Cancelled => return PyKeyboardInterrupt::new_err(()),
        }
        .error(py)
    }
}

/// An object as a message shows it: its repr, cut.
pub fn shown_object(object: &Bound<'_, PyAny>) -> String {
    match object.repr() {
        Ok(repr) => cut(&repr.to_string_lossy()),
        Err(_) => format!("an object of type {}", type_name(object)),
    }
}

/// A text as a message shows it: quoted the way Python does, cut.
pub fn shown_text(py: Python<'_>, text: &[u8]) -> String {
    shown_object(PyString::new(py, &String::from_utf8_lossy(text)).as_any())
}

/// The name of an object's type.
pub fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "unknown".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
