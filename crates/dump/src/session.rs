//! Sessions as pg_dump sets them up (`setup_connection` in src/bin/pg_dump/pg_dump.c).

use std::num::NonZeroUsize;
use std::time::Duration;

use bstr::BString;
use futures_util::future::join_all;
use pgark_catalog::{Catalog, Server, Sessions};
use pgark_connect::{Config, Session};
use pgark_sql::{Encoding, Quoter, put, text};
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::moment::Moment;
use crate::options::SessionOptions;
use crate::plan::Selection;

/// Before anything else, lest a name be found where somebody put it for us, or time run out.
pub(crate) const SAFE: &str =
    "select pg_catalog.set_config('search_path', '', false); set statement_timeout = 0";

/// How values are shown, and that nothing may wait, be left out in silence, or come in another order.
pub(crate) const SETTINGS: &str = "set datestyle = iso; set intervalstyle = postgres; set extra_float_digits = 3; \
    set synchronize_seqscans = off; set row_security = off; \
    set lock_timeout = 0; set idle_in_transaction_session_timeout = 0; \
    select pg_catalog.set_config(name, value, false) \
      from (values ('transaction_timeout', '0'), ('restrict_nonsystem_relation_kind', 'view, foreign-table')) setting (name, value) \
      where pg_catalog.current_setting(name, true) is not null; \
    set jit = off; set max_parallel_workers_per_gather = 0";

/// How long the first session waits for others. A pooler may have none to give, and say nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sessions that share one snapshot.
pub(crate) struct Opened {
    pub(crate) sessions: Sessions,
    /// How to open another, where there may be several.
    pub(crate) opening: Option<Opening>,
    /// When the snapshot was taken, unless it is another's.
    pub(crate) moment: Option<Moment>,
}

/// Opens sessions that share one snapshot, in which nothing can be written. How many there are is a wish: a server, a role or a pooler
/// may allow fewer.
pub(crate) async fn open(
    config: &Config,
    options: &SessionOptions,
    jobs: NonZeroUsize,
) -> Result<Opened> {
    let level = if options.serializable_deferrable {
        "serializable, read only, deferrable"
    } else {
        REPEATABLE
    };
    let mut first = set_up(config, options).await?;
    let snapshot = options.snapshot.as_ref();
    let moment = match snapshot {
        Some(_) => None,
        None => Moment::fetch(&mut first).await?,
    };
    begin(&mut first, level, snapshot).await?;
    if jobs.get() == 1 {
        let others = Vec::new();
        return Ok(Opened {
            sessions: Sessions { first, others },
            opening: None,
            moment,
        });
    }
    let opening = Opening {
        config: config.clone(),
        options: options.clone(),
        snapshot: export_snapshot(&mut first).await?,
        locks: Vec::new(),
    };
    let opened = (1..jobs.get()).map(|_| timeout(PATIENCE, opening.open()));
    let mut others = Vec::new();
    for opened in join_all(opened).await {
        let why = match opened {
            Ok(Ok(session)) => {
                others.push(session);
                continue;
            }
            Ok(Err(Error::Connect(error))) => error.to_string(),
            Ok(Err(error)) => return Err(error),
            Err(_) => "another session is not to be had".into(),
        };
        tracing::info!("{why}; the dump goes on with one session fewer");
    }
    Ok(Opened {
        sessions: Sessions { first, others },
        opening: Some(opening),
        moment,
    })
}

/// How to open a session with the snapshot of another, as long as that one's transaction lasts.
#[derive(Debug)]
pub(crate) struct Opening {
    config: Config,
    options: SessionOptions,
    snapshot: BString,
    /// What each session begins with.
    locks: Vec<BString>,
}

impl Opening {
    /// Has sessions lock tables.
    pub(crate) fn with_locks(self, locks: Vec<BString>) -> Self {
        Self { locks, ..self }
    }

    /// Opens a session.
    pub(crate) async fn open(&self) -> Result<Session> {
        let mut session = set_up(&self.config, &self.options).await?;
        begin(&mut session, REPEATABLE, Some(&self.snapshot)).await?;
        self.lock(&mut session).await?;
        Ok(session)
    }

    /// Locks the tables in a session that was opened before they were known.
    pub(crate) async fn lock(&self, session: &mut Session) -> Result<()> {
        for lock in &self.locks {
            execute(session, "lock tables", lock).await?;
        }
        Ok(())
    }
}

/// What a transaction is that sees one snapshot.
const REPEATABLE: &str = "repeatable read, read only";

/// The name by which other sessions take over the session's snapshot, as long as its transaction lasts.
async fn export_snapshot(session: &mut Session) -> Result<BString> {
    let sql = "select pg_catalog.pg_export_snapshot()";
    let rows = session.rows(sql).await.map_err(|source| Error::Session {
        doing: "export the snapshot",
        source,
    })?;
    let name = rows.row(0).and_then(|row| row.get(0));
    Ok(name.unwrap_or_default().to_owned())
}

