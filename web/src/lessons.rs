//! Lessons: the scenarios of `static/scenarios`, the same files that are golden tests, played in
//! the playground with their words (playground plan 6).
//!
//! The list opens from the top bar; a lesson under way has a strip above the stage. What it says
//! comes from the file, with values quoted from the run; what is right comes from the run alone.

use crate::action::{Action, Course};
use raftwerk_sim::scenario::{File, Goal, LessonView, Question, Standing};
use raftwerk_wire::explain::section;
use std::rc::Rc;
use std::sync::Arc;
use yew::prelude::*;

/// Id and text of each scenario, in order of level.
const SCENARIOS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

const LEVELS: [&str; 6] = [
    "The happy path",
    "Disagreement and repair",
    "Crashes and disks",
    "Ugly networks",
    "Reads and clients",
    "Changing the cluster",
];

/// The scenario of this name.
///
/// # Errors
/// There is none.
pub fn find(id: &str) -> Result<Arc<File>, String> {
    let found = SCENARIOS.iter().find(|(name, _)| *name == id);
    let (_, text) = found.ok_or_else(|| format!("There is no lesson {id:?}."))?;
    File::trusted(text).map(Arc::new)
}

/// Props of [`Lessons`].
#[derive(Properties, PartialEq)]
pub struct LessonsProps {
    /// What to do.
    pub act: Callback<Action>,
}

/// The list of lessons, below the top bar.
#[function_component]
pub fn Lessons(props: &LessonsProps) -> Html {
    let files = use_memo((), |()| {
        let files = SCENARIOS.iter().filter_map(|(id, _)| find(id).ok());
        files.collect::<Vec<Arc<File>>>()
    });
    let level = |(at, name): (usize, &&str)| {
        let mine = files
            .iter()
            .filter(|file| usize::from(file.level) == at + 1);
        html! { <>
            <h2>{ format!("{}. {name}", at + 1) }</h2>
            <ul class="plain">{ for mine.map(|file| entry(props, file)) }</ul>
        </> }
    };
    html! {
        <section id="lessons" class="popover" aria-label="Lessons">
            <p class="soft">
                { "Each plays a run of the real machine and stops where there is something to say." }
            </p>
            { for LEVELS.iter().enumerate().map(level) }
        </section>
    }
}

fn entry(props: &LessonsProps, file: &File) -> Html {
    let id = file.id.clone();
    let onclick = props
        .act
        .reform(move |_: MouseEvent| Action::Lesson(Course::Begin(id.clone())));
    html! {
        <li><button data-lesson={file.id.clone()} {onclick}>
            { file.text("en", "title").unwrap_or(&file.id) }</button></li>
    }
}

/// Props of [`LessonStrip`].
#[derive(Properties, PartialEq)]
pub struct StripProps {
    /// The lesson.
    pub lesson: Rc<LessonView>,
    /// Whether time runs.
    pub playing: bool,
    /// What to do.
    pub act: Callback<Action>,
}

/// The lesson under way, above the stage.
#[function_component]
pub fn LessonStrip(props: &StripProps) -> Html {
    let lesson = &props.lesson;
    let (step, steps) = lesson.step;
    let sections = section(&lesson.sections.join(", "));
    let leave = course(props, || Course::Leave);
    html! {
        <section id="lesson" class="lesson" aria-label="Lesson"
            data-standing={standing(&lesson.standing)}>
            <div class="head">
                <h2>{ &lesson.title }</h2>
                <span class="soft">{ format!("step {step} of {steps} \u{b7} {sections}") }</span>
                <button class="quiet" aria-label="Leave the lesson" title="Leave the lesson"
                    onclick={leave}>{ "\u{00d7}" }</button>
            </div>
            if !lesson.text.is_empty() {
                <p class="said" role="status">{ &lesson.text }</p>
            }
            if let Some(question) = &lesson.question { { ask(props, question) } }
            { end(lesson) }
            { goals(lesson) }
            <div class="row">{ buttons(props) }</div>
        </section>
    }
}

fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Going => "going",
        Standing::Over => "over",
        Standing::TakenOver => "taken-over",
        Standing::Stuck(_) => "stuck",
    }
}

fn course(props: &StripProps, what: impl Fn() -> Course + 'static) -> Callback<MouseEvent> {
    props
        .act
        .reform(move |_: MouseEvent| Action::Lesson(what()))
}

/// A question: choices, and which one is right once the run has shown it.
fn ask(props: &StripProps, question: &Question) -> Html {
    let choice = |(at, text): (usize, &String)| {
        let right = question.right.map(|right| right == at);
        let chosen = question.chosen == Some(at);
        let word = match right {
            Some(true) => " \u{2713} right",
            Some(false) if chosen => " \u{2717} not so",
            _ => "",
        };
        html! {
            <button aria-pressed={chosen.to_string()} disabled={right.is_some() || question.unanswered}
                data-right={right.map(|right| right.to_string())}
                onclick={course(props, move || Course::Choose(at))}>
                { text }{ word }</button>
        }
    };
    html! {
        <div class="ask" role="group" aria-label={question.text.clone()}>
            <b>{ &question.text }</b>
            { for question.choices.iter().enumerate().map(choice) }
            if question.unanswered { <span class="soft">{ "not seen" }</span> }
        </div>
    }
}

fn end(lesson: &LessonView) -> Html {
    let text = match &lesson.standing {
        _ if !lesson.here => {
            "This is a branch of your own; the lesson waits on its own.".to_string()
        }
        Standing::Going => return html! {},
        Standing::Over => "The end. The run is yours: go back, try something else.".to_string(),
        Standing::TakenOver => {
            "You have put a hand in, so the lesson ends here. The run is yours.".to_string()
        }
        Standing::Stuck(why) => format!("The lesson cannot go on: {why}"),
    };
    html! { <p class="soft">{ text }</p> }
}

/// What the run was to show up to here: seen, or not seen where a step was skipped.
fn goals(lesson: &LessonView) -> Html {
    let (all, missed) = (
        &lesson.goals,
        lesson.goals.iter().filter(|goal| !goal.seen).count(),
    );
    let mark = |seen| {
        if seen {
            "\u{2713} seen"
        } else {
            "\u{2013} not seen"
        }
    };
    let one = |goal: &Goal| {
        html! {
            <li data-seen={goal.seen.to_string()}><code>{ &goal.text }</code>{ " " }{ mark(goal.seen) }</li>
        }
    };
    html! {
        if !all.is_empty() {
            <details id="lesson-goals">
                <summary>{ format!("Goals: {} seen, {missed} not seen", all.len() - missed) }</summary>
                <ul>{ for all.iter().map(one) }</ul>
            </details>
        }
    }
}

fn buttons(props: &StripProps) -> Html {
    let lesson = &props.lesson;
    let way = |name: &String| {
        let (label, name) = (format!("The other way: {name}"), name.clone());
        let onclick = course(props, move || Course::Way(name.clone()));
        html! { <button {onclick}>{ label }</button> }
    };
    let id = lesson.id.clone();
    let again = course(props, move || Course::Begin(id.clone()));
    let go = props.act.reform(|_: MouseEvent| Action::Play(true));
    html! { <>
        if !lesson.here {
            <button id="lesson-back" onclick={course(props, || Course::Return)}>
                { "Back to the lesson" }</button>
        } else if lesson.standing == Standing::Going {
            <button id="lesson-on" class="primary" disabled={props.playing} onclick={go}>
                { "Go on" }</button>
            <button id="lesson-skip" title="Skip this step; its goals count as not seen"
                disabled={!lesson.may_skip} onclick={course(props, || Course::Skip)}>{ "Skip" }</button>
        }
        { for lesson.ways.iter().map(way) }
        <button id="lesson-again" onclick={again}>{ "From the start" }</button>
    </> }
}
