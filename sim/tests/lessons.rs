//! Scenarios as lessons: played on a history that a reader steps through, they go as they go
//! without a screen.

use raftwerk_sim::scenario::{File, Lesson, Note, Pace, Player, Standing, Wish};
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

fn goals(lesson: &Lesson, history: &History) -> Vec<(String, bool)> {
    let goals = lesson.view(history).goals.into_iter();
    goals.map(|goal| (goal.text, goal.seen)).collect()
}

#[test]
fn a_goal_that_counts_on_a_step_left_out_is_not_seen_and_nothing_has_failed() {
    let (mut lesson, mut history) = Lesson::begin(file("partition")).unwrap();
    while lesson.advance(&mut history, ANY_TIME) != Pace::Told {}
    let (position, step) = (history.position(), lesson.view(&history).step.0);
    assert!(lesson.view(&history).may_skip);
    // The three times three are not made: S1 goes on to lead, and what the others should not see
    // of its next term never comes.
    lesson.skip(&history);
    assert_eq!(lesson.view(&history).step.0, step + 1);
    to_the_end(&mut lesson, &mut history);
    let seen = [
        ("committed = 2", true),
        ("count(BecameLeader) = 1", true),
        ("S6.commit = 2", false),
        ("S8.commit = 2", false),
        ("violation = none", true),
    ];
    let seen = seen.map(|(text, seen)| (text.to_string(), seen));
    assert_eq!(goals(&lesson, &history), seen);
    let view = lesson.view(&history);
    assert_eq!((view.standing, view.may_skip), (Standing::Over, false));
    // What is shown belongs to its place.
    history.seek(position);
    assert_eq!(goals(&lesson, &history), []);
}

#[test]
fn a_question_about_a_step_left_out_has_no_answer() {
    let (mut lesson, mut history) = Lesson::begin(file("cold-start")).unwrap();
    assert_eq!(lesson.advance(&mut history, 0), Pace::Told);
    while lesson.view(&history).may_skip {
        lesson.skip(&history);
    }
    to_the_end(&mut lesson, &mut history);
    let view = lesson.view(&history);
    let question = view.question.expect("it was asked");
    assert_eq!((question.right, question.unanswered), (None, true));
    // The first step was over when it was read.
    let seen: Vec<bool> = view.goals.iter().map(|goal| goal.seen).collect();
    assert_eq!(seen, [true, true, true, false, false, false]);
    assert_eq!(view.standing, Standing::Over);
}

/// Without a screen, with one step left out, or the first after it that waits: which one that was,
/// and how many goals were seen and not.
fn without(file: Arc<File>, step: usize) -> Result<(usize, [usize; 2]), String> {
    let mut world = World::traced(&file.setup().expect("checked when read"));
    let (mut player, mut counts, mut skipped) = (Player::new(file), [0; 2], None);
    loop {
        if player.step() >= step && skipped.is_none() {
            skipped = Some(player.step());
            player.skip(&world);
        }
        let wish = player.next(&world)?;
        for note in player.take_notes() {
            if let Note::Goal(_, seen) = note {
                counts[usize::from(!seen)] += 1;
            }
        }
        match wish {
            Wish::Act(at, what) => match world.act_at(&what, at) {
                Err(why) if !player.strayed() => return Err(why),
                _ => {}
            },
            Wish::Step if !world.step() => return Err("nothing is left to happen".to_string()),
            Wish::Step | Wish::Fork(_) => {}
            Wish::End => return Ok((skipped.unwrap_or(step), counts)),
        }
    }
}

#[test]
fn every_step_of_every_lesson_can_be_left_out() {
    for id in ids() {
        let file = file(&id);
        let goals: usize = file.steps.iter().map(|step| step.expect.len()).sum();
        let mut step = 1;
        while step <= file.steps.len() {
            let (skipped, [seen, missed]) = without(file.clone(), step)
                .unwrap_or_else(|why| panic!("{id} without step {step}: {why}"));
            assert_eq!(seen + missed, goals, "{id} without step {skipped}");
            let least = file
                .steps
                .get(skipped - 1)
                .map_or(0, |one| one.expect.len());
            assert!(missed >= least, "{id} without step {skipped}");
            step = skipped + 1;
        }
    }
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
