package io.quorate.raft;

import io.quorate.environment.Invariant;
import io.quorate.raft.ConfigurationOutcome.Reason;
import io.quorate.raft.Message.AppendAccepted;
import io.quorate.raft.Message.AppendRejected;
import io.quorate.raft.Message.AppendRequest;
import io.quorate.raft.Message.Heartbeat;
import io.quorate.raft.Message.HeartbeatReply;
import io.quorate.raft.Message.ReadIndexReply;
import io.quorate.raft.Message.SnapshotChunk;
import io.quorate.raft.Message.SnapshotChunkReply;
import io.quorate.raft.Message.TimeoutNow;
import io.quorate.raft.RaftCore.ProposeResult;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A member's time as the leader of one term: what it knows of its peers and sends them (section
 * 3.5), what it commits (section 3.6.2), whom it hands over to (section 3.10). It begins with a
 * no-op and ends with its term, or by itself when it {@link #isOver}.
 *
 * <p>Owned by its core.
 */
final class Leadership {
  /** Silent checks of the quorum after which a leader forgets a learner; it will subscribe anew. */
  private static final int LEARNER_PATIENCE_CHECKS = 20;

  /** Entries that a voter to come may lack: it has them before it is needed. */
  private static final long MAX_LAG_OF_A_NEW_VOTER = 100;

  private final RaftCore core;
  private final RaftConfig config;
  private final PeerId self;
  private final RaftLog log;
  private final long term;

  /** Each peer, voters and subscribed learners, without this member. */
  private final Map<PeerId, Progress> peers = new TreeMap<>();

  private final ReadIndex reads;

  /** The entry that begins the term: a no-op, or the ring's first configuration. */
  private final long noOpIndex;

  private @Nullable PeerId transferTarget;

  /** How long it lasts by now. */
  private long ticks;

  private int quorumElapsedTicks;
  private int heartbeatElapsedTicks;
  private long uncommittedBytes;
  private boolean isOver;

  /** Whether entries were appended and not offered to the peers. */
  private boolean appendsDue;

  Leadership(RaftCore core, RaftConfig config, RaftLog log) {
    this.core = core;
    this.config = config;
    this.log = log;
    this.self = config.self();
    this.term = core.term();
    this.reads = new ReadIndex(config.maxPendingProposals());
    for (PeerId voter : log.configuration().members()) {
      if (!voter.equals(self)) {
        Progress progress = new Progress(log.last() + 1, config.maxInflightAppends());
        progress.isActive = true; // it has one election timeout to show that it lives
        peers.put(voter, progress);
      }
    }
    // Section 6.4: until an entry of its own term is committed, a leader does not know what is.
    this.noOpIndex = log.last() + 1;
    // The first leader's names the voters. From then on they are in every log, and a member that
    // was
    // configured with others learns better before it can be elected.
    append(
        log.configurationIndex() == 0
            ? Entry.of(term, noOpIndex, log.configuration())
            : new Entry(term, noOpIndex, new byte[0]));
    broadcastAppends();
  }

  /** Whether this member is to step down, though nobody told it of a later term. */
  boolean isOver() {
    return isOver;
  }

  @Nullable PeerId transferTarget() {
    return transferTarget;
  }

  Map<PeerId, Progress> peers() {
    return peers;
  }

  // ---------------------------------------------------------------------------------------------
  // Requests

  ProposeResult propose(byte[] command) {
    if (transferTarget != null) {
      return ProposeResult.TRANSFERRING;
    }
    // One command larger than the quota may pass alone, or it could never pass.
    if (uncommittedBytes > 0 && uncommittedBytes + command.length > config.maxUncommittedBytes()) {
      return ProposeResult.OVERLOADED;
    }
    append(new Entry(term, log.last() + 1, command));
    appendsDue = true;
    return ProposeResult.ACCEPTED;
  }

  /**
   * Begins to exchange the voters (section 4.3). The rest is done by {@link #advanceCommit}, here
   * or at a later leader.
   *
   * @return why not, or null when it is begun
   */
  ConfigurationOutcome.@Nullable Reason changeVoters(Collection<PeerId> next) {
    Configuration now = log.configuration();
    if (transferTarget != null) {
      return Reason.TRANSFERRING;
    }
    if (log.commit() < noOpIndex) {
      return Reason.TOO_EARLY; // an earlier leader's change may be committed without its knowledge
    }
    if (now.isJoint() || log.configurationIndex() > log.commit()) {
      return Reason.UNDER_WAY;
    }
    if (next.isEmpty() || next.size() > Configuration.MAX_VOTERS) {
      return Reason.INVALID;
    }
    if (!next.stream().allMatch(voter -> now.isVoter(voter) || follows(voter))) {
      return Reason.BEHIND;
    }
    if (!Configuration.of(next).isMajority(peer -> peer.equals(self) || answersNow(peer))) {
      return Reason.SILENT; // once begun, nothing is decided without them
    }
    append(Entry.of(term, log.last() + 1, now.joint(next)));
    appendsDue = true;
    return null;
  }

  /** Whether a learner has so much of the log that as a voter it would hold nobody up. */
  private boolean follows(PeerId learner) {
    Progress progress = peers.get(learner);
    return progress != null
        && progress.state() == Progress.State.REPLICATE
        && progress.isLiving()
        && log.last() - progress.match() <= MAX_LAG_OF_A_NEW_VOTER;
  }

  /**
   * Whether a peer was heard of within the last two heartbeats. Each is answered, however long the
   * way, and an election timeout is too long to go by: whole racks die in less.
   */
  private boolean answersNow(PeerId peer) {
    Progress progress = peers.get(peer);
    return progress != null
        && progress.hasAnswered
        && ticks - progress.heardAtTick <= 2L * config.heartbeatTicks();
  }

  /** Whether the target is another voter, and one that stays. */
  boolean transfer(PeerId to) {
    Progress progress = peers.get(to);
    if (progress == null || !log.configuration().voters().contains(to)) {
      return false;
    }
    quorumElapsedTicks = 0;
    transferTarget = to;
    if (progress.match() == log.last()) {
      core.send(to, new TimeoutNow(term));
    } else {
      sendAppend(to, progress, true);
    }
    return true;
  }

  /** Begins to confirm a read (section 6.4); false when too many wait. */
  boolean read(PeerId from, long context) {
    // What earlier leaders committed is certain only once the own no-op is; it lies before it.
    if (!reads.add(from, context, Math.max(log.commit(), noOpIndex))) {
      return false;
    }
    broadcastHeartbeats();
    confirmReads();
    return true;
  }

  void tick() {
    ticks++;
    if (++quorumElapsedTicks >= config.electionTicks()) {
      quorumElapsedTicks = 0;
      transferTarget = null;
      isOver = !checkQuorum();
      if (isOver) {
        return;
      }
    }
    if (++heartbeatElapsedTicks >= config.heartbeatTicks()) {
      broadcastHeartbeats();
    }
  }

  /** Section 6.2: whether a majority was heard of within an election timeout. */
  private boolean checkQuorum() {
    boolean isHeard = core.electorate().isMajority(peer -> peer.equals(self) || wasActive(peer));
    for (Progress progress : peers.values()) {
      progress.silentChecks = progress.isActive ? 0 : progress.silentChecks + 1;
      progress.isActive = false;
    }
    peers
        .entrySet()
        .removeIf(peer ->
            peer.getValue().silentChecks > LEARNER_PATIENCE_CHECKS
                && !log.configuration().isVoter(peer.getKey()));
    return isHeard;
  }

  private boolean wasActive(PeerId peer) {
    Progress progress = peers.get(peer);
    return progress != null && progress.isActive;
  }

  // ---------------------------------------------------------------------------------------------
  // Sending

  private void append(Entry entry) {
    log.append(entry);
    uncommittedBytes += entry.command().length;
  }

  /** Offers to the peers what was proposed since the last call. */
  void sendDue() {
    if (appendsDue) {
      appendsDue = false;
      peers.forEach(this::sendAppends);
    }
  }

  private void broadcastAppends() {
    peers.forEach((peer, progress) -> sendAppend(peer, progress, true));
  }

  /** Sends what the peer lacks and its window lets through; whether anything was sent. */
  private boolean sendAppend(PeerId to, Progress progress, boolean evenIfEmpty) {
    if (progress.isPaused()) {
      return false;
    }
    long prevIndex = progress.next() - 1;
    if (!log.has(prevIndex)) {
      Invariant.check(!log.snapshot().isEmpty(), "compacted entries are in a snapshot");
      progress.startSnapshot(log.snapshot());
      sendSnapshotChunk(to, progress);
      return true;
    }
    List<Entry> entries = log.slice(progress.next(), config.maxAppendBytes());
    if (entries.isEmpty() && !evenIfEmpty) {
      return false;
    }
    progress.sent(entries.size());
    core.send(to, new AppendRequest(term, prevIndex, log.termAt(prevIndex), log.commit(), entries));
    return true;
  }

  /** Sends until everything is sent or the window is full. */
  private void sendAppends(PeerId to, Progress progress) {
    boolean sent = true;
    while (sent) {
      sent = sendAppend(to, progress, false);
    }
  }

  private void sendSnapshotChunk(PeerId to, Progress progress) {
    Snapshot snapshot = progress.snapshot();
    if (snapshot == null) {
      return;
    }
    int offset = progress.snapshotOffset();
    int end = (int) Math.min(snapshot.data().length, (long) offset + config.snapshotChunkBytes());
    core.send(
        to,
        new SnapshotChunk(
            term,
            snapshot.index(),
            snapshot.term(),
            snapshot.configuration(),
            offset,
            snapshot.data().length,
            Arrays.copyOfRange(snapshot.data(), offset, end)));
  }

  private void broadcastHeartbeats() {
    heartbeatElapsedTicks = 0;
    peers.forEach((peer, progress) -> {
      // Never beyond what the peer is known to have: behind that its log may differ.
      long commit = Math.min(log.commit(), progress.match());
      core.send(peer, new Heartbeat(term, commit, reads.round()));
    });
  }

  // ---------------------------------------------------------------------------------------------
  // Answers

  private @Nullable Progress heardOf(PeerId from) {
    Progress progress = peers.get(from);
    if (progress != null) {
      progress.isActive = true;
      progress.hasAnswered = true;
      progress.heardAtTick = ticks;
    }
    return progress;
  }

  void onAppendAccepted(PeerId from, AppendAccepted m) {
    Progress progress = heardOf(from);
    if (progress == null || m.matchIndex() > log.last()) {
      return;
    }
    boolean wasPaused = progress.isPaused();
    boolean hasCommitted = progress.accepted(m.matchIndex()) && advanceCommit();
    if (wasPaused && !hasCommitted) {
      // It may have missed the news of a commit.
      sendAppend(from, progress, true);
    }
    sendAppends(from, progress);
    if (from.equals(transferTarget) && progress.match() == log.last()) {
      core.send(from, new TimeoutNow(term));
    }
  }

  void onAppendRejected(PeerId from, AppendRejected m) {
    Progress progress = heardOf(from);
    if (progress == null) {
      return;
    }
    // Skip at once all entries of terms that the follower cannot have there (section 3.5, end).
    long retryAfter = log.findConflict(m.hintIndex(), m.hintTerm());
    if (progress.rejected(m.prevIndex(), retryAfter)) {
      sendAppend(from, progress, true);
    }
  }

  void onHeartbeatReply(PeerId from, HeartbeatReply m) {
    Progress progress = heardOf(from);
    if (progress == null) {
      return;
    }
    progress.heartbeatAnswered();
    if (progress.state() == Progress.State.SNAPSHOT) {
      if (progress.isSnapshotStuck()) {
        sendSnapshotChunk(from, progress);
      }
    } else if (progress.match() < log.last()) {
      sendAppend(from, progress, true);
    }
    if (m.readSequence() > progress.answeredReadSequence) {
      progress.answeredReadSequence = m.readSequence();
      confirmReads();
    }
  }

  void onSnapshotChunkReply(PeerId from, SnapshotChunkReply m) {
    Progress progress = heardOf(from);
    Snapshot snapshot = progress == null ? null : progress.snapshot();
    if (progress == null
        || snapshot == null
        || snapshot.index() != m.snapshotIndex()
        || m.nextOffset() == progress.snapshotOffset()
        || m.nextOffset() < 0
        || m.nextOffset() > snapshot.data().length) {
      return;
    }
    progress.snapshotArrivedTo(m.nextOffset());
    if (m.nextOffset() < snapshot.data().length) {
      sendSnapshotChunk(from, progress);
    }
  }

  /**
   * A member without a vote asks for the log, which it has up to about {@code lastIndex}; several
   * times, when several have passed that on.
   */
  void subscribe(PeerId from, long lastIndex) {
    Progress known = peers.get(from);
    boolean isGettingSnapshot =
        known != null && known.isActive && known.state() == Progress.State.SNAPSHOT;
    if (known != null && log.configuration().isVoter(from) && lastIndex < known.match()) {
      known.lost(lastIndex);
      sendAppend(from, known, true);
      return;
    }
    if (isGettingSnapshot || log.configuration().isVoter(from) || from.equals(self)) {
      return;
    }
    Progress progress =
        new Progress(Math.min(lastIndex, log.last()) + 1, config.maxInflightAppends());
    progress.isActive = true;
    progress.hasAnswered = true;
    progress.heardAtTick = ticks;
    peers.put(from, progress);
    sendAppend(from, progress, true);
  }

  // ---------------------------------------------------------------------------------------------
  // What a majority has

  /** Commits what a majority has on disk, and tells the peers; whether there was anything. */
  boolean advanceCommit() {
    long index =
        core.electorate().reached(peer -> peer.equals(self) ? log.persisted() : match(peer));
    if (index <= log.commit() || !core.mayCommitByCounting(index)) {
      return false;
    }
    uncommittedBytes -= log.commandBytes(Math.max(log.commit(), noOpIndex), index);
    log.commitTo(index);
    if (log.configurationIndex() <= index && log.configuration().isJoint()) {
      append(Entry.of(term, log.last() + 1, log.configuration().settled()));
    }
    broadcastAppends();
    if (log.configurationIndex() <= index && !log.configuration().isVoter(self)) {
      leave();
    }
    return true;
  }

  private long match(PeerId peer) {
    Progress progress = peers.get(peer);
    return progress == null ? 0 : progress.match();
  }

  /** Section 4.2.2: a leader that is left out leads until that is committed, and counts no more. */
  private void leave() {
    isOver = true;
    log.configuration().voters().stream()
        .max(Comparator.comparingLong(this::match))
        .ifPresent(best -> core.send(best, new TimeoutNow(term)));
  }

  /** Answers the reads whose heartbeat round a majority has answered. */
  private void confirmReads() {
    long answered =
        core.electorate().reached(peer -> peer.equals(self) ? reads.round() : answered(peer));
    for (ReadIndex.Waiting read : reads.take(answered)) {
      if (read.from().equals(self)) {
        core.mayRead(read.context(), read.index());
      } else {
        core.send(read.from(), new ReadIndexReply(term, read.context(), read.index()));
      }
    }
  }

  private long answered(PeerId peer) {
    Progress progress = peers.get(peer);
    return progress == null ? 0 : progress.answeredReadSequence;
  }
}
