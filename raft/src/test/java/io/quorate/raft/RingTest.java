package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.raft.ProposalOutcome.Committed;
import io.quorate.raft.SimulatedRing.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A ring whose majority is lost for good can change nothing ever again. If this breaks, the one
 * that is begun in its place loses what was kept, or the lost voters come back and there are two.
 */
class RingTest {
  private static final long SECOND = 1_000_000_000L;
  private static final List<String> LOST = List.of("n1", "n2");

  private static ProposalOutcome propose(SimulatedRing ring, Member at, String word) {
    List<ProposalOutcome> heard = new ArrayList<>();
    at.propose(word, 10 * SECOND, heard::add);
    ring.world.runUntil(() -> !heard.isEmpty(), 20 * SECOND);
    return heard.getFirst();
  }

  private static SimulatedRing ring(int seed) {
    SimulatedRing ring = new SimulatedRing(seed, 3, 2, config -> config.withSnapshots(20, 5));
    ring.bootAll();
    Member leader = ring.awaitLeader();
    for (int i = 0; i < 30; i++) {
      assertThat(propose(ring, leader, "w" + i)).isInstanceOf(Committed.class);
    }
    ring.world.runFor(SECOND);
    return ring;
  }

  private static RingEvidence evidence(SimulatedRing ring, Member member) {
    List<RingEvidence> heard = new ArrayList<>();
    member.node().evidence(heard::add);
    ring.world.runUntil(() -> !heard.isEmpty(), SECOND);
    return heard.getFirst();
  }

  private static RingJudgement judge(SimulatedRing ring) {
    List<RingEvidence> answers = new ArrayList<>();
    for (Member member : ring.members()) {
      if (member.host.isUp()) {
        answers.add(evidence(ring, member));
      }
    }
    return RingJudgement.of(answers, Set.of());
  }

  private static @Nullable String begin(SimulatedRing ring, Member member, Ring next) {
    List<String> heard = new ArrayList<>();
    member.node().beginRing(next, refusal -> heard.add(refusal == null ? "" : refusal));
    ring.world.runUntil(() -> !heard.isEmpty(), 5 * SECOND);
    return heard.getFirst().isEmpty() ? null : heard.getFirst();
  }

  private static Ring recover(SimulatedRing ring, String... followers) {
    RingJudgement judgement = judge(ring);
    assertThat(judgement.refusal()).isNull();
    Ring next = judgement.next(77);
    Member founder = ring.member(Objects.requireNonNull(judgement.founder()).name());
    assertThat(begin(ring, founder, next)).isNull();
    for (String follower : followers) {
      assertThat(begin(ring, ring.member(follower), next)).isNull();
    }
    return next;
  }

  @Test
  void whatIsLeftGoesOnAndTheLostOnesAreRefusedWhenTheyComeBack() {
    SimulatedRing ring = ring(1);
    ring.member("l2").host.crash();
    LOST.forEach(name -> ring.member(name).host.crash());
    ring.world.runFor(15 * SECOND);
    assertThat(propose(ring, ring.member("n3"), "nobody decides"))
        .isInstanceOf(ProposalOutcome.Rejected.class);
    recover(ring, "l1");
    Member leader = ring.awaitLeader();
    assertThat(leader.id.name()).isEqualTo("n3");
    assertThat(propose(ring, leader, "again")).isInstanceOf(Committed.class);
    ring.world.runFor(2 * SECOND);
    assertThat(propose(ring, ring.member("l1"), "from a learner")).isInstanceOf(Committed.class);

    // A learner that was away is told, and follows. The two lost ones were a majority.
    ring.member("l2").boot();
    LOST.forEach(name -> ring.member(name).boot());
    ring.world.runFor(20 * SECOND);
    for (String name : LOST) {
      Member lost = ring.member(name);
      assertThat(lost.failure).isInstanceOf(RingGivenUp.class).hasMessageContaining("given up");
      assertThat(propose(ring, lost, "zombie")).isInstanceOf(ProposalOutcome.Rejected.class);
    }
    assertThat(propose(ring, leader, "last")).isInstanceOf(Committed.class);
    ring.world.runFor(2 * SECOND);
    for (String name : List.of("n3", "l1", "l2")) {
      assertThat(ring.member(name).failure).isNull();
      assertThat(ring.member(name).status().ring().number()).isEqualTo(1);
      assertThat(ring.member(name).machine.words)
          .hasSize(33)
          .endsWith("again", "from a learner", "last");
    }
  }

