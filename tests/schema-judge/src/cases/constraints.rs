cases! {
    create_primary_key {
        setup: "create table t (a integer, b integer)",
        alembic: r#"op.create_primary_key("t_pk", "t", ["a", "b"])"#,
        mighost: { table("t").add_constraint(primary_key(["a", "b"]).named("t_pk")); },
        back: "NOT NULL stays: PostgreSQL keeps it when a primary key goes",
    }
    create_primary_key_unnamed {
        setup: "create table t (a integer not null)",
        alembic: r#"op.create_primary_key(None, "t", ["a"])"#,
        mighost: { table("t").add_constraint(primary_key(["a"])); },
    }
    create_primary_key_using_index {
        setup: "create table t (a integer not null); create unique index i on t (a)",
        alembic: r#"op.execute("alter table t add constraint t_pk primary key using index i")"#,
        mighost: { table("t").add_constraint(primary_key([""; 0]).using_index("i").named("t_pk")); },
        back: "create-primary-key t_pk on t has no reverse",
    }
    create_unique_constraint {
        setup: "create table t (a integer, b integer)",
        alembic: r#"op.create_unique_constraint("t_uq", "t", ["a", "b"])"#,
        mighost: { table("t").add_constraint(unique(["a", "b"]).named("t_uq")); },
    }
    create_unique_constraint_unnamed {
        setup: "create table a_table_of_quite_a_long_name_to_be_cut (a_column_of_quite_a_long_name integer, b integer)",
        alembic: r#"op.create_unique_constraint(None, "a_table_of_quite_a_long_name_to_be_cut", ["a_column_of_quite_a_long_name", "b"])"#,
        mighost: { table("a_table_of_quite_a_long_name_to_be_cut").add_constraint(unique(["a_column_of_quite_a_long_name", "b"])); },
    }
    create_unique_constraint_deferrable {
        setup: "create table t (a integer)",
        alembic: r#"op.create_unique_constraint("t_uq", "t", ["a"], deferrable=True, initially="DEFERRED")"#,
        mighost: { table("t").add_constraint(unique(["a"]).named("t_uq").deferrable().initially_deferred()); },
    }
    create_unique_constraint_include {
        setup: "create table t (a integer, b integer)",
        // `op.create_unique_constraint(.., postgresql_include=["b"])` of Alembic 1.20.1 ends with a KeyError.
        alembic: r#"op.execute("alter table t add constraint t_uq unique (a) include (b)")"#,
        mighost: { table("t").add_constraint(unique(["a"]).named("t_uq").including(["b"])); },
    }
    create_unique_constraint_nulls_not_distinct {
        setup: "create table t (a integer)",
        alembic: r#"op.create_unique_constraint("t_uq", "t", ["a"], postgresql_nulls_not_distinct=True)"#,
        mighost: { table("t").add_constraint(unique(["a"]).named("t_uq").nulls_not_distinct()); },
    }
    create_unique_constraint_schema {
        setup: "create table {other}.t (a integer)",
        alembic: r#"op.create_unique_constraint("t_uq", "t", ["a"], schema=T)"#,
        mighost: { table(format!("{}.t", other_schema())).add_constraint(unique(["a"]).named("t_uq")); },
    }
    create_unique_constraint_storage {
        setup: "create table t (a integer)",
        alembic: r#"op.execute("alter table t add constraint t_uq unique (a) with (fillfactor = 60) using index tablespace judge")"#,
        mighost: { table("t").add_constraint(unique(["a"]).named("t_uq").storage(&[("fillfactor", "60")]).tablespace("judge")); },
    }
    create_check_constraint {
        setup: "create table t (a integer)",
        alembic: r#"op.create_check_constraint("t_ck", "t", "a > 0 and a <> 5")"#,
        mighost: { table("t").add_constraint(check("a > 0 and a <> 5").named("t_ck")); },
    }
    create_check_constraint_not_valid {
        setup: "create table t (a integer)",
        alembic: r#"op.create_check_constraint("t_ck", "t", "a > 0", postgresql_not_valid=True)"#,
        mighost: { table("t").add_constraint(check("a > 0").named("t_ck").not_valid()); },
    }
    create_check_constraint_no_inherit_comment {
        setup: "create table t (a integer)",
        alembic: r#"op.execute("alter table t add constraint t_ck check (a > 0) no inherit")
op.execute("comment on constraint t_ck on t is 'positive'")"#,
        mighost: { table("t").add_constraint(check("a > 0").named("t_ck").no_inherit().comment("positive")); },
    }
    create_check_constraint_convention {
        setup: "create table t (a integer)",
        alembic: r#"op = operations({"ck": "ck_%(table_name)s_%(constraint_name)s"})
op.create_check_constraint("positive", "t", "a > 0")
op.create_check_constraint(op.f("small"), "t", "a < 9")"#,
        mighost: {
            naming_convention(&[("ck", "ck_%(table_name)s_%(constraint_name)s")]);
            table("t").add_constraint(check("a > 0").named("positive"));
            table("t").add_constraint(check("a < 9").named_exactly("small"));
        },
    }
    create_foreign_key {
        setup: "create table t (a integer, b integer); create table other (a integer, b integer, primary key (a, b))",
        alembic: r#"op.create_foreign_key("t_fk", "t", "other", ["a", "b"], ["a", "b"])"#,
        mighost: { table("t").add_constraint(foreign_key(["a", "b"], "other", ["a", "b"]).named("t_fk")); },
    }
    create_foreign_key_unnamed {
        setup: "create table t (a integer); create table other (id integer primary key)",
        alembic: r#"op.create_foreign_key(None, "t", "other", ["a"], ["id"])"#,
        mighost: { table("t").add_constraint(foreign_key(["a"], "other", ["id"])); },
    }
    create_foreign_key_ondelete_onupdate {
        setup: "create table t (a integer, b integer, c integer, d integer); create table other (id integer primary key)",
        alembic: r#"op.create_foreign_key("fk_a", "t", "other", ["a"], ["id"], ondelete="CASCADE", onupdate="SET NULL")
op.create_foreign_key("fk_b", "t", "other", ["b"], ["id"], ondelete="SET DEFAULT", onupdate="RESTRICT")
op.create_foreign_key("fk_c", "t", "other", ["c"], ["id"], ondelete="NO ACTION")
op.create_foreign_key("fk_d", "t", "other", ["d"], ["id"], ondelete="SET NULL (d)")"#,
        mighost: {
            let key = |column: &str, name: &str| foreign_key([column], "other", ["id"]).named(name);
            let t = table("t");
            t.add_constraint(key("a", "fk_a").on_delete(Action::Cascade).on_update(Action::SetNull(vec![])));
            t.add_constraint(key("b", "fk_b").on_delete(Action::SetDefault(vec![])).on_update(Action::Restrict));
            t.add_constraint(key("c", "fk_c").on_delete(Action::NoAction));
            t.add_constraint(key("d", "fk_d").on_delete(Action::SetNull(vec!["d".into()])));
        },
    }
    create_foreign_key_deferrable {
        setup: "create table t (a integer); create table other (id integer primary key)",
        alembic: r#"op.create_foreign_key("t_fk", "t", "other", ["a"], ["id"], deferrable=True, initially="IMMEDIATE")"#,
        mighost: { table("t").add_constraint(foreign_key(["a"], "other", ["id"]).named("t_fk").deferrable().initially_immediate()); },
    }
    create_foreign_key_match {
        setup: "create table t (a integer); create table other (id integer primary key)",
        alembic: r#"op.create_foreign_key("t_fk", "t", "other", ["a"], ["id"], match="FULL")"#,
        mighost: { table("t").add_constraint(foreign_key(["a"], "other", ["id"]).named("t_fk").match_full()); },
    }
    create_foreign_key_schemas {
        setup: "create table t (id integer primary key); create table {other}.t (a integer)",
        alembic: r#"op.create_foreign_key("t_fk", "t", "t", ["a"], ["id"], source_schema=T, referent_schema=S)"#,
        mighost: { table(format!("{}.t", other_schema())).add_constraint(foreign_key(["a"], "t", ["id"]).named("t_fk")); },
    }
    create_foreign_key_not_valid {
        setup: "create table t (a integer); create table other (id integer primary key)",
        alembic: r#"op.create_foreign_key("t_fk", "t", "other", ["a"], ["id"], postgresql_not_valid=True)"#,
        mighost: { table("t").add_constraint(foreign_key(["a"], "other", ["id"]).named("t_fk").not_valid()); },
    }
    create_foreign_key_convention {
        setup: "create table t (a integer, b integer); create table other (c integer, d integer, primary key (c, d))",
        alembic: r#"op = operations({"fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s_%(referred_column_0N_name)s"})
op.create_foreign_key(None, "t", "other", ["a", "b"], ["c", "d"])"#,
        mighost: {
            naming_convention(&[("fk", "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s_%(referred_column_0N_name)s")]);
            table("t").add_constraint(foreign_key(["a", "b"], "other", ["c", "d"]));
        },
    }
    create_exclude_constraint {
        setup: "create table t (during tsrange, place circle, open boolean)",
        alembic: r#"op.create_exclude_constraint("t_ex", "t", (sa.column("during"), "&&"), (sa.column("place"), "&&"))"#,
        mighost: { table("t").add_constraint(exclude([("during", "&&"), ("place", "&&")]).named("t_ex")); },
    }
    create_exclude_constraint_where_using {
        setup: "create table t (during tsrange, open boolean)",
        alembic: r#"op.create_exclude_constraint("t_ex", "t", ("during", "&&"), where=sa.text("open"), using="gist")"#,
        mighost: { table("t").add_constraint(exclude_by("gist", [("during", "&&")]).named("t_ex").filter("open")); },
    }
    create_exclude_constraint_deferrable {
        setup: "create table t (during tsrange)",
        alembic: r#"op.create_exclude_constraint("t_ex", "t", ("during", "&&"), deferrable=True, initially="DEFERRED")"#,
        mighost: { table("t").add_constraint(exclude([("during", "&&")]).named("t_ex").deferrable().initially_deferred()); },
    }
    drop_constraint {
        setup: "create table t (a integer, constraint t_uq unique (a) deferrable)",
        alembic: r#"op.drop_constraint("t_uq", "t", type_="unique")"#,
        mighost: { table("t").drop_constraint_was("t_uq", unique(["a"]).deferrable()); },
    }
    drop_constraint_if_exists {
        setup: "create table t (a integer, constraint t_ck check (a > 0))",
        alembic: r#"op.drop_constraint("t_ck", "t", type_="check", if_exists=True)
op.drop_constraint("no_ck", "t", type_="check", if_exists=True)"#,
        mighost: {
            table("t").drop_constraint_with("t_ck", DropOptions::IF_EXISTS);
            table("t").drop_constraint_with("no_ck", DropOptions::IF_EXISTS);
        },
        back: "drop-constraint t_ck of t has no reverse",
    }
    drop_constraint_cascade {
        setup: "create table t (a integer constraint t_pk primary key); create table u (a integer references t)",
        alembic: r#"op.execute("alter table t drop constraint t_pk cascade")"#,
        mighost: { table("t").drop_constraint_with("t_pk", DropOptions::CASCADE); },
        back: "drop-constraint t_pk of t has no reverse",
    }
    validate_constraint {
        setup: "create table t (a integer)",
        alembic: r#"op.execute("alter table t add constraint t_ck check (a > 0) not valid")
op.execute("alter table t validate constraint t_ck")"#,
        mighost: {
            table("t").add_constraint(check("a > 0").named("t_ck").not_valid());
            table("t").validate_constraint("t_ck");
        },
    }
}
