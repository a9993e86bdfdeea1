package io.quorate.raft;

import io.quorate.environment.Invariant;
import io.quorate.raft.Message.AppendAccepted;
import io.quorate.raft.Message.AppendRejected;
import io.quorate.raft.Message.AppendRequest;
import io.quorate.raft.Message.Heartbeat;
import io.quorate.raft.Message.HeartbeatReply;
import io.quorate.raft.Message.ReadIndexReply;
import io.quorate.raft.Message.SnapshotChunk;
import io.quorate.raft.Message.SnapshotChunkReply;
import io.quorate.raft.Message.Subscribe;
import io.quorate.raft.Message.TimeoutNow;
import io.quorate.raft.RaftCore.ProposeResult;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
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

  private final RaftCore core;
  private final RaftConfig config;
  private final RaftLog log;
  private final long term;

  /** Each peer, voters and subscribed learners, without this member. */
  private final Map<PeerId, Progress> peers = new TreeMap<>();

  private final ReadIndex reads;

  /** The entry that begins the term. */
  private final long noOpIndex;

  private @Nullable PeerId transferTarget;
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
    this.term = core.term();
    this.reads = new ReadIndex(config.maxPendingProposals());
    for (PeerId voter : config.voters()) {
      if (!voter.equals(config.self())) {
        Progress progress = new Progress(log.last() + 1, config.maxInflightAppends());
        progress.isActive = true; // it has one election timeout to show that it lives
        peers.put(voter, progress);
      }
    }
    // Section 6.4: until an entry of its own term is committed, a leader does not know what is.
    append(new byte[0]);
    this.noOpIndex = log.last();
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
    append(command);
    appendsDue = true;
    return ProposeResult.ACCEPTED;
  }

  /** Whether the target is another voter. */
  boolean transfer(PeerId to) {
    Progress progress = peers.get(to);
    if (progress == null || !config.isVoter(to)) {
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
    int active = 1;
    for (Iterator<Map.Entry<PeerId, Progress>> at = peers.entrySet().iterator(); at.hasNext(); ) {
      Map.Entry<PeerId, Progress> peer = at.next();
      Progress progress = peer.getValue();
      boolean isVoter = config.isVoter(peer.getKey());
      if (progress.isActive) {
        progress.silentChecks = 0;
        active += isVoter ? 1 : 0;
      } else if (++progress.silentChecks > LEARNER_PATIENCE_CHECKS && !isVoter) {
        at.remove();
      }
      progress.isActive = false;
    }
    return active >= config.quorum();
  }

  // ---------------------------------------------------------------------------------------------
  // Sending

  private void append(byte[] command) {
    log.append(new Entry(term, log.last() + 1, command));
    uncommittedBytes += command.length;
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

  void onSubscribe(PeerId from, Subscribe m) {
    if (config.isVoter(from) || from.equals(config.self())) {
      return;
    }
    Progress progress =
        new Progress(Math.min(m.lastIndex(), log.last()) + 1, config.maxInflightAppends());
    progress.isActive = true;
    peers.put(from, progress);
    sendAppend(from, progress, true);
  }

  // ---------------------------------------------------------------------------------------------
  // What a majority has

  /** Commits what a majority has on disk, and tells the peers; whether there was anything. */
  boolean advanceCommit() {
    long index = quorumValue(log.persisted(), Progress::match);
    if (index <= log.commit() || !core.mayCommitByCounting(index)) {
      return false;
    }
    uncommittedBytes -= log.commandBytes(Math.max(log.commit(), noOpIndex), index);
    log.commitTo(index);
    broadcastAppends();
    return true;
  }

  /** Answers the reads whose heartbeat round a majority has answered. */
  private void confirmReads() {
    long answered = quorumValue(reads.round(), progress -> progress.answeredReadSequence);
    for (ReadIndex.Waiting read : reads.take(answered)) {
      if (read.from().equals(config.self())) {
        core.mayRead(read.context(), read.index());
      } else {
        core.send(read.from(), new ReadIndexReply(term, read.context(), read.index()));
      }
    }
  }

  /** The greatest value that a majority of voters has reached. */
  private long quorumValue(long own, ToLongFunction<Progress> value) {
    long[] values = new long[config.voters().size()];
    int count = 0;
    for (PeerId voter : config.voters()) {
      Progress progress = peers.get(voter);
      values[count++] = progress == null ? own : value.applyAsLong(progress);
    }
    Arrays.sort(values);
    return values[values.length - config.quorum()];
  }
}
