cases! {
    add_column {
        setup: "create table t (id integer)",
        alembic: r#"op.add_column("t", sa.Column("a", sa.Text))"#,
        mighost: { table("t").add_column("a", text()); },
    }
    add_column_default_not_null_comment {
        setup: "create table t (id integer)",
        alembic: r#"op.add_column("t", sa.Column("a", sa.Integer, nullable=False, server_default="5", comment="five"))"#,
        mighost: { table("t").add_column("a", integer().default("'5'").not_null().comment("five")); },
    }
    add_column_if_not_exists {
        setup: "create table t (id integer, a text)",
        alembic: r#"op.add_column("t", sa.Column("a", sa.Integer), if_not_exists=True)
op.add_column("t", sa.Column("b", sa.Integer), if_not_exists=True)"#,
        mighost: {
            table("t").add_column_if_not_exists("a", integer());
            table("t").add_column_if_not_exists("b", integer());
        },
        back: "drops a, which was there before: nobody can know that",
    }
    add_column_references {
        setup: "create table t (id integer); create table other (id integer primary key)",
        alembic: r#"op.add_column("t", sa.Column("a", sa.Integer, sa.ForeignKey("other.id", ondelete="CASCADE")))"#,
        mighost: { table("t").add_column("a", integer().references("other", "id").on_delete(Action::Cascade)); },
    }
    add_column_inline_references {
        setup: "create table t (id integer); create table other (id integer primary key)",
        alembic: r#"op.add_column("t", sa.Column("a", sa.Integer, sa.ForeignKey("other.id")), inline_references=True)"#,
        mighost: { table("t").add_column("a", integer().references("other", "id")); },
    }
    add_column_inline_primary_key {
        setup: "create table t (a integer)",
        alembic: r#"op.add_column("t", sa.Column("id", sa.Integer, sa.Identity(), primary_key=True), inline_primary_key=True)"#,
        mighost: { table("t").add_column("id", integer().not_null().identity().primary_key()); },
    }
    add_column_unique_check {
        setup: "create table t (id integer)",
        alembic: r#"op.add_column("t", sa.Column("a", sa.Integer, sa.CheckConstraint("a > 0", name="t_ck"), unique=True))"#,
        mighost: {
            table("t").add_column("a", integer().unique());
            table("t").add_constraint(check("a > 0").named("t_ck"));
        },
    }
    add_column_computed {
        setup: "create table t (id integer)",
        alembic: r#"op.add_column("t", sa.Column("a", sa.Integer, sa.Computed("id + 1", persisted=True)))"#,
        mighost: { table("t").add_column("a", integer().generated("id + 1")); },
    }
    add_column_schema {
        setup: "create table {other}.t (id integer)",
        alembic: r#"op.add_column("t", sa.Column("a", sa.Integer), schema=T)"#,
        mighost: { table(format!("{}.t", other_schema())).add_column("a", integer()); },
    }
    drop_column {
        setup: "create table t (id integer, a text not null default 'x')",
        alembic: r#"op.drop_column("t", "a")"#,
        mighost: { table("t").drop_column_was("a", text().not_null().default("'x'")); },
        back: "PostgreSQL notes the default of an added column for rows that were there before (attmissingval)",
    }
    drop_column_if_exists {
        setup: "create table t (id integer, a text)",
        alembic: r#"op.drop_column("t", "a", if_exists=True)
op.drop_column("t", "b", if_exists=True)"#,
        mighost: {
            table("t").drop_column_with("a", DropOptions::IF_EXISTS);
            table("t").drop_column_with("b", DropOptions::IF_EXISTS);
        },
        back: "drop-column a of t has no reverse",
    }
    alter_column_nullable {
        setup: "create table t (a integer, b integer not null)",
        alembic: r#"op.alter_column("t", "a", nullable=False)
op.alter_column("t", "b", nullable=True)"#,
        mighost: {
            table("t").alter_column("a").not_null().apply();
            table("t").alter_column("b").nullable().apply();
        },
    }
    alter_column_type {
        setup: "create table t (a varchar(10) default 'x')",
        alembic: r#"op.alter_column("t", "a", type_=sa.Text, existing_type=sa.String(10))"#,
        mighost: { table("t").alter_column("a").data_type("text").was(varchar(10)).apply(); },
    }
    alter_column_using {
        setup: "create table t (a text)",
        alembic: r#"op.alter_column("t", "a", type_=sa.Integer, postgresql_using="a::integer")"#,
        mighost: { table("t").alter_column("a").data_type("integer").using("a::integer").was(text()).apply(); },
    }
    alter_column_type_and_default {
        setup: "create table t (a text default 'no')",
        alembic: r#"op.alter_column("t", "a", server_default=None)
op.alter_column("t", "a", type_=sa.Boolean, postgresql_using="a = 'yes'")
op.alter_column("t", "a", server_default=sa.false())"#,
        mighost: {
            table("t").alter_column("a").data_type("boolean").using("a = 'yes'").default("false")
                .was(text().default("'no'")).apply();
        },
    }
    alter_column_default {
        setup: "create table t (a text default 'old', b text default 'old')",
        alembic: r#"op.alter_column("t", "a", server_default="new")
op.alter_column("t", "b", server_default=None)"#,
        mighost: {
            table("t").alter_column("a").default("'new'").was(text().default("'old'")).apply();
            table("t").alter_column("b").no_default().was(text().default("'old'")).apply();
        },
    }
    alter_column_rename {
        setup: "create table t (a text)",
        alembic: r#"op.alter_column("t", "a", new_column_name="b")"#,
        mighost: { table("t").alter_column("a").rename_to("b").apply(); },
    }
    alter_column_comment {
        setup: "create table t (a text, b text); comment on column t.b is 'old'",
        alembic: r#"op.alter_column("t", "a", comment="it's")
op.alter_column("t", "b", comment=None)"#,
        mighost: {
            table("t").alter_column("a").comment("it's").was(text()).apply();
            table("t").alter_column("b").no_comment().was(text().comment("old")).apply();
        },
    }
    alter_column_everything {
        setup: "create table t (a varchar(5) default 'x')",
        alembic: r#"op.alter_column("t", "a", nullable=False, comment="new", server_default="0", new_column_name="b", type_=sa.String(20))"#,
        mighost: {
            table("t").alter_column("a").not_null().comment("new").default("'0'").rename_to("b").data_type("varchar(20)")
                .was(varchar(5).default("'x'")).apply();
        },
    }
    alter_column_identity_add {
        setup: "create table t (a integer not null)",
        alembic: r#"op.alter_column("t", "a", server_default=sa.Identity(always=True, start=7))"#,
        mighost: { table("t").alter_column("a").identity_always([SequenceOption::Start(7)]).apply(); },
    }
    alter_column_identity_drop {
        setup: "create table t (a integer not null generated by default as identity (start with 3))",
        alembic: r#"op.alter_column("t", "a", server_default=None, existing_server_default=sa.Identity(start=3))"#,
        mighost: {
            table("t").alter_column("a").no_identity().was(integer().not_null().identity_with([SequenceOption::Start(3)])).apply();
        },
    }
    alter_column_identity_change {
        setup: "create table t (a integer not null generated by default as identity (start with 3 increment by 2))",
        alembic: r#"op.alter_column("t", "a", server_default=sa.Identity(always=True, start=9, increment=4), existing_server_default=sa.Identity(start=3, increment=2))"#,
        mighost: {
            let settings = |start, increment| [SequenceOption::Start(start), SequenceOption::Increment(increment)];
            table("t").alter_column("a").change_to_always().change_sequence(settings(9, 4))
                .was(integer().not_null().identity_with(settings(3, 2))).apply();
        },
    }
    alter_column_no_expression {
        setup: "create table t (a integer, b integer generated always as (a + 1) stored)",
        alembic: r#"op.execute("alter table t alter b drop expression")"#,
        mighost: { table("t").alter_column("b").no_generated().apply(); },
        back: "alter-column b of t has no reverse",
    }
    alter_column_collation {
        setup: "create table t (a text)",
        alembic: r#"op.alter_column("t", "a", type_=sa.Text(collation="C"))"#,
        mighost: { table("t").alter_column("a").data_type("text").collate("C").was(text()).apply(); },
    }
    alter_column_schema {
        setup: "create table {other}.t (a integer)",
        alembic: r#"op.alter_column("t", "a", nullable=False, comment="x", schema=T)"#,
        mighost: { table(format!("{}.t", other_schema())).alter_column("a").not_null().comment("x").was(integer()).apply(); },
    }
}
