//! The native module `fundclear._kernel`: borrow, check, release the GIL, make one call, map the error.
//!
//! The table below is the index of everything that crosses between Python and Rust.

mod about;
mod allocate;
mod amount;
mod arrow;
mod batch;
mod borrow;
mod call;
mod capi;
mod columns;
mod day;
mod dealing;
mod failure;
mod fingerprint;
mod generate;
mod income;
mod keys;
mod labels;
#[cfg(target_os = "linux")]
mod memory;
mod netting;
mod objects;
mod obligations;
mod ofd;
mod show;
mod steps;
mod store;
mod tablefile;
mod terms;
mod text;

use pyo3::prelude::*;

#[cfg(target_os = "linux")]
#[global_allocator]
static MEMORY: memory::HugePages = memory::HugePages;

/// The native half of fundclear. Private: use the package `fundclear`.
#[pymodule(gil_used = false)]
mod _kernel {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::about::build_info;
    #[pymodule_export]
    use super::allocate::allocate;
    #[pymodule_export]
    use super::arrow::{
        ArrowColumn, arrow_column, arrow_columns, export_array, export_schema, export_stream, export_text_array,
        export_text_schema, integers_arrow, label_arrow, moments_arrow, parse_arrow,
    };
    #[pymodule_export]
    use super::batch::{TextDictionary, plan_file, run_day};
    #[pymodule_export]
    use super::columns::{
        absolute, add, check_digits, compare, divide, min_max, mul_div, multiply, negate, rescale, subtract, sum,
    };
    #[pymodule_export]
    use super::day::{LawEntries, apply_events, clear_day, post, settle, validate};
    #[pymodule_export]
    use super::dealing::{redeem, subscribe, switch};
    #[pymodule_export]
    use super::fingerprint::fingerprint_of;
    #[pymodule_export]
    use super::generate::generate_day;
    #[pymodule_export]
    use super::income::seven_day_yield;
    #[pymodule_export]
    use super::keys::{key_places, keys_at, part_starts, written_order};
    #[pymodule_export]
    use super::labels::{label_find, label_keys, label_objects, label_strings, label_text, label_union};
    #[pymodule_export]
    use super::netting::net;
    #[pymodule_export]
    use super::objects::{parse_objects, parse_one};
    #[pymodule_export]
    use super::obligations::net_obligations;
    #[pymodule_export]
    use super::ofd::{ofd_read, ofd_write};
    #[pymodule_export]
    use super::show::{decimal_list, float_array, format_list, format_one};
    #[pymodule_export]
    use super::steps::{gate, swing_price};
    #[pymodule_export]
    use super::store::{parquet_damage, read_parquet, write_parquet};
    #[pymodule_export]
    use super::tablefile::{TableFile, csv_line, read_table_file, write_csv};
    #[pymodule_export]
    use super::terms::{CompiledTerms, compile_terms};
    #[pymodule_export]
    use super::text::{parse_text, parse_whole};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("version", super::about::VERSION)?;
        module.add("names", super::day::names(module.py())?)?;
        module.add("_c_api", super::capi::capsule(module.py())?)
    }
}
