//! `postern dlq list`: what is there, changing nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clap::Args;
use consumer::Settings;
use uuid::Uuid;

use super::{
    facts::{Facts, Shared},
    identity::Census,
    open,
    selection::{Filters, Wanted},
    survey::Survey,
};
use crate::cli::{
    args::{OutputFormat, Printing},
    failure::Failure,
    output::{Output, blank, local, note, printable},
};

/// So many are few enough to show each.
const FEW: usize = 20;

/// Arguments of `dlq list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  postern dlq list\n  \
    postern dlq list --reason malformed --age-min 2h --long\n  \
    postern dlq list --integration acme --output json")]
pub(in crate::cli) struct List {
    #[command(flatten)]
    filters: Filters,
    /// Show every dead letter, however many there are; json always does.
    #[arg(long)]
    long: bool,
    #[command(flatten)]
    printing: Printing,
}

/// Reads all, gives them back, then prints: nobody waits for a pager.
pub(super) async fn run(list: List, settings: &Settings) -> Result<(), Failure> {
    let connection = open(settings).await?;
    let mut survey = Survey::begin(&connection, &Wanted::Like(list.filters)).await?;
    let mut letters = Vec::new();
    let mut twins = Vec::new();
    while let Some(found) = survey.next().await? {
        letters.push(found.facts);
        twins.push(found.fingerprint);
    }
    survey.end().await?;
    let _ = connection.close(200, "done".into()).await;
    number_from_the_end(&mut letters, &twins);

    let output = Output::new(list.printing);
    match list.printing.output {
        OutputFormat::Json => letters.iter().try_for_each(|it| output.one(it, String::new)),
        OutputFormat::Human if letters.is_empty() => {
            note("no dead letters");
            Ok(())
        }
        OutputFormat::Human => tell(&output, &letters, list.long),
    }
}

/// Among twins the first has the highest number: it is the number that goes when one of them is
/// taken, so that whoever works down the list meets each id he has read.
fn number_from_the_end(letters: &mut [Facts], fingerprints: &[Uuid]) {
    let mut census = Census::default();
    for (letter, fingerprint) in letters.iter_mut().zip(fingerprints).rev() {
        letter.id = census.id(*fingerprint);
    }
}

fn tell(output: &Output, letters: &[Facts], long: bool) -> Result<(), Failure> {
    let header = ["REASON", "QUEUE", "INTEGRATION", "COUNT", "FIRST", "LAST"];
    output.all(&groups(letters), header, Group::cells)?;
    if !long && letters.len() > FEW {
        note(&format!("{} dead letters; --long shows each", letters.len()));
        return Ok(());
    }
    blank()?;
    let header = ["ID", "FAILED AT", "REASON", "TYPE", "BOOKING", "REPLAYS", "DETAIL"];
    output.all(letters, header, |letter| {
        [
            letter.id.to_string(),
            local(letter.failed_at),
            printable(&letter.reason),
            letter.kind.as_deref().map(printable).unwrap_or_default(),
            letter.booking_id.as_deref().map(printable).unwrap_or_default(),
            letter.replays.to_string(),
            letter.detail.as_deref().map(printable).unwrap_or_default(),
        ]
    })
}

/// Letters that likely have one cause.
#[derive(serde::Serialize)]
struct Group {
    reason: Shared,
    queue: Option<Shared>,
    integration_id: Option<Shared>,
    count: usize,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

fn groups(letters: &[Facts]) -> Vec<Group> {
    let mut groups: BTreeMap<_, Vec<Option<DateTime<Utc>>>> = BTreeMap::new();
    for Facts { reason, queue, integration_id, failed_at, .. } in letters {
        groups.entry((reason, queue, integration_id)).or_default().push(*failed_at);
    }
    let group = |((reason, queue, integration_id), times): (_, Vec<Option<DateTime<Utc>>>)| Group {
        reason: Shared::clone(reason),
        queue: Option::<Shared>::clone(queue),
        integration_id: Option::<Shared>::clone(integration_id),
        count: times.len(),
        first: times.iter().flatten().min().copied(),
        last: times.iter().flatten().max().copied(),
    };
    groups.into_iter().map(group).collect()
}

impl Group {
    fn cells(&self) -> [String; 6] {
        [
            printable(&self.reason),
            self.queue.as_deref().map(printable).unwrap_or_default(),
            self.integration_id.as_deref().map(printable).unwrap_or_default(),
            self.count.to_string(),
            local(self.first),
            local(self.last),
        ]
    }
}
