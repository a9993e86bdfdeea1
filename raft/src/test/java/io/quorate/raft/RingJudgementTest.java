package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.raft.RingEvidence.TermRun;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, an operator gives up a ring that would have come back, or begins the next one
 * from a member that lacks what others know to be committed.
 */
class RingJudgementTest {
  private static final List<PeerId> VOTERS =
      List.of(new PeerId("n1"), new PeerId("n2"), new PeerId("n3"));

  /** A member whose log has {@code before} entries of term 1, and then some of a later one. */
  private static RingEvidence member(
      String name, long commit, long before, long last, long lastTerm) {
    return member(name, commit, before, last, lastTerm, null, 60_000);
  }

  private static RingEvidence member(
      String name,
      long commit,
      long before,
      long last,
      long lastTerm,
      @Nullable String leader,
      long leaderlessMillis) {
    List<TermRun> terms =
        last > before
            ? List.of(new TermRun(0, 0), new TermRun(1, 1), new TermRun(before + 1, lastTerm))
            : List.of(new TermRun(0, 0), new TermRun(1, 1));
    return new RingEvidence(
        new PeerId(name),
        Ring.FIRST,
        5,
        leader == null ? null : new PeerId(leader),
        leaderlessMillis,
        commit,
        terms,
        last,
        VOTERS,
        List.of(),
        null,
        false);
  }

  private static RingJudgement judge(RingEvidence... answers) {
    return RingJudgement.of(List.of(answers), Set.of());
  }

  @Test
  void theNewestLogBeginsTheNextRing() {
    RingJudgement judgement =
        judge(member("n1", 7, 10, 12, 2), member("l1", 9, 10, 10, 1), member("l2", 3, 4, 4, 1));
    assertThat(judgement.refusal()).isNull();
    assertThat(judgement.founder()).isEqualTo(new PeerId("n1"));
    assertThat(judgement.certainIndex()).isEqualTo(9);
    assertThat(judgement.uncertain()).isEqualTo(3);
    assertThat(judgement.dropped()).isEmpty();
    assertThat(judgement.lost()).isEqualTo(VOTERS.subList(1, 3));
    assertThat(judgement.next(5))
        .isEqualTo(
            new Ring(1, 5, 9, List.of(new PeerId("n1")), List.of(VOTERS.get(1), VOTERS.get(2))));
  }

  /** A later term alone does not make a log good: its leader may never have had a majority. */
  @Test
  void whoLacksWhatIsCommittedBeginsNothing() {
    // n1 has entry 10 of term 3, from a leader that was cut off; l1 knows that 10 of term 1 was
    // committed by those who are lost now.
    RingJudgement judgement = judge(member("n1", 7, 9, 10, 3), member("l1", 10, 10, 10, 1));
    assertThat(judgement.founder()).isEqualTo(new PeerId("l1"));
    assertThat(judgement.dropped()).isEqualTo(Map.of(new PeerId("n1"), 1L));
  }

  @Test
  void aRingThatMayComeBackIsNotGivenUp() {
    RingEvidence n1 = member("n1", 7, 10, 10, 1);
    RingEvidence n2 = member("n2", 7, 10, 10, 1);
    assertThat(judge(n1, n2).refusal()).contains("a majority of the voters answers");
    assertThat(RingJudgement.of(List.of(n1), Set.of(new PeerId("n3"))).refusal())
        .contains("voter n3 does not answer, but others take it for alive");
    assertThat(judge(member("n1", 7, 10, 10, 1, "n2", 0)).refusal())
        .contains("n1 follows the leader n2");
    assertThat(judge(member("n1", 7, 10, 10, 1, null, 3_000)).refusal()).contains("wait 10 s");
    assertThat(judge(member("n1", 0, 0, 0, 1)).refusal()).contains("nobody who answers has");
  }

  @Test
  void whileTheVotersAreExchangedOneSideThatIsLostIsEnough() {
    RingEvidence joint =
        new RingEvidence(
            new PeerId("n1"),
            Ring.FIRST,
            5,
            null,
            60_000,
            3,
            List.of(new TermRun(0, 0), new TermRun(1, 1)),
            4,
            List.of(new PeerId("n1")),
            VOTERS,
            null,
            false);
    assertThat(judge(joint).refusal()).isNull();
    assertThat(judge(joint).lost()).isEqualTo(VOTERS.subList(1, 3));
  }

  @Test
  void aMemberThatHasStoppedIsNotCountedOn() {
    RingEvidence stopped =
        new RingEvidence(
            new PeerId("n2"),
            Ring.FIRST,
            5,
            null,
            60_000,
            9,
            List.of(new TermRun(0, 0), new TermRun(1, 1)),
            9,
            VOTERS,
            List.of(),
            "its disk failed",
            false);
    assertThat(judge(member("n1", 7, 10, 10, 1), stopped).founder()).isEqualTo(new PeerId("n1"));
    assertThat(judge(member("n1", 7, 8, 8, 1), stopped).refusal())
        .contains("nobody who has all that is committed takes part");
  }

  /** It is up and has been sent a log, but cannot elect; and its older self may come back. */
  @Test
  void whoHasNoVoteIsNeitherCountedOnNorGivenUp() {
    RingEvidence full = member("n2", 7, 10, 10, 1);
    RingEvidence blank =
        new RingEvidence(
            full.self(),
            full.ring(),
            full.term(),
            null,
            60_000,
            full.commitIndex(),
            full.terms(),
            full.lastIndex(),
            VOTERS,
            List.of(),
            null,
            true);
    RingEvidence n1 = member("n1", 7, 10, 12, 1);
    assertThat(judge(n1, full).refusal()).contains("a majority of the voters answers");
    RingJudgement judgement = RingJudgement.of(List.of(n1, blank), Set.of(blank.self()));
    assertThat(judgement.refusal()).isNull();
    assertThat(judgement.founder()).isEqualTo(n1.self());
    assertThat(judgement.answering()).containsExactly(n1.self());
    assertThat(judgement.lost()).containsExactly(new PeerId("n3"));
  }
}
