package io.quorate.raft;

import io.quorate.environment.Messaging;
import java.util.List;

/**
 * How one member of the ring works.
 *
 * @param self this member
 * @param initialVoters the members that vote in a ring that has no log yet, the same list on each
 *     of them; from then on the log says who votes ({@link Configuration}). A member that is not
 *     among them begins as a learner, and asks them for the log
 * @param tickNanos length of a tick, the unit of the core's time
 * @param heartbeatTicks ticks between a leader's heartbeats
 * @param electionTicks ticks without a leader before an election; the wait is drawn from [n, 2n)
 * @param maxInflightAppends appends sent to a peer ahead of its replies
 * @param maxAppendBytes entries in one message; a larger entry travels alone
 * @param maxUncommittedBytes commands a leader takes in before it refuses more
 * @param snapshotChunkBytes snapshot data in one message
 * @param maxSnapshotBytes largest snapshot a member accepts
 * @param snapshotEveryEntries entries applied between two snapshots
 * @param trailingEntries entries kept behind a snapshot, so that a peer slightly behind needs none
 * @param segmentBytes size at which a log file is closed and the next begun
 * @param maxPendingProposals proposals and reads that wait at one member before it refuses more
 * @param maxAppliedProposals proposals remembered, so that a retry of one applies once
 * @param stateHashEveryEntries entries between two comparisons of the members' states; the same at
 *     all members
 */
public record RaftConfig(
    PeerId self,
    List<PeerId> initialVoters,
    long tickNanos,
    int heartbeatTicks,
    int electionTicks,
    int maxInflightAppends,
    int maxAppendBytes,
    long maxUncommittedBytes,
    int snapshotChunkBytes,
    int maxSnapshotBytes,
    int snapshotEveryEntries,
    int trailingEntries,
    int segmentBytes,
    int maxPendingProposals,
    int maxAppliedProposals,
    int stateHashEveryEntries) {

  private static final long MAX_COMMAND_BYTES = Messaging.MAX_MESSAGE_BYTES / 2;

  public RaftConfig {
    initialVoters = Configuration.of(initialVoters).voters();
    require(tickNanos > 0, "a tick takes time");
    require(
        heartbeatTicks > 0 && electionTicks > 2 * heartbeatTicks,
        "an election timeout spans several heartbeats");
    require(maxInflightAppends > 0 && maxAppendBytes > 0, "the send window is empty");
    require(maxUncommittedBytes > 0 && maxPendingProposals > 0, "no proposal would be accepted");
    require(snapshotChunkBytes > 0 && maxSnapshotBytes > 0, "a snapshot has bytes");
    require(snapshotEveryEntries > 0 && trailingEntries >= 0, "snapshots need a period");
    require(segmentBytes >= 1 << 12, "a log file holds at least 4 KiB");
    require(maxAppliedProposals > 0, "no retry would be recognised");
    require(stateHashEveryEntries > 0, "states are compared now and then");
  }

  /** Defaults: 50 ms ticks, heartbeats each 100 ms, elections after 0.5 to 1 s of silence. */
  public static RaftConfig of(PeerId self, List<PeerId> initialVoters) {
    return new RaftConfig(
        self,
        initialVoters,
        50_000_000L,
        2,
        10,
        64,
        256 << 10,
        32 << 20,
        256 << 10,
        1 << 30,
        10_000,
        1_000,
        8 << 20,
        4_096,
        8_192,
        100);
  }

  /** The same with snapshots at another rhythm. */
  public RaftConfig withSnapshots(int everyEntries, int trailing) {
    return new RaftConfig(
        self,
        initialVoters,
        tickNanos,
        heartbeatTicks,
        electionTicks,
        maxInflightAppends,
        maxAppendBytes,
        maxUncommittedBytes,
        snapshotChunkBytes,
        maxSnapshotBytes,
        everyEntries,
        trailing,
        segmentBytes,
        maxPendingProposals,
        maxAppliedProposals,
        stateHashEveryEntries);
  }

  /** The same with other message sizes. */
  public RaftConfig withMessages(int inflightAppends, int appendBytes, int chunkBytes) {
    return new RaftConfig(
        self,
        initialVoters,
        tickNanos,
        heartbeatTicks,
        electionTicks,
        inflightAppends,
        appendBytes,
        maxUncommittedBytes,
        chunkBytes,
        maxSnapshotBytes,
        snapshotEveryEntries,
        trailingEntries,
        segmentBytes,
        maxPendingProposals,
        maxAppliedProposals,
        stateHashEveryEntries);
  }

  /** The same with other bounds on what waits. */
  public RaftConfig withBounds(
      long uncommittedBytes, int pendingProposals, int appliedProposals, int segment) {
    return new RaftConfig(
        self,
        initialVoters,
        tickNanos,
        heartbeatTicks,
        electionTicks,
        maxInflightAppends,
        maxAppendBytes,
        uncommittedBytes,
        snapshotChunkBytes,
        maxSnapshotBytes,
        snapshotEveryEntries,
        trailingEntries,
        segment,
        pendingProposals,
        appliedProposals,
        stateHashEveryEntries);
  }

  /** The same with states compared at another rhythm. */
  public RaftConfig withStateHashes(int everyEntries) {
    return new RaftConfig(
        self,
        initialVoters,
        tickNanos,
        heartbeatTicks,
        electionTicks,
        maxInflightAppends,
        maxAppendBytes,
        maxUncommittedBytes,
        snapshotChunkBytes,
        maxSnapshotBytes,
        snapshotEveryEntries,
        trailingEntries,
        segmentBytes,
        maxPendingProposals,
        maxAppliedProposals,
        everyEntries);
  }

  /** Largest command: it must fit into a message, or it would block the log for good. */
  public int maxCommandBytes() {
    return (int) Math.min(maxUncommittedBytes, MAX_COMMAND_BYTES);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
