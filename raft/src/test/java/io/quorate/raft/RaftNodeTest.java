package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.FileSystem.Operation;
import io.quorate.raft.ConfigurationOutcome.Reason;
import io.quorate.raft.ProposalOutcome.Committed;
import io.quorate.raft.ProposalOutcome.Rejected;
import io.quorate.raft.ProposalOutcome.Unknown;
import io.quorate.raft.SimulatedRing.Member;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** If this fails, a schema change hangs, is lost after it was acknowledged, or happens twice. */
class RaftNodeTest {
  private static final long MILLI = 1_000_000L;
  private static final long SECOND = 1_000 * MILLI;

  private final List<ProposalOutcome> outcomes = new ArrayList<>();
  private final List<ReadOutcome> reads = new ArrayList<>();

  private static SimulatedRing ring(int voters, int learners) {
    SimulatedRing ring = new SimulatedRing(7, voters, learners, config -> config);
    ring.bootAll();
    return ring;
  }

  private ProposalOutcome propose(SimulatedRing ring, Member at, String word) {
    outcomes.clear();
    at.propose(word, 5 * SECOND, outcomes::add);
    ring.world.runUntil(() -> !outcomes.isEmpty(), 20 * SECOND);
    return outcomes.getFirst();
  }

  private ReadOutcome read(SimulatedRing ring, Member at) {
    reads.clear();
    at.node().readIndex(ring.world.nowNanos() + 5 * SECOND, reads::add);
    ring.world.runUntil(() -> !reads.isEmpty(), 20 * SECOND);
    return reads.getFirst();
  }

  private static Member other(SimulatedRing ring, Member than) {
    for (Member member : ring.members()) {
      if (!member.equals(than) && ring.voters.contains(member.id)) {
        return member;
      }
    }
    throw new AssertionError("there is only one");
  }

  @Test
  void aSingleVoterCommitsAlone() {
    SimulatedRing ring = ring(1, 0);
    Member only = ring.awaitLeader();

    assertThat(propose(ring, only, "a")).isInstanceOf(Committed.class);
    assertThat(only.machine.words).containsExactly("a");
  }

  @Test
  void aProposalAtAnyMemberAppliesAtAllAndItsResultComesBack() {
    SimulatedRing ring = ring(3, 1);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND); // the learner subscribes

    assertThat(propose(ring, leader, "a")).isInstanceOf(Committed.class);
    assertThat(propose(ring, other(ring, leader), "b")).isInstanceOf(Committed.class);
    ProposalOutcome third = propose(ring, ring.member("l1"), "c");

