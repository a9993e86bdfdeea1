package io.quorate.raft;

import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.environment.Timer;
import io.quorate.raft.AppliedProposals.Applied;
import io.quorate.raft.ConfigurationOutcome.Reason;
import io.quorate.raft.PendingProposals.Pending;
import io.quorate.raft.ProposalOutcome.Committed;
import io.quorate.raft.ProposalOutcome.Rejected;
import io.quorate.raft.ProposalOutcome.Unknown;
import io.quorate.raft.RaftStatus.PeerStatus;
import io.quorate.raft.Ready.Envelope;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member of a Raft ring: a {@link RaftCore} with a clock, a disk, a transport and a state
 * machine.
 *
 * <p>One way of a proposal: {@code propose → offer → core.propose} at the leader, or a {@code
 * Forward} to it; {@code pump → core.ready → DurableLog.append → core.advance}; when a majority has
 * it, {@code apply} at every member, and the member where it was proposed answers. A proposal that
 * gets lost on the way is offered again, to whoever leads then; it applies once all the same,
 * because it has an id ({@link AppliedProposals}).
 *
 * <p>Everything happens on one shard, but for the disk, which is on the {@code raft-log} thread. At
 * most one write is under way; what comes in meanwhile goes with the next, under one sync. The
 * public methods may be called from any thread; callbacks come on the shard.
 */
public final class RaftNode {
  private static final Logger log = LoggerFactory.getLogger(RaftNode.class);
  private static final long STRANGER_LOG_TICKS = 1_200;

  private enum Life {
    NEW,
    STARTING,
    RUNNING,
    /** Between two rings: takes part in neither. */
    MOVING,
    STOPPED
  }

  private record PendingChange(
      long term, Configuration to, long deadlineNanos, Consumer<ConfigurationOutcome> callback) {}

  /** On the way to another ring. */
  private record Move(Ring to, boolean isFounder, Consumer<@Nullable String> callback) {}

  private final Environment environment;
  private final Shard shard;
  private final RaftConfig config;
  private final Transport transport;
  private final RaftListener listener;

  private final LogThread disk;
  private final ReplicatedState state;
  private final PendingProposals proposals = new PendingProposals();
  private final PendingReads reads;
  private final StateAgreement agreement;
  private final StallWatch applyWatch = new StallWatch();

  /** Ids that this member, as the leader of the current term, has in its log and not applied. */
  private final Set<ProposalId> inLog = new LinkedHashSet<>();

  private Life life = Life.NEW;
  private Ring ring = Ring.FIRST;
  private @Nullable Move move;

  /** When it was last logged that a member of another ring was heard, by member. */
  private final Map<PeerId, Long> strangers = new TreeMap<>();

  private @Nullable String failure;

  private @Nullable RaftCore core;
  private @Nullable Timer timer;
  private long tick;
  private boolean pumpDue;
  private boolean isPersisting;
  private long persistingSinceTick;
  private boolean isSnapshotting;
  private long stateDiffersAt;
  private int leaderlessTicks;
  private long knownTerm;
  private @Nullable PeerId knownLeader;
  private long leaderChanges;

  private record Memory(long index, Runnable then) {}

  /** Who waits until what was applied is remembered, in the order of their indexes. */
  private final ArrayDeque<Memory> memories = new ArrayDeque<>();

  /** A change of the voters that was begun here. The core has one at a time. */
  private @Nullable PendingChange change;

  /** Written on the shard, read anywhere. */
  private volatile RaftStatus status;

  public RaftNode(
      Environment environment,
      Shard shard,
      Path directory,
      RaftConfig config,
      StateMachine machine,
      Transport transport,
      RaftListener listener) {
    this.environment = environment;
    this.shard = shard;
    this.config = config;
    this.transport = transport;
    this.listener = listener;
    this.disk = new LogThread(environment, shard, directory, this::fail);
    this.state = new ReplicatedState(machine, config.maxAppliedProposals());
    this.reads = new PendingReads(environment.random().nextLong());
    this.agreement = new StateAgreement(config.self());
    this.status = describe();
  }

