//! One Python object as an amount: which types can hold money exactly, and how each is read.

use fundclear_kernel::error::Code;
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::scalar;
use fundclear_kernel::scale::Scale;
use fundclear_kernel::text::{Parser, Syntax, TextError, decimals};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::string::PyStringData;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyString, PyType};

use crate::failure::{Refusal, shown_object};

/// Types that are looked up once: they live as long as the interpreter.
pub struct Types {
    /// `decimal.Decimal`.
    pub decimal: Py<PyType>,
    numpy_integer: Py<PyType>,
    numpy_timedelta: Py<PyType>,
    numpy_bool: Py<PyType>,
    numpy_floating: Py<PyType>,
}

static TYPES: PyOnceLock<Types> = PyOnceLock::new();

impl Types {
    /// The types, imported at the first call.
    pub fn get(py: Python<'_>) -> PyResult<&'static Self> {
        TYPES.get_or_try_init(py, || {
            let of = |module: &str, name: &str| -> PyResult<Py<PyType>> {
                Ok(py.import(module)?.getattr(name)?.cast_into::<PyType>()?.unbind())
            };
            Ok(Self {
                decimal: of("decimal", "Decimal")?,
                numpy_integer: of("numpy", "integer")?,
                numpy_timedelta: of("numpy", "timedelta64")?,
                numpy_bool: of("numpy", "bool")?,
                numpy_floating: of("numpy", "floating")?,
            })
        })
    }
}

/// Why an object is not taken: a code and, for a stray character, where it stands.
pub enum Fault {
    /// The object is text that is no amount, or an amount that does not fit.
    Text(TextError),
    /// The object's type, by a code of `fundclear.errors.CODES`.
    Type(&'static str),
    /// Reading the object raised.
    Raised(PyErr),
}

impl From<TextError> for Fault {
    fn from(error: TextError) -> Self {
        Self::Text(error)
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Fault {
    /// The exception that says what is wrong with the object.
    pub fn error(self, object: &Bound<'_, PyAny>, argument: &str, row: Option<usize>, scale: Scale) -> PyErr {
        let (code, position) = match self {
            Self::Raised(error) => return error,
            Self::Type(code) => (code, 0),
            Self::Text(error) => (error.code.name(), error.position),
        };
        Refusal::of(code, argument)
            .row(row)
            .value(shown_object(object))
            .fact("position", position)
            .fact("scale", scale.places())
            .error(object.py())
    }
}

/// Reads objects as amounts of one scale.
pub struct Reader {
    /// The types that objects are told by.
    pub types: &'static Types,
    plain: Parser,
    decimal: Parser,
    scale: Scale,
}

impl Reader {
    /// A reader of amounts at this scale.
    pub fn new(py: Python<'_>, scale: Scale, rounding: Rounding) -> PyResult<Self> {
        Ok(Self {
            types: Types::get(py)?,
            plain: Parser::new(Syntax::Plain, scale, rounding),
            decimal: Parser::new(Syntax::Decimal, scale, rounding),
            scale,
        })
    }

    /// The object's amount in minor units.
    pub fn read(&self, object: &Bound<'_, PyAny>) -> Result<i64, Fault> {
        with_amount(self.types, object, |amount| match amount {
            Amount::Text(Syntax::Plain, text) => Ok(self.plain.parse(text)?),
            Amount::Text(Syntax::Decimal, text) => Ok(self.decimal.parse(text)?),
            Amount::Whole(whole) => Ok(whole
                .and_then(|whole| scalar::rescale(whole, Scale::ZERO, self.scale, Rounding::Exact).ok())
                .ok_or(TextError { code: Code::Overflow, position: 0 })?),
        })?
    }
}

/// The decimals that an object writes; an object that is no amount has none, whatever the scale will be.
pub fn decimals_of(types: &Types, object: &Bound<'_, PyAny>) -> Result<u32, Fault> {
    with_amount(types, object, |amount| match amount {
        Amount::Text(syntax, text) => Ok(decimals(text, syntax)?),
        Amount::Whole(_) => Ok(0),
    })?
}

/// What an amount is read from.
enum Amount<'a> {
    /// Text of a `str`, of `bytes` or of a `Decimal`.
    Text(Syntax, &'a [u8]),
    /// A whole amount; `None` is one of more digits than an `i64` holds, and so than any amount has.
    Whole(Option<i64>),
}

/// The text of an exact `str` or `Decimal`, the common types, and how it is written; `None` for any other object.
#[inline]
pub fn common_text<'py>(types: &Types, object: &Bound<'py, PyAny>) -> PyResult<Option<(Syntax, Bound<'py, PyString>)>> {
    if let Ok(text) = object.cast_exact::<PyString>() {
        return Ok(Some((Syntax::Plain, text.clone())));
    }
    if object.get_type_ptr() == types.decimal.as_ptr().cast() {
        // Not through the context of decimal arithmetic: the text is the exact value.
        return Ok(Some((Syntax::Decimal, object.str()?)));
    }
    Ok(None)
}

/// Lends the bytes of a `str`. Characters of one byte are lent as they stand: those that are no ASCII are no digits
/// either. Any others are encoded, or replaced where UTF-8 has no code for them, and then refused.
#[inline]
pub fn with_bytes<T>(text: &Bound<'_, PyString>, read: impl FnOnce(&[u8]) -> T) -> PyResult<T> {
    // SAFETY: the string is kept alive by the reference and never changes.
    match unsafe { text.data() }? {
        PyStringData::Ucs1(bytes) => Ok(read(bytes)),
        PyStringData::Ucs2(_) | PyStringData::Ucs4(_) => Ok(read(text.to_string_lossy().as_bytes())),
    }
}

/// Sorts an object by its type and lends what is read from it.
fn with_amount<T>(types: &Types, object: &Bound<'_, PyAny>, read: impl FnOnce(Amount<'_>) -> T) -> Result<T, Fault> {
    if let Some((syntax, text)) = common_text(types, object)? {
        return Ok(with_bytes(&text, |bytes| read(Amount::Text(syntax, bytes)))?);
    }
    if object.is_exact_instance_of::<PyInt>() {
        return Ok(read(Amount::Whole(object.extract().ok())));
    }
    with_uncommon(types, object, read)
}

#[cold]
fn with_uncommon<T>(types: &Types, object: &Bound<'_, PyAny>, read: impl FnOnce(Amount<'_>) -> T) -> Result<T, Fault> {
    let py = object.py();
    // A subclass is read as what it extends: its own `__str__` or `__int__` might say something else.
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(with_bytes(text, |bytes| read(Amount::Text(Syntax::Plain, bytes)))?);
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(read(Amount::Text(Syntax::Plain, bytes.as_bytes())));
    }
    if object.is_instance(types.decimal.bind(py))? {
        let text = types.decimal.bind(py).call_method1("__str__", (object,))?;
        let text = text.cast_into::<PyString>().map_err(PyErr::from)?;
        return Ok(with_bytes(&text, |bytes| read(Amount::Text(Syntax::Decimal, bytes)))?);
    }
    if object.is_instance_of::<PyBool>() || object.is_instance(types.numpy_bool.bind(py))? {
        return Err(Fault::Type("bool"));
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(read(Amount::Whole(object.extract().ok())));
    }
    // numpy counts a time span among its integers.
    if object.is_instance(types.numpy_integer.bind(py))? && !object.is_instance(types.numpy_timedelta.bind(py))? {
        return Ok(read(Amount::Whole(object.call_method0("__index__")?.extract().ok())));
    }
    if object.is_instance_of::<PyFloat>() || object.is_instance(types.numpy_floating.bind(py))? {
        return Err(Fault::Type("float"));
    }
    Err(Fault::Type(if is_missing(object) { "null" } else { "type" }))
}

/// `None`, and what pandas writes for a missing value; by name, so that pandas need not be there.
fn is_missing(object: &Bound<'_, PyAny>) -> bool {
    let name = || object.get_type().fully_qualified_name();
    object.is_none()
        || name().is_ok_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with("pandas.") && (name.ends_with(".NAType") || name.ends_with(".NaTType"))
        })
}
