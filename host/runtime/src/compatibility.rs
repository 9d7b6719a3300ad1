//! Compatibility of the functions that one guest calls with those that another exports.

use wasmtime::component::types::{ComponentFunc, Field, Type};

use super::types::type_text;

/// The reason why `found` cannot serve a call of `wanted`; `None` if it can: parameters have the same names, `found` accepts what is
/// sent, and the caller knows what it returns.
///
/// A plugin may therefore add cases to the variants, enums and flags that its functions accept, and existing migrations still run.
pub(super) fn difference(wanted: &ComponentFunc, found: &ComponentFunc) -> Option<String> {
    let (sent, taken): (Vec<_>, Vec<_>) = (wanted.params().collect(), found.params().collect());
    if let Some((name, _)) = taken.get(sent.len()) {
        return Some(format!("the plugin expects {name}, which is not passed"));
    }
    if let Some((name, _)) = sent.get(taken.len()) {
        return Some(format!("{name} is passed, which the plugin does not expect"));
    }
    for ((name, value), (other, place)) in sent.iter().zip(&taken) {
        if name != other {
            return Some(format!("{name} is passed where the plugin expects {other}"));
        }
        if let Some(misfit) = misfit(value, place) {
            return Some(misfit.told(name, ("is passed", "the plugin expects")));
        }
    }
    let (known, answered) = (wanted.results().next(), found.results().next());
    match (answered, known) {
        (None, None) => None,
        (None, Some(_)) => Some("the plugin returns nothing".to_owned()),
        (Some(_), None) => Some("the plugin returns a value, but none is expected".to_owned()),
        (Some(answer), Some(known)) => {
            let misfit = misfit(&answer, &known)?;
            Some(misfit.told("the return value", ("is returned", "the caller expects")))
        }
    }
}

/// The place at which a value has no counterpart in the other type.
struct Incompatibility {
    /// Fields and cases, the outermost first.
    path: Vec<String>,
    what: Difference,
}

enum Difference {
    Types(String, String),
    /// A case of a variant or an enum, or a flag.
    Unknown(String),
    /// The fields of a record, the length of a tuple, or the presence of a value.
    Shape(String, String),
}

impl Incompatibility {
    fn told(self, place: &str, (sent, taken): (&str, &str)) -> String {
        let place: String = self
            .path
            .iter()
            .rev()
            .fold(place.to_owned(), |text, part| format!("{text}, {part}"));
        match self.what {
            Difference::Types(value, other) | Difference::Shape(value, other) => {
                format!("in {place}: {value} {sent} where {taken} {other}")
            }
            Difference::Unknown(case) => format!("in {place}: {case} {sent}, which is not known there"),
        }
    }

    fn of(what: Difference) -> Option<Self> {
        Some(Self { path: Vec::new(), what })
    }

    fn inside(mut self, part: impl Into<String>) -> Self {
        self.path.push(part.into());
        self
    }
}

/// The reason why a value of one type has no counterpart of the same names in another.
fn misfit(value: &Type, place: &Type) -> Option<Incompatibility> {
    let types = || Incompatibility::of(Difference::Types(type_text(value), type_text(place)));
    let optional = |value: Option<Type>, place: Option<Type>, part: String| match (value, place) {
        (None, None) => None,
        (Some(value), Some(place)) => misfit(&value, &place).map(|misfit| misfit.inside(part)),
        (value, place) => {
            let text = |ty: Option<Type>| ty.map_or_else(|| "nothing".to_owned(), |ty| type_text(&ty));
            Incompatibility::of(Difference::Shape(text(value), text(place))).map(|misfit| misfit.inside(part))
        }
    };
    let all_in = |mut names: Box<dyn Iterator<Item = &str> + '_>, known: Vec<&str>, what: &str| {
        let unknown = names.find(|name| !known.contains(name))?;
        Incompatibility::of(Difference::Unknown(format!("{what} {unknown}")))
    };
    match (value, place) {
        (Type::Variant(value), Type::Variant(place)) => {
            let cases: Vec<_> = place.cases().collect();
            value
                .cases()
                .find_map(|case| match cases.iter().find(|other| other.name == case.name) {
                    Some(other) => optional(case.ty, other.ty.clone(), format!("case {}", case.name)),
                    None => Incompatibility::of(Difference::Unknown(format!("case {}", case.name))),
                })
        }
        (Type::Enum(value), Type::Enum(place)) => all_in(Box::new(value.names()), place.names().collect(), "case"),
        (Type::Flags(value), Type::Flags(place)) => all_in(Box::new(value.names()), place.names().collect(), "flag"),
        (Type::Record(from), Type::Record(to)) => {
            let (fields, others): (Vec<_>, Vec<_>) = (from.fields().collect(), to.fields().collect());
            let names = |fields: &[Field<'_>]| {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                format!("a record of {}", names.join(", "))
            };
            if fields
                .iter()
                .map(|field| field.name)
                .ne(others.iter().map(|field| field.name))
            {
                return Incompatibility::of(Difference::Shape(names(&fields), names(&others)));
            }
            let mut pairs = fields.iter().zip(&others);
            pairs.find_map(|(field, other)| {
                misfit(&field.ty, &other.ty).map(|misfit| misfit.inside(format!("field {}", field.name)))
            })
        }
        (Type::Tuple(from), Type::Tuple(to)) if from.types().len() == to.types().len() => {
            let mut pairs = from.types().zip(to.types());
            pairs.find_map(|(value, place)| misfit(&value, &place))
        }
        (Type::List(value), Type::List(place)) => misfit(&value.ty(), &place.ty()),
        (Type::Option(value), Type::Option(place)) => misfit(&value.ty(), &place.ty()),
        (Type::Result(value), Type::Result(place)) => optional(value.ok(), place.ok(), "the result".into())
            .or_else(|| optional(value.err(), place.err(), "the error".into())),
        (value, place) if value == place => None,
        _ => types(),
    }
}