  // ---------------------------------------------------------------------------------------------
  // Life

  /** Reads the log and then takes part; the listener hears of it. */
  public void start() {
    onShard(() -> {
      if (life == Life.NEW) {
        life = Life.STARTING;
        disk.open(config, this::recovered);
      }
    });
  }

  private void recovered(Ring found, LogRecovery recovery) {
    ring = found;
    try {
      if (!recovery.snapshot().isEmpty()) {
        restore(recovery.snapshot());
      }
      core =
          new RaftCore(
              config,
              environment.random(),
              recovery.hardState(),
              recovery.snapshot(),
              recovery.entries());
    } catch (RuntimeException e) {
      fail(e);
      return;
    }
    life = Life.RUNNING;
    log.info(
        "raft member {} of {} starts in term {} with {} entries behind {}, voters {}",
        config.self(),
        ring,
        recovery.hardState().term(),
        recovery.entries().size(),
        recovery.snapshot(),
        core.configuration());
    if (ring.number() == 0 && !recovery.initialVoters().equals(config.initialVoters())) {
      log.warn(
          "the configured voters {} are not those with which this ring began, {}; its log counts",
          config.initialVoters(),
          recovery.initialVoters());
    }
    timer = shard.schedule(config.tickNanos(), this::onTick);
    try {
      while (apply(core)) {
        // all that is known to be committed, so that the machine starts as it stopped
      }
    } catch (RuntimeException e) {
      fail(e);
      return;
    }
    status = describe();
    listener.started();
    pump();
  }

  /** Ends this member's part, for the process is about to end. Leads no more, answers no more. */
  public void stop() {
    onShard(() -> {
      if (life != Life.STOPPED) {
        end();
      }
    });
  }

  private void fail(Throwable cause) {
    if (life == Life.STOPPED) {
      return;
    }
    failure = cause instanceof RingGivenUp ? cause.getMessage() : cause.toString();
    if (cause instanceof RingGivenUp) {
      log.error("raft member {} stops: {}", config.self(), cause.getMessage());
    } else {
      log.error("raft member {} stops: {}", config.self(), cause.toString(), cause);
    }
    end();
    listener.failed(cause);
  }

  private void end() {
    life = Life.STOPPED;
    if (move != null) {
      move.callback().accept("the member has stopped");
      move = null;
    }
    if (timer != null) {
      timer.cancel();
    }
    disk.close();
    proposals.failAll(Refusal.NOT_RUNNING);
    reads.refuseAll(Refusal.NOT_RUNNING);
    if (change != null) {
      change.callback().accept(new ConfigurationOutcome.Unknown());
      change = null;
    }
    status = describe();
  }

  private void onShard(Runnable task) {
    if (shard.isCurrent()) {
      task.run();
    } else {
      shard.execute(task);
    }
  }

  // ---------------------------------------------------------------------------------------------
  // Requests

  /** An id for one change, to be used in each attempt at it. */
  public ProposalId newProposalId() {
    return new ProposalId(
        environment.random().nextLong(), environment.random().nextLong(), state.index());
  }

  /** Proposes a change that is not going to be retried by the caller. */
  public void propose(byte[] command, long deadlineNanos, Consumer<ProposalOutcome> callback) {
    propose(newProposalId(), command, deadlineNanos, callback);
  }

  /**
   * Proposes a change, at the leader or by way of it.
   *
   * @param id the same in every attempt at this change
   * @param deadlineNanos on the environment's monotonic clock: when to give up waiting
   * @param callback called exactly once, on the shard
   */
  public void propose(
      ProposalId id, byte[] command, long deadlineNanos, Consumer<ProposalOutcome> callback) {
    onShard(() -> accept(new Proposal(id, command), deadlineNanos, callback));
  }

