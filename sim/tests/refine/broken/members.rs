//! Members and hand-overs that the thesis does not allow (3.10, 4).

use super::*;

pub fn members_and_transfer() -> BTreeSet<&'static str> {
    let mut tale = Tale::led();
    tale.broken(
        2,
        1,
        told_to_campaign(3, at(1, 2)),
        "who is told to campaign has the whole",
    );
    tale.broken(2, 1, handing_over(3), "only a leader changes the members");
    tale.broken(1, 1, handing_over(1), "a leader hands over to one voter");
    tale.broken(
        1,
        1,
        told_to_campaign(2, at(1, 2)),
        "a leader hands over to one voter",
    );
    tale.so(1, 1, handing_over(2));
    tale.broken(
        1,
        1,
        command(at(1, 3)),
        "a leader that hands over takes no more",
    );
    tale.so(1, 1, told_to_campaign(2, at(1, 2)));
    let mut tale = Tale {
        broken: tale.broken,
        ..Tale::led()
    };
    let id = at(1, 3);
    tale.so(1, 1, appended(id, Step::Direct));
    tale.broken(
        1,
        1,
        in_force(id, voters(&[4, 5])),
        "majorities before and after a change",
    );
    tale.broken(
        1,
        1,
        in_force(at(1, 4), voters(&[1, 2])),
        "the newest membership in the log",
    );
    tale.so(1, 1, in_force(id, voters(&[1, 2])));
    tale.broken(
        1,
        1,
        appended(at(1, 4), Step::Direct),
        "a change begins when the one before",
    );
    tale.broken(
        1,
        1,
        Kind::MembershipCommitted { id },
        "a membership is committed with",
    );
    // S3 learns and hears that it is no voter any more, then campaigns all the same.
    tale.so(3, 1, higher(Role::Follower, 1, 0, 1));
    tale.so(3, 1, accepted(1, at(0, 1), 3, 2));
    tale.so(1, 1, persisted(3));
    tale.so(2, 1, accepted(1, at(1, 2), 3, 1));
    tale.so(2, 1, persisted(3));
    tale.so(1, 1, matched(2, 3));
    tale.so(1, 1, by_counting(2, 3, &[(1, 3), (2, 3)]));
    tale.so(1, 1, Kind::MembershipCommitted { id });
    tale.so(3, 1, by_word(0, 3, 1));
    tale.broken(3, 2, started(at(1, 3)), "only a voter campaigns");
    tale.broken
}
