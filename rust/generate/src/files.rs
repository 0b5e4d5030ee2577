//! Orders, positions and lots as Parquet files, each made by one thread, with the fingerprints of the register.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fundclear_kernel::day::fingerprint::{Field, Ints, fingerprint, text_hash};
use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::Exec;
use fundclear_store::error::Error as StoreError;
use fundclear_store::{Values, write};

use crate::orders::{KINDS, Order};
use crate::register::{Lot, Position};
use crate::{NO_FUND, Plan, Profile};

/// Rows of a file: enough to be read well, few enough that each thread holds one.
pub const FILE_ROWS: u64 = 1 << 22;

/// Decimals of cash and units, and of prices.
const SCALE: u8 = 2;
const NAV_SCALE: u8 = 4;

/// A fund that no terms name.
const UNKNOWN_FUND: &str = "unknown";

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// The fingerprint of the positions.
    pub positions: u128,
    /// The fingerprint of the lots.
    pub lots: u128,
    /// Units outstanding by the number of their fund, in minor units.
    pub outstanding: Vec<i64>,
}

/// Why nothing came of it.
#[derive(Debug)]
pub enum Failure {
    /// It was stopped.
    Kernel(Error),
    /// A file could not be written.
    File(PathBuf, StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

#[derive(Clone, Copy)]
enum Table {
    Orders,
    Positions,
    Lots,
}

/// Writes the files of a plan into a folder.
///
/// # Errors
/// A file that cannot be written; [`Code::Cancelled`].
pub fn generate(exec: &Exec<'_>, plan: &Plan, folder: &Path) -> Result<Made, Failure> {
    let tables = [
        (Table::Orders, "orders", plan.orders),
        (Table::Positions, "positions", plan.positions()),
        (Table::Lots, "lots", plan.lots()),
    ];
    let mut files = Vec::new();
    for (table, name, rows) in tables {
        // A day without orders has a file of none.
        let count = rows.div_ceil(FILE_ROWS).max(u64::from(name == "orders"));
        for number in 0..count {
            let start = number * FILE_ROWS;
            files.push((table, folder.join(format!("{name}-{number:03}.parquet")), start..rows.min(start + FILE_ROWS)));
        }
    }
    let failed = Mutex::new(None);
    let all = plan.orders + plan.positions() + plan.lots();
    let states = exec.run(
        usize::try_from(all).unwrap_or(usize::MAX),
        files.into_iter(),
        || Writer::new(plan),
        |writer, _, (table, path, rows)| match writer.file(table, &path, rows) {
            Err(Failure::File(path, error)) => {
                let mut first = failed.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert((path, error));
                Err(Error::whole(Code::Cancelled))
            }
            Err(Failure::Kernel(error)) => Err(error),
            Ok(()) => Ok(()),
        },
    );
    if let Some((path, error)) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(Failure::File(path, error));
    }
    let mut made = Made { outstanding: vec![0; plan.funds.len()], ..Made::default() };
    for state in states? {
        // Fingerprints are added modulo 2^128.
        made.positions = made.positions.wrapping_add(state.made.positions);
        made.lots = made.lots.wrapping_add(state.made.lots);
        made.outstanding.iter_mut().zip(state.made.outstanding).for_each(|(sum, part)| *sum += part);
    }
    Ok(made)
}

/// What a thread keeps from file to file.
struct Writer<'a> {
    plan: &'a Plan,
    made: Made,
    /// The texts of funds, of one that is unknown and of none.
    funds: Vec<String>,
    kinds: Vec<String>,
    gates: Vec<String>,
}

/// The columns of a file, as they are written and as they are hashed.
struct Columns<'a> {
    written: Vec<(&'a str, Values<'a>)>,
    texts: Vec<Option<Vec<u64>>>,
}

impl<'a> Columns<'a> {
    const fn new() -> Self {
        Self { written: Vec::new(), texts: Vec::new() }
    }

    fn push(&mut self, name: &'a str, values: Values<'a>) {
        self.written.push((name, values));
        self.texts.push(match values {
            Values::Texts(_, texts) => Some(texts.iter().map(|text| text_hash(text.as_bytes())).collect()),
            _ => None,
        });
    }

