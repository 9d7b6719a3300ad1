//! Calls of a guest's functions by name, with arguments and results in WAVE, the component model's text format for values.
//!
//! Runs call migrations and hooks through generated bindings. This module is for tests, which call any function that a component exports.

use std::sync::Arc;

use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};
use wasmtime::component::{ComponentExportIndex, Val, wasm_wave};

use super::guest::{Guest, explain};
use super::hook::VERSION_HOOK;
use super::migration::call_migration;
use super::plugin_link::with_instance;
use super::types::function_text;
use super::wave::{ValueError, arguments, cut, typed};
use super::{GuestStep, RuntimeError};
use mighost_core::{Direction, nearest};

/// The interface of a migration's own functions.
const REVISION: &str = "mighost:host/revision@";
/// The interface of kinds of objects.
const KIND_PROVIDER: &str = "mighost:host/kind-provider@";

/// The maximum length of a function's type in a hint.
const MAX_SIGNATURE: usize = 400;

/// A function that a guest exports.
#[derive(Clone)]
pub struct Function {
    /// With its version, e.g. `mighost:roles/roles@0.1.0`; empty for a function that is exported directly.
    pub interface: String,
    pub name: String,
    ty: ComponentFunc,
    index: ComponentExportIndex,
}

/// A parsed call: a function of the guest with values for its parameters.
#[derive(Clone)]
pub struct Call {
    pub function: Function,
    arguments: Vec<Val>,
}

/// The reason why a text is not a call of a guest's function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("{guest} exports no function {name}")]
    UnknownFunction {
        guest: String,
        name: String,
        nearest: Option<String>,
        known: Vec<String>,
    },
    #[error("{guest} exports several functions {name}: {}", .known.join(", "))]
    Ambiguous {
        guest: String,
        name: String,
        known: Vec<String>,
    },
    #[error("{error}")]
    Value { error: ValueError, signature: String },
}

impl CallError {
    /// A hint: the correct form.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownFunction {
                nearest: Some(nearest), ..
            } => format!("did you mean {nearest}?"),
            Self::UnknownFunction { known, .. } => format!("available: {}", known.join(", ")),
            Self::Ambiguous { .. } => "name the interface as well: INTERFACE#FUNCTION".into(),
            Self::Value { signature, .. } => format!("the function is {}", cut(signature, MAX_SIGNATURE)),
        }
    }
}

impl Function {
    /// `INTERFACE#NAME`, with the version.
    pub fn full_name(&self) -> String {
        match self.interface.as_str() {
            "" => self.name.clone(),
            interface => format!("{interface}#{}", self.name),
        }
    }

    /// Its type in WIT, e.g. `set-role: func(name: string)`.
    pub fn signature(&self) -> String {
        format!("{}: {}", self.name, function_text(&self.ty))
    }

    fn is_of(&self, interface: &str) -> bool {
        self.interface.starts_with(interface)
    }

    /// The direction of the step, for `upgrade` and `downgrade`.
    pub fn direction(&self) -> Direction {
        match self.name.as_str() {
            "downgrade" => Direction::Downgrade,
            _ => Direction::Upgrade,
        }
    }

    /// Whether it is a function of `mighost:host/kind-provider`.
    pub fn is_kind_function(&self) -> bool {
        self.is_of(KIND_PROVIDER)
    }

    /// Whether it is `upgrade` or `downgrade` of a migration.
    pub fn is_step(&self) -> bool {
        self.is_of(REVISION) && (self.name == "upgrade" || self.name == "downgrade")
    }

    /// Whether it is a hook.
    pub fn is_hook(&self) -> bool {
        self.interface == VERSION_HOOK
    }

    /// Whether `name` refers to it: alone, after its interface, or after a part of the interface's name, e.g. `roles#set-role`,
    /// `mighost:roles/roles#set-role`.
    fn is_called(&self, name: &str) -> bool {
        let Some((interface, function)) = name.rsplit_once('#') else {
            return name == self.name;
        };
        let bare = self.interface.split('@').next().unwrap_or_default();
        let endings = [
            self.interface.as_str(),
            bare,
            bare.rsplit(':').next().unwrap_or_default(),
            bare.rsplit('/').next().unwrap_or_default(),
        ];
        function == self.name && endings.contains(&interface)
    }
}

impl Guest {
    /// Every function that the guest exports, in the component's order.
    pub fn functions(&self) -> Vec<Function> {
        let engine = self.pre.engine();
        let component = &self.component;
        let mut functions = Vec::new();
        for (name, item) in component.component_type().exports(engine) {
            match item.ty {
                ComponentItem::ComponentInstance(instance) => {
                    let Some(outer) = component.get_export_index(None, name) else {
                        continue;
                    };
                    for (function, item) in instance.exports(engine) {
                        let ComponentItem::ComponentFunc(ty) = item.ty else {
                            continue;
                        };
                        if let Some(index) = component.get_export_index(Some(&outer), function) {
                            functions.push(Function {
                                interface: name.to_owned(),
                                name: function.to_owned(),
                                ty,
                                index,
                            });
                        }
                    }
                }
                ComponentItem::ComponentFunc(ty) => {
                    if let Some(index) = component.get_export_index(None, name) {
                        functions.push(Function {
                            interface: String::new(),
                            name: name.to_owned(),
                            ty,
                            index,
                        });
                    }
                }
                _ => {}
            }
        }
        functions
    }

