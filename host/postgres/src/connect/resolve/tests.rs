//! Targets from each source of settings.

use super::*;

fn environment(variables: &[(&str, &str)], home: Option<&Path>) -> Environment {
    Environment {
        variables: variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        home: home.map(Into::into),
        user: Some("osuser".into()),
    }
}

fn target(text: &str, variables: &[(&str, &str)]) -> ConnectTarget {
    ConnectTarget::parse(text, &environment(variables, None)).unwrap()
}

#[test]
fn what_is_written_wins_over_the_service_the_environment_and_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join(".pg_service.conf"),
        "[s]\nhost=fromservice\nuser=fromservice\nport=7\n",
    )
    .unwrap();
    let variables = [
        ("PGHOST", "env"),
        ("PGPORT", "8"),
        ("PGUSER", "env"),
        ("PGDATABASE", "env"),
        ("PGSERVICE", "s"),
    ];
    let environment = environment(&variables, Some(folder.path()));
    let target = ConnectTarget::parse("user=written", &environment).unwrap();
    assert_eq!(target.display_url(), "postgresql://written@fromservice:7/env");
    assert_eq!(target.application_name, "mighost");
    let error = ConnectTarget::parse("service=other", &environment)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the service `other` is not defined in any of the service files"),
        "{error}"
    );
}

#[test]
fn the_database_is_named_like_the_user_by_default() {
    assert_eq!(target("host=h", &[]).display_url(), "postgresql://osuser@h:5432/osuser");
    assert_eq!(target("postgresql://u@h", &[]).database, "u");
}

#[test]
fn shown_urls_have_no_password() {
    let target = target("postgresql://u:geheim@a,[::1]:2/d%20b", &[]);
    assert_eq!(target.display_url(), "postgresql://u:***@a:5432,[::1]:2/d%20b");
    assert!(!format!("{target:?}").contains("geheim"));
    let socket = self::target("host=/run/x port=3 password=geheim user=u", &[]);
    assert_eq!(socket.display_url(), "postgresql://u:***@/u?host=/run/x&port=3");
}

#[test]
fn passwords_come_from_the_string_the_environment_or_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".pgpass");
    std::fs::write(&file, "a:5432:d:u:pa\nb:*:*:*:pb\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let passwords = |text: &str, variables: &[(&str, &str)]| {
        let target = ConnectTarget::parse(text, &environment(variables, Some(folder.path()))).unwrap();
        let shown = |host: &HostTarget| host.password.as_ref().map_or("-", Secret::expose).to_owned();
        target.hosts.iter().map(shown).collect::<Vec<_>>().join(",")
    };
    assert_eq!(passwords("postgresql://u@a,b,c/d", &[]), "pa,pb,-");
    assert_eq!(
        passwords("postgresql://u@a,b,c/d", &[("PGPASSWORD", "env")]),
        "env,env,env"
    );
    assert_eq!(passwords("postgresql://u:x@a,b,c/d", &[("PGPASSWORD", "env")]), "x,x,x");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let target = ConnectTarget::parse("postgresql://u@a/d", &environment(&[], Some(folder.path()))).unwrap();
    assert!(
        target
            .note
            .unwrap()
            .contains("is ignored because group or others may read it")
    );
}

#[test]
fn what_mighost_does_not_have_is_ignored_with_one_note() {
    let target = target(
        "host=h gssencmode=prefer krbsrvname=x sslcrl=a whatever=b client_encoding=utf8",
        &[],
    );
    assert_eq!(
        target.note.as_deref(),
        Some("ignored in the connection settings: `sslcrl`, `whatever`")
    );
}

#[test]
fn times_and_keepalives() {
    let target = target(
        "host=h connect_timeout=0 keepalives=0 keepalives_idle=9 tcp_user_timeout=1500",
        &[],
    );
    assert_eq!(target.connect_timeout, None);
    assert!(!target.keepalives.on);
    assert_eq!(target.keepalives.idle, Some(Duration::from_secs(9)));
    assert_eq!(target.tcp_user_timeout, Some(Duration::from_millis(1500)));
    assert_eq!(
        self::target("host=h", &[("PGCONNECT_TIMEOUT", "3")]).connect_timeout,
        Some(Duration::from_secs(3))
    );
}

#[test]
fn tls_as_libpq_has_it() {
    let tls = |text: &str| self::target(text, &[]).tls;
    assert_eq!(tls("host=h").mode, SslMode::Prefer);
    assert_eq!(tls("host=h sslrootcert=system").mode, SslMode::VerifyFull);
    assert_eq!(tls("host=h sslmode=require").mode, SslMode::Require);
    assert_eq!(
        tls("host=h sslmode=require sslrootcert=/ca.pem").mode,
        SslMode::VerifyCa
    );
}

#[test]
fn mistakes() {
    let environment = environment(&[], None);
    let errors = [
        "host=h sslmode=on",
        "host=a,b port=1,2,3",
        "host=a,b hostaddr=1.2.3.4",
        "hostaddr=localhost",
        "host=h port=70000",
        "host=h connect_timeout=soon",
        "host=h sslmode=require sslrootcert=system",
        "host=h sslnegotiation=direct",
        "host=h sslcert=/c.pem",
        "host=h target_session_attrs=master",
    ]
    .map(|text| ConnectTarget::parse(text, &environment).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r#"
    invalid connection string: `sslmode` is `on`, but must be one of disable, allow, prefer, require, verify-ca, verify-full
    invalid connection string: it has 3 ports for 2 hosts; give one port, or one for each host
    invalid connection string: it has 2 hosts but 1 host addresses
    invalid connection string: the host address `localhost` is not an IP address
    invalid connection string: a port is not a number from 1 to 65535; in a URL, write `/`, `@`, `:` and `%` in a password as `%2F`, `%40`, `%3A` and `%25`
    invalid connection string: `connect_timeout` is `soon`, which is not a valid number
    invalid connection string: `sslrootcert=system` needs `sslmode=verify-full`
    invalid connection string: `sslnegotiation=direct` needs `sslmode=require` or a stronger one
    invalid connection string: `sslcert` is /c.pem, but there is no `sslkey`
    invalid connection string: `target_session_attrs` is `master`, but must be one of any, read-write, read-only, primary, standby, prefer-standby
    "#);
}
