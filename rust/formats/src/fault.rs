//! What is wrong with a file, and where.

/// A fault of a file: the line, the field if it is one field's, and the reason in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, counted from one.
    pub line: usize,
    /// The name of the field at fault.
    pub field: Option<String>,
    /// The reason.
    pub why: String,
}

impl Fault {
    /// A fault of a whole line.
    pub fn of_line(line: usize, why: impl Into<String>) -> Self {
        Self { line, field: None, why: why.into() }
    }

    /// A fault of one field of a line.
    pub fn of_field(line: usize, field: &str, why: impl Into<String>) -> Self {
        Self { line, field: Some(field.to_owned()), why: why.into() }
    }
}
