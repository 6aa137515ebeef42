//! Dead letters by reason; replaying and dropping them.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use config::Role;
use maud::html;
use uuid::Uuid;

use super::{
    dead_letters_table::{ReasonGroup, group},
    forms::{Sent, read, refusal, refused, session},
    jobs, layout,
};
use crate::{
    access::caller::Caller,
    api::dead_letters::{
        DeadLetter, LetterList, LetterQuery, LetterSelection, begin_drop, begin_replay, listed,
    },
    app::App,
    jobs::Job,
    problem::Problem,
};

pub(crate) async fn page(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    show(&app, &caller, None).await
}

/// Replays or drops what was chosen, as a job.
pub(crate) async fn act(
    State(app): State<App>,
    caller: Caller,
    sent: Sent<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let fields = read(sent)?;
    match begin(&app, &caller, &fields).await {
        Ok(job) => Ok(Redirect::to(&jobs::path(job.id)).into_response()),
        Err(problem) => {
            let page = show(&app, &caller, Some(&problem)).await;
            Ok(refused(problem, page))
        }
    }
}

async fn begin(
    app: &App,
    caller: &Caller,
    fields: &[(String, String)],
) -> Result<Arc<Job>, Problem> {
    let all_of = |name: &'static str| {
        fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    };
    let (action, extent) =
        all_of("do").next().and_then(|it| it.split_once('-')).ok_or_else(|| {
            Problem::bad_request("use one of the buttons of this page: nothing was done")
        })?;
    let selection = match (extent, all_of("reason").next()) {
        ("all", Some(reason)) => LetterSelection::of_reason(reason),
        _ => LetterSelection::of_ids(chosen(all_of("id"))?),
    };
    match action {
        "replay" => begin_replay(app, caller, &selection).await,
        "drop" if all_of("sure").next().is_none() => Err(Problem::bad_request(
            "tick “Remove them here” before you drop letters: nothing was done",
        )),
        "drop" => begin_drop(app, caller, &selection).await,
        _ => Err(Problem::bad_request("letters are replayed or dropped: nothing was done")),
    }
}

/// The letters that were ticked.
fn chosen<'a>(ids: impl Iterator<Item = &'a str>) -> Result<Vec<Uuid>, Problem> {
    let ids: Result<Vec<Uuid>, _> = ids.map(Uuid::parse_str).collect();
    let ids = ids.map_err(|_| Problem::bad_request("the id of a letter is a UUID"))?;
    match ids.is_empty() {
        true => Err(Problem::bad_request("tick at least one letter: nothing was done")),
        false => Ok(ids),
    }
}

async fn show(app: &App, caller: &Caller, problem: Option<&Problem>) -> Result<Response, Problem> {
    let session = session(caller)?;
    let list = listed(app, caller, &LetterQuery::default()).await?;
    let form = (caller.grant.role >= Role::Operator).then_some(session);
    let may_drop = app.console.archive_folder.is_some();
    let content = html! {
        (refusal(problem))
        @if list.letters.is_empty() {
            p { "There is no dead letter that you may see." }
        } @else {
            p { "Messages that could not be processed and were put aside: " (list.count) ". Remove the cause first, then replay them: a request opens a door at most once, and one that has expired opens nothing." }
            @if form.is_some() && !may_drop {
                p .fine { "Letters can be dropped where " code { "console.archive_folder" } " is set: each is written to a file there first." }
            }
        }
        @for note in &list.notes { p .fine { (note) } }
        @for of_reason in by_reason(&list) { (group(&of_reason, form, may_drop)) }
    };
    Ok(layout::page(caller, "/dead-letters", "Dead letters", &content))
}

fn by_reason(list: &LetterList) -> Vec<ReasonGroup<'_>> {
    let mut groups: BTreeMap<&str, ReasonGroup<'_>> = BTreeMap::new();
    for it in &list.groups {
        let group = groups.entry(&it.reason).or_insert_with(|| ReasonGroup::new(&it.reason));
        group.count += it.count;
        for (result, count) in &it.predicted {
            *group.predicted.entry(result).or_default() += count;
        }
    }
    for letter in &list.letters {
        let DeadLetter { info, .. } = letter;
        if let Some(group) = groups.get_mut(&*info.reason) {
            group.letters.push(letter);
        }
    }
    groups.into_values().collect()
}
