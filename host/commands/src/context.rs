//! The common start of most commands: the project's history, a connection to its database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CommandError;
use mighost_artifact::{ProjectArtifacts, RevisionMetadata};
use mighost_build::toolchain::Toolchains;
use mighost_build::{ArtifactStore, BuildMode};
use mighost_config::{Environment, ProjectSettings, Settings, ToolchainSettings};
use mighost_core::{DatabaseUrl, Event, Level, Reporter};
use mighost_graph::{Graph, Node};
use mighost_postgres::connect::{self, ConnectTarget, Connection};
use mighost_postgres::{DatabaseState, LiveSink, embedded};

/// The project's artifacts and their graph.
#[derive(Clone)]
pub struct ProjectHistory {
    pub loaded: Arc<ProjectArtifacts>,
    pub graph: Arc<Graph>,
}

/// The folder of files that mighost creates, below the project's.
const STATE_FOLDER: &str = ".mighost";

/// The number of places of revisions that an error lists.
const MAX_PLACES: usize = 8;

/// The folder of files that mighost creates.
pub fn state_folder(root: &Path) -> PathBuf {
    root.join(STATE_FOLDER)
}

/// The artifact store of a project whose `mighost.toml` is in `root`.
pub fn library(
    root: &Path,
    migrations: &[PathBuf],
    plugins: &[PathBuf],
    toolchains: &ToolchainSettings,
) -> ArtifactStore {
    ArtifactStore {
        build_dir: root.join(STATE_FOLDER).join("build"),
        migrations: migrations.to_vec(),
        plugins: plugins.to_vec(),
        toolchains: Toolchains::new(toolchains.clone()),
    }
}

/// Reads the artifacts, building stale ones according to `mode`, and builds the graph.
///
/// # Errors
/// If an artifact or source is invalid, or revisions do not form a graph.
pub fn history(
    library: &ArtifactStore,
    mode: BuildMode,
    reporter: &dyn Reporter,
) -> Result<ProjectHistory, CommandError> {
    graph_of(library.load(mode, reporter)?)
}

/// Builds the graph of artifacts.
///
/// # Errors
/// If their revisions do not form one.
pub fn graph_of(loaded: ProjectArtifacts) -> Result<ProjectHistory, CommandError> {
    let graph = Graph::new(loaded.revisions().map(|(revision, _)| node(revision))).map_err(|error| {
        let places = error.declared_by().into_iter().take(MAX_PLACES);
        let places = places.filter_map(|revision| Some((revision.to_owned(), loaded.place(revision)?.to_owned())));
        CommandError::NoGraph {
            places: places.collect(),
            error: Box::new(error),
        }
    })?;
    Ok(ProjectHistory {
        loaded: Arc::new(loaded),
        graph: Arc::new(graph),
    })
}

/// Like [`history`], for commands that run nothing: nothing is built, and of stale sources the manifest is used.
///
/// # Errors
/// As for [`history`].
pub fn project_history(settings: &ProjectSettings, reporter: &dyn Reporter) -> Result<ProjectHistory, CommandError> {
    history(
        &library(
            &settings.root,
            &settings.migrations,
            &settings.plugins,
            &settings.toolchains,
        ),
        BuildMode::Describe,
        reporter,
    )
}

fn node(revision: &RevisionMetadata) -> Node {
    Node {
        revision: revision.revision.clone(),
        down_revisions: revision.down_revisions.clone(),
        depends_on: revision.depends_on.clone(),
        branch_labels: revision.branch_labels.clone(),
    }
}

/// The connection target of the selected database. The embedded server is started if it does not run.
///
/// # Errors
/// If the connection string is invalid, or the embedded server is unavailable.
pub async fn target(
    settings: &Settings,
    environment: &Environment,
    reporter: &Arc<dyn Reporter>,
) -> Result<ConnectTarget, CommandError> {
    let environment = connect_environment(environment);
    match &settings.url {
        DatabaseUrl::Url(url) => {
            let target = ConnectTarget::parse(url.expose(), &environment)?;
            if let Some(text) = target.note.clone() {
                reporter.report(Event::Note {
                    level: Level::Warn,
                    text,
                });
            }
            Ok(target)
        }
        DatabaseUrl::Embedded => {
            let (embedded, reporter) = (settings.embedded.clone(), reporter.clone());
            let started =
                tokio::task::spawn_blocking(move || embedded::start(&embedded, &environment, &*reporter)).await;
            Ok(started.map_err(|_| CommandError::ThreadLost)??.target)
        }
    }
}

/// Connects to the selected database.
///
/// # Errors
/// As for [`target`]; if the server cannot be reached or refuses the connection.
pub async fn connect(
    settings: &Settings,
    environment: &Environment,
    reporter: &Arc<dyn Reporter>,
) -> Result<Connection, CommandError> {
    let target = target(settings, environment, reporter).await?;
    Ok(connect::connect(&target, reporter.clone()).await?)
}

/// A sink for a command that runs no migration.
pub(crate) async fn sink(
    connection: Connection,
    settings: &Settings,
    state: DatabaseState,
    reporter: &Arc<dyn Reporter>,
) -> LiveSink {
    let key_pid = connect::backend_key_pid(&connection.client).await;
    let pooler = key_pid.is_some_and(|pid| pid != state.backend_pid);
    LiveSink::new(
        connection.client,
        connection.watch,
        settings.run().session(false, pooler),
        state,
        reporter.clone(),
    )
}

/// The part of the environment that libpq uses.
pub fn connect_environment(environment: &Environment) -> connect::Environment {
    let process = connect::Environment::of_process();
    let variables: BTreeMap<String, String> = environment.clone();
    connect::Environment { variables, ..process }
}
