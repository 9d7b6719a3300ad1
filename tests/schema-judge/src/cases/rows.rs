cases! {
    bulk_insert {
        setup: "create table t (id integer primary key, name text, height numeric, open boolean, note text, at date)",
        alembic: r#"t = sa.table("t", sa.column("id", sa.Integer), sa.column("name", sa.Text), sa.column("height", sa.Numeric), sa.column("open", sa.Boolean),
    sa.column("note", sa.Text), sa.column("at", sa.Date))
op.bulk_insert(t, [
    {"id": 1, "name": "it's \\ a 100% harbour", "height": 3.25, "open": True, "note": None, "at": datetime.date(2026, 1, 31)},
    {"id": 2, "name": "Ridge\tnorth\n", "height": None, "open": False, "note": "", "at": None},
])"#,
        mighost: {
            table("t").insert_by(["id"], ["id", "name", "height", "open", "note", "at"], rows![
                1, "it's \\ a 100% harbour", 3.25, true, None::<&str>, "2026-01-31";
                2, "Ridge\tnorth\n", None::<f64>, false, "", None::<&str>;
            ]);
        },
    }
    bulk_insert_many {
        setup: "create table t (id integer primary key, name text, data jsonb, raw bytea)",
        alembic: r#"t = sa.table("t", sa.column("id", sa.Integer), sa.column("name", sa.Text), sa.column("data", postgresql.JSONB), sa.column("raw", sa.LargeBinary))
op.bulk_insert(t, [{"id": i, "name": f"n\t{i}\\" if i % 7 else None, "data": {"i": i, "q": "\"x\""}, "raw": bytes([i % 256, 0, 255])} for i in range(5000)])"#,
        mighost: {
            let name = |i: i32| (i % 7 != 0).then(|| format!("n\t{i}\\"));
            table("t").insert_by(["id"], ["id", "name", "data", "raw"], (0..5000).map(|i: i32| vec![
                RowValue::from(i), RowValue::from(name(i)), json_value(format!(r#"{{"i": {i}, "q": "\"x\""}}"#)),
                RowValue::from(vec![(i % 256) as u8, 0, 255]),
            ]));
        },
    }
    bulk_insert_expressions {
        setup: "create table t (id integer, at timestamptz default '2026-01-01', twice integer)",
        alembic: r#"t = sa.table("t", sa.column("id", sa.Integer), sa.column("at"), sa.column("twice"))
op.bulk_insert(t, [{"id": 1, "at": op.inline_literal("2026-01-01"), "twice": sa.text("1 + 1")}], multiinsert=False)"#,
        mighost: {
            table("t").insert(["id", "at", "twice"], rows![1, default_value(), expression_value("1 + 1")]);
        },
        back: "bulk-insert into t has no reverse",
    }
}
