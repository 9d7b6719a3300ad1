cases! {
    create_table {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Integer), sa.Column("name", sa.String(50), nullable=False))"#,
        mighost: { table("t").column("id", integer()).column("name", varchar(50).not_null()).create(); },
    }
    create_table_types {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("a", sa.SmallInteger), sa.Column("b", sa.BigInteger), sa.Column("c", sa.Float),
            sa.Column("d", sa.Double), sa.Column("e", sa.Boolean), sa.Column("f", sa.Text), sa.Column("g", sa.LargeBinary),
            sa.Column("h", sa.Date), sa.Column("i", sa.Time), sa.Column("j", sa.DateTime), sa.Column("k", sa.DateTime(timezone=True)),
            sa.Column("l", sa.Interval), sa.Column("m", sa.JSON), sa.Column("n", postgresql.JSONB), sa.Column("o", sa.Uuid),
            sa.Column("p", sa.Numeric(8, 3)), sa.Column("q", postgresql.ARRAY(sa.Integer)), sa.Column("r", postgresql.TSTZRANGE))"#,
        mighost: {
            table("t").column("a", smallint()).column("b", bigint()).column("c", double()).column("d", double())
                .column("e", boolean()).column("f", text()).column("g", bytea()).column("h", date()).column("i", time())
                .column("j", timestamp()).column("k", timestamptz()).column("l", interval()).column("m", json())
                .column("n", jsonb()).column("o", uuid()).column("p", numeric(8, 3)).column("q", typed("integer[]"))
                .column("r", typed("tstzrange")).create();
        },
    }
    create_table_primary_key {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Integer))"#,
        mighost: { table("t").column("id", serial().not_null().primary_key()).column("x", integer()).create(); },
    }
    create_table_composite_primary_key {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("a", sa.Integer, primary_key=True, autoincrement=False), sa.Column("b", sa.Text, primary_key=True))"#,
        mighost: { table("t").column("a", integer().primary_key()).column("b", text().primary_key()).create(); },
    }
    create_table_constraints {
        setup: "create table other (a integer, b integer, unique (a, b))",
        alembic: r#"op.create_table("t", sa.Column("a", sa.Integer), sa.Column("b", sa.Integer), sa.PrimaryKeyConstraint("a", name="t_pk"),
            sa.UniqueConstraint("a", "b", name="t_uq", deferrable=True, initially="DEFERRED"), sa.CheckConstraint("a > 0", name="t_ck"),
            sa.ForeignKeyConstraint(["a", "b"], ["other.a", "other.b"], name="t_fk", ondelete="CASCADE", onupdate="RESTRICT", match="FULL"))"#,
        mighost: {
            table("t").column("a", integer()).column("b", integer())
                .constraint(primary_key(["a"]).named("t_pk"))
                .constraint(unique(["a", "b"]).named("t_uq").deferrable().initially_deferred())
                .constraint(check("a > 0").named("t_ck"))
                .constraint(foreign_key(["a", "b"], "other", ["a", "b"]).named("t_fk").on_delete(Action::Cascade)
                    .on_update(Action::Restrict).match_full())
                .create();
        },
    }
    create_table_unnamed_constraints {
        setup: "create table other (id integer primary key)",
        alembic: r#"op.create_table("t", sa.Column("a", sa.Integer, sa.ForeignKey("other.id", ondelete="SET NULL")), sa.Column("b", sa.Integer, unique=True),
            sa.Column("c", sa.Integer, sa.CheckConstraint("c > 0")))"#,
        mighost: {
            table("t").column("a", integer().references("other", "id").on_delete(Action::SetNull(vec![])))
                .column("b", integer().unique()).column("c", integer().check("c > 0")).create();
        },
    }
    create_table_defaults {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("a", sa.Text, server_default="it's"), sa.Column("b", sa.DateTime(timezone=True), server_default=sa.func.now()),
            sa.Column("c", sa.Integer, server_default=sa.text("1 + 1")), sa.Column("d", sa.Integer, sa.Computed("c * 2", persisted=True)))"#,
        mighost: {
            table("t").column("a", text().default("'it''s'")).column("b", timestamptz().default("now()"))
                .column("c", integer().default("1 + 1")).column("d", integer().generated("c * 2")).create();
        },
    }
    create_table_identity {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("a", sa.Integer, sa.Identity(always=True)))
