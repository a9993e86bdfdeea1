package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.simulated.SimulatedWorld;
import io.quorate.raft.Message.PreVoteReply;
import io.quorate.raft.Message.PreVoteRequest;
import io.quorate.raft.Message.VoteReply;
import io.quorate.raft.Message.VoteRequest;
import io.quorate.raft.Ready.Envelope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * A new machine stands at the address of a voter whose disk is lost. If this breaks, it helps to
 * elect a leader without what the voter before had acknowledged.
 */
class BlankMemberTest {
  private static final PeerId N1 = new PeerId("n1");
  private static final PeerId N3 = new PeerId("n3");

  private static List<Message> answers(List<PeerId> voters) {
    return answers(core(voters));
  }

  private static RaftCore core(List<PeerId> voters) {
    RaftConfig config = RaftConfig.of(N3, voters);
    return new RaftCore(
        config,
        new SimulatedWorld(1).random(),
        HardState.INITIAL,
        Snapshot.initial(Configuration.of(voters)),
        List.of());
  }

  private static List<Message> answers(RaftCore core) {
    core.step(N1, new PreVoteRequest(2, 5, 1));
    core.step(N1, new VoteRequest(2, 5, 1, false));
    List<Message> answers = new ArrayList<>();
    core.takeMessages().stream().map(Envelope::message).forEach(answers::add);
    Objects.requireNonNull(core.ready()).messages().stream()
        .map(Envelope::message)
        .forEach(answers::add);
    return answers;
  }

  @Test
  void whoWasNotConfiguredWithAVoteAndHasNoLogVotesForNobody() {
    assertThat(answers(List.of(N1, new PeerId("n2"))))
        .contains(new VoteReply(2, false))
        .noneMatch(answer -> answer instanceof PreVoteReply reply && reply.granted());
  }

  /** With a part of the log it could help to elect who has no more than that part. */
  @Test
  void whoseVoteIsWithheldVotesForNobodyAndDoesNotStand() {
    RaftCore core = core(List.of(N1, new PeerId("n2"), N3));
    core.withholdVote(true);
    for (int tick = 0; tick < 100; tick++) {
      core.tick();
    }
    assertThat(core.role()).isEqualTo(Role.LEARNER);
    assertThat(answers(core))
        .contains(new VoteReply(2, false))
        .noneMatch(answer -> answer instanceof PreVoteReply reply && reply.granted());
    core.withholdVote(false);
    assertThat(core.role()).isEqualTo(Role.FOLLOWER);
  }

  /** Else a leader waits for ever for what only the lost log had. */
  @Test
  void aLeaderBeginsAnewWithWhoHasNotWhatItOnceTook() {
    Progress progress = new Progress(1, 4);
    progress.accepted(10);
    progress.lost(0);
    assertThat(progress.match()).isZero();
    assertThat(progress.next()).isEqualTo(1);
  }

  /**
   * It has forgotten that it follows the leader of a later term. To the one before, it is still a
   * voter: counted, the two of them would commit something else where the ring has committed
   * already, and serve what was before.
   */
  @Test
  void aLeaderThatWasDeposedCommitsAndServesNothingWithWhoLostItsLog() {
    Map<Long, Entry> committed = new TreeMap<>();
    TestRing ring =
        new TestRing(
            3,
            0,
            new SplittableRandom(1),
            TestRing.Flaw.NONE,
            config -> config,
            (id, entry) ->
                assertThat(entry)
                    .as("what %s applies at %d", id, entry.index())
                    .isEqualTo(committed.computeIfAbsent(entry.index(), index -> entry)));
    TestRing.Member deposed = ring.member(N1);
    elect(ring, deposed);
    for (TestRing.Member other : ring.members()) {
      cut(ring, deposed, other);
    }
    List<TestRing.Member> others =
        ring.members().stream().filter(member -> member != deposed).toList();
    TestRing.Member leader = elect(ring, others.toArray(TestRing.Member[]::new));
    TestRing.Member blank = others.get(leader == others.get(0) ? 1 : 0);
    leader.core().propose(new byte[] {1});
    tick(ring, leader, 10);
    assertThat(leader.core().commitIndex()).isEqualTo(leader.core().lastIndex());

    blank.crash();
    blank.diskState = HardState.INITIAL;
    blank.diskSnapshot = Snapshot.initial(Configuration.of(blank.config.initialVoters()));
    blank.diskEntries.clear();
    blank.start();
    blank.core().withholdVote(true);
    ring.cuts.clear();
    cut(ring, leader, deposed);
    cut(ring, leader, blank);
    long before = deposed.core().commitIndex();
    for (int i = 0; i < 3; i++) {
      deposed.core().propose(new byte[] {2});
    }
    deposed.core().readIndex(7);
    tick(ring, deposed, 30);
    assertThat(blank.core().lastIndex()).as("it gets the log").isGreaterThan(before);
    assertThat(deposed.core().commitIndex()).isEqualTo(before);
    assertThat(deposed.reads).isEmpty();

    ring.cuts.clear();
    leader.core().propose(new byte[] {3});
    tick(ring, leader, 30);
    assertThat(deposed.core().isLeader()).isFalse();
    for (TestRing.Member member : ring.members()) {
      assertThat(member.core().commitIndex()).isEqualTo(leader.core().lastIndex());
    }

    cut(ring, leader, deposed);
    leader.core().propose(new byte[] {4});
    tick(ring, leader, 3);
    assertThat(blank.core().lastIndex()).isEqualTo(leader.core().lastIndex());
    assertThat(leader.core().commitIndex()).isLessThan(leader.core().lastIndex());
    blank.core().withholdVote(false);
    tick(ring, leader, 3);
    assertThat(leader.core().commitIndex()).as("it counts").isEqualTo(leader.core().lastIndex());
  }

  private static TestRing.Member elect(TestRing ring, TestRing.Member... candidates) {
    for (int tick = 0; tick < 1_000; tick++) {
      for (TestRing.Member candidate : candidates) {
        candidate.core().tick();
        ring.settle();
        if (candidate.core().isLeader()) {
          return candidate;
        }
      }
    }
    throw new AssertionError("nobody is elected");
  }

  private static void tick(TestRing ring, TestRing.Member member, int ticks) {
    for (int tick = 0; tick < ticks; tick++) {
      member.core().tick();
      ring.settle();
    }
  }

  private static void cut(TestRing ring, TestRing.Member one, TestRing.Member other) {
    ring.cuts.add(one.id + ">" + other.id);
    ring.cuts.add(other.id + ">" + one.id);
  }

  @Test
  void aVoterOfARingThatBeginsVotes() {
    assertThat(answers(List.of(N1, new PeerId("n2"), N3)))
        .contains(new VoteReply(2, true), new PreVoteReply(2, true));
  }
}