  private void accept(Proposal proposal, long deadline, Consumer<ProposalOutcome> callback) {
    RaftCore running = running();
    if (running == null) {
      callback.accept(new Rejected(Refusal.NOT_RUNNING));
      return;
    }
    Applied earlier = state.find(proposal.id());
    if (earlier != null) {
      callback.accept(new Committed(earlier.index(), earlier.result()));
    } else if (running.leader() == null) {
      callback.accept(new Rejected(Refusal.NO_LEADER));
    } else if (proposal.command().length > config.maxCommandBytes()) {
      callback.accept(new Rejected(Refusal.TOO_LARGE));
    } else if (proposals.size() >= config.maxPendingProposals()) {
      callback.accept(new Rejected(Refusal.OVERLOADED));
    } else {
      offer(running, proposals.add(proposal, deadline, callback));
      pumpSoon();
    }
  }

  /** Gives a proposal to the leader, if there is one to give it to. */
  private void offer(RaftCore running, Pending pending) {
    if (running.isLeader()) {
      boolean isThere = inLog.contains(pending.id);
      RaftCore.ProposeResult result =
          isThere ? RaftCore.ProposeResult.ACCEPTED : running.propose(pending.encoded);
      switch (result) {
        case ACCEPTED -> {
          inLog.add(pending.id);
          offered(running, pending);
        }
        case OVERLOADED -> {
          proposals.remove(pending.id);
          pending.fail(Refusal.OVERLOADED);
        }
        case TRANSFERRING, NOT_LEADER -> {} // offered again when the next leader shows
      }
    } else if (running.leader() != null) {
      send(running.leader(), new Message.Forward(pending.encoded));
      offered(running, pending);
    }
  }

  private void offered(RaftCore running, Pending pending) {
    pending.mayBeInLog = true;
    pending.offeredInTerm = running.term();
    pending.offeredAtTick = tick;
  }

  /**
   * Offers anew what was given to an earlier leader, or to this one so long ago that it got lost.
   */
  private void offerAgain(RaftCore running) {
    for (Pending pending : proposals.all()) {
      boolean isWithLeader = pending.offeredInTerm == running.term();
      boolean isLost =
          !running.isLeader() && tick - pending.offeredAtTick >= config.electionTicks();
      if (!isWithLeader || isLost) {
        offer(running, pending);
      }
    }
  }

  /** A proposal that came to another member. */
  private void onForward(RaftCore running, byte[] encoded) {
    int commandBytes = encoded.length - Proposal.HEADER_BYTES;
    if (commandBytes < 0 || commandBytes > config.maxCommandBytes()) {
      log.warn("a forwarded proposal of {} bytes is dropped", encoded.length);
      return;
    }
    ProposalId id = Proposal.decode(encoded).id();
    if (!running.isLeader() || inLog.contains(id) || state.find(id) != null) {
      return; // the member that sent it offers it again, or learns of it from the log
    }
    if (running.propose(encoded) == RaftCore.ProposeResult.ACCEPTED) {
      inLog.add(id);
    }
  }

  /**
   * Asks for a linearisable read of the state machine (section 6.4): it may be served when the
   * callback says so, from this member's state, without the log being written.
   */
  public void readIndex(long deadlineNanos, Consumer<ReadOutcome> callback) {
    onShard(() -> {
      RaftCore running = running();
      if (running == null) {
        callback.accept(new ReadOutcome.Refused(Refusal.NOT_RUNNING));
      } else if (running.leader() == null) {
        callback.accept(new ReadOutcome.Refused(Refusal.NO_LEADER));
      } else if (reads.size() >= config.maxPendingProposals()) {
        callback.accept(new ReadOutcome.Refused(Refusal.OVERLOADED));
      } else {
        reads.add(deadlineNanos, callback);
        pumpSoon();
      }
    });
  }

