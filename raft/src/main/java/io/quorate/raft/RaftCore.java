package io.quorate.raft;

import io.quorate.environment.Invariant;
import io.quorate.environment.Randomness;
import io.quorate.raft.Message.AppendAccepted;
import io.quorate.raft.Message.AppendRejected;
import io.quorate.raft.Message.AppendRequest;
import io.quorate.raft.Message.Heartbeat;
import io.quorate.raft.Message.HeartbeatReply;
import io.quorate.raft.Message.PreVoteReply;
import io.quorate.raft.Message.PreVoteRequest;
import io.quorate.raft.Message.ReadIndexReply;
import io.quorate.raft.Message.ReadIndexRequest;
import io.quorate.raft.Message.SnapshotChunk;
import io.quorate.raft.Message.SnapshotChunkReply;
import io.quorate.raft.Message.Subscribe;
import io.quorate.raft.Message.TimeoutNow;
import io.quorate.raft.Message.VoteReply;
import io.quorate.raft.Message.VoteRequest;
import io.quorate.raft.Ready.Envelope;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One member's Raft state machine. It does no I/O and has no clock: its owner calls {@link #step},
 * {@link #tick} and the requests, then does what the core wants:
 *
 * <ol>
 *   <li>{@link #takeMessages}: send; these wait for nothing.
 *   <li>{@link #takeCommitted}: apply, in order. {@link #takeReads}: reads that may be served.
 *   <li>{@link #ready}: write and sync, then send its messages, then call {@link #advance}. One at
 *       a time; while it is under way the core goes on, and the next {@code ready} holds all that
 *       came in between, so that one sync serves many entries.
 * </ol>
 *
 * <p>Differences from figure 3.1: pre-vote (section 9.6), a leader that hears from no majority for
 * an election timeout steps down, and voters that hear from a leader refuse elections (sections 6.2
 * and 4.2.3); the leader sends entries before its own disk has them and counts itself only when it
 * has (section 10.2.1); voters are exchanged by joint consensus (section 4.3), and those that come
 * have followed as learners before.
 *
 * <p>Owned by its driver's shard; not thread-safe.
 */
public class RaftCore {

  /** A member's answer to {@link #propose}. */
  public enum ProposeResult {
    ACCEPTED,
    NOT_LEADER,
    /** Leadership is being handed over; the next leader is near. */
    TRANSFERRING,
    /** Too much is appended and not committed. */
    OVERLOADED
  }

  /** A read that asked with {@code context} sees every change committed before it, from here on. */
  public record ReadState(long context, long index) {}

  /** Confirms no read: the first round of heartbeats has a later number. */
  private static final long NO_READ = 0;

  private final RaftConfig config;
  private final PeerId self;
  private final Randomness random;
  private final RaftLog log;

  private Role role;
  private long term;
  private @Nullable PeerId vote;
  private @Nullable PeerId leader;
  private int electionElapsedTicks;
  private long electionCount;
  private int electionTimeoutTicks;

  /** Answers of this election, of a candidate or pre-candidate. */
  private final Map<PeerId, Boolean> votes = new TreeMap<>();

  /** Of a leader, and only of a leader. */
  private @Nullable Leadership leadership;

  private @Nullable IncomingSnapshot incoming;

  /**
   * Whether this member has no say yet, though the log may name it as a voter. Then it does not
   * know of which term the last leader was whom it followed before its log was lost, and may follow
   * one who was deposed (section 3.8). So no leader is to count it, neither for a commit nor for a
   * read, as it counts no learner (section 4.2.1): it acknowledges what is committed without it.
   */
  private boolean withholdsVote;

  private final Outbox outbox;
  private final List<ReadState> readStates = new ArrayList<>();

  /**
   * A member as it was when it stopped.
   *
   * @param snapshot the latest on disk
   * @param tail the entries behind it on disk
   */
  public RaftCore(
      RaftConfig config,
      Randomness random,
      HardState hardState,
      Snapshot snapshot,
      List<Entry> tail) {
    this.config = config;
    this.self = config.self();
    this.random = random;
    this.term = hardState.term();
    this.vote = hardState.vote();
    this.outbox = new Outbox(hardState, config.heartbeatTicks());
    this.log = new RaftLog(snapshot, tail, hardState.commit());
    this.role = waitingRole();
    Invariant.check(
        log.lastTerm() <= term, "no entry is later than the term", log.lastTerm(), term);
    drawElectionTimeout();
    // A learner asks for the log with its first tick.
    this.electionElapsedTicks = role == Role.LEARNER ? config.electionTicks() - 1 : 0;
  }

  // ---------------------------------------------------------------------------------------------
  // What the owner sees

  public Role role() {
    return role;
  }

  public long term() {
    return term;
  }

  /** The leader of this term, if it is known and was heard of lately. */
  public @Nullable PeerId leader() {
    return leader;
  }

  public boolean isLeader() {
    return role == Role.LEADER;
  }

  /** How often this member stood for election since it started. */
  public long electionCount() {
    return electionCount;
  }

  public long commitIndex() {
    return log.commit();
  }

  public long lastIndex() {
    return log.last();
  }

  /** Up to where {@link #takeCommitted} has handed out entries. */
  public long appliedIndex() {
    return log.applied();
  }

  /** The first entry that is still held; earlier ones are in the snapshot. */
  public long firstIndex() {
    return log.first();
  }

  /** The term of an entry that is held. */
  public long termAt(long index) {
    return log.termAt(index);
  }

  /** An entry that is held. */
  Entry entryAt(long index) {
    return log.slice(index, 1).getFirst();
  }

  /** The terms of the entries that are held, and of the one before them. */
  List<RingEvidence.TermRun> terms() {
    List<RingEvidence.TermRun> runs = new ArrayList<>();
    for (long index = log.first() - 1; index <= log.last(); index++) {
      long termThere = log.termAt(index);
      if (runs.isEmpty() || runs.getLast().term() != termThere) {
        runs.add(new RingEvidence.TermRun(index, termThere));
      }
    }
    return runs;
  }

  /** The configuration in force. */
  public Configuration configuration() {
    return log.configuration();
  }

  /** The entry that brought it, or the last one of an old snapshot; 0: it is the initial one. */
  public long configurationIndex() {
    return log.configurationIndex();
  }

  /** As of an entry that is held. */
  public Configuration configurationAt(long index) {
    return log.configurationAt(index);
  }

  /** The latest snapshot, taken here or received. */
  public Snapshot snapshot() {
    return log.snapshot();
  }

  /** Whom leadership is being handed to. */
  public @Nullable PeerId transferTarget() {
    return leadership == null ? null : leadership.transferTarget();
  }

  /** Of a leader: up to where each peer's disk has the log, by peer. */
  public Map<PeerId, Long> matchIndexes() {
    Map<PeerId, Long> matches = new TreeMap<>();
    if (leadership != null) {
      leadership.peers().forEach((peer, progress) -> matches.put(peer, progress.match()));
    }
    return matches;
  }

  /** Of a leader: whether the peer answered in this or the last check of the quorum. */
  public boolean isActive(PeerId peer) {
    Progress progress = leadership == null ? null : leadership.peers().get(peer);
    return progress != null && progress.isLiving();
  }

  // ---------------------------------------------------------------------------------------------
  // What comes out

  /**
   * Messages that can go at once. Entries proposed since the last call go together, so call it
   * before {@link #ready}, after a batch of proposals.
   */
  public List<Envelope> takeMessages() {
    if (leadership != null) {
      leadership.sendDue();
    }
    return outbox.takeMessages();
  }

  /** The next committed entries to apply, some of them; call again until there are none. */
  public List<Entry> takeCommitted() {
    return log.takeCommitted();
  }

  /** Reads that were confirmed: each may be served once its index is applied. */
  public List<ReadState> takeReads() {
    List<ReadState> taken = List.copyOf(readStates);
    readStates.clear();
    return taken;
  }

  /** What to persist and to send thereafter, or null when there is nothing. */
  public @Nullable Ready ready() {
    return outbox.ready(new HardState(term, vote, log.commit()), log);
  }

  /** What {@code ready} asked to persist is on disk. */
  public void advance(Ready ready) {
    outbox.done(ready, log);
    if (role == Role.CANDIDATE && outbox.persistedTerm() == term) {
      countVote(self, true);
    }
    if (leadership != null && !ready.entries().isEmpty()) {
      leadership.advanceCommit();
      stepDownIfOver(leadership);
    }
  }

  /**
   * Has the commit index written without delay. It is a lower bound that is written lazily, so a
   * member that starts again may find less committed than it had seen.
   */
  public void rememberCommit() {
    outbox.writeCommit();
  }

  /** Up to where this member would find the log committed if it started again now. */
  public long rememberedCommit() {
    return outbox.persistedCommit();
  }

  /** A snapshot of the applied state is on disk; the core forgets the log that it replaces. */
  public void compact(Snapshot taken) {
    log.compact(taken, taken.index() - config.trailingEntries());
  }

  // ---------------------------------------------------------------------------------------------
  // What goes in

  /** Appends a command to the log, when this member leads. It is committed later, or never. */
  public ProposeResult propose(byte[] command) {
    Invariant.check(command.length > 0, "an empty command is a no-op");
    return leadership == null ? ProposeResult.NOT_LEADER : leadership.propose(command);
  }

  /**
   * Begins to exchange the voters. They are exchanged when {@link #configuration} names them alone
   * and its entry is committed.
   *
   * @param next each a voter, or a learner that has nearly all of the log
   * @return why not, or null when it is begun
   */
  public ConfigurationOutcome.@Nullable Reason changeVoters(Collection<PeerId> next) {
    return leadership == null
        ? ConfigurationOutcome.Reason.NOT_LEADER
        : leadership.changeVoters(next);
  }

  /**
   * Asks from which index on a read is linearisable (section 6.4). Answered by {@link #takeReads},
   * or never, when messages are lost or the leader changes: ask again.
   *
   * @return false when no leader is known or the leader has too many reads waiting
   */
  public boolean readIndex(long context) {
    if (leadership != null) {
      return leadership.read(self, context);
    }
    if (leader == null) {
      return false;
    }
    send(leader, new ReadIndexRequest(term, context));
    return true;
  }

  /**
   * Begins to hand leadership to a voter (section 3.10). Given up after an election timeout.
   *
   * @return whether this member leads and the target is another voter
   */
  public boolean transferLeadership(PeerId to) {
    return leadership != null && leadership.transfer(to);
  }

  /** Time passes, by one {@link RaftConfig#tickNanos}. */
  public void tick() {
    outbox.tick(log.commit());
    electionElapsedTicks++;
    switch (role) {
      case LEADER -> {
        Leadership leading = leading();
        leading.tick();
        stepDownIfOver(leading);
      }
      case LEARNER -> {
        if (electionElapsedTicks >= config.electionTicks()) {
          electionElapsedTicks = 0;
          leader = null;
          for (PeerId voter : log.configuration().members()) {
            send(voter, new Subscribe(term, self, log.last()));
          }
        }
      }
      case FOLLOWER, PRE_CANDIDATE, CANDIDATE -> {
        if (electionElapsedTicks >= electionTimeoutTicks) {
          preCampaign();
        }
      }
    }
  }

  /**
   * Asks others for the log, who may know who leads: for the voters that this member knows may all
   * have been exchanged while it was away. Those in its own configuration are asked in any case.
   */
  void ask(Collection<PeerId> contacts) {
    for (PeerId contact : contacts) {
      if (!contact.equals(self) && !log.configuration().isVoter(contact)) {
        send(contact, new Subscribe(term, self, log.last()));
      }
    }
  }

  private Leadership leading() {
    return Objects.requireNonNull(leadership, "a leader leads");
  }

  /** Ends a leadership that has ended itself. */
  private void stepDownIfOver(Leadership leading) {
    if (leading.isOver()) {
      becomeFollower(term, null);
    }
  }

  /** Takes a message in. Messages may be lost, repeated, late and out of order. */
  public void step(PeerId from, Message.ToCore message) {
    if (message.term() > term && !raiseTerm(from, message)) {
      return;
    }
    if (message.term() < term && refuseOldTerm(from, message)) {
      return;
    }
    switch (message) {
      case PreVoteRequest m -> onPreVoteRequest(from, m);
      case PreVoteReply m -> onPreVoteReply(from, m);
      case VoteRequest m -> onVoteRequest(from, m);
      case VoteReply m -> onVoteReply(from, m);
      case AppendRequest m -> onAppend(from, m);
      case Heartbeat m -> onHeartbeat(from, m);
      case SnapshotChunk m -> onSnapshotChunk(from, m);
      case AppendAccepted m -> whenLeading(leading -> leading.onAppendAccepted(from, m));
      case AppendRejected m -> whenLeading(leading -> leading.onAppendRejected(from, m));
      case HeartbeatReply m -> whenLeading(leading -> leading.onHeartbeatReply(from, m));
      case SnapshotChunkReply m -> whenLeading(leading -> leading.onSnapshotChunkReply(from, m));
      case ReadIndexRequest m -> whenLeading(leading -> leading.read(from, m.context()));
      case Subscribe m -> onSubscribe(from, m.subscriber(), m.lastIndex());
      case TimeoutNow m -> {
        if (role == Role.FOLLOWER) {
          campaign(true);
        }
      }
      case ReadIndexReply m -> mayRead(m.context(), m.index());
    }
  }

  private void whenLeading(Consumer<Leadership> handling) {
    Leadership leading = leadership;
    if (leading != null) {
      handling.accept(leading);
      stepDownIfOver(leading);
    }
  }

  // ---------------------------------------------------------------------------------------------
  // Terms

  /** A message from a later term; whether it is to be handled. */
  private boolean raiseTerm(PeerId from, Message.ToCore message) {
    return switch (message) {
      // Only a question; its term is not anyone's yet.
      case PreVoteRequest m -> true;
      // A granted pre-vote carries the term that this member would stand in.
      case PreVoteReply m when m.granted() -> true;
      // Section 4.2.3: who hears from a leader does not help to depose it, unless it asks for that.
      case VoteRequest m -> {
        boolean isAskedFor = m.transfer() && log.configuration().isVoter(from);
        yield (isAskedFor || !hearsLeader()) && follow(m.term(), null);
      }
      case AppendRequest m -> follow(m.term(), from);
      case Heartbeat m -> follow(m.term(), from);
      case SnapshotChunk m -> follow(m.term(), from);
      case TimeoutNow m -> follow(m.term(), from);
      case PreVoteReply _,
          VoteReply _,
          AppendAccepted _,
          AppendRejected _,
          HeartbeatReply _,
          SnapshotChunkReply _,
          ReadIndexRequest _,
          ReadIndexReply _,
          Subscribe _ ->
          // Whose vote counts no more has no say about who leads, whatever its term is.
          (log.configuration().isVoter(from) || !hearsLeader())
              ? follow(message.term(), null)
              : overtake(from, message.term());
    };
  }

  /**
   * A learner of this leader has a later term: it stood for election while it had a vote, and can
   * follow nobody of an earlier term. Another leader it is not owed; but this one has to lead in a
   * term that is later still, to which the voters help it as to one to whom leadership is handed.
   */
  private boolean overtake(PeerId learner, long later) {
    Leadership leading = leadership;
    boolean follows = leading != null && leading.peers().containsKey(learner);
    if (follows && log.configuration().isVoter(self)) {
      becomeFollower(later, null);
      campaign(true);
    }
    return false;
  }

  private boolean follow(long newTerm, @Nullable PeerId newLeader) {
    becomeFollower(newTerm, newLeader);
    return true;
  }

  /** A message from an earlier term; whether that was all there is to do. */
  private boolean refuseOldTerm(PeerId from, Message.ToCore message) {
    return switch (message) {
      // Tells a leader of the past that it is one. It may be one that this member cannot follow,
      // because it stood for election itself while cut off: the term has to spread.
      case AppendRequest m -> refuseLeader(from, m.prevIndex());
      case Heartbeat m -> refuseLeader(from, m.commit());
      case SnapshotChunk m -> refuseLeader(from, m.snapshotIndex());
      case PreVoteRequest m -> {
        send(from, new PreVoteReply(term, false));
        yield true;
      }
      case VoteRequest m -> {
        send(from, new VoteReply(term, false));
        yield true;
      }
      // A learner has the term it last heard of, and asks for the current one.
      case Subscribe m -> false;
      case PreVoteReply m -> true;
      case VoteReply m -> true;
      case AppendAccepted m -> true;
      case AppendRejected m -> true;
      case HeartbeatReply m -> true;
      case SnapshotChunkReply m -> true;
      case TimeoutNow m -> true;
      case ReadIndexRequest m -> true;
      case ReadIndexReply m -> true;
    };
  }

  private boolean refuseLeader(PeerId from, long prevIndex) {
    send(from, new AppendRejected(term, prevIndex, log.commit(), log.termAt(log.commit())));
    return true;
  }

  private boolean hearsLeader() {
    return isLeader() || (leader != null && electionElapsedTicks < config.electionTicks());
  }

  /**
   * What a member is that does not lead or stand. Section 4.2.2: one that is left out may be needed
   * as long as that is not committed; so it goes on voting and standing until then.
   */
  private Role waitingRole() {
    boolean mayStand =
        log.configuration().isVoter(self) || log.configurationAt(log.commit()).isVoter(self);
    return mayStand && !withholdsVote ? Role.FOLLOWER : Role.LEARNER;
  }

  /** This member votes for nobody and does not stand, or does so again. */
  void withholdVote(boolean yes) {
    withholdsVote = yes;
    if (yes && (role == Role.PRE_CANDIDATE || role == Role.CANDIDATE)) {
      becomeFollower(term, null);
    }
    logChanged();
  }

  /** The log has changed, or what is known of it to be committed. */
  private void logChanged() {
    if (role == Role.FOLLOWER || role == Role.LEARNER) {
      role = waitingRole();
    }
  }

  /** Whose majority decides: in force, from the moment it is in the log. */
  Configuration electorate() {
    return log.configuration();
  }

  private void becomeFollower(long newTerm, @Nullable PeerId newLeader) {
    reset(newTerm);
    role = waitingRole();
    leader = newLeader;
  }

  private void reset(long newTerm) {
    Invariant.check(newTerm >= term, "terms go up", newTerm, term);
    if (newTerm > term) {
      term = newTerm;
      vote = null;
      // Another leader may write the same state in other bytes: chunks of two do not mix.
      incoming = null;
    }
    leader = null;
    leadership = null;
    votes.clear();
    electionElapsedTicks = 0;
    drawElectionTimeout();
  }

  private void drawElectionTimeout() {
    electionTimeoutTicks = config.electionTicks() + random.nextInt(config.electionTicks());
  }

  // ---------------------------------------------------------------------------------------------
  // Elections: section 3.4, with pre-vote, section 9.6

  private void preCampaign() {
    // The term and the vote stay: a pre-candidate asks, it does not stand.
    reset(term);
    role = Role.PRE_CANDIDATE;
    for (PeerId voter : electorate().members()) {
      if (!voter.equals(self)) {
        send(voter, new PreVoteRequest(term + 1, log.last(), log.lastTerm()));
      }
    }
    countVote(self, true);
  }

  private void campaign(boolean transfer) {
    electionCount++;
    reset(term + 1);
    role = Role.CANDIDATE;
    vote = self;
    for (PeerId voter : electorate().members()) {
      if (!voter.equals(self)) {
        send(voter, new VoteRequest(term, log.last(), log.lastTerm(), transfer));
      }
    }
    // Its own vote counts, like any other, when it is on disk.
  }

  private void countVote(PeerId from, boolean granted) {
    votes.putIfAbsent(from, granted);
    if (electorate().isMajority(voter -> votes.getOrDefault(voter, false))) {
      if (role == Role.PRE_CANDIDATE) {
        campaign(false);
      } else {
        becomeLeader();
      }
    } else if (!electorate().isMajority(voter -> votes.getOrDefault(voter, true))) {
      becomeFollower(term, null);
    }
  }

  private void onPreVoteRequest(PeerId from, PreVoteRequest m) {
    if (hearsLeader()) {
      // Section 4.2.3; no answer, so that the asker's clock runs on. One that has no vote any more
      // does not know it: it was down when the others were told, and gets the log.
      if (!log.configuration().isVoter(from)) {
        onSubscribe(from, from, m.lastIndex());
      }
      return;
    }
    boolean granted =
        m.term() > term && !isStranger(from) && log.isUpToDate(m.lastIndex(), m.lastTerm());
    send(from, new PreVoteReply(granted ? m.term() : term, granted));
  }

  private void onPreVoteReply(PeerId from, PreVoteReply m) {
    if (role == Role.PRE_CANDIDATE && (!m.granted() || m.term() == term + 1)) {
      countVote(from, m.granted());
    }
  }

  /**
   * A vote may go to a candidate that this member's configuration does not name: it may lag behind
   * (section 4.2). But with nothing in the log there is nothing to lag behind: then the candidate
   * was configured with other voters, and both lists could elect. Nor has a member with nothing in
   * its log a vote, when it was not configured with one: it may stand at the address of a voter
   * whose log is lost, and what that one acknowledged must not be voted away. So as long as it has
   * a part of the log only, which its owner tells it.
   */
  private boolean isStranger(PeerId candidate) {
    return withholdsVote
        || (log.last() == 0
            && !(log.configuration().isVoter(candidate) && log.configuration().isVoter(self)));
  }

  /** A member without a vote lacks the log, or will soon. It may know nobody that leads. */
  private void onSubscribe(PeerId from, PeerId subscriber, long lastIndex) {
    if (leadership != null) {
      leadership.subscribe(subscriber, lastIndex);
    } else if (leader != null && from.equals(subscriber) && !leader.equals(subscriber)) {
      send(leader, new Subscribe(term, subscriber, lastIndex));
    }
  }

  private void onVoteRequest(PeerId from, VoteRequest m) {
    boolean free = vote == null ? leader == null : vote.equals(from);
    boolean granted = free && !isStranger(from) && log.isUpToDate(m.lastIndex(), m.lastTerm());
    if (granted) {
      vote = from;
      electionElapsedTicks = 0;
    }
    send(from, new VoteReply(term, granted));
  }

  private void onVoteReply(PeerId from, VoteReply m) {
    if (role == Role.CANDIDATE) {
      countVote(from, m.granted());
    }
  }

  private void becomeLeader() {
    Invariant.check(role == Role.CANDIDATE, "only a candidate is elected");
    reset(term);
    role = Role.LEADER;
    leader = self;
    leadership = new Leadership(this, config, log);
  }

  /**
   * Only an entry of the leader's own term is committed by counting replicas; earlier ones follow
   * it (section 3.6.2, figure 3.7).
   */
  boolean mayCommitByCounting(long index) {
    return log.termAt(index) == term;
  }

  // ---------------------------------------------------------------------------------------------
  // Replication, the follower's side: section 3.5

  private void follow(PeerId from) {
    Invariant.check(!isLeader(), "one leader a term");
    if (role == Role.FOLLOWER || role == Role.LEARNER) {
      electionElapsedTicks = 0;
      leader = from;
    } else {
      becomeFollower(term, from);
    }
  }

  private void onAppend(PeerId from, AppendRequest m) {
    follow(from);
    if (m.prevIndex() < log.commit()) {
      // Late; and what is committed is known to be the same at the leader.
      log.checkCommitted(m.entries());
      send(from, new AppendAccepted(term, log.commit()));
    } else if (log.matches(m.prevIndex(), m.prevTerm())) {
      log.takeOver(m.entries());
      long lastNew = m.prevIndex() + m.entries().size();
      log.commitTo(Math.min(m.commit(), lastNew));
      logChanged();
      send(from, new AppendAccepted(term, withholdsVote ? log.commit() : lastNew));
    } else {
      long hintIndex = log.findConflict(m.prevIndex(), m.prevTerm());
      send(from, new AppendRejected(term, m.prevIndex(), hintIndex, log.termAt(hintIndex)));
    }
  }

  private void onHeartbeat(PeerId from, Heartbeat m) {
    follow(from);
    // What the leader knows of this member may be of one whose log is lost, where it stands now.
    // Then only an append says where the logs match: the rest may be of a leader that was deposed.
    long known = withholdsVote ? log.commit() : log.last();
    if (m.commit() > known) {
      send(from, new Subscribe(term, self, known));
    }
    log.commitTo(Math.min(m.commit(), known));
    logChanged();
    send(from, new HeartbeatReply(term, withholdsVote ? NO_READ : m.readSequence()));
  }

  private void onSnapshotChunk(PeerId from, SnapshotChunk m) {
    follow(from);
    if (m.snapshotIndex() <= log.commit()) {
      incoming = null;
      send(from, new AppendAccepted(term, log.commit()));
      return;
    }
    if (m.totalBytes() < 0 || m.totalBytes() > config.maxSnapshotBytes()) {
      return; // it would not fit; the leader's lag figure shows it
    }
    if (incoming == null || !incoming.isOf(m)) {
      incoming = new IncomingSnapshot(m);
    }
    IncomingSnapshot arriving = incoming;
    arriving.add(m);
    if (!arriving.isComplete()) {
      send(from, new SnapshotChunkReply(term, m.snapshotIndex(), arriving.received()));
      return;
    }
    incoming = null;
    install(from, arriving.snapshot());
  }

  private void install(PeerId from, Snapshot snapshot) {
    if (log.matches(snapshot.index(), snapshot.term())) {
      // The log has it all; only the news of the commit is new.
      log.commitTo(snapshot.index());
    } else {
      log.restore(snapshot);
    }
    logChanged();
    send(from, new AppendAccepted(term, snapshot.index()));
  }

  // ---------------------------------------------------------------------------------------------
  // What the parts of a core ask for

  /** A read of this member's own, or of one that it asked the leader for, may be served. */
  void mayRead(long context, long index) {
    readStates.add(new ReadState(context, index));
  }

  void send(PeerId to, Message.ToCore message) {
    outbox.send(term, to, message);
  }
}