/// Ends a session.
pub(crate) async fn close(session: Session) -> Result<()> {
    session.close().await.map_err(|source| Error::Session {
        doing: "end the session",
        source,
    })
}

/// Connects, and has the server show values as a dump wants them.
async fn set_up(config: &Config, options: &SessionOptions) -> Result<Session> {
    let mut session = pgark_connect::connect(config).await?;
    execute(&mut session, "secure the session", SAFE).await?;
    if let Some(encoding) = &options.encoding {
        let set = text!(
            "set client_encoding = ",
            quoter(&session)?.portable_literal(encoding)
        );
        execute(&mut session, "set the encoding", set).await?;
    }
    if let Some(role) = &options.role {
        let set = text!("set role ", quoter(&session)?.ident(role));
        execute(&mut session, "set the role", set).await?;
    }
    execute(&mut session, "set up the session", settings(options)).await?;
    Ok(session)
}

/// Begins a transaction of some isolation level with its own or another's snapshot.
async fn begin(session: &mut Session, level: &str, snapshot: Option<&BString>) -> Result<()> {
    let begin = format!("begin; set transaction isolation level {level}");
    execute(session, "begin the transaction", begin).await?;
    if let Some(snapshot) = snapshot {
        let set = text!(
            "set transaction snapshot ",
            quoter(session)?.portable_literal(snapshot)
        );
        execute(session, "take the snapshot", set).await?;
    }
    Ok(())
}

/// Allows queries to ask other servers for rows, or forbids it again, where the server knows how.
pub(crate) async fn allow_foreign_tables(session: &mut Session, are_allowed: bool) -> Result<()> {
    let kinds = if are_allowed {
        "view"
    } else {
        "view, foreign-table"
    };
    let set = format!(
        "select pg_catalog.set_config(name, '{kinds}', false) from pg_catalog.pg_settings \
         where name = 'restrict_nonsystem_relation_kind'"
    );
    execute(session, "restrict the use of foreign tables", set).await
}

/// [`SETTINGS`], and what the user wants otherwise.
fn settings(options: &SessionOptions) -> BString {
    let mut settings = text!(SETTINGS);
    if options.quote_all_identifiers {
        put!(settings, "; set quote_all_identifiers = on");
    }
    if options.enable_row_security {
        put!(settings, "; set row_security = on");
    }
    if let Some(digits) = options.extra_float_digits {
        put!(settings, format!("; set extra_float_digits = {digits}"));
    }
    settings
}

/// Quotes for a session of which nothing else is known yet.
pub(crate) fn quoter(session: &Session) -> Result<Quoter> {
    let parameter = |name| session.parameter(name).unwrap_or_default();
    let encoding = Encoding::from_name(parameter("client_encoding"))?;
    Ok(Quoter {
        // The words of the newest server are quoted where it does no harm.
        std_strings: parameter("standard_conforming_strings") == "on",
        ..Quoter::new(Server::NEWEST, encoding)
    })
}

/// Has the server do something of which nothing comes back.
pub(crate) async fn execute(
    session: &mut Session,
    doing: &'static str,
    sql: impl AsRef<[u8]>,
) -> Result<()> {
    session
        .execute(sql)
        .await
        .map_err(|source| Error::Session { doing, source })
}

/// Locks the chosen tables against change, many to a statement.
pub(crate) async fn lock_tables(
    session: &mut Session,
    catalog: &Catalog,
    selection: &Selection,
    quoter: Quoter,
    timeout: Option<&BString>,
) -> Result<()> {
    const AT_ONCE: usize = 1000;
    if let Some(timeout) = timeout {
        let set = text!("set statement_timeout = ", quoter.portable_literal(timeout));
        execute(session, "set the timeout of locks", set).await?;
    }
    let tables: Vec<usize> = selection.tables_to_lock(catalog).collect();
    for batch in tables.chunks(AT_ONCE) {
        let mut lock = text!("lock table ");
        for (i, table) in batch.iter().enumerate() {
            let relation = &catalog.relations[*table];
            let name: BString =
                quoter.qualified(Some(&catalog.schema(relation.schema)?.name), &relation.name);
            put!(lock, if i == 0 { "" } else { ", " }, name);
        }
        put!(lock, " in access share mode");
        execute(session, "lock tables", &lock).await?;
    }
    if timeout.is_some() {
        let end = "set statement_timeout = 0";
        execute(session, "end the timeout of locks", end).await?;
    }
    match catalog.find_changed(session, &tables).await? {
        None => Ok(()),
        Some(relation) => Err(Error::Changed(relation.name.clone())),
    }
}
