//! Where the fields of a record stand.

use crate::fault::Fault;
use crate::header::FIRST_FIELD_LINE;
use crate::number::MOST_DIGITS;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Numbers of digits; their decimals are implied.
    Number,
}

/// A field as a dictionary describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Its bytes.
    pub width: usize,
}

/// A field in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The field.
    pub field: Field,
    /// The bytes of the record before it.
    pub start: usize,
}

impl Place {
    /// The field's bytes of a record.
    #[inline]
    pub fn of<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        record.get(self.start..self.start + self.field.width).unwrap_or_default()
    }
}

/// The fields of a record, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The fields in the order of the file.
    pub places: Vec<Place>,
    /// The bytes of a record without the line end.
    pub width: usize,
}

impl Layout {
    /// The layout of fields that stand one behind the other.
    pub fn of(fields: impl IntoIterator<Item = Field>) -> Self {
        let mut layout = Self::default();
        for field in fields {
            let width = field.width;
            layout.places.push(Place { field, start: layout.width });
            layout.width += width;
        }
        layout
    }

    /// The layout of the names that a header lists, by the dictionary of its file type.
    pub fn named(names: &[String], dictionary: &[Field]) -> Result<Self, Fault> {
        let mut fields: Vec<Field> = Vec::with_capacity(names.len());
        for (number, name) in names.iter().enumerate() {
            let line = FIRST_FIELD_LINE + number;
            let Some(field) = dictionary.iter().find(|field| field.name == *name) else {
                return Err(Fault::of_field(line, name, "this type of file has no such field"));
            };
            if fields.iter().any(|known| known.name == *name) {
                return Err(Fault::of_field(line, name, "the field is listed twice"));
            }
            if field.kind == Kind::Number && field.width > MOST_DIGITS {
                let why = format!("numbers of {} digits are not read", field.width);
                return Err(Fault::of_field(line, name, why));
            }
            fields.push(field.clone());
        }
        Ok(Self::of(fields))
    }
}
