//! Rows.

use mighost_sdk::database::Value as HostValue;
use mighost_sdk::prelude::*;

use crate::bindings::exports::mighost::schema::data::Value;
use crate::name::{Name, list, plain};
use crate::operation::{Operation, Reverse, Scope, undone_by};

/// From this number of rows on, COPY is used.
const COPY_FROM: usize = 100;
/// The longest INSERT, in bytes, unless a single row is longer.
const MAX_STATEMENT: usize = 256 << 10;

pub(crate) struct BulkInsert {
    pub table: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    pub key: Vec<String>,
}

impl BulkInsert {
    fn check(&self) -> Result<(), String> {
        if self.columns.is_empty() {
            return Err("it names no columns".to_owned());
        }
        for (number, row) in self.rows.iter().enumerate() {
            if row.len() != self.columns.len() {
                return Err(format!(
                    "row {} has {} values for {} columns",
                    number + 1,
                    row.len(),
                    self.columns.len()
                ));
            }
        }
        Ok(())
    }

    /// The table in the form that COPY takes; `None` if COPY cannot be used or is not worthwhile.
    fn copied_into(&self, name: &Name) -> Option<String> {
        let sql = |value: &Value| matches!(value, Value::Default | Value::Expression(_));
        let plain = !name.schema.contains('.') && !name.name.contains('.');
        (plain && self.rows.len() >= COPY_FROM && !self.rows.iter().flatten().any(sql))
            .then(|| format!("{}.{}", name.schema, name.name))
    }
}

impl Operation for BulkInsert {
    fn title(&self) -> String {
        format!("bulk-insert into {}", self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        self.check()?;
        let head = sql!(
            "insert into {} ({}) values",
            Name::parse(&self.table, &scope.schema)?.sql(),
            list(&self.columns)?
        );
        let mut statements: Vec<String> = Vec::new();
        for row in &self.rows {
            let values: Vec<String> = row.iter().map(written).collect();
            let row = format!("\n    ({})", values.join(", "));
            match statements.last_mut() {
                Some(statement) if statement.len() + row.len() < MAX_STATEMENT => {
                    statement.push(',');
                    statement.push_str(&row);
                }
                _ => statements.push(format!("{head}{row}")),
            }
        }
        Ok(statements)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        if self.key.is_empty() {
            return Err("`key` does not tell by which columns its rows are found again".to_owned());
        }
        let mut places = Vec::new();
        for column in &self.key {
            match self.columns.iter().position(|other| other == column) {
                Some(place) => places.push(place),
                None => return Err(format!("the key {column} is none of the columns that it inserts")),
            }
        }
        let rows: Option<Vec<Vec<Value>>> = self
            .rows
            .iter()
            .map(|row| places.iter().map(|&place| row.get(place).cloned()).collect())
            .collect();
        let rows = rows.unwrap_or_default();
        if rows
            .iter()
            .flatten()
            .any(|value| matches!(value, Value::Default | Value::Expression(_)))
        {
            return Err("a key is a default or an expression, whose value nobody knows".to_owned());
        }
        undone_by(DeleteRows {
            table: self.table.clone(),
            key: self.key.clone(),
            rows,
        })
    }

    fn perform(&self, scope: &Scope) -> Result<(), String> {
        self.check()?;
        let Some(table) = self.copied_into(&Name::parse(&self.table, &scope.schema)?) else {
            self.statements(scope)?.iter().for_each(|statement| execute(statement));
            return Ok(());
        };
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let mut copy = CopyIn::open(&table, &columns);
        for row in &self.rows {
            let row: Vec<HostValue> = row.iter().map(sent).collect();
            copy.write(&row);
        }
        copy.finish();
        Ok(())
    }
}

/// A value in a statement. Quoted, so that it takes the type of its column.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Default => "default".to_owned(),
        Value::Expression(expression) => format!("({expression})"),
        Value::Boolean(value) => literal(&value.to_string()).into(),
        Value::Integer(value) => literal(&value.to_string()).into(),
        Value::Real(value) => literal(&real(*value)).into(),
        Value::Text(text) | Value::Json(text) => literal(text).into(),
        Value::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            literal(&format!("\\x{digits}")).into()
        }
    }
}

fn real(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    value.to_string()
}

fn sent(value: &Value) -> HostValue {
    match value {
        Value::Null | Value::Default | Value::Expression(_) => HostValue::Null,
        Value::Boolean(value) => HostValue::Boolean(*value),
        Value::Integer(value) => HostValue::Integer(*value),
        Value::Real(value) => HostValue::Real(*value),
        Value::Text(text) | Value::Json(text) => HostValue::Text(text.clone()),
        Value::Bytes(bytes) => HostValue::Bytes(bytes.clone()),
    }
}

/// The reverse of inserting rows.
struct DeleteRows {
    table: String,
    key: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Operation for DeleteRows {
    fn title(&self) -> String {
        format!("delete rows of {}", self.table)
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let head = sql!("delete from {} where ", Name::parse(&self.table, &scope.schema)?.sql());
        let mut statements: Vec<String> = Vec::new();
        for row in &self.rows {
            let mut parts = Vec::new();
            for (column, value) in self.key.iter().zip(row) {
                let column = identifier(&plain(column)?);
                parts.push(match value {
                    Value::Null => sql!("{} is null", column),
                    value => sql!("{} = {}", column, raw(written(value))),
                });
            }
            let row = format!("({})", parts.join(" and "));
            match statements.last_mut() {
                Some(statement) if statement.len() + row.len() < MAX_STATEMENT => {
                    statement.push_str(" or ");
                    statement.push_str(&row);
                }
                _ => statements.push(format!("{head}{row}")),
            }
        }
        Ok(statements)
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        Err("the rows are gone".to_owned())
    }
}
