//! Courses find nothing while every rule is kept.

use raftwerk_sim::{COURSES, Course, World};

#[test]
fn every_course_is_silent_and_does_something() {
    for course in &COURSES {
        let mut answered = 0;
        for seed in 0..8 {
            let setup = (course.setup)(seed);
            assert_eq!(setup.validate(), Ok(()), "{}, seed {seed}", course.name);
            let mut world = World::new(&setup);
            (course.play)(&mut world, 4_000);
            assert_eq!(world.violation(), None, "{}, seed {seed}", course.name);
            assert!(world.counts().elections > 0, "{}, seed {seed}", course.name);
            answered += world.counts().answered;
        }
        let idle = course.name == "deaf";
        assert_eq!(answered == 0, idle, "{}: {answered} answers", course.name);
    }
}

#[test]
fn courses_are_found_by_their_names() {
    for course in &COURSES {
        assert_eq!(Course::named(course.name).unwrap().name, course.name);
        assert!(course.about.ends_with('.'));
    }
    assert!(Course::named("none").is_none());
}
