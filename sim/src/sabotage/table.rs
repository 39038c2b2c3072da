//! The plan for every rule: who breaks it, what is played, which test of the core notices too.

use super::{Broken, Careless, Optional, Plan, Who};
use crate::courses::Course;
use crate::setup::HostRule;
use raftwerk_core::Rule;

const OPTIONS: [Optional; 3] = [
    Optional {
        name: "pre-vote",
        section: "T9.6",
        what: "Who campaigns raises its term without asking first.",
        off: |switches| switches.pre_vote = false,
    },
    Optional {
        name: "check-quorum",
        section: "T6.2",
        what: "A leader that hears no majority leads on.",
        off: |switches| switches.check_quorum = false,
    },
    Optional {
        name: "stickiness",
        section: "T4.2.3",
        what: "Votes are given although a leader is heard.",
        off: |switches| switches.stickiness = false,
    },
];

const HOSTS: [Careless; 5] = [
    host("T6.3", HostRule::Sessions),
    host("T6.3", HostRule::StaleSequence),
    host("P7, T6.3", HostRule::SnapshotSessions),
    host("T3.8", HostRule::NewId),
    host("T6.4.1", HostRule::LeaseAgain),
];

const fn host(section: &'static str, rule: HostRule) -> Careless {
    let (name, what) = rule.told();
    Careless {
        name,
        section,
        what,
        rule,
    }
}

