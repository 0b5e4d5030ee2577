//! Builds the Cython module `fundclear.cython_api` into `OUT_DIR`, from where maturin takes it into the wheel.
//!
//! Only when maturin builds the extension: `cargo test` and `cargo clippy` need neither Cython nor a C compiler.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

/// The script that cythonizes and compiles, beside this file.
const SCRIPT: &str = "build_cython.py";

/// The sources, named one by one: their folder also receives the finished module from `maturin develop`, and
/// watching it would build for ever.
const SOURCES: [&str; 2] = ["cython_api.pyx", "cython_api.pxd"];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let package = here.join("../../src/fundclear").canonicalize()?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SCRIPT}");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", package.join(source).display());
    }
    // maturin sets these; the signature changes with the interpreter, and so must the module.
    for variable in ["PYO3_BUILD_EXTENSION_MODULE", "PYO3_PYTHON", "PYO3_ENVIRONMENT_SIGNATURE"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if env::var_os("PYO3_BUILD_EXTENSION_MODULE").is_none() {
        return Ok(());
    }
    let python = env::var_os("PYO3_PYTHON").unwrap_or_else(|| "python3".into());
    let status = Command::new(&python).arg(here.join(SCRIPT)).arg(&package).arg(env::var("OUT_DIR")?).status()?;
    if status.success() { Ok(()) } else { Err(format!("{SCRIPT} failed under {}: {status}", python.display()).into()) }
}