    fn fields(&self) -> Vec<Field<'_>> {
        self.written.iter().zip(&self.texts).map(|((_, values), texts)| field(values, texts)).collect()
    }

    fn fingerprint(&self, table: &str) -> Result<u128, Error> {
        fingerprint(&Exec::inline(), table, &self.fields(), &[])
    }

    /// The fingerprint of positions as a day begins with them: what is not written counts as its default does.
    fn register(&self) -> Result<u128, Error> {
        let fields = self.fields();
        let [account, distributor, fund, units] = fields.as_slice() else { return Ok(0) };
        let zeros = vec![0; account.values.len()];
        let front = [text_hash(b"front")];
        let nothing = Field { values: Ints::U8(&zeros), texts: None };
        let charge = Field { values: Ints::U8(&zeros), texts: Some(&front) };
        let held = [*units, nothing, nothing, nothing];
        let named = [*account, nothing, *distributor, *fund, charge, nothing];
        // A position that has nothing does not count.
        fingerprint(&Exec::inline(), "register", &[&named[..], &held[..]].concat(), &[6, 7, 8, 9])
    }
}

fn field<'a>(values: &Values<'a>, texts: &'a Option<Vec<u64>>) -> Field<'a> {
    let ints = match values {
        Values::Integers(values)
        | Values::Decimals(values, _)
        | Values::Dates(values)
        | Values::Instants(values, _) => Ints::I64(values),
        Values::Texts(codes, _) => Ints::U32(codes),
    };
    Field { values: ints, texts: texts.as_deref() }
}

/// Accounts as they are written: integers, or texts by the row.
struct Accounts {
    numbers: Vec<i64>,
    codes: Vec<u32>,
    texts: Vec<String>,
}

impl Accounts {
    fn of(plan: &Plan, accounts: impl Iterator<Item = u64>) -> Self {
        // The first account is number one.
        let numbers: Vec<_> = accounts.map(|account| i64::try_from(account + 1).unwrap_or(i64::MAX)).collect();
        let Some(digits) = plan.account_digits else { return Self { numbers, codes: Vec::new(), texts: Vec::new() } };
        let texts: Vec<_> = numbers.iter().map(|number| format!("{number:0digits$}")).collect();
        Self { codes: (0..u32::try_from(texts.len()).unwrap_or(u32::MAX)).collect(), numbers, texts }
    }

    fn values(&self, plan: &Plan) -> Values<'_> {
        match plan.account_digits {
            None => Values::Integers(&self.numbers),
            Some(_) => Values::Texts(&self.codes, &self.texts),
        }
    }
}

impl<'a> Writer<'a> {
    fn new(plan: &'a Plan) -> Self {
        let others = [UNKNOWN_FUND.to_owned(), String::new()];
        Self {
            plan,
            made: Made { outstanding: vec![0; plan.funds.len()], ..Made::default() },
            funds: plan.funds.iter().cloned().chain(others).collect(),
            kinds: KINDS.map(str::to_owned).to_vec(),
            gates: vec!["defer".to_owned(), "cancel".to_owned()],
        }
    }

    fn file(&mut self, table: Table, path: &Path, rows: Range<u64>) -> Result<(), Failure> {
        match table {
            Table::Orders => self.orders(path, rows),
            Table::Positions => self.positions(path, rows),
            Table::Lots => self.lots(path, rows),
        }
    }

    fn orders(&self, path: &Path, rows: Range<u64>) -> Result<(), Failure> {
        let orders: Vec<Order> = rows.map(|row| self.plan.order(row)).collect();
        let accounts = Accounts::of(self.plan, orders.iter().map(|order| order.account));
        let ids: Vec<_> = orders.iter().map(|order| order.id).collect();
        let distributors: Vec<_> = orders.iter().map(|order| order.distributor).collect();
        let funds: Vec<_> = orders.iter().map(|order| self.fund_code(order.fund)).collect();
        let kinds: Vec<_> = orders.iter().map(|order| order.kind).collect();
        let quantities: Vec<_> = orders.iter().map(|order| order.quantity).collect();
        let placed: Vec<_> = orders.iter().map(|order| order.placed_at).collect();
        let targets: Vec<_> = orders.iter().map(|order| self.fund_code(order.target)).collect();
        let cancels: Vec<_> = orders.iter().map(|order| order.cancels).collect();
        drop(orders);
        let mut columns = vec![
            ("account", accounts.values(self.plan)),
            ("fund", Values::Texts(&funds, &self.funds)),
            ("kind", Values::Texts(&kinds, &self.kinds)),
            ("quantity", Values::Decimals(&quantities, SCALE)),
            ("order_id", Values::Integers(&ids)),
            ("distributor", Values::Texts(&distributors, &self.plan.distributors)),
            ("placed_at", Values::Instants(&placed, false)),
        ];
        if self.plan.profile == Profile::TransferAgent {
            columns.push(("target_fund", Values::Texts(&targets, &self.funds)));
            columns.push(("on_gate", Values::Texts(&cancels, &self.gates)));
        }
        written(path, &columns, "orders")
    }

