package io.quorate.raft;

import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.environment.Timer;
import io.quorate.raft.ConfigurationOutcome.Reason;
import io.quorate.raft.RaftStatus.PeerStatus;
import io.quorate.raft.Ready.Envelope;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
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

  private enum Life {
    NEW,
    STARTING,
    RUNNING,
    /** Between two rings: takes part in neither. */
    MOVING,
    STOPPED
  }

  private final Environment environment;
  private final Shard shard;
  private final RaftConfig config;
  private final Transport transport;
  private final RaftListener listener;

  private final LogThread disk;
  private final ReplicatedState state;
  private final Proposals proposals;
  private final PendingReads reads;
  private final StateReports reports;
  private final OtherRings otherRings;
  private final StallWatch applyWatch = new StallWatch();

  /** Who may know the leader when the voters of this member's log do not; on the shard. */
  private Supplier<Collection<PeerId>> contacts = List::of;

  private Life life = Life.NEW;
  private Ring ring = Ring.FIRST;
  private @Nullable RingMove move;

  private @Nullable String failure;

  /** Owned by the shard. */
  private boolean withholdsVote;

  private @Nullable RaftCore core;
  private @Nullable Timer timer;
  private long tick;
  private boolean pumpDue;
  private boolean isPersisting;
  private long persistingSinceTick;
  private boolean isSnapshotting;
  private int leaderlessTicks;
  private long knownTerm;
  private @Nullable PeerId knownLeader;
  private long leaderChanges;

  private record Memory(long index, Runnable then) {}

  /** Who waits until what was applied is remembered, in the order of their indexes. */
  private final ArrayDeque<Memory> memories = new ArrayDeque<>();

  private final VoterChange change = new VoterChange();

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
    this.proposals = new Proposals(config, state, this::send);
    this.reads = new PendingReads(environment.random().nextLong());
    this.reports = new StateReports(config.self(), state, this::send, listener);
    this.otherRings = new OtherRings(config.self(), this::send);
    this.status = describe();
  }

  // ---------------------------------------------------------------------------------------------
  // Life

  /**
   * Whom to ask for the log, besides the voters that this member knows of, when nobody leads.
   * Before the start.
   *
   * @param others called on the shard
   */
  public void contacts(Supplier<Collection<PeerId>> others) {
    contacts = others;
  }

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
    core.withholdVote(withholdsVote);
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
    change.giveUp();
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
    onShard(() -> {
      if (proposals.accept(running(), new Proposal(id, command), deadlineNanos, tick, callback)) {
        pumpSoon();
      }
    });
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
      } else if (change.begin(
          running, voters, environment.clock().nanos(), deadlineNanos, callback)) {
        log.info("raft member {} exchanges the voters: {}", config.self(), running.configuration());
        status = describe();
        pumpSoon();
      }
    });
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

  /**
   * Has this member vote for nobody, and not stand, or lifts that: it stands at the address of a
   * voter whose log is lost, and does not have all yet that one had. May be called before the
   * start.
   */
  public void withholdVote(boolean yes) {
    onShard(() -> {
      withholdsVote = yes;
      RaftCore running = running();
      if (running != null) {
        running.withholdVote(yes);
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
              life == Life.RUNNING ? null : failure == null ? "it is not running" : failure,
              withholdsVote));
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
      RingMove asked = new RingMove(next, next.voters().equals(List.of(config.self())), callback);
      String refusal = running == null ? "it is not running" : asked.refusal(ring, running);
      if (refusal != null) {
        callback.accept(refusal);
        return;
      }
      log.warn("raft member {} leaves {} for {}", config.self(), ring, next);
      move = asked;
      life = Life.MOVING;
      if (timer != null) {
        timer.cancel();
      }
      moveOn();
    });
  }

  private void logRefusal(Ring next, @Nullable String refusal) {
    if (refusal != null) {
      log.warn("raft member {} cannot move to {}: {}", config.self(), next, refusal);
    }
  }

  /** Goes on with the move when nothing is on its way to the old log any more. */
  private void moveOn() {
    RaftCore old = Objects.requireNonNull(core);
    RingMove moving = Objects.requireNonNull(move);
    if (isPersisting || isSnapshotting) {
      return;
    }
    if (moving.isFounder()) {
      for (long index = state.index() + 1; index <= old.lastIndex(); index++) {
        apply(old.entryAt(index));
      }
    }
    RingMove.Beginning from = moving.beginning(old, state);
    disk.begin(moving.to(), config, from.hardState(), from.snapshot(), () -> moved(moving, from));
  }

  private void moved(RingMove moving, RingMove.Beginning from) {
    ring = moving.to();
    core = new RaftCore(config, environment.random(), from.hardState(), from.snapshot(), List.of());
    core.withholdVote(withholdsVote);
    proposals.forgetLog();
    change.giveUp();
    move = null;
    life = Life.RUNNING;
    timer = shard.schedule(config.tickNanos(), this::onTick);
    log.warn(
        "raft member {} is of {}, voters {}", config.self(), ring, from.snapshot().configuration());
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
          Ring next = otherRings.hear(ring, running, from, received, tick);
          if (next != null) {
            beginRing(next, refusal -> logRefusal(next, refusal));
          }
          return;
        }
        switch (received.message()) {
          case Message.Forward forward -> proposals.onForward(running, forward.proposal());
          case Message.StateReport report -> reports.onReport(running, from, report);
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
      change.answer(running, environment.clock().nanos());
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
    proposals.answerApplied();
  }

  /** Applies some of what is committed; whether there was anything. */
  private boolean apply(RaftCore running) {
    List<Entry> committed = running.takeCommitted();
    for (Entry entry : committed) {
      apply(entry);
      if (entry.index() % config.stateHashEveryEntries() == 0) {
        reports.report(running);
      }
    }
    return !committed.isEmpty();
  }

  private void apply(Entry entry) {
    if (entry.kind() == Entry.Kind.COMMAND && !entry.isNoOp()) {
      proposals.apply(entry.index(), Proposal.decode(entry.command()));
    }
    state.reached(entry.index());
  }

  // ---------------------------------------------------------------------------------------------

  private void noticeLeader(RaftCore running) {
    if (running.term() == knownTerm && Objects.equals(running.leader(), knownLeader)) {
      return;
    }
    if (running.term() != knownTerm) {
      proposals.forgetLog();
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
      proposals.offerAgain(running, tick);
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
      if (leaderlessTicks % config.electionTicks() == config.electionTicks() - 1) {
        running.ask(contacts.get());
      }
      if (leaderlessTicks >= 2 * config.electionTicks()) {
        proposals.failAll(Refusal.NO_LEADER);
      } else if (running.leader() != null) {
        proposals.offerAgain(running, tick);
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
        known == null || !isRunning ? List.of() : PeerStatus.of(known),
        reports.differsAt(),
        failure == null ? disk.fullDisk() : failure);
  }
}