    assertThat(third)
        .isInstanceOfSatisfying(
            Committed.class,
            committed -> assertThat(committed.result()).containsExactly(0, 0, 0, 3));
    ring.world.runFor(SECOND);
    for (Member member : ring.members()) {
      assertThat(member.machine.words).as(member.id.name()).containsExactly("a", "b", "c");
    }
    assertThat(leader.status().peers()).hasSize(3).allMatch(peer -> peer.lag() == 0);
    assertThat(ring.member("l1").status().role()).isEqualTo(Role.LEARNER);
  }

  @Test
  void aNewLeaderIsThereSoonAfterTheOldOneIsKilled() {
    for (long seed = 1; seed <= 20; seed++) {
      SimulatedRing ring = new SimulatedRing(seed, 3, 0, config -> config);
      ring.bootAll();
      Member leader = ring.awaitLeader();
      ring.world.runFor(SECOND);
      leader.host.kill();
      long before = ring.world.nowNanos();
      ring.awaitLeader();
      assertThat(ring.world.nowNanos() - before).as("seed " + seed).isLessThan(2 * SECOND);
    }
  }

  @Test
  void aMinorityRefusesAtOnceAndTheMajorityGoesOn() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    List<String> rest = new ArrayList<>(List.of("n1", "n2", "n3"));
    rest.remove(leader.id.name());
    ring.world.links().partition(List.of(leader.id.name()), rest);
    ring.world.runFor(3 * SECOND);

    long before = ring.world.nowNanos();
    assertThat(propose(ring, leader, "minority")).isEqualTo(new Rejected(Refusal.NO_LEADER));
    assertThat(read(ring, leader)).isEqualTo(new ReadOutcome.Refused(Refusal.NO_LEADER));
    assertThat(ring.world.nowNanos() - before).isLessThan(10 * MILLI);
    assertThat(propose(ring, other(ring, leader), "majority")).isInstanceOf(Committed.class);

    ring.world.links().heal();
    ring.world.runFor(2 * SECOND);
    assertThat(leader.machine.words).containsExactly("majority");
  }

  @Test
  void aProposalCaughtByACutIsUnknownAndNeverFailed() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    List<String> rest = new ArrayList<>(List.of("n1", "n2", "n3"));
    rest.remove(leader.id.name());
    ring.world.links().partition(List.of(leader.id.name()), rest);

    ProposalOutcome outcome = propose(ring, leader, "caught");

    assertThat(outcome).isEqualTo(new Unknown(Refusal.NO_LEADER));
  }

  @Test
  void aHalfCutMemberCausesNoElection() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    Member deaf = other(ring, leader);
    long changes = leader.status().leaderChanges();
    long term = leader.status().term();
    ring.world.links().cutOneWay(leader.id.name(), deaf.id.name());
    ring.world.runFor(20 * SECOND);
    ring.world.links().heal();
    ring.world.runFor(5 * SECOND);

    assertThat(leader.status().leaderChanges()).isEqualTo(changes);
    assertThat(leader.status().term()).isEqualTo(term);
    assertThat(deaf.status().elections()).isZero();
    assertThat(deaf.status().leader()).isEqualTo(leader.id);
  }

  @Test
  void aRetryUnderTheSameIdAppliesOnce() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    Member follower = other(ring, leader);
    ProposalId id = follower.node().newProposalId();
    byte[] word = "once".getBytes(StandardCharsets.UTF_8);
    long deadline = ring.world.nowNanos() + 5 * SECOND;
    follower.node().propose(id, word, deadline, outcomes::add);
    leader.node().propose(id, word, deadline, outcomes::add);
    ring.world.runFor(SECOND);
    follower.node().propose(id, word, deadline, outcomes::add);
    ring.world.runFor(SECOND);

    assertThat(outcomes).hasSize(3).allMatch(outcomes.getFirst()::equals);
    assertThat(leader.machine.words).containsExactly("once");
  }

  @Test
  void aRetryOfWhatMayBeForgottenIsRefused() {
    SimulatedRing ring =
        new SimulatedRing(3, 1, 0, config -> config.withBounds(1 << 20, 100, 4, 1 << 16));
    ring.bootAll();
    Member only = ring.awaitLeader();
    ProposalId id = only.node().newProposalId();
    for (int i = 0; i < 6; i++) {
      propose(ring, only, "word" + i);
    }
    outcomes.clear();
    only.node().propose(id, new byte[] {65}, ring.world.nowNanos() + 5 * SECOND, outcomes::add);
    ring.world.runFor(SECOND);

    assertThat(outcomes).containsExactly(new Unknown(Refusal.FORGOTTEN));
    assertThat(only.machine.words).hasSize(6);
  }

  @Test
  void aReadAtAFollowerSeesWhatWasAcknowledgedBefore() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    Member follower = other(ring, leader);
    Committed committed = (Committed) propose(ring, leader, "seen");

    ReadOutcome outcome = read(ring, follower);

    assertThat(outcome)
        .isInstanceOfSatisfying(
            ReadOutcome.Confirmed.class,
            confirmed -> assertThat(confirmed.index()).isGreaterThanOrEqualTo(committed.index()));
    assertThat(follower.machine.words).containsExactly("seen");
  }

  @Test
  void leadershipIsHandedOverInAnInstant() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    Member next = other(ring, leader);
    leader.node().transferLeadership(next.id);
    ring.world.runFor(200 * MILLI);

    assertThat(next.status().role()).isEqualTo(Role.LEADER);
    assertThat(propose(ring, leader, "after")).isInstanceOf(Committed.class);
  }

  private ConfigurationOutcome changeVoters(SimulatedRing ring, Member at, String... names) {
    List<ConfigurationOutcome> heard = new ArrayList<>();
    Set<PeerId> voters = new TreeSet<>();
    for (String name : names) {
      voters.add(new PeerId(name));
    }
    at.node().changeVoters(voters, ring.world.nowNanos() + 5 * SECOND, heard::add);
    ring.world.runUntil(() -> !heard.isEmpty(), 20 * SECOND);
    return heard.getFirst();
  }

  @Test
  void theVotersAreExchangedOneAndAllAndTheRingForgetsTheOldOnes() {
    SimulatedRing ring = new SimulatedRing(7, 3, 3, config -> config.withSnapshots(20, 5));
    ring.bootAll();
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    List<String> words = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      words.add("w" + i);
      assertThat(propose(ring, leader, "w" + i)).isInstanceOf(Committed.class);
    }
    assertThat(changeVoters(ring, other(ring, leader), "n1"))
        .isEqualTo(new ConfigurationOutcome.Refused(Reason.NOT_LEADER));
    assertThat(changeVoters(ring, leader, "l1", "l2", "nobody"))
        .isEqualTo(new ConfigurationOutcome.Refused(Reason.BEHIND));
    assertThat(changeVoters(ring, leader, "l1", "l2", "l3"))
        .isInstanceOf(ConfigurationOutcome.Changed.class);

    Member next = ring.awaitLeader();
    assertThat(next.id.name()).startsWith("l");
    for (String old : List.of("n1", "n2", "n3")) {
      ring.member(old).host.crash();
    }
    words.add("without them");
    assertThat(propose(ring, next, "without them")).isInstanceOf(Committed.class);
    ring.world.runFor(SECOND);
    // A power loss of all, and what the configuration file says is not asked any more.
    List.of("l1", "l2", "l3").forEach(name -> ring.member(name).host.crash());
    List.of("l1", "l2", "l3").forEach(name -> ring.member(name).boot());
    Member last = ring.awaitLeader();
    assertThat(last.status().voters()).extracting(PeerId::name).containsExactly("l1", "l2", "l3");
    words.add("after");
    assertThat(propose(ring, last, "after")).isInstanceOf(Committed.class);
    ring.bootAll();
    ring.world.runFor(5 * SECOND);
    for (Member member : ring.members()) {
      assertThat(member.machine.words).as(member.id.name()).isEqualTo(words);
      assertThat(member.status().role() == Role.LEARNER)
          .as(member.id.name())
          .isEqualTo(member.id.name().startsWith("n"));
    }
  }

  @Test
  void whoKnowsOnlyVotersThatAreGoneAsksOthers() {
    SimulatedRing ring = new SimulatedRing(7, 3, 4, config -> config);
    Member late = ring.member("l4");
    ring.members().stream().filter(member -> member != late).forEach(Member::boot);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    assertThat(changeVoters(ring, leader, "l1", "l2", "l3"))
        .isInstanceOf(ConfigurationOutcome.Changed.class);
    ring.awaitLeader();
    List.of("n1", "n2", "n3").forEach(name -> ring.member(name).host.crash());
    late.boot();
    ring.world.runFor(10 * SECOND);
    assertThat(late.status().leader()).as("nobody whom it knows is there").isNull();
    ring.contacts.add(new PeerId("l1"));
    ring.world.runFor(5 * SECOND);
    assertThat(late.status().voters()).extracting(PeerId::name).containsExactly("l1", "l2", "l3");
    assertThat(late.status().leader()).isNotNull();
  }

  /** Also when the second comes at any moment of the first. */
  @Test
  void eachOfTwoChangesIsAnsweredOnce() {
    for (long pauseMicros = 0; pauseMicros < 6_000; pauseMicros += 500) {
      SimulatedRing ring = ring(3, 1);
      Member leader = ring.awaitLeader();
      ring.world.runFor(SECOND);
      List<ConfigurationOutcome> first = new ArrayList<>();
      List<ConfigurationOutcome> second = new ArrayList<>();
      long deadline = ring.world.nowNanos() + 5 * SECOND;
      Set<PeerId> four = new TreeSet<>(ring.voters);
      four.add(new PeerId("l1"));
      leader.node().changeVoters(four, deadline, first::add);
      ring.world.runFor(pauseMicros * 1_000);
      leader.node().changeVoters(new TreeSet<>(ring.voters), deadline, second::add);
      ring.world.runFor(2 * SECOND);

      assertThat(first).hasSize(1).allMatch(ConfigurationOutcome.Changed.class::isInstance);
      assertThat(second).hasSize(1);
      boolean wasRefused = second.getFirst() instanceof ConfigurationOutcome.Refused;
      assertThat(leader.status().voters()).hasSize(wasRefused ? 4 : 3);
    }
  }

  @Test
  void aChangeCaughtByACutIsUnknownAndALaterLeaderDecidesIt() {
    SimulatedRing ring = ring(3, 1);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    List<String> rest = new ArrayList<>(List.of("n1", "n2", "n3", "l1"));
    rest.remove(leader.id.name());
    ring.world.links().partition(List.of(leader.id.name()), rest);
    assertThat(changeVoters(ring, leader, "n1", "n2", "n3", "l1"))
        .isEqualTo(new ConfigurationOutcome.Unknown());
    assertThat(leader.status().outgoingVoters()).hasSize(3);
    Member next = ring.awaitLeader();
    assertThat(propose(ring, next, "on")).isInstanceOf(Committed.class);

    ring.world.links().heal();
    ring.world.runFor(3 * SECOND);
    for (Member member : ring.members()) {
      assertThat(member.status().voters()).as(member.id.name()).hasSize(3);
      assertThat(member.status().outgoingVoters()).isEmpty();
    }
  }

  @Test
  void aLeaderWithASlowDiskHandsOver() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    leader.host.slowDisk(20_000);

    assertThat(propose(ring, leader, "slow")).isInstanceOf(Committed.class);
    assertThat(ring.awaitLeader()).isNotEqualTo(leader);
  }

  @Test
  void aLeaderWhoseStateMachineHangsHandsOver() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    leader.machine.isStalled = true;
    ring.world.runFor(5 * SECOND);
    assertThat(leader.status().role()).as("nothing waits").isEqualTo(Role.LEADER);

    assertThat(propose(ring, leader, "hangs")).isInstanceOf(Committed.class);
    ring.world.runFor(2 * SECOND);
    Member next = ring.awaitLeader();
    assertThat(next).isNotEqualTo(leader);
    long changes = next.status().leaderChanges();
    ring.world.runFor(10 * SECOND);
    assertThat(next.status().leaderChanges()).as("and keeps it").isEqualTo(changes);
  }

  private static SimulatedRing comparing(int voters, int learners) {
    SimulatedRing ring =
        new SimulatedRing(7, voters, learners, config -> config.withStateHashes(5));
    ring.bootAll();
    ring.awaitLeader();
    ring.world.runFor(SECOND);
    return ring;
  }

  private void proposeMany(SimulatedRing ring, Member at) {
    for (int i = 0; i < 12; i++) {
      propose(ring, at, "w" + i);
    }
    ring.world.runFor(SECOND);
  }

  @Test
  void aFollowerOrLearnerWithAnotherStateStops() {
    for (int learners = 0; learners <= 1; learners++) {
      SimulatedRing ring = comparing(3, learners);
      Member leader = ring.awaitLeader();
      Member wrong = learners == 1 ? ring.member("l1") : other(ring, leader);
      proposeMany(ring, leader);
      assertThat(wrong.failure).as("all agree").isNull();
      wrong.machine.isWrong = true;
      proposeMany(ring, leader);

      assertThat(wrong.failure).isInstanceOf(StateDivergence.class);
      assertThat(wrong.status().failure()).contains("differs");
      assertThat(leader.differing).containsExactly(wrong.id + " is wrong");
      assertThat(leader.status().stateDiffersAt()).isPositive();
      assertThat(propose(ring, leader, "on")).isInstanceOf(Committed.class);
      assertThat(read(ring, wrong)).isEqualTo(new ReadOutcome.Refused(Refusal.NOT_RUNNING));
      // It comes back by its log, which is right.
      wrong.host.crash();
      wrong.boot();
      proposeMany(ring, leader);
      assertThat(wrong.failure).isNull();
      assertThat(wrong.machine.words).isEqualTo(leader.machine.words);
    }
  }

  @Test
  void aLeaderWithAnotherStateStopsAndTheOthersGoOn() {
    SimulatedRing ring = comparing(3, 0);
    Member leader = ring.awaitLeader();
    leader.machine.isWrong = true;
    for (int i = 0; i < 12 && leader.failure == null; i++) {
      propose(ring, leader, "w" + i);
    }

    assertThat(leader.failure).isInstanceOf(StateDivergence.class);
    Member next = ring.awaitLeader();
    assertThat(next).isNotEqualTo(leader);
    assertThat(propose(ring, next, "on")).isInstanceOf(Committed.class);
    assertThat(next.machine.words).noneMatch(word -> word.endsWith("?"));
  }

  @Test
  void ofTwoThatDifferNobodyKnowsWhichIsRightAndTheLeaderGoesOnSayingSo() {
    SimulatedRing ring = comparing(2, 0);
    Member leader = ring.awaitLeader();
    Member follower = other(ring, leader);
    leader.machine.isWrong = true;
    leader.propose("a", 5 * SECOND, outcomes::add);
    proposeMany(ring, leader);

    assertThat(follower.failure).isInstanceOf(StateDivergence.class);
    assertThat(leader.failure).isNull();
    assertThat(leader.differing).containsExactly(follower.id + " or " + leader.id + " is wrong");
  }

  @Test
  void oneSlowFollowerDoesNotSlowTheOthers() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    Member slow = other(ring, leader);
    slow.host.slowDisk(5_000); // half a second for each write
    long before = ring.world.nowNanos();
    for (int i = 0; i < 200; i++) {
      assertThat(propose(ring, leader, "w" + i)).isInstanceOf(Committed.class);
    }

    assertThat(ring.world.nowNanos() - before).isLessThan(200 * 5 * MILLI);
    slow.host.slowDisk(1);
    ring.world.runFor(10 * SECOND);
    assertThat(slow.machine.words).hasSize(200);
  }

  @Test
  void allLosePowerAndNothingAcknowledgedIsLost() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    for (int i = 0; i < 20; i++) {
      propose(ring, leader, "w" + i);
    }
    List<String> acknowledged = List.copyOf(leader.machine.words);
    ring.members().forEach(member -> member.host.crash());
    ring.bootAll();
    ring.awaitLeader();
    ring.world.runFor(SECOND);

    assertThat(acknowledged).hasSize(20);
    for (Member member : ring.members()) {
      assertThat(member.machine.words).isEqualTo(acknowledged);
    }
  }

  @Test
  void aMemberThatRestartsAloneShowsWhatItHadApplied() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    for (int i = 0; i < 300; i++) {
      propose(ring, leader, "w" + i);
    }
    ring.world.runFor(SECOND);
    ring.members().forEach(member -> member.host.crash());
    leader.boot();
    ring.world.runFor(100 * MILLI);

    assertThat(leader.machine.words).hasSize(300);
    assertThat(propose(ring, leader, "alone")).isEqualTo(new Rejected(Refusal.NO_LEADER));
  }

  @Test
  void aMemberFarBehindGetsASnapshotAndThenTheLog() {
    SimulatedRing ring =
        new SimulatedRing(
            5, 3, 0, config -> config.withSnapshots(50, 10).withMessages(8, 1 << 10, 100));
    ring.bootAll();
    Member leader = ring.awaitLeader();
    Member behind = other(ring, leader);
    behind.host.crash();
    for (int i = 0; i < 200; i++) {
      propose(ring, leader, "w" + i);
    }
    behind.boot();
    ring.world.runFor(3 * SECOND);
    propose(ring, leader, "last");
    ring.world.runFor(SECOND);

    assertThat(behind.machine.restores).isPositive();
    assertThat(behind.machine.words).hasSize(201).isEqualTo(leader.machine.words);
    // And again from its own disk.
    behind.host.crash();
    behind.boot();
    ring.world.runFor(3 * SECOND);
    assertThat(behind.machine.words).isEqualTo(leader.machine.words);
  }

  @Test
  void aFailedSyncStopsTheMemberAndTheOthersGoOn() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    leader.host.disk().fail(Operation.SYNC, "log-");

    ProposalOutcome outcome = propose(ring, leader, "lost disk");

    assertThat(outcome).isEqualTo(new Unknown(Refusal.NOT_RUNNING));
    assertThat(leader.failure).isNotNull();
    assertThat(leader.status().failure()).isNotNull();
    assertThat(propose(ring, leader, "no")).isEqualTo(new Rejected(Refusal.NOT_RUNNING));
    Member next = ring.awaitLeader();
    assertThat(propose(ring, next, "on")).isInstanceOf(Committed.class);
  }

  @Test
  void aFullDiskIsWaitedOutWithoutARestart() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    ring.world.runFor(SECOND);
    leader.host.disk().capacity(1);
    propose(ring, leader, "no room");
    ring.world.runFor(5 * SECOND);
    assertThat(leader.status().failure()).contains("No space left");
    assertThat(leader.failure).as("it is still a member").isNull();
    Member next = ring.awaitLeader();
    assertThat(propose(ring, next, "on")).isInstanceOf(Committed.class);

    leader.host.disk().capacity(Long.MAX_VALUE);
    ring.world.runFor(3 * SECOND);
    assertThat(leader.status().failure()).isNull();
    assertThat(leader.machine.words).isEqualTo(next.machine.words).contains("on");
  }

  @Test
  void aStateMachineThatThrowsStopsTheMember() {
    SimulatedRing ring = ring(1, 0);
    Member only = ring.awaitLeader();

    assertThat(propose(ring, only, "bomb")).isEqualTo(new Unknown(Refusal.NOT_RUNNING));
    assertThat(only.failure).hasMessageContaining("a bug in the state machine");
  }

  @Test
  void aCommandThatNoMessageCouldCarryIsRefused() {
    SimulatedRing ring =
        new SimulatedRing(3, 3, 0, config -> config.withBounds(1_000, 100, 100, 1 << 16));
    ring.bootAll();
    Member leader = ring.awaitLeader();

    assertThat(propose(ring, leader, "x".repeat(1_001))).isEqualTo(new Rejected(Refusal.TOO_LARGE));
    assertThat(propose(ring, other(ring, leader), "x".repeat(900))).isInstanceOf(Committed.class);
  }

  @Test
  void whatIsMoreThanTheRingTakesIsRefusedEarly() {
    SimulatedRing ring =
        new SimulatedRing(3, 3, 0, config -> config.withBounds(10_000, 50, 1_000, 1 << 16));
    ring.bootAll();
    Member leader = ring.awaitLeader();
    for (int i = 0; i < 500; i++) {
      leader.propose("word " + i, 5 * SECOND, outcomes::add);
    }
    ring.world.runFor(5 * SECOND);

    assertThat(outcomes).hasSize(500).contains(new Rejected(Refusal.OVERLOADED));
    long committed = outcomes.stream().filter(Committed.class::isInstance).count();
    assertThat(committed).isPositive().isEqualTo(leader.machine.words.size());
  }

  @Test
  void garbageFromAPeerIsDropped() {
    SimulatedRing ring = ring(3, 0);
    Member leader = ring.awaitLeader();
    leader.node().receive(new PeerId("stranger"), new byte[] {1, 2, 3});
    leader.node().receive(new PeerId("n9"), new byte[0]);
    Message rival = new Message.VoteRequest(99, 99, 99, true);
    leader.node().receive(new PeerId("no voter"), MessageCodec.encode(Ring.FIRST, rival));
    ring.world.runFor(SECOND);

    assertThat(propose(ring, leader, "fine")).isInstanceOf(Committed.class);
    assertThat(leader.status().term()).isLessThan(99);
  }

  /**
   * Acknowledged words survive crashes, cuts, lost messages and changes of the voters, in one
   * order, each once; no member is taken for one with a wrong state; and one seed gives one trace.
   */
  @Test
  void underFaultsAcknowledgedChangesStayAndApplyOnce() {
    List<ConfigurationOutcome> changes = new ArrayList<>();
    for (long seed = 1; seed <= 15; seed++) {
      assertThat(runWithFaults(seed, changes))
          .as("seed " + seed)
          .isEqualTo(runWithFaults(seed, changes));
    }
    assertThat(changes).as("some succeed").hasSizeGreaterThan(20);
  }

  private static long runWithFaults(long seed, List<ConfigurationOutcome> changes) {
    SimulatedRing ring =
        new SimulatedRing(seed, 3, 2, config -> config.withSnapshots(20, 5).withStateHashes(7));
    ring.world.links().unreliable(0.02, 0.02, 0.05);
    ring.bootAll();
    List<String> acknowledged = new ArrayList<>();
    List<Member> members = ring.members();
    for (int round = 0; round < 60; round++) {
      Member member = members.get(ring.world.random().nextInt(members.size()));
      int fault = ring.world.random().nextInt(12);
      if (fault == 0) {
        member.host.crash();
      } else if (fault == 1) {
        Member peer = members.get(ring.world.random().nextInt(members.size()));
        ring.world.links().cutOneWay(member.id.name(), peer.id.name());
      } else if (fault == 2) {
        member.host.disk().losePowerAt(1 + ring.world.random().nextInt(20));
      } else if (fault <= 5) {
        ring.world.links().heal();
        ring.bootAll();
      } else if (fault <= 7 && member.host.isUp()) {
        Set<PeerId> voters = new TreeSet<>();
        while (voters.size() < 3) {
          voters.add(members.get(ring.world.random().nextInt(members.size())).id);
        }
        member
            .node()
            .changeVoters(
                voters,
                ring.world.nowNanos() + 3 * SECOND,
                outcome -> {
                  if (outcome instanceof ConfigurationOutcome.Changed) {
                    changes.add(outcome);
                  }
                });
      }
      for (int i = 0; i < 3 && member.host.isUp(); i++) {
        String word = UUID.nameUUIDFromBytes(new byte[] {(byte) round, (byte) i}).toString();
        member.propose(
            word,
            3 * SECOND,
            outcome -> {
              if (outcome instanceof Committed) {
                acknowledged.add(word);
              }
            });
      }
      ring.world.runFor(200 * MILLI);
    }
    ring.world.links().heal();
    ring.world.links().unreliable(0, 0, 0);
    members.forEach(member -> member.host.disk().cancelPowerLoss());
    ring.bootAll();
    ring.awaitLeader();
    ring.world.runFor(10 * SECOND);
    List<String> words = members.getFirst().machine.words;
    assertThat(acknowledged).as("seed " + seed).isNotEmpty();
    assertThat(words).as("seed " + seed).containsAll(acknowledged).doesNotHaveDuplicates();
    for (Member member : members) {
      assertThat(member.machine.words).as("seed " + seed + " " + member.id).isEqualTo(words);
      assertThat(member.differing).as("seed " + seed + " " + member.id).isEmpty();
      assertThat(member.failure).as("seed " + seed + " " + member.id).isNull();
    }
    return ring.world.traceHash();
  }
}
