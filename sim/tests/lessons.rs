//! Scenarios as lessons: played on a history that a reader steps through, they go as they go
//! without a screen.

use raftwerk_sim::scenario::{File, Lesson, Pace, Player, Standing, Wish};
use raftwerk_sim::{History, Intervention, World};
use std::fs;
use std::path::Path;
use std::sync::Arc;

const ANY_TIME: u64 = u64::MAX;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/scenarios")
}

fn file(id: &str) -> Arc<File> {
    let path = folder().join(format!("{id}.json"));
    let text = fs::read_to_string(path).expect("readable");
    Arc::new(File::read(id, &text).expect("a scenario"))
}

fn ids() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the folder is there");
    let names = files.map(|file| {
        let name = file.expect("readable").file_name();
        name.into_string().expect("plain letters")
    });
    let mut ids: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".json").map(str::to_string))
        .collect();
    ids.sort();
    assert!(ids.len() >= 29, "the scenarios are there");
    ids
}

/// Goes on until the lesson has nothing to do any more; how often it paused to tell something.
fn to_the_end(lesson: &mut Lesson, history: &mut History) -> u64 {
    let mut told = 0;
    loop {
        match lesson.advance(history, ANY_TIME) {
            Pace::Played => {}
            Pace::Told => told += 1,
            Pace::Later => panic!("there is no limit"),
            Pace::Free => return told,
        }
    }
}

/// The hash at the end of the story, played without a screen.
fn headless(file: Arc<File>) -> u64 {
    let mut world = World::traced(&file.setup().expect("checked when read"));
    let mut player = Player::new(file);
    loop {
        match player.next(&world).expect("it goes as it says") {
            Wish::Act(at, what) => world.act_at(&what, at).expect("it is possible"),
            Wish::Step => assert!(world.step()),
            Wish::Fork(_) => {}
            Wish::End => return world.hash(),
        }
    }
}

#[test]
fn every_lesson_ends_in_the_state_in_which_its_scenario_ends() {
    for id in ids() {
        let (mut lesson, mut history) = Lesson::begin(file(&id)).unwrap();
        to_the_end(&mut lesson, &mut history);
        assert_eq!(lesson.view(&history).standing, Standing::Over, "{id}");
        assert_eq!(history.hash(), headless(file(&id)), "{id}");
    }
}

#[test]
fn what_is_shown_belongs_to_the_place_at_which_it_was_said() {
    let (mut lesson, mut history) = Lesson::begin(file("cold-start")).unwrap();
    assert_eq!(lesson.advance(&mut history, 0), Pace::Told);
    let first = lesson.view(&history);
    assert!(first.text.starts_with("Five nodes"), "{}", first.text);
    let question = first.question.expect("it asks");
    assert_eq!((question.chosen, question.right), (None, None));
    assert_eq!(lesson.advance(&mut history, 0), Pace::Later);
    lesson.choose(&history, 0);
    assert!(to_the_end(&mut lesson, &mut history) >= 3);
    let last = lesson.view(&history);
    assert!(last.text.starts_with("Its first entry"), "{}", last.text);
    let question = last.question.expect("it is still there");
    assert_eq!((question.chosen, question.right), (Some(0), Some(1)));
    history.seek(0);
    let again = lesson.view(&history);
    assert_eq!(again.text, first.text);
    assert_eq!(again.question.and_then(|question| question.right), None);
}

#[test]
fn going_back_and_forth_changes_nothing_of_its_course() {
    let (mut lesson, mut history) = Lesson::begin(file("figure-8")).unwrap();
    let (mut back, mut journeys) = (40, 0);
    while lesson.advance(&mut history, ANY_TIME) != Pace::Free {
        if history.position() >= back {
            (back, journeys) = (history.position() + 40, journeys + 1);
            history.seek(history.position() / 2);
        }
    }
    assert!(journeys >= 3, "{journeys}");
    assert_eq!(lesson.view(&history).standing, Standing::Over);
    assert_eq!(history.hash(), headless(file("figure-8")));
}

#[test]
fn the_other_way_is_taken_from_where_it_leaves() {
    let (mut lesson, mut history) = Lesson::begin(file("figure-8")).unwrap();
    to_the_end(&mut lesson, &mut history);
    let story = history.branch();
    assert_eq!(lesson.view(&history).ways, ["e"]);
    lesson.take(&mut history, "e").unwrap();
    assert_ne!(history.branch(), story);
    to_the_end(&mut lesson, &mut history);
    let view = lesson.view(&history);
    assert_eq!(view.standing, Standing::Over);
    assert!(view.text.starts_with("Branch e"), "{}", view.text);
    assert!(lesson.take(&mut history, "e").is_err(), "it is taken");
}

#[test]
fn who_puts_a_hand_in_goes_on_alone() {
    let (mut lesson, mut history) = Lesson::begin(file("cold-start")).unwrap();
    while history.position() < 5 {
        assert_ne!(lesson.advance(&mut history, ANY_TIME), Pace::Free);
    }
    let position = history.position();
    assert_eq!(lesson.view(&history).standing, Standing::Going);
    // On a branch of one's own the lesson waits.
    history.seek(0);
    history.act(Intervention::Crash(1), 0).unwrap();
    assert_eq!(lesson.advance(&mut history, ANY_TIME), Pace::Free);
    assert!(!lesson.view(&history).here);
    history.switch(lesson.branch());
    history.seek(position);
    assert_eq!(lesson.advance(&mut history, ANY_TIME), Pace::Played);
    // On its own branch it ends.
    let now = history.now();
    history.act(Intervention::Crash(1), now).unwrap();
    lesson.hand(history.branch());
    assert_eq!(lesson.view(&history).standing, Standing::TakenOver);
    assert_eq!(lesson.advance(&mut history, ANY_TIME), Pace::Free);
}