/// One rule a line: its name, who breaks it, what is played, a test that notices: of the core where
/// the rule is the core's.
const TABLE: &str = "
p5-1-old-term one storm e20_no_kind_of_an_older_term_has_any_effect
p5-1-newer-term all storm p5_1_terms_act_as_a_clock_and_a_stale_leader_steps_down
e1-vote one storm e1_a_vote_leaves_only_when_term_and_vote_are_on_disk
e1-own-vote one storm e1_a_candidate_wins_only_when_its_own_term_is_on_disk
e1-term all storm t3_8_term_vote_and_log_survive_a_restart_and_nothing_else_does
e2-forget one storm e2_stepping_down_inside_a_term_keeps_the_vote
e2-twice one storm p5_2_a_split_vote_elects_nobody_and_ends_by_timeout
e3-repeat all storm e3_a_voter_counts_once_and_a_stranger_never
e4-old-term one storm e4_a_vote_of_an_older_term_does_not_count
e4-pre-vote one storm e4_answers_of_another_term_or_phase_do_not_count
e5-length all storm e5_logs_are_compared_by_last_term_before_length
e5-no-check one storm p5_4_1_a_log_that_lacks_a_committed_entry_cannot_win
e6-shorter-log all storm e6_the_candidate_already_voted_for_is_granted_again
e8-refused-vote one storm e8_the_election_timer_is_reset_by_the_right_things_only
e8-refused-append one storm e8_the_election_timer_is_reset_by_the_right_things_only
e8-given-vote one storm e8_the_election_timer_is_reset_by_the_right_things_only
e8-old-term one storm e8_the_election_timer_is_reset_by_the_right_things_only
e9-same-timeout all storm e9_each_timeout_is_drawn_anew
e10a-old-yes all storm e10a_a_node_of_an_older_term_helps
e10c-keep-leader one storm e10c_a_pre_candidate_knows_no_leader
e11-silent all storm e11_a_leader_of_an_older_term_is_told_of_the_newer_one
e12-leader-campaigns one storm e12_a_leader_does_not_campaign
e13-no-log-check one storm e13_the_target_is_brought_up_to_date_first
e13-propose one storm e13_proposals_are_refused_meanwhile
e13-any-lane all late-word l7_a_late_timeout_now_is_recognised
e13-refused all handed-over e13_a_transfer_passes_the_live_leader_refusal
e13-for-ever all storm e13_a_transfer_is_given_up_after_its_limit
e16-anybody one storm e16_only_a_voter_of_the_newest_membership_campaigns
e16-suspect-votes all storm e16_a_suspect_node_gives_no_vote_and_no_pre_vote
e16-suspect-target all late-answer e16_leadership_is_not_handed_to_a_suspect_peer
e18-any-term all absurd-term e18_an_absurd_term_is_a_fault_of_the_link
e20-stranger one storm e20_no_kind_comes_in_from_another_cluster
p5-3-no-prev-check one storm p5_3_figure_7_every_log_is_brought_to_the_leaders
p5-3-keep-conflict one storm r1_a_conflict_cuts_from_the_first_entry_that_differs
r1-cut-all all storm r1_a_late_shorter_append_removes_nothing
r2-ack-whole-log all storm r2_a_follower_acknowledges_only_what_this_leader_proved
r2-older-proof one storm r2_what_an_earlier_leader_proved_is_not_acknowledged_to_the_next
r3-refusal-counts one storm r8_a_conflict_is_reached_one_entry_at_a_time
r4-any-lane all late-answer r4_a_reply_of_another_lane_gives_no_credit
r5-commit all storm r5_the_commit_index_sent_never_exceeds_what_the_peer_has_proven
r5-broken-promise all lied r5_who_is_not_suspect_and_has_less_is_not_excused
r7-holes all hole r7_entries_with_holes_are_not_taken
r8-too-large one storm r8_limits_smaller_than_an_entry_still_let_it_through
r9-one-by-one all storm p5_3_backtracking_needs_at_most_one_probe_a_term
r10-each-refusal one storm r10_refusals_of_a_pipeline_make_one_probe
r11-throttled one storm r11_a_full_window_that_was_lost_drains_again
r11-lost one storm r11_a_full_window_that_was_lost_drains_again
r11-probe all storm r11_a_probe_that_was_lost_is_sent_again
r11-forgot all forgotten r11_what_a_peer_lost_in_a_crash_is_sent_again
r13-old-term one storm p5_4_2_figure_8_an_old_entry_on_a_majority_is_not_committed
r14-half one storm p5_2_a_majority_elects_a_leader_and_one_alone_does_not
r14-count-self one storm m6_a_removed_leader_goes_on_until_that_is_committed_and_hands_over
r15-own-disk one storm t10_2_1_the_leader_counts_itself_only_when_its_disk_has_the_entry
r16-apply-early one storm r16_nothing_is_applied_that_the_own_disk_lacks
r18-overtaken one storm r18_a_report_about_an_overtaken_write_acknowledges_nothing
r20-forget-commit all told r20_a_commit_notice_is_remembered_until_the_entries_come
r23-boot-commits one storm r23_after_a_restart_nothing_is_committed_until_the_leader_says_so
c3-unknown-is-lost one storm r22_an_unknown_ticket_stays_unknown_when_its_entry_survives
c5-uncommitted one unheard limits_refuse_with_reasons
l1-no-own-entry one storm l1_a_new_leader_serves_no_read_below_its_opening_entry
l3-any-round all reads l3_an_echo_of_an_earlier_round_confirms_nothing
l3-any-answer all reads l3_an_answer_of_an_earlier_life_serves_no_read
l4-no-round one reads l4_a_read_is_served_after_its_round_is_confirmed_and_not_before
l5-no-apply one storm l5_a_confirmed_read_waits_for_apply_at_the_leader
l6-receipt all leases l6_a_lease_counts_from_the_sending_of_its_round
l6-drift all leases l6_a_lease_counts_from_the_sending_of_its_round
l7-keep-lease all leases l7_the_lease_is_given_up_before_somebody_is_told_to_campaign
l7-regain all leases l7_no_lease_is_taken_again_while_the_word_to_campaign_may_arrive
l8-start all leases l8_who_starts_is_silent_for_as_long_as_it_may_have_promised
l9-heard all leases l9_who_forgets_its_leader_keeps_its_promise
l9-voted all leases l9_who_votes_is_silent_towards_others
l9-fired all leases l9_a_silent_node_does_not_campaign
l9-campaigns all leases l9_who_votes_campaigns_no_more
l12-hang one storm l12_reads_fail_with_a_reason_when_leadership_is_lost
l13-newest-in-log all reads l13_the_newest_membership_in_the_log_is_no_basis
l13-newer-unseen all reads l13_an_answer_that_names_a_newer_membership_stops_the_fast_path
l13-old-marks all reads l13_answers_to_an_earlier_round_count_for_nothing
l13-smallest-mark all reads l13_the_longest_log_of_a_majority_is_waited_for
l13-suspect-marks all storm l13_a_suspect_node_tells_no_mark
l14-age-of-contact all storm l14_a_node_that_hears_its_leader_and_applies_nothing_grows_old
l14-not-applied all storm l14_a_node_that_hears_its_leader_and_applies_nothing_grows_old
l14-no-own-entry all storm l14_a_new_leader_is_old_until_its_opening_entry_is_applied
l14-any-probe all storm l14_the_proof_of_an_earlier_probe_tells_nothing
s1-keep-log one storm s1_a_log_that_contradicts_the_snapshot_is_dropped_whole
s2-go-back one storm s2_a_snapshot_at_or_below_the_commit_index_changes_nothing
s2-drop-tail one storm s2_a_snapshot_whose_last_entry_is_in_the_log_only_commits
s3-load-early one storm s3_an_install_is_one_write_and_everything_waits_for_it
s5-forget-term one storm s5_after_trimming_everything_the_previous_term_is_still_known
s6-newest-members one storm s6_a_snapshot_names_the_members_at_its_end
s6-forget-members one storm s5_after_trimming_everything_the_previous_term_is_still_known
s8-any-reply all storm s8_any_reply_that_connects_ends_the_wait_for_a_snapshot
s8-no-retry all storm s8_a_failed_stream_leads_back_to_probing_and_another_attempt
s8-unanswered all storm s8_a_delivered_snapshot_that_is_never_answered_is_sent_again
s9-overtake one storm s9_an_install_waits_for_the_running_apply
s10-trim-all all overtaken s10_the_log_after_a_snapshot_on_its_way_is_kept
s10-empty-log all storm s10_a_peer_behind_an_empty_log_is_sent_a_snapshot
m1-no-own-entry all storm m1_no_change_before_an_entry_of_the_own_term_is_committed
m1-two-at-once one storm nonsense_and_bad_moments_are_refused_with_reasons
m3-keep-cut one storm m3_an_uncommitted_change_is_kept_over_a_restart_and_rolled_back_by_a_cut
m4-elections one storm m4_elections_need_both_halves
m4-commits one storm m4_commits_need_both_halves
m4-reads all reads m4_reads_need_both_halves
m4-lease all leases m4_a_lease_needs_both_halves
m4-marks all reads m4_quorum_reads_need_both_halves
m4-age all half m4_an_age_needs_both_halves
m4-check-quorum all storm m4_check_quorum_needs_both_halves
m4-direct one storm section_6_two_voters_at_once_go_through_a_joint_entry
m5-gone-at-once all last-copy m5_a_removed_node_leads_once_more_where_only_its_log_can
m6-stays all storm m6_a_removed_leader_goes_on_until_that_is_committed_and_hands_over
m7-untold all storm m7_a_removed_node_that_was_down_for_a_minute_is_told_when_it_is_back
m8-no-catch-up one storm m8_an_empty_new_voter_blocks_no_commit
m8-slow-round one storm section_4_2_1_promotion_waits_for_a_round_shorter_than_an_election_timeout
m8-for-ever all storm section_4_2_1_a_new_voter_that_never_keeps_up_is_given_up
m9-nobody-leaves all storm m9_any_leader_leaves_the_joint_membership
m10-speaks all storm m10_a_node_without_members_neither_campaigns_nor_votes
m11-anybody one storm m11_learners_and_strangers_are_refused
m12-gone-early all storm m12_who_leaves_helps_until_the_change_is_committed
d1-ack-early one storm d1_an_acknowledgement_waits_for_the_disk
d2-go-on one storm d2_a_failed_write_ends_the_node_for_good
d3-trusts-rot all storm d3_what_was_committed_with_a_copy_that_rotted_is_not_lost
d3-trusts-early all storm d3_not_trusted_because_the_leader_s_log_fits
d3-unhelped all storm r5_a_suspect_peer_is_sent_again_what_it_acknowledged_before
d8-keep-crown one storm d8_a_leader_with_a_stalled_disk_hands_over
pre-vote all return t9_6_a_returning_node_does_not_depose_a_healthy_leader
check-quorum all aside t6_2_a_leader_without_a_majority_steps_down
stickiness all deaf t4_2_3_a_vote_is_refused_while_a_leader_is_heard
c1-no-sessions all storm a_retry_hears_the_first_answer_and_changes_nothing
c1-stale-sequence all storm an_older_sequence_is_stale_and_does_nothing
s11-no-sessions all storm the_answer_survives_a_snapshot
d9-old-id all storm d9_under_its_old_id_a_wiped_node_breaks_what_it_promised
l6-no-second-look all leases a_lease_that_is_over_when_the_value_is_there_is_not_served_from
";

