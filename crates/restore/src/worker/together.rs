//! One large table's rows by several sessions at once.
//!
//! Each session runs a COPY in a transaction of its own, and takes pieces of the rows as it can. All transactions end when the rows
//! do: together they are committed, or together rolled back. Rows then lie in another order, so that it is done only for tables that
//! this restore has made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bstr::BString;
use pgark_sql::text;
use pgark_wire::Error as WireError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex as AsyncMutex, Notify, watch};

use super::Worker;
use super::data::{Sent, not_read};
use crate::feed::{Fed, Feed};
use crate::report::Ended;

/// Tables whose rows whoever has nothing else to do may help to restore.
#[derive(Debug)]
pub(crate) struct Offers {
    open: Mutex<Vec<Offer>>,
    changed: Arc<Notify>,
}

/// What a session needs to take part.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    copy: BString,
    rows: Arc<Rows>,
    copied: UnboundedSender<Result<(), WireError>>,
    ended: UnboundedSender<Result<(), WireError>>,
    /// Whether all are to commit, once that is known.
    verdict: watch::Receiver<Option<bool>>,
}

#[derive(Debug)]
struct Rows {
    feed: AsyncMutex<Feed>,
    /// One that took part has failed, so that no more rows are wanted.
    is_over: AtomicBool,
}

impl Offers {
    /// None yet; whoever waits for work is told by `changed` when there is one.
    pub(crate) fn new(changed: Arc<Notify>) -> Self {
        Self {
            open: Mutex::default(),
            changed,
        }
    }

    /// The offer that the fewest have taken.
    pub(crate) fn take(&self) -> Option<Offer> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let fewest = open
            .iter()
            .min_by_key(|offer| Arc::strong_count(&offer.rows));
        fewest.cloned()
    }

    fn open(&self, offer: Offer) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(offer);
        self.changed.notify_waiters();
    }

    fn close(&self, rows: &Arc<Rows>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|offer| !Arc::ptr_eq(&offer.rows, rows));
    }
}

impl Worker {
    /// Copies a table's rows with the help of whoever takes the offer. If anything fails, nothing stays.
    pub(super) async fn send_together(
        &mut self,
        copy: &BString,
        table: &BString,
        feed: Feed,
        offers: &Offers,
    ) -> Result<Sent, WireError> {
        let rows = Arc::new(Rows {
            feed: AsyncMutex::new(feed),
            is_over: AtomicBool::new(false),
        });
        let ((copied, copies), (ended, ends)) = (unbounded_channel(), unbounded_channel());
        let (decide, verdict) = watch::channel(None);
        offers.open(Offer {
            copy: copy.clone(),
            rows: Arc::clone(&rows),
            copied,
            ended,
            verdict,
        });
        let own = self.take_part(copy, &rows).await;
        offers.close(&rows);
        let failure = first_failure(own, copies).await;
        // Whoever had a part in the rows has let go of them.
        let read = match Arc::into_inner(rows) {
            Some(rows) => self.close(rows.feed.into_inner()).await,
            None => Err(not_read("its rows are still being read")),
        };
        let is_stopped = self.run.watch.is_stopped();
        let is_whole = failure.is_none() && read.is_ok() && !is_stopped;
        // Where nobody took the offer, nobody waits for it.
        let _ = decide.send(Some(is_whole));
        let own = self.end_part(is_whole).await;
        let unfinished = first_failure(own, ends).await;
        if is_whole && unfinished.is_some() && self.session.is_ready() {
            // Some of it may be there.
            self.session
                .execute(text!("truncate table only ", table))
                .await?;
        }
        match (failure.or(unfinished), read) {
            (_, Err(error)) => Ok(Sent::Damaged(error)),
            _ if is_stopped => Ok(Sent::Stopped),
            (None, Ok(())) => Ok(Sent::Ended(Ok(()))),
            (Some(error), Ok(())) => Ok(Sent::Ended(Err(error))),
        }
    }

    /// Helps with the rows of a table that another session restores.
    pub(crate) async fn help(&mut self, offer: Offer) {
        let Offer {
            copy,
            rows,
            copied,
            ended,
            mut verdict,
        } = offer;
        let own = self.take_part(&copy, &rows).await;
        drop(rows);
        // The other session waits for it, unless its connection is lost.
        let _ = copied.send(own);
        drop(copied);
        let is_whole = match verdict.wait_for(Option::is_some).await {
            Ok(verdict) => *verdict == Some(true),
            Err(_) => false,
        };
        let own = self.end_part(is_whole).await;
        if let Err(error) = &own
            && !self.session.is_ready()
        {
            self.run.end(Ended::ConnectionLost(error.to_string()));
        }
        let _ = ended.send(own);
    }

    /// Takes rows until there are no more.
    async fn take_part(&mut self, copy: &BString, rows: &Rows) -> Result<(), WireError> {
        let taken = self.take_rows(copy, rows).await;
        if taken.is_err() {
            rows.is_over.store(true, Ordering::SeqCst);
        }
        taken
    }

    async fn take_rows(&mut self, copy: &BString, rows: &Rows) -> Result<(), WireError> {
        let mut copying = self.session.copy_in(text!("begin;\n", copy)).await?;
        loop {
            let mut feed = rows.feed.lock().await;
            loop {
                if rows.is_over.load(Ordering::SeqCst) || self.run.watch.is_stopped() {
                    return copying.abort("the restore of these rows has ended").await;
                }
                let Some(fed) = feed.next().await else {
                    drop(feed);
                    return copying.finish().await;
                };
                let Fed::Data { bytes, ends_row } = fed else {
                    continue;
                };
                if ends_row {
                    drop(feed);
                    self.run.watch.add_bytes(bytes.len() as u64);
                    if !copying.send(&bytes).await? {
                        return copying.finish().await;
                    }
                    break;
                }
                // The rest of the row must follow it.
                self.run.watch.add_bytes(bytes.len() as u64);
                if !copying.send(&bytes).await? {
                    return copying.finish().await;
                }
            }
        }
    }

    async fn end_part(&mut self, is_whole: bool) -> Result<(), WireError> {
        if !self.session.is_ready() {
            // What made it so is told already.
            return Ok(());
        }
        let end = if is_whole { "commit" } else { "rollback" };
        self.session.execute(end).await
    }
}

/// The first failure of those who took part, once all have said how it went.
async fn first_failure(
    own: Result<(), WireError>,
    mut others: UnboundedReceiver<Result<(), WireError>>,
) -> Option<WireError> {
    let mut failure = own.err();
    while let Some(result) = others.recv().await {
        failure = failure.or(result.err());
    }
    failure
}
