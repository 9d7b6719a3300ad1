//! An application that brings its database up to date when it starts, and whose tests run on migrated, throw-away databases.
//!
//! `DATABASE_URL=postgresql://localhost/app cargo run -p mighost --example at_start`
#![expect(clippy::print_stderr, reason = "an application says what it does")]

use std::process::ExitCode;

use mighost::{Database, Error, Event, ExitKind, Project};

/// The migrations are part of the program: there is nothing beside it to install. Larger projects carry what `mighost build` made.
fn project() -> Result<Project, Error> {
    Project::embedded(&[
        ("mighost.toml", include_bytes!("at_start/mighost.toml")),
        (
            "migrations/1a_stations/migration.toml",
            include_bytes!("at_start/migrations/1a_stations/migration.toml"),
        ),
        (
            "migrations/1a_stations/upgrade.sql",
            include_bytes!("at_start/migrations/1a_stations/upgrade.sql"),
        ),
        (
            "migrations/1a_stations/downgrade.sql",
            include_bytes!("at_start/migrations/1a_stations/downgrade.sql"),
        ),
        (
            "migrations/2b_heights/migration.toml",
            include_bytes!("at_start/migrations/2b_heights/migration.toml"),
        ),
        (
            "migrations/2b_heights/upgrade.sql",
            include_bytes!("at_start/migrations/2b_heights/upgrade.sql"),
        ),
        (
            "migrations/2b_heights/downgrade.sql",
            include_bytes!("at_start/migrations/2b_heights/downgrade.sql"),
        ),
    ])
}

/// The application's database. The url comes from wherever the application has its settings.
fn database(url: &str) -> Result<Database, Error> {
    let project = project()?.variable("DATABASE_URL", url).on_event(|event| {
        if let Event::StepFinished { revision, elapsed, .. } = event {
            eprintln!("migrated to {revision} in {elapsed:?}");
        }
    });
    Ok(project.database("app"))
}

/// What the application does before anything else. Several of its instances may start at once: one migrates, the others wait.
async fn start(url: &str) -> Result<(), Error> {
    let report = database(url)?.upgrade_async("head").await?;
    eprintln!("the database is at {}", report.heads.join(", "));
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        eprintln!("DATABASE_URL is not set");
        return ExitCode::FAILURE;
    };
    match start(&url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            for hint in error.diagnostic().hints {
                eprintln!("hint: {hint}");
            }
            // Whoever restarts the application may tell by this that another try helps.
            match error.kind() {
                ExitKind::Connection | ExitKind::Lock => ExitCode::from(75),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// The pattern for an application's own tests.
#[cfg(test)]
mod tests {
    use mighost::TestServer;

    use super::*;

    /// A server of the test's own, with all migrations run.
    fn migrated() -> (TestServer, Database) {
        let server = TestServer::start().unwrap();
        let database = database(&server.url()).unwrap();
        database.upgrade("head").unwrap();
        (server, database)
    }

    #[tokio::test]
    async fn the_application_starts() {
        let server = TestServer::start().unwrap();
        let url = server.url();
        let (one, two) = tokio::join!(start(&url), start(&url));
        one.and(two).unwrap();
    }

    #[test]
    fn queries_work_on_a_migrated_database() {
        let (server, _) = migrated();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let rows = runtime.block_on(async {
            let config = server.url().parse::<tokio_postgres::Config>().unwrap();
            let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client
                .query("select id, height from climate.stations", &[])
                .await
                .unwrap()
        });
        assert!(rows.is_empty());
    }

    #[test]
    fn every_migration_goes_up_and_down() {
        let (_server, database) = migrated();
        while !database.current().unwrap().revisions.is_empty() {
            database.downgrade("-1").unwrap();
            database.upgrade("+1").unwrap();
            database.downgrade("-1").unwrap();
        }
        database.upgrade("head").unwrap();
        database.check_heads().unwrap();
    }
}