    /// Parses a call, e.g. `set-role("inspector")` or `mighost:roles/roles#reset-role()`. Empty parentheses may be omitted.
    ///
    /// # Errors
    /// If no function or more than one has that name, or values do not fit its parameters.
    pub fn call(&self, text: &str) -> Result<Call, CallError> {
        let name = text.split('(').next().unwrap_or_default().trim();
        let functions = self.functions();
        let found: Vec<&Function> = functions.iter().filter(|function| function.is_called(name)).collect();
        let function = match found.as_slice() {
            [function] => (*function).clone(),
            [] => return Err(self.unknown(name, &functions)),
            several => {
                return Err(CallError::Ambiguous {
                    guest: self.name.to_string(),
                    name: name.to_owned(),
                    known: several.iter().map(|function| function.full_name()).collect(),
                });
            }
        };
        let params: Vec<_> = function.ty.params().collect();
        match arguments(text, &params) {
            Ok(arguments) => Ok(Call { function, arguments }),
            Err(error) => Err(CallError::Value {
                error,
                signature: function.signature(),
            }),
        }
    }

    fn unknown(&self, name: &str, functions: &[Function]) -> CallError {
        let plain = name.rsplit('#').next().unwrap_or(name);
        let near = nearest(plain, functions.iter().map(|function| function.name.as_str()));
        let near = near.and_then(|near| functions.iter().find(|function| function.name == near));
        CallError::UnknownFunction {
            guest: self.name.to_string(),
            name: name.to_owned(),
            nearest: near.map(|function| match name.contains('#') {
                true => function.full_name(),
                false => function.name.clone(),
            }),
            known: functions.iter().map(Function::full_name).collect(),
        }
    }
}

impl Call {
    /// The kind of the object that is the first argument, for functions of `kind-provider`.
    pub fn object_kind(&self) -> Option<&str> {
        match self.arguments.first()? {
            Val::Record(fields) => fields.iter().find_map(|(name, value)| match value {
                Val::String(kind) if name == "kind" => Some(kind.as_str()),
                _ => None,
            }),
            Val::String(kind) => Some(kind),
            _ => None,
        }
    }

    /// Makes the call in the guest's instance for `step`, which the first call creates and later calls share. `upgrade` and `downgrade`
    /// of a migration get an instance of their own, as in runs.
    ///
    /// Returns the result of the function, if it has one.
    ///
    /// # Errors
    /// If the guest trapped, exceeded a limit or was ended otherwise. An error that the function returns is a result.
    pub async fn make(&self, guest: &Arc<Guest>, step: &Arc<GuestStep>) -> Result<Option<Returned>, RuntimeError> {
        if self.function.is_step() {
            call_migration(guest, step).await?;
            return Ok(None);
        }
        let limit = step.settings.limits.guest_time;
        tokio::select! {
            called = self.forward(guest, step) => called,
            () = step.watch.until_idle(limit) => Err(RuntimeError::Idle { guest: guest.name.to_string() }),
        }
    }

    async fn forward(&self, guest: &Arc<Guest>, step: &Arc<GuestStep>) -> Result<Option<Returned>, RuntimeError> {
        let operation: Arc<str> = self.function.full_name().into();
        step.enter_operation(operation.clone()).await;
        let called = with_instance(guest, step, async |instance| {
            let store = &mut instance.store;
            let function = instance.instance.get_func(&mut *store, self.function.index);
            let function = function.ok_or_else(|| RuntimeError::MissingExport {
                guest: guest.name.to_string(),
                export: operation.to_string(),
            })?;
            let mut results = vec![Val::Bool(false); self.function.ty.results().len()];
            match function.call_async(&mut *store, &self.arguments, &mut results).await {
                Ok(()) => match step.take_failure() {
                    Some(failure) => Err(failure),
                    None => {
                        let value = results.into_iter().next();
                        Ok(value
                            .zip(self.function.ty.results().next())
                            .map(|(value, ty)| Returned { value, ty }))
                    }
                },
                Err(error) => Err(explain(store, &error)),
            }
        })
        .await;
        step.leave_operation().await;
        called
    }
}

/// Ends the guests of a step, and checks that they may end here.
///
/// # Errors
/// If one of them still holds a statement guard.
pub fn finish_calls(guest: &Guest, step: &GuestStep) -> Result<(), RuntimeError> {
    step.release();
    match step.refused() {
        Some(_) => Err(RuntimeError::Unfinished {
            guest: guest.name.to_string(),
        }),
        None => Ok(()),
    }
}

/// The result of a function.
#[derive(Clone, Debug)]
pub struct Returned {
    value: Val,
    ty: Type,
}

impl Returned {
    /// The value in WAVE.
    pub fn text(&self) -> String {
        // Values without a form in WAVE, such as resources, cannot leave a guest.
        wasm_wave::to_string(&self.value).unwrap_or_else(|error| format!("({error})"))
    }

    /// Whether `text`, in WAVE, is this value in any notation.
    ///
    /// # Errors
    /// If it is not a value of the function's type; the error has the place and the reason.
    pub fn is(&self, text: &str) -> Result<bool, ValueError> {
        let value = typed(text, &self.ty)?;
        // Compared as text, because NaN is not equal to itself.
        Ok(value == self.value || wasm_wave::to_string(&value).is_ok_and(|text| text == self.text()))
    }

    /// The error, if the function returns a result whose error is a string.
    pub fn error(&self) -> Option<&str> {
        match &self.value {
            Val::Result(Err(Some(error))) => match &**error {
                Val::String(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it is an error of a result, of any type.
    pub fn is_error(&self) -> bool {
        matches!(self.value, Val::Result(Err(_)))
    }
}
