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
import java.util.Objects;
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

  @Test
  void aVoterOfARingThatBeginsVotes() {
    assertThat(answers(List.of(N1, new PeerId("n2"), N3)))
        .contains(new VoteReply(2, true), new PreVoteReply(2, true));
  }
}
