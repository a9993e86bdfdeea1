package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.quorate.raft.TestRing.Flaw;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** If this fails, two nodes can disagree on the schema or forget a change that was acknowledged. */
class RaftSafetyTest {
  private static final int SEEDS = Integer.getInteger("raft.seeds", 400);
  private static final int STEPS = 8_000;

  @Test
  void theFivePropertiesHoldUnderFaultsAndTheRingRecovers() {
    long committed = 0;
    long reads = 0;
    long exchanges = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      RandomRun run = new RandomRun(seed, seed % 2 == 0 ? 3 : 5, Flaw.NONE, 2 + (int) (seed % 5));
      try {
        run.run(STEPS);
      } catch (RuntimeException | AssertionError e) {
        fail("seed " + seed + ": " + e.getMessage(), e);
      }
      committed += run.committed;
      reads += run.servedReads;
      exchanges += run.exchanges;
    }
    // A run in which nothing happens proves nothing.
    assertThat(committed).isGreaterThan(SEEDS * 10L);
    assertThat(reads).isGreaterThan(SEEDS);
    assertThat(exchanges).isGreaterThan(SEEDS);
  }

  @Test
  void theCheckerCatchesAVoteThatWasNotPersisted() {
    assertThat(firstSeedThatFails(Flaw.SENDS_BEFORE_PERSISTING, 30, 2_000)).isPositive();
  }

  @Test
  void theCheckerCatchesAChangeThatOneSideCommitsAlone() {
    assertThat(firstSeedThatFails(Flaw.COUNTS_ONE_SIDE_WHILE_JOINT, 4, 200)).isPositive();
  }

  /**
   * A member of an existing ring was set up with a list of voters that names it. It must not be
   * elected by that list: beside it, those that the ring knows could elect another one.
   */
  @Test
  void aMemberThatTakesItselfForAVoterCannotBeElected() {
    SafetyChecker checker = new SafetyChecker();
    TestRing ring =
        new TestRing(
            3,
            1,
            new SplittableRandom(1),
            Flaw.NONE,
            config ->
                config.self().name().equals("l1")
                    ? RaftConfig.of(
                        config.self(), List.of(config.self(), new PeerId("n1"), new PeerId("n2")))
                    : config,
            checker::onApply);
    TestRing.Member stranger = ring.member(new PeerId("l1"));
    assertThat(stranger.core().role()).isEqualTo(Role.FOLLOWER);
    // Nobody has a log yet: the two that it names do not vote for it.
    tick(ring, stranger, 60);
    assertThat(stranger.core().isLeader()).isFalse();

    TestRing.Member n3 = ring.member(new PeerId("n3"));
    tick(ring, n3, 20);
    assertThat(n3.core().isLeader()).isTrue();
    tick(ring, stranger, 60);
    tick(ring, n3, 4);
    assertThat(stranger.core().lastIndex()).isEqualTo(n3.core().lastIndex());
    // It has learned better from the log.
    assertThat(stranger.core().role()).isEqualTo(Role.LEARNER);
    n3.crash();
    tick(ring, stranger, 60);
    assertThat(stranger.core().isLeader()).isFalse();
    new ExchangeChecker(checker).check(ring.members());
  }

  private static void tick(TestRing ring, TestRing.Member member, int times) {
    for (int i = 0; i < times; i++) {
      member.core().tick();
      ring.settle();
    }
  }

  /** A log that is not this ring's is not gone on with, though indexes and terms are the same. */
  @Test
  void aLeaderOfAnotherRingIsNotFollowed() {
    TestRing ring =
        new TestRing(
            1, 1, new SplittableRandom(1), Flaw.NONE, config -> config, (member, entry) -> {});
    TestRing.Member alone = ring.member(new PeerId("n1"));
    tick(ring, alone, 20);
    assertThat(alone.core().commitIndex()).isEqualTo(1);
    Configuration others = Configuration.of(List.of(new PeerId("n1"), new PeerId("n2")));
    Message.AppendRequest append =
        new Message.AppendRequest(
            2, 0, 0, 0, List.of(Entry.of(1, 1, others), new Entry(2, 2, new byte[] {1})));
    assertThatThrownBy(() -> alone.core().step(new PeerId("n2"), append))
        .hasMessageContaining("another ring");
  }

  /** The story of figure 3.7: an entry of term 1 that a majority has, and that is overwritten. */
  @Test
  void theCheckerCatchesAnOldEntryCommittedByCounting() {
    assertThatThrownBy(() -> playFigure37(Flaw.COMMITS_OLD_TERMS_BY_COUNTING))
        .isInstanceOf(SafetyChecker.Violation.class)
        .hasMessageContaining("leader completeness: n5 leads term 4 without 2/t1");
    assertThatCode(() -> playFigure37(Flaw.NONE)).doesNotThrowAnyException();
  }

  private static void playFigure37(Flaw flaw) {
    SafetyChecker checker = new SafetyChecker();
    TestRing ring =
        new TestRing(
            5,
            0,
            new SplittableRandom(1),
            flaw,
            config -> config.withMessages(1, 1, 100),
            checker::onApply);
    TestRing.Member n1 = ring.member(new PeerId("n1"));
    TestRing.Member n5 = ring.member(new PeerId("n5"));
    elect(ring, n1);
    ring.settle();
    for (String other : List.of("n3", "n4", "n5")) {
      ring.cuts.add("n1>" + other);
    }
    n1.core().propose(new byte[] {42});
    ring.settle();
    n1.crash();

    elect(ring, n5);
    ring.network.clear(); // its no-op reaches nobody
    n5.persist();
    n5.crash();

    ring.cuts.clear();
    ring.cuts.add("n1>n4");
    n1.start();
    elect(ring, n1);
    // Deliver until entry 2 of term 1 is on three disks; entry 3 of term 3 is not.
    TestRing.Member n3 = ring.member(new PeerId("n3"));
    n1.persist();
    while (n1.core().matchIndexes().getOrDefault(n3.id, 0L) < 2) {
      ring.deliver(ring.network.removeFirst());
      n3.persist();
      ring.member(new PeerId("n2")).persist();
      check(checker, ring);
    }
    n1.crash();
    ring.network.clear();

    n5.start();
    elect(ring, n5);
    check(checker, ring);
    ring.settle();
    check(checker, ring);
  }

  private static void check(SafetyChecker checker, TestRing ring) {
    for (TestRing.Member member : ring.members()) {
      checker.check(member.id, member.isUp() ? member.core() : null);
    }
  }

  /** Makes a member leader of the next term; its first appends stay on the way. */
  private static void elect(TestRing ring, TestRing.Member member) {
    long newest = 0;
    for (TestRing.Member each : ring.members()) {
      newest = each.isUp() ? Math.max(newest, each.core().term()) : newest;
    }
    member.core().step(new PeerId("n2"), new Message.TimeoutNow(newest));
    member.collect();
    member.persist();
    while (!member.core().isLeader()) {
      TestRing.InFlight next = ring.network.removeFirst();
      if (next.message() instanceof Message.VoteRequest
          || next.message() instanceof Message.VoteReply) {
        ring.deliver(next);
        TestRing.Member to = ring.member(next.to());
        if (to.isUp()) {
          to.persist();
        }
      }
    }
  }

  /** The first seed whose run breaks a property; 0 when none does. */
  private static long firstSeedThatFails(Flaw flaw, int crashWeight, int seeds) {
    for (long seed = 1; seed <= seeds; seed++) {
      try {
        new RandomRun(seed, 3, flaw, crashWeight).run(STEPS);
      } catch (RuntimeException | AssertionError e) {
        return seed;
      }
    }
    return 0;
  }
}
