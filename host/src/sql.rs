//! SQL text: where a script is cut into statements, psql's variables, what a statement begins with.
