// What Alembic has no operation for is compared with the SQL that its users write instead.
cases! {
    create_sequence {
        setup: "create table t (a integer)",
        alembic: r#"op.execute("create sequence s as integer start with 5 increment by 3 minvalue 2 maxvalue 500 cache 4 cycle owned by t.a")
op.execute("create sequence r no minvalue no maxvalue no cycle")"#,
        mighost: {
            sequence("s").with(SequenceOption::DataType("integer".into())).start(5).increment(3).with(SequenceOption::MinValue(2))
                .with(SequenceOption::MaxValue(500)).with(SequenceOption::Cache(4)).with(SequenceOption::Cycle).owned_by("t.a").create();
            sequence("r").with(SequenceOption::NoMinValue).with(SequenceOption::NoMaxValue).with(SequenceOption::NoCycle)
                .create_if_not_exists();
        },
    }
    alter_sequence {
        setup: "create sequence s increment by 2",
        alembic: r#"op.execute("alter sequence s increment by 5")"#,
        mighost: { sequence("s").increment(5).alter(Some(&sequence("s").increment(2))); },
    }
    drop_sequence {
        setup: "create sequence s start with 7",
        alembic: r#"op.execute("drop sequence s")"#,
        mighost: { sequence("s").start(7).drop(); },
    }
    create_enum {
        setup: "",
        alembic: r#"postgresql.ENUM("good", "it's bad", name="quality", schema=S).create(op.get_bind())"#,
        mighost: { enumeration("quality").create(["good", "it's bad"]); },
    }
    drop_enum {
        setup: "create type quality as enum ('good', 'bad')",
        alembic: r#"op.execute("drop type quality")"#,
        mighost: { enumeration("quality").drop_was(["good", "bad"]); },
    }
    enum_add_values {
        setup: "create type quality as enum ('good', 'bad')",
        alembic: r#"op.execute("alter type quality add value 'worse'")
op.execute("alter type quality add value 'best' before 'good'")
op.execute("alter type quality add value 'fair' after 'good'")"#,
        mighost: {
            let quality = enumeration("quality");
            quality.add_value("worse");
            quality.add_value_before("best", "good");
            quality.add_value_after("fair", "good");
        },
        back: "add-value worse to quality has no reverse",
    }
    enum_add_value_to_use_now {
        setup: "create type quality as enum ('good'); create table t (q quality default 'good')",
        alembic: r#"with op.get_context().autocommit_block():
    op.execute("alter type quality add value 'bad'")
op.alter_column("t", "q", server_default="bad")"#,
        mighost: {
            enumeration("quality").add_value_to_use_now("bad");
            table("t").alter_column("q").default("'bad'").apply();
        },
        back: "add-value bad to quality has no reverse",
    }
    enum_rename_value {
        setup: "create type quality as enum ('good', 'bad')",
        alembic: r#"op.execute("alter type quality rename value 'bad' to 'poor'")"#,
        mighost: { enumeration("quality").rename_value("bad", "poor"); },
    }
    create_schema {
        setup: "",
        alembic: r#"op.execute(f"create schema {S}_made")"#,
        mighost: { create_schema(&format!("{}_made", context::schema())); },
    }
    drop_schema {
        setup: "create schema {schema}_gone",
        alembic: r#"op.execute(f"drop schema {S}_gone")"#,
        mighost: { drop_schema(&format!("{}_gone", context::schema())); },
    }
    comments {
        setup: "create table t (a integer constraint t_ck check (a > 0)); create index i on t (a); create sequence s;
            create view v as select 1 as one; create materialized view m as select 1 as one; create type e as enum ('x');
            create domain d as integer; create function f(integer) returns integer language sql as 'select 1'",
        alembic: r#"for target in ["column t.a", "constraint t_ck on t", "index i", "sequence s", "view v", "materialized view m", "type e", "domain d",
        "function f(integer)", f"schema {S}"]:
    op.execute(f"comment on {target} is 'it''s'")"#,
        mighost: {
            let of_t = |name: &str| Member { table: "t".into(), name: name.into() };
            for object in [
                SchemaObject::Column(of_t("a")), SchemaObject::Constraint(of_t("t_ck")), SchemaObject::Index("i".into()), SchemaObject::Sequence("s".into()),
                SchemaObject::View("v".into()), SchemaObject::MaterializedView("m".into()), SchemaObject::Type("e".into()), SchemaObject::Domain("d".into()),
                SchemaObject::Other("function f(integer)".into()), SchemaObject::Schema(context::schema()),
            ] {
                comment_on(object, Some("it's"), None);
            }
        },
    }
    renames {
        setup: "create table t (a integer constraint t_ck check (a > 0)); create index i on t (a); create sequence s;
            create view v as select 1 as one; create materialized view m as select 1 as one; create type e as enum ('x');
            create domain d as integer",
        alembic: r#"op.execute("alter table t rename constraint t_ck to t_ck2")
op.execute("alter table t rename column a to a2")
for target in ["index i", "sequence s", "view v", "materialized view m", "type e", "domain d"]:
    op.execute(f"alter {target} rename to {target.split()[-1]}2")"#,
        mighost: {
            let of_t = |name: &str| Member { table: "t".into(), name: name.into() };
            rename(SchemaObject::Constraint(of_t("t_ck")), "t_ck2");
            rename(SchemaObject::Column(of_t("a")), "a2");
            rename(SchemaObject::Index("i".into()), "i2");
            rename(SchemaObject::Sequence("s".into()), "s2");
            rename(SchemaObject::View("v".into()), "v2");
            rename(SchemaObject::MaterializedView("m".into()), "m2");
            rename(SchemaObject::Type("e".into()), "e2");
            rename(SchemaObject::Domain("d".into()), "d2");
        },
    }
    set_schema {
        setup: "create table t (a serial primary key); create type e as enum ('x')",
        alembic: r#"op.execute(f"alter table t set schema {T}")
op.execute(f"alter type e set schema {T}")"#,
        mighost: {
            set_schema(SchemaObject::Table("t".into()), &other_schema());
            set_schema(SchemaObject::Type("e".into()), &other_schema());
        },
    }
    partitions {
        setup: "create table t (a integer) partition by list (a); create table p (a integer)",
        alembic: r#"op.execute("alter table t attach partition p for values in (1, 2)")
op.execute("create table q partition of t default")"#,
        mighost: {
            table("t").attach_partition("p", "for values in (1, 2)");
            table("q").partition_of("t", "default").create();
        },
    }
    detach_partition {
        setup: "create table t (a integer) partition by list (a); create table p partition of t for values in (1)",
        alembic: r#"op.execute("alter table t detach partition p")"#,
        mighost: { table("t").detach_partition("p", Some("for values in (1)")); },
    }
}
