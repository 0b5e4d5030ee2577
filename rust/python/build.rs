//! Builds the Cython module `fundclear.cython_api` into `OUT_DIR`, from where maturin takes it into the wheel, and has
//! the native module say which processors it is for.
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
    mark_level();
    let python = env::var_os("PYO3_PYTHON").unwrap_or_else(|| "python3".into());
    let status = Command::new(&python).arg(here.join(SCRIPT)).arg(&package).arg(env::var("OUT_DIR")?).status()?;
    if status.success() { Ok(()) } else { Err(format!("{SCRIPT} failed under {}: {status}", python.display()).into()) }
}

/// Marks a module that is compiled for processors of the level x86-64-v3, so that the loader of the GNU C library
/// refuses it on others, where its first long step would end the process. Of the linkers only GNU's leaves the mark.
fn mark_level() {
    let of_target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let features = of_target("FEATURE");
    let is_there = |wanted: &str| features.split(',').any(|feature| feature == wanted);
    let is_gnu = of_target("OS") == "linux" && of_target("ENV") == "gnu";
    if !is_gnu || !["avx2", "bmi2", "fma"].into_iter().all(is_there) {
        return;
    }
    if Command::new("ld.bfd").arg("--version").output().is_err() {
        println!("cargo::warning=without GNU ld the module does not say that it needs a processor of level x86-64-v3");
        return;
    }
    println!("cargo::rustc-cdylib-link-arg=-fuse-ld=bfd");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,x86-64-v3");
}