  @Test
  void theNextRingGrowsAndIsThereAfterAPowerLoss() {
    SimulatedRing ring = ring(2);
    LOST.forEach(name -> ring.member(name).host.crash());
    ring.world.runFor(15 * SECOND);
    recover(ring, "l1", "l2");
    Member leader = ring.awaitLeader();
    ring.world.runFor(2 * SECOND);
    List<ConfigurationOutcome> changed = new ArrayList<>();
    leader
        .node()
        .changeVoters(
            Set.of(new PeerId("n3"), new PeerId("l1"), new PeerId("l2")),
            ring.world.nowNanos() + 5 * SECOND,
            changed::add);
    ring.world.runUntil(() -> !changed.isEmpty(), 10 * SECOND);
    assertThat(changed.getFirst()).isInstanceOf(ConfigurationOutcome.Changed.class);
    for (String name : List.of("n3", "l1", "l2")) {
      ring.member(name).host.crash();
    }
    for (String name : List.of("l1", "l2")) {
      ring.member(name).boot();
    }
    Member next = ring.awaitLeader();
    assertThat(propose(ring, next, "after")).isInstanceOf(Committed.class);
    assertThat(next.machine.words).hasSize(31);
  }

  @Test
  void whoKnowsOfLaterChangesStopsAndWhoIsNewJoins() {
    SimulatedRing ring = ring(3);
    Member ahead = ring.member("l2");
    // l1 and n3 do not hear what the rest decides.
    ring.member("l1").host.crash();
    ring.member("n3").host.crash();
    Member leader = ring.awaitLeader();
    assertThat(propose(ring, leader, "only the lost ones know")).isInstanceOf(Committed.class);
    ring.world.runFor(2 * SECOND);
    LOST.forEach(name -> ring.member(name).host.crash());
    ahead.host.crash();
    ring.member("l1").boot();
    ring.member("n3").boot();
    ring.world.runFor(15 * SECOND);
    recover(ring, "l1");
    ring.awaitLeader();
    ahead.boot();
    ring.world.runFor(5 * SECOND);
    assertThat(ahead.failure).isInstanceOf(RingGivenUp.class);
    assertThat(ring.member("n3").machine.words).doesNotContain("only the lost ones know");
  }

  /** A founder that loses power on the way is of one ring or of the other, with all it had. */
  @Test
  void aPowerLossOnTheWayLeavesOneOfTheTwoRings() {
    int before = 0;
    int after = 0;
    for (int seed = 1; seed <= 60; seed++) {
      SimulatedRing ring = ring(seed);
      LOST.forEach(name -> ring.member(name).host.crash());
      ring.world.runFor(15 * SECOND);
      Ring next = judge(ring).next(seed);
      Member founder = ring.member("n3");
      founder.node().beginRing(next, refusal -> {});
      ring.world.runFor(ring.world.random().nextInt(4_000_000));
      founder.host.crash();
      founder.boot();
      ring.world.runFor(3 * SECOND);
      assertThat(founder.failure).as("seed %d", seed).isNull();
      if (founder.status().ring().number() == 0) {
        before++;
        ring.world.runFor(10 * SECOND);
        assertThat(begin(ring, founder, judge(ring).next(-seed))).isNull();
      } else {
        after++;
      }
      ring.awaitLeader();
      assertThat(propose(ring, founder, "after")).as("seed %d", seed).isInstanceOf(Committed.class);
      assertThat(founder.machine.words).as("seed %d", seed).hasSize(31);
    }
    assertThat(before).as("some lost power before").isPositive();
    assertThat(after).as("some lost power after").isPositive();
  }
}