  /**
   * Exchanges the voters (section 4.3), if this member leads. Each voter to come must be running
   * with this ring's address book and follow the log as a learner; it is refused otherwise, so that
   * the ring never waits for a member that has yet to copy the log. {@link #status} shows the way.
   *
   * @param deadlineNanos on the environment's monotonic clock: when to give up waiting
   * @param callback called exactly once, on the shard
   */
  public void changeVoters(
      Set<PeerId> voters, long deadlineNanos, Consumer<ConfigurationOutcome> callback) {
    onShard(() -> {
      RaftCore running = running();
      if (running == null) {
        callback.accept(new ConfigurationOutcome.Refused(Reason.NOT_RUNNING));
        return;
      }
      if (change != null) {
        answerChange(running, change); // it may just be over
      }
      Reason refused = change == null ? running.changeVoters(voters) : Reason.UNDER_WAY;
      if (refused != null) {
        callback.accept(new ConfigurationOutcome.Refused(refused));
        return;
      }
      log.info("raft member {} exchanges the voters: {}", config.self(), running.configuration());
      change = new PendingChange(running.term(), Configuration.of(voters), deadlineNanos, callback);
      pumpSoon();
    });
  }

  /** Answers a change of the voters that is over, or of which this member will not hear. */
  private void answerChange(RaftCore running, PendingChange pending) {
    boolean isDone =
        running.configuration().equals(pending.to())
            && running.configurationIndex() <= running.commitIndex();
    boolean isLost =
        running.term() != pending.term()
            || !running.isLeader()
            || environment.clock().nanos() - pending.deadlineNanos() >= 0;
    if (isDone || isLost) {
      change = null;
      pending
          .callback()
          .accept(
              isDone
                  ? new ConfigurationOutcome.Changed(running.configurationIndex())
                  : new ConfigurationOutcome.Unknown());
    }
  }

  /**
   * Runs {@code then}, on the shard, once this member would apply all that it has applied now if it
   * started again, before it heard of anyone. Dropped when the member stops before.
   */
  public void whenRemembered(Runnable then) {
    onShard(() -> {
      RaftCore running = running();
      if (running != null) {
        memories.add(new Memory(state.index(), then));
        running.rememberCommit();
        pumpSoon();
      }
    });
  }

  /** Begins to hand leadership to a voter, if this member leads; {@link #status} shows the rest. */
  public void transferLeadership(PeerId to) {
    onShard(() -> {
      RaftCore running = running();
      if (running != null && running.transferLeadership(to)) {
        log.info("raft member {} hands leadership to {}", config.self(), to);
        pumpSoon();
      }
    });
  }

  /**
   * This member is about to stop: when it leads, the voter that lacks least leads from now on, so
   * that nobody has to miss a leader first.
   */
  public void handOver() {
    onShard(() -> {
      RaftCore running = running();
      PeerId to = running == null || !running.isLeader() ? null : successor(running);
      if (to != null) {
        transferLeadership(to);
      }
    });
  }

  /** What this member knows of its ring, for the judgement whether it is lost. */
  public void evidence(Consumer<RingEvidence> callback) {
    onShard(() -> {
      RaftCore known = core;
      long leaderlessNanos = leaderlessTicks * config.tickNanos();
      callback.accept(
          new RingEvidence(
              config.self(),
              ring,
              known == null ? 0 : known.term(),
              known == null ? null : known.leader(),
              TimeUnit.NANOSECONDS.toMillis(leaderlessNanos),
              known == null ? 0 : known.commitIndex(),
              known == null ? List.of() : known.terms(),
              known == null ? 0 : known.lastIndex(),
              known == null ? config.initialVoters() : known.configuration().voters(),
              known == null ? List.of() : known.configuration().outgoing(),
              life == Life.RUNNING ? null : failure == null ? "it is not running" : failure));
    });
  }