/// The plan for every rule, in the order of the core's table; then the optional ones.
///
/// # Panics
/// When a rule has no row; a test looks at every row.
#[must_use]
pub fn plans() -> Vec<Plan> {
    let rules = Rule::ALL.iter().map(|rule| Broken::Rule(*rule));
    let options = OPTIONS.iter().map(Broken::Option);
    let hosts = HOSTS.iter().map(Broken::Host);
    rules.chain(options).chain(hosts).map(plan).collect()
}

fn plan(broken: Broken) -> Plan {
    let name = match broken {
        Broken::Rule(rule) => rule.name(),
        Broken::Option(option) => option.name,
        Broken::Host(host) => host.name,
    };
    let row = rows().find(|row| row[0] == name);
    let [_, who, course, test] = row.expect("every rule has a row");
    Plan {
        broken,
        who: match who {
            "one" => Who::One,
            _ => Who::All,
        },
        course: Course::named(course).expect("rows name courses that there are"),
        test,
    }
}

fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    let lines = TABLE.lines().filter(|line| !line.is_empty());
    lines.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.try_into().expect("a row has four words")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_rule_has_one_row_and_every_row_is_of_a_rule() {
        let plans = plans();
        assert!(plans.iter().map(Plan::name).eq(rows().map(|row| row[0])));
        assert!(rows().all(|[_, who, ..]| ["one", "all"].contains(&who)));
    }

    #[test]
    fn every_test_that_is_named_is_there() {
        let mut text = String::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folders = "core/tests core/src kv/tests kv/src native/src sim/tests".split(' ');
        let mut folders: Vec<_> = folders.map(|folder| root.join(folder)).collect();
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    text += &std::fs::read_to_string(path).unwrap_or_default();
                }
            }
        }
        for [.., test] in rows() {
            assert!(text.contains(&format!("fn {test}()")), "{test}");
        }
    }
}