op.create_table("u", sa.Column("a", sa.BigInteger, sa.Identity(start=5, increment=2, minvalue=1, maxvalue=99, cycle=True, cache=7)))"#,
        mighost: {
            table("t").column("a", integer().not_null().identity_always()).create();
            table("u").column("a", bigint().not_null().identity_with([
                SequenceOption::Start(5), SequenceOption::Increment(2), SequenceOption::MinValue(1), SequenceOption::MaxValue(99),
                SequenceOption::Cycle, SequenceOption::Cache(7),
            ])).create();
        },
    }
    create_table_collation {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("a", sa.Text(collation="C"), server_default="x", nullable=False))"#,
        mighost: { table("t").column("a", text().collate("C").default("'x'").not_null()).create(); },
    }
    create_table_comments {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("a", sa.Integer, comment="it's a \\ column"), comment="100% \"table\"")"#,
        mighost: { table("t").column("a", integer().comment(r"it's a \ column")).comment("100% \"table\"").create(); },
    }
    create_table_if_not_exists {
        setup: "create table t (old integer)",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Integer), if_not_exists=True)
op.create_table("u", sa.Column("id", sa.Integer), if_not_exists=True)"#,
        mighost: {
            table("t").column("id", integer()).if_not_exists().create();
            table("u").column("id", integer()).if_not_exists().create();
        },
        back: "drops t, which was there before: nobody can know that",
    }
    create_table_schema {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Integer), sa.UniqueConstraint("id"), schema=T)"#,
        mighost: { table(format!("{}.t", other_schema())).column("id", integer()).constraint(unique(["id"])).create(); },
    }
    create_table_odd_names {
        setup: "",
        alembic: r#"op.create_table("odd.na\"me", sa.Column("select", sa.Integer), sa.Column("Upper Case", sa.Integer, unique=True))"#,
        mighost: {
            table(r#""odd.na""me""#).column("select", integer()).column("Upper Case", integer().unique()).create();
        },
    }
    create_table_prefixes_unlogged {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Integer), prefixes=["UNLOGGED"])"#,
        mighost: { table("t").column("id", integer()).unlogged().create(); },
    }
    create_table_temporary_on_commit {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Integer), prefixes=["TEMPORARY"], postgresql_on_commit="DROP")"#,
        mighost: { table("t").column("id", integer()).temporary().on_commit(OnCommit::Drop).create(); },
    }
    create_table_partition_by {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("at", sa.Date, nullable=False), postgresql_partition_by="RANGE (at)")"#,
        mighost: { table("t").column("at", date().not_null()).partition_by("range (at)").create(); },
    }
    create_table_inherits {
        setup: "create table parent (a integer); create table other (b integer)",
        alembic: r#"op.create_table("t", sa.Column("c", sa.Integer), postgresql_inherits=("parent", "other"))"#,
        mighost: { table("t").column("c", integer()).inherits(["parent", "other"]).create(); },
    }
    create_table_tablespace {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Integer), postgresql_tablespace="judge")"#,
        mighost: { table("t").column("id", integer()).tablespace("judge").create(); },
    }
    create_table_with {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Text), postgresql_with={"fillfactor": 70, "autovacuum_enabled": "false"})"#,
        mighost: { table("t").column("id", text()).storage(&[("fillfactor", "70"), ("autovacuum_enabled", "false")]).create(); },
    }
    create_table_using {
        setup: "",
        alembic: r#"op.create_table("t", sa.Column("id", sa.Integer), postgresql_using="heap")"#,
        mighost: { table("t").column("id", integer()).method("heap").create(); },
    }
    create_table_naming_convention {
        setup: "create table other (id integer primary key)",
        alembic: r#"naming = {"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}
op = operations(naming)
op.create_table("t", sa.Column("a", sa.Integer, primary_key=True, autoincrement=False), sa.Column("b", sa.Integer, unique=True),
    sa.Column("c", sa.Integer), sa.UniqueConstraint("b", "c"), sa.CheckConstraint("b > 0", name="positive"),
    sa.ForeignKeyConstraint(["c"], ["other.id"]))"#,
        mighost: {
            naming_convention(&[
                ("pk", "pk_%(table_name)s"), ("uq", "uq_%(table_name)s_%(column_0_N_name)s"),
                ("ck", "ck_%(table_name)s_%(constraint_name)s"), ("fk", "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"),
            ]);
            table("t").column("a", integer().primary_key()).column("b", integer().unique()).column("c", integer())
                .constraint(unique(["b", "c"])).constraint(check("b > 0").named("positive"))
                .constraint(foreign_key(["c"], "other", ["id"])).create();
        },
    }
    create_table_long_name {
        setup: "",
        alembic: r#"op = operations({"uq": "uq_%(table_name)s_%(column_0_N_name)s"})
op.create_table("a_table_with_quite_a_long_name", sa.Column("a_column_with_quite_a_long_name", sa.Integer), sa.Column("b", sa.Integer),
    sa.UniqueConstraint("a_column_with_quite_a_long_name", "b"))"#,
        mighost: {
            naming_convention(&[("uq", "uq_%(table_name)s_%(column_0_N_name)s")]);
            table("a_table_with_quite_a_long_name").column("a_column_with_quite_a_long_name", integer()).column("b", integer())
                .constraint(unique(["a_column_with_quite_a_long_name", "b"])).create();
        },
    }
    drop_table {
        setup: "create table t (id integer primary key, name text not null)",
        alembic: r#"op.drop_table("t")"#,
        mighost: { table("t").column("id", integer().primary_key()).column("name", text().not_null()).drop(); },
    }
    drop_table_unknown {
        setup: "create table t (id integer)",
        alembic: r#"op.drop_table("t")"#,
        mighost: { table("t").drop(); },
        back: "drop-table t has no reverse",
    }
    drop_table_if_exists {
        setup: "create table t (id integer)",
        alembic: r#"op.drop_table("t", if_exists=True)
op.drop_table("u", if_exists=True)"#,
        mighost: {
            table("t").drop_with(DropOptions::IF_EXISTS);
            table("u").drop_with(DropOptions::IF_EXISTS);
        },
        back: "drop-table t has no reverse",
    }
    drop_table_schema {
        setup: "create table {other}.t (id integer)",
        alembic: r#"op.drop_table("t", schema=T)"#,
        mighost: { table(format!("{}.t", other_schema())).column("id", integer()).drop(); },
    }
    rename_table {
        setup: "create table t (id integer)",
        alembic: r#"op.rename_table("t", "u")"#,
        mighost: { table("t").rename_to("u"); },
    }
    rename_table_schema {
        setup: "create table {other}.t (id integer)",
        alembic: r#"op.rename_table("t", "u", schema=T)"#,
        mighost: { table(format!("{}.t", other_schema())).rename_to("u"); },
    }
    create_table_comment {
        setup: "create table t (id integer)",
        alembic: r#"op.create_table_comment("t", "it's")"#,
        mighost: { comment_on(SchemaObject::Table("t".into()), Some("it's"), None); },
    }
    create_table_comment_existing {
        setup: "create table t (id integer); comment on table t is 'old'",
        alembic: r#"op.create_table_comment("t", "new", existing_comment="old")"#,
        mighost: { comment_on(SchemaObject::Table("t".into()), Some("new"), Some("old")); },
    }
    drop_table_comment {
        setup: "create table t (id integer); comment on table t is 'old'",
        alembic: r#"op.drop_table_comment("t", existing_comment="old")"#,
        mighost: { comment_on(SchemaObject::Table("t".into()), None, Some("old")); },
    }
    batch_alter_table {
        setup: "create table t (id integer, a text, b text)",
        alembic: r#"with op.batch_alter_table("t") as batch:
    batch.add_column(sa.Column("c", sa.Integer))
    batch.drop_column("a")
    batch.alter_column("b", new_column_name="d", nullable=False)
    batch.create_unique_constraint("t_uq", ["id"])"#,
        mighost: {
            let t = table("t");
            t.add_column("c", integer());
            t.drop_column("a");
            t.alter_column("b").rename_to("d").not_null().apply();
            t.add_constraint(unique(["id"]).named("t_uq"));
        },
        back: "drop-column a of t has no reverse",
    }
    execute {
        setup: "",
        alembic: r#"op.execute("create view v as select 1 as one")"#,
        mighost: { execute("create view v as select 1 as one"); },
        back: "database.execute cannot be used here",
    }
}