  /**
   * Leaves this ring, whose majority is lost for good, for the next one. This is for operators: it
   * gives up what only the lost members had. The founder brings all of its log into the new ring,
   * as committed, and is its only voter at first. Every other member begins without a log, as a
   * learner, and gets the founder's state.
   *
   * @param next number and nonce of the new ring; its one voter is the founder
   * @param callback called on the shard, once: null when it is durable, else why not
   */
  public void beginRing(Ring next, Consumer<@Nullable String> callback) {
    onShard(() -> {
      RaftCore running = running();
      boolean isFounder = next.voters().equals(List.of(config.self()));
      String refusal = running == null ? "it is not running" : refusal(running, next, isFounder);
      if (refusal != null) {
        callback.accept(refusal);
        return;
      }
      log.warn("raft member {} leaves {} for {}", config.self(), ring, next);
      move = new Move(next, isFounder, callback);
      life = Life.MOVING;
      if (timer != null) {
        timer.cancel();
      }
      moveOn();
    });
  }

  private @Nullable String refusal(RaftCore running, Ring next, boolean isFounder) {
    if (next.number() != ring.number() + 1 && isFounder) {
      return "it is of " + ring + " already";
    }
    if (next.number() <= ring.number()) {
      return "it is of " + ring + " already";
    }
    if (running.leader() != null && isFounder) {
      return "it follows the leader " + running.leader();
    }
    if (isFounder && running.lastIndex() < next.certainIndex()) {
      return "its log ends at " + running.lastIndex();
    }
    if (!isFounder && running.commitIndex() > next.certainIndex()) {
      return "it knows of changes behind " + next.certainIndex() + ", which the new ring may lack";
    }
    return null;
  }

  /** Goes on with the move when nothing is on its way to the old log any more. */
  private void moveOn() {
    RaftCore old = Objects.requireNonNull(core);
    Move moving = Objects.requireNonNull(move);
    if (isPersisting || isSnapshotting) {
      return;
    }
    HardState begins = HardState.INITIAL;
    Snapshot from = Snapshot.initial(Configuration.of(moving.to().voters()));
    if (moving.isFounder()) {
      long last = old.lastIndex();
      for (long index = state.index() + 1; index <= last; index++) {
        apply(old.entryAt(index));
      }
      begins = new HardState(old.term() + 1, null, last);
      from = new Snapshot(last, old.termAt(last), from.configuration(), state.snapshot());
    }
    beginLog(moving, begins, from);
  }

  private void beginLog(Move moving, HardState begins, Snapshot from) {
    disk.begin(moving.to(), config, begins, from, () -> moved(moving, begins, from));
  }

  private void moved(Move moving, HardState begins, Snapshot from) {
    ring = moving.to();
    core = new RaftCore(config, environment.random(), begins, from, List.of());
    inLog.clear();
    if (change != null) {
      change.callback().accept(new ConfigurationOutcome.Unknown());
      change = null;
    }
    move = null;
    life = Life.RUNNING;
    timer = shard.schedule(config.tickNanos(), this::onTick);
    log.warn("raft member {} is of {}, voters {}", config.self(), ring, from.configuration());
    status = describe();
    moving.callback().accept(null);
    pump();
  }

  /**
   * The core as it is between two tasks of the shard, for checkers that run there; null before the
   * log is read, and when this member has stopped.
   */
  public @Nullable RaftCore core() {
    return running();
  }

  /** The last entry that the state machine has. On the shard. */
  public long appliedIndex() {
    return state.index();
  }

  /** Of the state machine as of {@link #appliedIndex}. On the shard. */
  public StateHash stateHash() {
    return state.hash();
  }

  /** This member as of its last tick or change of leader. Safe from any thread. */
  public RaftStatus status() {
    return status;
  }

  /** A message of another member has arrived. What is malformed is dropped and logged. */
  public void receive(PeerId from, byte[] message) {
    onShard(() -> {
      RaftCore running = running();
      if (running == null) {
        return;
      }
      try {
        MessageCodec.Received received = MessageCodec.decode(message);
        if (!received.isOf(ring)) {
          onOtherRing(running, from, received);
          return;
        }
        switch (received.message()) {
          case Message.Forward forward -> onForward(running, forward.proposal());
          case Message.StateReport report -> onStateReport(running, from, report);
          case Message.GivenUp ofThisRing -> {} // this member knows
          case Message.ToCore toCore -> running.step(from, toCore);
        }
      } catch (MalformedRaftMessage e) {
        log.warn("raft message from {} is dropped: {}", from, e.getMessage());
        return;
      } catch (RuntimeException e) {
        fail(e);
        return;
      }
      pumpSoon();
    });
  }