    fn positions(&mut self, path: &Path, rows: Range<u64>) -> Result<(), Failure> {
        let positions: Vec<Position> = rows.map(|row| self.plan.position(row)).collect();
        for position in &positions {
            let sum = usize::try_from(position.fund).ok().and_then(|fund| self.made.outstanding.get_mut(fund));
            sum.into_iter().for_each(|sum| *sum += position.units);
        }
        let accounts = Accounts::of(self.plan, positions.iter().map(|position| position.account));
        let distributors: Vec<_> = positions.iter().map(|position| self.plan.home(position.account)).collect();
        let funds: Vec<_> = positions.iter().map(|position| position.fund).collect();
        let units: Vec<_> = positions.iter().map(|position| position.units).collect();
        drop(positions);
        let mut columns = Columns::new();
        columns.push("account", accounts.values(self.plan));
        columns.push("distributor", Values::Texts(&distributors, &self.plan.distributors));
        columns.push("fund", Values::Texts(&funds, &self.funds));
        columns.push("units", Values::Decimals(&units, SCALE));
        let print = columns.register()?;
        self.made.positions = self.made.positions.wrapping_add(print);
        written(path, &columns.written, "positions")
    }

    fn lots(&mut self, path: &Path, rows: Range<u64>) -> Result<(), Failure> {
        let lots: Vec<Lot> = rows.map(|row| self.plan.lot(row)).collect();
        let accounts = Accounts::of(self.plan, lots.iter().map(|lot| lot.account));
        let distributors: Vec<_> = lots.iter().map(|lot| self.plan.home(lot.account)).collect();
        let funds: Vec<_> = lots.iter().map(|lot| lot.fund).collect();
        let numbers: Vec<_> = lots.iter().map(|lot| lot.number).collect();
        let confirmed: Vec<_> = lots.iter().map(|lot| lot.confirmed).collect();
        let units: Vec<_> = lots.iter().map(|lot| lot.units).collect();
        let prices: Vec<_> = lots.iter().map(|lot| lot.nav).collect();
        drop(lots);
        let mut columns = Columns::new();
        columns.push("account", accounts.values(self.plan));
        columns.push("distributor", Values::Texts(&distributors, &self.plan.distributors));
        columns.push("fund", Values::Texts(&funds, &self.funds));
        columns.push("number", Values::Integers(&numbers));
        columns.push("confirmed", Values::Dates(&confirmed));
        columns.push("units", Values::Decimals(&units, SCALE));
        columns.push("nav", Values::Decimals(&prices, NAV_SCALE));
        let print = columns.fingerprint("lots")?;
        self.made.lots = self.made.lots.wrapping_add(print);
        written(path, &columns.written, "lots")
    }

    /// The place of a fund among the texts: after the funds stand one that is unknown, and none.
    fn fund_code(&self, fund: u32) -> u32 {
        let known = u32::try_from(self.plan.funds.len()).unwrap_or_default();
        match fund {
            NO_FUND => known + 1,
            fund => fund.min(known),
        }
    }
}

fn written(path: &Path, columns: &[(&str, Values<'_>)], table: &str) -> Result<(), Failure> {
    let about = [("fundclear.table", table.to_owned())];
    let done = write::write(path, columns, &about, &Exec::inline());
    done.map(drop).map_err(|error| Failure::File(path.to_owned(), error))
}
