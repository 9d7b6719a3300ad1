//! The tools that build drivers call, each with the version that was tried.

use std::path::PathBuf;

use super::{Package, Registry, Version};
use crate::config::ToolchainSettings;

/// A program that a build driver calls.
#[derive(Debug)]
pub struct Tool {
    /// As people and `[toolchains]` call it.
    pub name: &'static str,
    /// What has it where it is installed.
    pub package: Package,
    /// The program below the package's folder.
    pub program: &'static str,
    /// What the configuration says of it.
    pub setting: fn(&ToolchainSettings) -> Option<&PathBuf>,
    /// Names to look for on the PATH, where any version from `minimum` will do.
    pub on_path: &'static [&'static str],
    pub minimum: Option<Version>,
}

/// Compiles C, C++ and Zig; it brings a C library for WebAssembly. Its language and its options change with each version, so one on the PATH is
/// not taken unless the configuration says so.
pub const ZIG: Tool = Tool {
    name: "zig",
    package: Package {
        registry: Registry::Pip,
        name: "ziglang",
        version: "0.15.2",
        with: &[],
        overrides: &[],
    },
    program: "ziglang/zig",
    setting: |settings| settings.zig.as_ref(),
    on_path: &[],
    minimum: None,
};