  /**
   * Who is of a ring that was given up is told so, in every answer, and moves or stops. What else
   * members of other rings say does not count.
   */
  private void onOtherRing(RaftCore running, PeerId from, MessageCodec.Received received) {
    if (received.ringNumber() < ring.number()) {
      if (isNewsOf(from)) {
        log.warn(
            "{} is of ring {}, which was given up: it is told so", from, received.ringNumber());
      }
      send(from, new Message.GivenUp(ring.withVoters(running.configuration().voters())));
    } else if (received.ringNumber() == ring.number()) {
      if (isNewsOf(from)) {
        log.error(
            "{} is of another ring {} than this member: two were begun from one, and one of them"
                + " has to be given up by removing the data of its nodes",
            from,
            ring.number());
      }
    } else if (received.message() instanceof Message.GivenUp notice) {
      Ring next = notice.next();
      boolean isLost = next.lost().contains(config.self());
      boolean knowsMore = running.commitIndex() > next.certainIndex();
      // With an empty log it is somebody else at that address, or has forgotten everything.
      if (running.lastIndex() > 0 && (isLost || knowsMore)) {
        throw new RingGivenUp(ring, next, isLost);
      }
      beginRing(
          next,
          refusal -> {
            if (refusal != null) {
              log.warn("raft member {} cannot move to {}: {}", config.self(), next, refusal);
            }
          });
    }
  }

  private boolean isNewsOf(PeerId stranger) {
    Long last = strangers.get(stranger);
    if (last != null && tick - last < STRANGER_LOG_TICKS) {
      return false;
    }
    strangers.put(stranger, tick);
    return true;
  }

  private @Nullable RaftCore running() {
    return life == Life.RUNNING ? core : null;
  }

  // ---------------------------------------------------------------------------------------------
  // Doing what the core wants

  /** Collects what the current batch of work brings, so that it shares messages and a sync. */
  private void pumpSoon() {
    if (!pumpDue) {
      pumpDue = true;
      shard.afterCurrentBatch(this::pump);
    }
  }

  private void pump() {
    pumpDue = false;
    RaftCore running = running();
    if (running == null) {
      return;
    }
    try {
      if (running.leader() == null) {
        reads.refuseUnconfirmed(Refusal.NO_LEADER);
      }
      reads.ask(running, tick);
      sendAll(running.takeMessages());
      if (apply(running)) {
        pumpSoon(); // there may be more; others get their turn in between
      }
      running.takeReads().forEach(reads::confirm);
      reads.serve(state.index());
      persist(running);
      noticeLeader(running);
      takeSnapshot(running);
      remember(running);
      if (change != null) {
        answerChange(running, change);
      }
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void persist(RaftCore running) {
    if (isPersisting) {
      return;
    }
    Ready ready = running.ready();
    if (ready == null) {
      return;
    }
    if (!ready.mustPersist()) {
      sendAll(ready.messages());
      running.advance(ready);
      return;
    }
    isPersisting = true;
    persistingSinceTick = tick;
    disk.append(ready, () -> persisted(running, ready));
  }

  private void persisted(RaftCore running, Ready ready) {
    isPersisting = false;
    if (move != null) {
      moveOn();
      return;
    }
    sendAll(ready.messages());
    running.advance(ready);
    if (ready.snapshot() != null) {
      restore(ready.snapshot());
    }
    pump();
  }

  private void remember(RaftCore running) {
    while (!memories.isEmpty() && memories.peek().index() <= running.rememberedCommit()) {
      memories.remove().then().run();
    }
  }

  private void takeSnapshot(RaftCore running) {
    long index = state.index();
    boolean isDue = index - running.snapshot().index() >= config.snapshotEveryEntries();
    // A snapshot of the leader's may have overtaken the state machine and wait for the disk.
    if (!isDue || isSnapshotting || running.appliedIndex() != index) {
      return;
    }
    isSnapshotting = true;
    Snapshot taken =
        new Snapshot(
            index, running.termAt(index), running.configurationAt(index), state.snapshot());
    disk.saveSnapshot(
        taken,
        () -> {
          isSnapshotting = false;
          if (move != null) {
            moveOn();
          } else {
            running.compact(taken);
          }
        });
  }

  private void restore(Snapshot snapshot) {
    state.restore(snapshot);
    for (Pending pending : proposals.all()) {
      Applied earlier = state.find(pending.id);
      if (earlier != null) {
        proposals.remove(pending.id);
        pending.answer(new Committed(earlier.index(), earlier.result()));
      }
    }
  }

  /** Applies some of what is committed; whether there was anything. */
  private boolean apply(RaftCore running) {
    List<Entry> committed = running.takeCommitted();
    for (Entry entry : committed) {
      apply(entry);
      if (entry.index() % config.stateHashEveryEntries() == 0) {
        reportState(running);
      }
    }
    return !committed.isEmpty();
  }

  private void apply(Entry entry) {
    if (entry.kind() == Entry.Kind.COMMAND && !entry.isNoOp()) {
      apply(entry.index(), Proposal.decode(entry.command()));
    }
    state.reached(entry.index());
  }

  private void apply(long index, Proposal proposal) {
    ProposalId id = proposal.id();
    inLog.remove(id);
    Applied application = state.apply(index, proposal);
    Pending pending = proposals.remove(id);
    if (pending != null) {
      pending.answer(
          application == null
              ? new Unknown(Refusal.FORGOTTEN)
              : new Committed(application.index(), application.result()));
    }
  }

  // ---------------------------------------------------------------------------------------------
  // Whether the members' states agree

  private void reportState(RaftCore running) {
    long index = state.index();
    StateHash hash = state.hash();
    agreement.computed(index, hash);
    if (running.isLeader()) {
      judge(running, config.self(), index, hash);
    } else if (running.leader() != null) {
      send(running.leader(), new Message.StateReport(index, hash, false));
    }
  }

  private void onStateReport(RaftCore running, PeerId from, Message.StateReport report) {
    if (!report.isVerdict()) {
      if (running.isLeader()) {
        judge(running, from, report.index(), report.hash());
      }
    } else if (agreement.isAgainstSelf(report.index(), report.hash())) {
      throw new StateDivergence(report.index());
    }
  }

  private void judge(RaftCore running, PeerId from, long index, StateHash hash) {
    List<PeerId> wrong = agreement.report(from, index, hash, running.configuration());
    StateAgreement.Verdict verdict = agreement.verdict(index);
    if (wrong.isEmpty() || verdict == null) {
      return;
    }
    stateDiffersAt = index;
    for (PeerId peer : wrong) {
      log.error(
          "raft member {} differs from {} after entry {}",
          peer,
          verdict.isCertain() ? "the majority" : "the leader",
          index);
      if (!peer.equals(config.self())) {
        send(peer, new Message.StateReport(index, verdict.hash(), true));
        listener.stateDiffers(peer, index, verdict.isCertain());
      }
    }
    if (wrong.contains(config.self())) {
      throw new StateDivergence(index);
    }
  }

  // ---------------------------------------------------------------------------------------------

  private void noticeLeader(RaftCore running) {
    if (running.term() == knownTerm && Objects.equals(running.leader(), knownLeader)) {
      return;
    }
    if (running.term() != knownTerm) {
      inLog.clear();
    }
    boolean isOther = !Objects.equals(running.leader(), knownLeader);
    knownTerm = running.term();
    knownLeader = running.leader();
    leaderChanges += isOther ? 1 : 0;
    if (isOther) {
      log.info(
          "raft member {} is {} of term {}, leader {}",
          config.self(),
          running.role(),
          knownTerm,
          knownLeader);
    }
    status = describe();
    listener.leaderChanged(knownLeader, knownTerm);
    if (knownLeader != null) {
      leaderlessTicks = 0;
      offerAgain(running);
      reads.askAgain(running.term(), tick);
      pumpSoon();
    }
  }

  private void onTick() {
    RaftCore running = running();
    if (running == null) {
      return;
    }
    timer = shard.schedule(config.tickNanos(), this::onTick);
    tick++;
    try {
      running.tick();
      long now = environment.clock().nanos();
      proposals.expire(now);
      reads.expire(now);
      leaderlessTicks = running.leader() == null ? leaderlessTicks + 1 : 0;
      if (leaderlessTicks >= 2 * config.electionTicks()) {
        proposals.failAll(Refusal.NO_LEADER);
      } else if (running.leader() != null) {
        offerAgain(running);
        reads.askAgain(running.term(), tick - config.electionTicks());
      }
      leaveWhenStalled(running);
    } catch (RuntimeException e) {
      fail(e);
      return;
    }
    pump();
    status = describe();
  }

  /** The voter that would lack least; null when none answers. */
  private static @Nullable PeerId successor(RaftCore leader) {
    PeerId best = null;
    long bestMatch = -1;
    for (var peer : leader.matchIndexes().entrySet()) {
      boolean fits =
          leader.configuration().voters().contains(peer.getKey()) && leader.isActive(peer.getKey());
      if (fits && peer.getValue() > bestMatch) {
        best = peer.getKey();
        bestMatch = peer.getValue();
      }
    }
    return best;
  }

  /** A leader whose disk or state machine hangs holds everyone up: another one should lead. */
  private void leaveWhenStalled(RaftCore running) {
    long diskTicks = isPersisting ? tick - persistingSinceTick : 0;
    long applyTicks = applyWatch.stalledTicks(running.commitIndex(), state.settledIndex(), tick);
    boolean isStalled = Math.max(diskTicks, applyTicks) >= config.electionTicks();
    if (!isStalled || !running.isLeader() || running.transferTarget() != null) {
      return;
    }
    PeerId best = successor(running);
    if (best != null) {
      log.warn(
          "raft leader {} has a slow {} and hands over to {}",
          config.self(),
          diskTicks >= applyTicks ? "disk" : "state machine",
          best);
      running.transferLeadership(best);
    }
  }

  // ---------------------------------------------------------------------------------------------

  private void sendAll(List<Envelope> envelopes) {
    for (Envelope envelope : envelopes) {
      send(envelope.to(), envelope.message());
    }
  }

  private void send(PeerId to, Message message) {
    transport.send(to, MessageCodec.encode(ring, message));
  }

  private RaftStatus describe() {
    RaftCore known = core;
    boolean isRunning = known != null && life == Life.RUNNING;
    Configuration configuration =
        known == null ? Configuration.of(config.initialVoters()) : known.configuration();
    Role idle = configuration.isVoter(config.self()) ? Role.FOLLOWER : Role.LEARNER;
    List<PeerStatus> peers = new ArrayList<>();
    if (known != null && isRunning && known.isLeader()) {
      known
          .matchIndexes()
          .forEach((peer, match) ->
              peers.add(
                  new PeerStatus(
                      peer,
                      configuration.isVoter(peer),
                      match,
                      known.lastIndex() - match,
                      known.isActive(peer))));
    }
    return new RaftStatus(
        config.self(),
        ring,
        known == null || !isRunning ? idle : known.role(),
        known == null ? 0 : known.term(),
        known == null || !isRunning ? null : known.leader(),
        known == null ? 0 : known.commitIndex(),
        state.index(),
        known == null ? 0 : known.lastIndex(),
        known == null ? 0 : known.snapshot().index(),
        leaderChanges,
        known == null ? 0 : known.electionCount(),
        proposals.size(),
        configuration.voters(),
        configuration.outgoing(),
        List.copyOf(peers),
        stateDiffersAt,
        failure == null ? disk.fullDisk() : failure);
  }
}
